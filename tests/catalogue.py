"""Repositories of recipes as people have them, made up: every dialect, several outputs, variants, scripts, umbrellas.

What is drawn depends on the seed alone. Requirements only ever point backwards, so there is always an order.
"""

from __future__ import annotations

import os
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANNEL = "channel: acme\nsubdirs: [noarch, linux-64]\nrecipes: {variants: recipes/variants.yaml}\n"
VARIANTS = """\
# what everything here is built for
python: ["3.11", "3.12"]
openssl: ["3.2"]
zlib: ["1.3"]
c_compiler:
  - if: linux
    then: gcc
  - if: osx
    then: clang
c_compiler_version:
  - if: linux
    then: "13"
  - if: osx
    then: "18"
zip_keys:
  - [c_compiler, c_compiler_version]
"""

V1 = """\
schema_version: 1

context:
  name: {name}
  version: "{version}"

package:
  name: ${{{{ name }}}}
  version: ${{{{ version }}}}

source:
  url: https://sources.example/${{{{ name }}}}-${{{{ version }}}}.tar.gz
  sha256: {sha256}

build:
  number: {number}
  skip: win
{noarch}  script:
    - if: unix
      then: make install
      else: nmake install

requirements:
{requirements}
  run_exports:
    - ${{{{ pin_subpackage(name, upper_bound="x.x") }}}}

tests:
  - script: {name} --version

about:
  license: MIT
  summary: a made-up {name}
"""

MANY = """\
schema_version: 1

recipe:
  name: {name}-family
  version: "{version}"

build:
  number: {number}

outputs:
  - package:
      name: {name}
    build:
      script: make lib
    requirements:
{requirements}
  - package:
      name: {name}-tools
    requirements:
      run:
        - ${{{{ pin_subpackage("{name}", exact=True) }}}}
    tests:
      - script: {name}-tool
"""

V0 = """\
{{% set name = "{name}" %}}
{{% set version = "{version}" %}}

package:
  name: {{{{ name }}}}
  version: {{{{ version }}}}

source:
  url: https://sources.example/{{{{ name }}}}-{{{{ version }}}}.tar.gz
  sha256: {sha256}

build:
  number: {number}
  skip: true  # [win]
  run_exports:
    - {{{{ pin_subpackage(name, max_pin="x.x") }}}}

requirements:
{requirements}

test:
  commands:
    - {name} --version  # [unix]

about:
  license: MIT
  summary: a made-up {name}
"""

BOA = """\
context:
  name: {name}
  version: "{version}"

package:
  name: "{{{{ name }}}}"
  version: "{{{{ version }}}}"

source:
  - url: https://sources.example/{{{{ name }}}}-{{{{ version }}}}.tar.gz
    sha256: {sha256}

build:
  number: {number}
  skip: ["win"]

requirements:
{requirements}

test:
  commands:
    - sel(unix): {name} --version

about:
  license: MIT
  summary: a made-up {name}
"""

COMPILER = {"v1": "${{ compiler('c') }}", "v0": "{{ compiler('c') }}", "boa": "\"{{ compiler('c') }}\""}
GROUPS = ("audio", "base", "graphics", "numeric/dense", "numeric/sparse", "python", "web")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A repository with recipes: their names, in an order that requirements respect, and their folders."""

    path: Path
    folders: dict[str, str]

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.path.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        identity = ("-c", "user.name=A. Author", "-c", "user.email=author@example.com", "-c", "gc.auto=0")
        ended = subprocess.run(
            ["git", *identity, *arguments], cwd=self.path, env=env, check=True, capture_output=True, text=True
        )
        return ended.stdout.strip()

    def commit(self, message: str = "change") -> str:
        """Commit all there is."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def bump(self, name: str) -> None:
        """Change one recipe."""
        (file,) = (self.path / self.folders[name]).glob("*.yaml")
        file.write_text(file.read_text(encoding="utf-8").replace("number: 0", "number: 1"), encoding="utf-8")


def catalogue(path: Path, count: int, seed: int = 0) -> Catalogue:
    """Write `count` recipes below `path` and commit them."""
    draw = random.Random(seed)  # noqa: S311 (a repeatable draw, no secret)
    path.mkdir(parents=True)
    made = Catalogue(path, {})
    for at in range(count):
        _write(made, f"pkg-{at:05}", draw)
    _put(path / "channel.yaml", CHANNEL)
    _put(path / "recipes/variants.yaml", VARIANTS)
    _put(path / "README.md", "made up\n")
    made.git("init", "-q", "-b", "main")
    made.commit("recipes")
    return made


def _write(made: Catalogue, name: str, draw: random.Random) -> None:
    kind = draw.choices(["v1", "many", "v0", "boa"], [60, 10, 25, 5])[0]
    folder = f"recipes/{draw.choice(GROUPS)}/{name}"
    known = list(made.folders)
    needed = draw.sample(known, min(len(known), draw.choice([0, 1, 1, 2, 3])))
    is_noarch = kind == "v1" and draw.random() < 0.3
    dialect = "v1" if kind == "many" else kind
    text = {"v1": V1, "many": MANY, "v0": V0, "boa": BOA}[kind].format(
        name=name,
        version=f"{draw.randrange(5)}.{draw.randrange(20)}",
        number=0,
        sha256=f"{draw.getrandbits(256):064x}",
        noarch="  noarch: generic\n" if is_noarch else "",
        requirements=_requirements(dialect, needed, draw, compiled=not is_noarch, deep=kind == "many"),
    )
    _put(made.path / folder / ("meta.yaml" if kind == "v0" else "recipe.yaml"), text)
    if draw.random() < 0.4:
        _put(made.path / folder / "build.sh", "#!/bin/sh\n" + "make install PREFIX=$PREFIX\n" * draw.randrange(1, 20))
    if draw.random() < 0.2:
        _put(made.path / folder / "fix.patch", "".join(f"+line {at}\n" for at in range(draw.randrange(200))))
    made.folders[name] = folder


def _requirements(dialect: str, needed: Sequence[str], draw: random.Random, *, compiled: bool, deep: bool) -> str:
    host = [*needed, *draw.sample(["zlib", "openssl"], draw.randrange(3))]
    if compiled and draw.random() < 0.2:
        host.append("python")
    kinds = {"build": [COMPILER[dialect], "make"] if compiled else [], "host": host, "run": needed}
    lines = [line for kind, specs in kinds.items() if specs for line in (f"{kind}:", *(f"  - {s}" for s in specs))]
    indent = "      " if deep else "  "
    return "\n".join(indent + line for line in lines or ["run: []"])


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
