"""A STAND-IN for conda-build 26.7 and boa 0.17, where the real ones are not here: it does by the outside what they do.

What it keeps to, as found on the real ones: it is called by the same words; its root folder (croot) becomes a channel
with an index; a failed test moves the package to `broken/` (conda-build) or leaves it where it is (boa); boa makes
.tar.bz2 unless it is told `--pkg-format 2`; boa takes a V1 recipe for its own and ends with 0; conda-build puts a hash
into the file name only where a variant is used. It resolves against folders, knows names and no versions, and reads
YAML with `{{ key }}` of variants. It is no oracle: what it builds says nothing of what the real ones build.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from conda_package_streaming.extract import extract
from packages import make_package

from ci_tools.core.package import ArchiveFormat, Subdir

SUBDIR = Subdir(os.environ.get("STAND_IN_SUBDIR", "linux-64"))
PLACEHOLDER = "_placehold" * 20


class Failure(Exception):  # noqa: N818 (what happened, not a bug)
    """The build is over."""


def arguments(argv: list[str]) -> Any:
    parser = ArgumentParser()
    for flag in ("--no-anaconda-upload", "--override-channels", "--no-build-id"):
        parser.add_argument(flag, action="store_true")
    for flag in ("--croot", "--package-format", "--pkg-format", "--build-id-pat", "--recipe-dir"):
        parser.add_argument(flag)
    for flag, name in (("-c", "channels"), ("-e", "early"), ("-m", "configs")):
        parser.add_argument(flag, dest=name, action="append", default=[])
    parser.add_argument("recipe")
    return parser.parse_args(argv)


def main(module: str, argv: list[str]) -> int:
    """conda-build is `-m conda build`, boa's are `-m conda mambabuild` and `-m boa.cli.boa build`."""
    is_boa = module == "boa.cli.boa"
    asked = arguments(argv[1:])
    if is_boa:
        asked.channels = yaml.safe_load(Path(os.environ["CONDARC"]).read_text())["channels"]
    croot = Path(asked.croot)
    try:
        for recipe in recipes(asked, is_boa=is_boa):
            build(recipe, asked, croot, is_boa=is_boa)
    except Failure as exc:
        sys.stdout.write(f"Exception: {exc}\n" if is_boa else f"conda_build.exceptions: {exc}\n")
        return 1
    finally:
        reindexed(croot)
    return 0


def recipes(asked: Any, *, is_boa: bool) -> list[dict[str, Any]]:
    """One rendered recipe for each variant and output."""
    text = (Path(asked.recipe) / ("recipe.yaml" if is_boa else "meta.yaml")).read_text()
    own = Path(asked.recipe) / "conda_build_config.yaml"
    files = [*asked.early, *([own] if own.is_file() else []), *asked.configs]
    values: dict[str, list[str]] = {}
    for file in files:
        values |= yaml.safe_load(Path(file).read_text()) or {}
    used = {key: values[key] for key in values if re.search(rf"\{{\{{\s*{key}\s*\}}\}}|\b{key}\b", text)}
    rows: list[dict[str, str]] = [{}]
    for key, choices in used.items():
        rows = [row | {key: str(choice)} for row in rows for choice in choices]
    return [recipe for row in rows for recipe in outputs(rendered(text, row), row)]


def rendered(text: str, row: dict[str, str]) -> dict[str, Any]:
    for key, value in row.items():
        text = re.sub(rf"\{{\{{\s*{key}\s*\}}\}}", value, text)
    try:
        found = yaml.safe_load(text)
        return {**found, "package": {**found["package"]}}
    except (yaml.YAMLError, TypeError, KeyError) as exc:
        raise Failure(f"the recipe cannot be read: {exc}") from exc


def outputs(recipe: dict[str, Any], row: dict[str, str]) -> list[dict[str, Any]]:
    parts = recipe.get("outputs") or recipe.get("steps")
    if not parts:
        return [recipe | {"variant": row}]
    base = {"package": recipe["package"], "about": recipe.get("about", {}), "variant": row}
    made = recipe.get("build", {})
    return [
        base
        | part
        | {
            "package": base["package"] | part.get("package", {"name": part.get("name")}),
            "build": made | part.get("build", {}) | ({"script": part["script"]} if "script" in part else {}),
        }
        for part in parts
    ]


def build(recipe: dict[str, Any], asked: Any, croot: Path, *, is_boa: bool) -> None:
    made = recipe.get("build") or {}
    needs = recipe.get("requirements") or {}
    prefix = croot / f"_h_env{PLACEHOLDER}"[:255]
    host = installed(prefix, specs(needs, "host") + specs(needs, "build"), asked.channels, croot)
    before = set(listed(prefix))
    work = croot / "work"
    work.mkdir(exist_ok=True)
    env = build_env(recipe, asked, prefix) | {"SRC_DIR": str(work)}
    script = made.get("script") or []
    scripted = "\n".join([script] if isinstance(script, str) else script)
    if (own := Path(asked.recipe) / scripted).is_file() and scripted:
        scripted = own.read_text()
    run(f"set -e\n{scripted}", work, env, "the build script")
    files = {name: (prefix / name).read_bytes() for name in listed(prefix) if name not in before}
    exports = made.get("run_exports") or []
    taken = [spec for info in host for spec in info.get("weak", [])]
    says = {"depends": [*specs(needs, "run"), *taken], "run_exports": {"weak": exports} if exports else None}
    package = written(recipe, asked, files, says, is_boa=is_boa)
    shutil.rmtree(prefix)
    reindexed(croot)
    tested(recipe, package, asked, croot, is_boa=is_boa)


