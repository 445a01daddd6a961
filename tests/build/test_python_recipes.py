"""Python packages as people have them: built with pip, installed and run, with no network anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conda_package_streaming.package_streaming import stream_conda_component
from upstream_python import python_channel
from workshop import rattler_workshop

from ci_tools.adapters import process

if TYPE_CHECKING:
    from workshop import Workshop

RECIPE = """
schema_version: 1
package: {name: greeting, version: "1.2"}
source: {path: .}
build:
  number: 0
  noarch: python
  script: python -m pip install . --no-deps --no-build-isolation -v
  python: {entry_points: ["greet = greeting:main"]}
requirements:
  host: [python, pip, flit-core]
  run: [python >=3.11]
tests:
  - python: {imports: [greeting], pip_check: false}
  - script: [greet anna]
about: {license: MIT}
"""
FILES = {
    "pyproject.toml": (
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
        '[project]\nname = "greeting"\nversion = "1.2"\ndescription = "x"\n[project.scripts]\ngreet = "greeting:main"\n'
    ),
    "greeting.py": 'import sys\n\ndef main():\n    print("hello", *sys.argv[1:], "from", sys.prefix)\n',
}
pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    shop = rattler_workshop(tmp_path, timeout=200.0)
    channels = (python_channel(tmp_path / "upstream"),)
    return replace(shop, workspace=replace(shop.workspace, channels=channels, network=not process.confines()))


def test_a_python_recipe_is_built_installed_and_run_without_a_network(shop: Workshop, tmp_path: Path) -> None:
    package = shop.built(shop.recipe("greeting", RECIPE, FILES))
    assert package.parent.name == "noarch"
    assert {"site-packages/greeting.py"} <= names(package)
    prefix = tmp_path / "an env"
    installed(prefix, shop, "greeting")
    said = subprocess.run([prefix / "bin" / "greet", "anna"], env={"PATH": os.defpath}, check=True, capture_output=True)
    assert said.stdout.decode() == f"hello anna from {prefix}\n"
    record = json.loads(next((prefix / "conda-meta").glob("greeting-*.json")).read_text())
    assert record["noarch"] == "python"


def test_an_entry_point_that_breaks_is_found_by_its_test(shop: Workshop) -> None:
    broken = FILES | {"greeting.py": "def main():\n    raise SystemExit(3)\n"}
    failed = shop.failed(shop.recipe("greeting", RECIPE, broken))
    assert shop.packages() == []
    assert "greet anna" in shop.log(failed)


def installed(prefix: Path, shop: Workshop, spec: str) -> None:
    script = Path(__file__).with_name("installing.py")
    channels = ",".join((shop.workspace.collected.as_uri(), *shop.workspace.channels))
    subprocess.run([sys.executable, script, channels, prefix, spec], check=True, timeout=120)


def names(package: Path) -> set[str]:
    with package.open("rb") as file:
        return {entry.name for _, entry in stream_conda_component(str(package), file, "pkg")}