def written(recipe: dict[str, Any], asked: Any, files: Any, says: dict[str, Any], *, is_boa: bool) -> Path:
    about, made = recipe["package"], recipe.get("build") or {}
    subdir = Subdir.NOARCH if made.get("noarch") else SUBDIR
    number = int(made.get("number", 0))
    digest = hashlib.sha1(json.dumps(recipe["variant"], sort_keys=True).encode()).hexdigest()[:7]  # noqa: S324 (as there)
    build = f"h{digest}_{number}" if recipe["variant"] or is_boa else str(number)
    is_new = "2" in {asked.pkg_format, asked.package_format}
    return make_package(
        Path(asked.croot), str(about["name"]), str(about["version"]), build, number, subdir, files=files,
        format=ArchiveFormat.CONDA if is_new else ArchiveFormat.TAR_BZ2,
        license=(recipe.get("about") or {}).get("license"), hash_input=recipe["variant"], **says,
    )  # fmt: skip


def tested(recipe: dict[str, Any], package: Path, asked: Any, croot: Path, *, is_boa: bool) -> None:
    test = recipe.get("test") or {}
    if not test.get("commands"):
        return
    prefix = croot / "_test_env_placehold"
    name = str(recipe["package"]["name"])
    installed(prefix, [name, *test.get("requires", [])], [croot.as_uri(), *asked.channels], croot)
    room = croot / "test_tmp"
    room.mkdir(exist_ok=True)
    try:
        run("set -e\n" + "\n".join(test["commands"]), room, build_env(recipe, asked, prefix), "the tests")
    except Failure:
        if not is_boa:
            (croot / "broken").mkdir(exist_ok=True)
            shutil.move(package, croot / "broken" / package.name)
        raise
    finally:
        shutil.rmtree(prefix)


def specs(needs: Any, kind: str) -> list[str]:
    return list(needs.get(kind) or []) if isinstance(needs, dict) else []


def build_env(recipe: dict[str, Any], asked: Any, prefix: Path) -> dict[str, str]:
    about = recipe["package"]
    return dict(os.environ) | {
        "PREFIX": str(prefix), "PKG_NAME": str(about["name"]), "PKG_VERSION": str(about["version"]),
        "RECIPE_DIR": asked.recipe, "CONDA_BUILD": "1", "PATH": f"{prefix}/bin:{os.environ['PATH']}",
    } | recipe["variant"]  # fmt: skip


def run(script: str, where: Path, env: dict[str, str], what: str) -> None:
    sys.stdout.flush()
    ended = subprocess.run(["/bin/bash", "-c", script], cwd=where, env=env, check=False)
    if ended.returncode:
        raise Failure(f"{what} ended with {ended.returncode}")


def installed(prefix: Path, wanted: list[str], channels: list[str], croot: Path) -> list[dict[str, Any]]:
    """Unpack what is wanted, and what that needs, into the prefix; the run_exports of what was wanted."""
    (prefix / "conda-meta").mkdir(parents=True)
    exports, done, pending = [], set(), [spec.split()[0] for spec in wanted]
    while pending:
        name = pending.pop(0)
        if name in done:
            continue
        done.add(name)
        package, record = found(name, channels)
        scratch = croot / "pkgs" / package.name
        shutil.rmtree(scratch, ignore_errors=True)
        extract(package, scratch)
        told = scratch / "info" / "run_exports.json"
        exports += [json.loads(told.read_text())] if told.is_file() else []
        shutil.rmtree(scratch / "info")
        shutil.copytree(scratch, prefix, dirs_exist_ok=True)
        (prefix / "conda-meta" / f"{name}.json").write_text("{}")
        pending += [spec.split()[0] for spec in record["depends"]]
    return exports


def found(name: str, channels: list[str]) -> tuple[Path, Any]:
    for channel in channels:
        for subdir in (SUBDIR, "noarch"):
            index = Path(unquote(urlsplit(channel).path)) / subdir / "repodata.json"
            said = json.loads(index.read_text()) if index.is_file() else {}
            for fn, record in {**said.get("packages", {}), **said.get("packages.conda", {})}.items():
                if record["name"] == name:
                    return index.with_name(fn), record
    what = f"Unsatisfiable dependencies for platform {SUBDIR}: {{MatchSpec({name!r})}}"
    raise Failure(f"DependencyNeedsBuildingError: {what}")


def listed(prefix: Path) -> list[str]:
    paths = (path for path in prefix.rglob("*") if path.is_file() and path.parts[len(prefix.parts)] != "conda-meta")
    return [path.relative_to(prefix).as_posix() for path in paths]


def reindexed(croot: Path) -> None:
    """The channel that croot is, with all the files that the real ones put beside the packages."""
    for subdir in (SUBDIR, "noarch"):
        folder = croot / subdir
        folder.mkdir(parents=True, exist_ok=True)
        said: dict[str, dict[str, Any]] = {"packages": {}, "packages.conda": {}}
        for path in [*folder.glob("*.conda"), *folder.glob("*.tar.bz2")]:
            scratch = croot / "indexed" / path.name
            shutil.rmtree(scratch, ignore_errors=True)
            extract(path, scratch)
            said["packages.conda" if path.suffix == ".conda" else "packages"][path.name] = json.loads(
                (scratch / "info" / "index.json").read_text()
            )
        for name in ("repodata.json", "current_repodata.json", "repodata_from_packages.json"):
            (folder / name).write_text(json.dumps(said))
        (folder / "index.html").write_text("<html></html>")


if __name__ == "__main__":
    sys.exit(main(sys.argv[2], sys.argv[3:]))
