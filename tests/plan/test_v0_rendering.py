"""V0 recipes as conda-build takes them: selectors, templates, outputs, variants, and what it calls the builds."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from rendering import Kitchen, builds

from ci_tools.core.package import Subdir
from ci_tools.core.recipe import Dialect, Fetched

if TYPE_CHECKING:
    from pathlib import Path

# conda-build takes a bracket at the end of any line for a selector, so its files have lists in lines.
PYTHONS = "python:\n  - 3.11.* *_cpython\n  - 3.12.* *_cpython\n"
BOMB = "a: &a {x: x}\n" + "".join(
    f"{new}: &{new} {{{', '.join(f'x{at}: *{old}' for at in range(9))}}}\n"
    for old, new in ["ab", "bc", "cd", "de", "ef", "fg"]
)
SMALL = "package: {name: a, version: '1.0'}\n"


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    return Kitchen(tmp_path, Dialect.V0)


def digest(**values: str) -> str:
    """conda-build's, as its documentation tells: SHA-1 of the used values as JSON, keys sorted."""
    return "h" + hashlib.sha1(json.dumps(values, sort_keys=True).encode(), usedforsecurity=False).hexdigest()[:7]


def test_nothing_used_is_nothing_hashed(kitchen: Kitchen) -> None:
    found = kitchen.output(SMALL + "build: {number: 3}\n")
    assert (builds((found,)), found.build_number, found.subdir) == (["a 3"], 3, Subdir.LINUX_64)
    assert kitchen.output(SMALL + "build: {noarch: generic}\n").subdir is Subdir.NOARCH


def test_selectors_choose_lines_by_machine_python_and_key(kitchen: Kitchen) -> None:
    kitchen.write("variants.yaml", 'python: ["3.12"]\ncuda: ["no"]\n')
    text = SMALL + (
        "requirements:\n  host:\n    - on-linux  # [linux]\n    - on-osx  # [osx]\n    - arm  # [arm64 or aarch64]\n"
        "    - new  # [py >= 310]\n    - old  # [py < 310]\n    - plain  # [cuda == 'no']\n    # [not a selector]\n"
    )
    assert kitchen.output(text).host == ("on-linux", "new", "plain")
    assert kitchen.output(text, Subdir.OSX_ARM64).host == ("on-osx", "arm", "new", "plain")


def test_a_compiler_is_hashed_with_its_machine(kitchen: Kitchen) -> None:
    kitchen.write(
        "conda_build_config.yaml", "c_compiler:\n  - gcc  # [linux]\n  - clang  # [osx]\nc_compiler_version: 13\n"
    )
    found = kitchen.output(SMALL + "requirements:\n  build:\n    - {{ compiler('c') }}\n")
    used = {"c_compiler": "gcc", "c_compiler_version": "13", "target_platform": "linux-64"}
    assert (found.build, builds((found,))) == (("gcc_linux-64 13.*",), [f"a {digest(**used)}_0"])
    assert dict(found.variant) == used


def test_several_pythons_are_several_builds_and_one_of_noarch(kitchen: Kitchen) -> None:
    kitchen.write("conda_build_config.yaml", PYTHONS)
    text = SMALL + "requirements:\n  host:\n    - python\n  run:\n    - python\n"
    assert [build.partition("h")[0] for build in builds(kitchen.outputs(text))] == ["a py311", "a py312"]
    noarch = kitchen.outputs(text + "build: {noarch: python}\n")
    assert {build.partition("h")[0] for build in builds(noarch)} == {"a py"}


def test_keys_that_are_zipped_go_together(kitchen: Kitchen) -> None:
    kitchen.write(
        "conda_build_config.yaml",
        "python:\n  - '3.11'\n  - '3.12'\nnumpy:\n  - '1.26'\n  - '2.0'\nzlib:\n  - '1.2'\n  - '1.3'\n"
        "zip_keys:\n  -\n    - python\n    - numpy\n",
    )
    found = kitchen.outputs(SMALL + "requirements:\n  host:\n    - python\n    - numpy\n    - zlib\n")
    told = {(v["python"], v["numpy"], v["zlib"]) for v in (dict(o.variant) for o in found)}
    assert told == {("3.11", "1.26", "1.2"), ("3.12", "2.0", "1.2"), ("3.11", "1.26", "1.3"), ("3.12", "2.0", "1.3")}


def test_keys_can_be_used_and_ignored_by_force(kitchen: Kitchen) -> None:
    kitchen.write("variants.yaml", 'zlib: ["1.3"]\nblas: [openblas]\n')
    text = SMALL + "build:\n  force_use_keys: blas\n  force_ignore_keys: zlib\nrequirements:\n  host:\n    - zlib\n"
    assert dict(kitchen.output(text).variant) == {"blas": "openblas", "target_platform": "linux-64"}


def test_outputs_pin_each_other_by_version_and_by_build(kitchen: Kitchen) -> None:
    kitchen.write("variants.yaml", 'zlib: ["1.3"]\n')
    lib, tool = kitchen.outputs(
        "{% set version = '1.4.2' %}\n"
        "package: {name: a-all, version: '{{ version }}'}\nbuild: {number: 2}\noutputs:\n"
        "  - name: lib\n    build:\n      run_exports:\n        - {{ pin_subpackage('lib', max_pin='x.x') }}\n"
        "    requirements:\n      host:\n        - zlib\n"
        "  - name: tool\n    requirements:\n      run:\n        - {{ pin_subpackage('lib', exact=True) }}\n"
    )
    assert lib.run_exports == (("weak", "lib >=1.4.2,<1.5.0a0"),)
    assert tool.run == (f"lib ==1.4.2 {lib.filename.dist.build}",)
    assert (lib.build_number, tool.build_number, str(tool.filename)) == (2, 2, "tool-1.4.2-2.conda")


def test_a_skip_is_nothing_and_no_problem(kitchen: Kitchen) -> None:
    text = SMALL + "build:\n  skip: true  # [osx]\n"
    assert len(kitchen.outputs(text)) == 1
    assert kitchen.outputs(text, Subdir.OSX_ARM64) == ()


def test_what_a_recipe_says_of_itself_is_kept(kitchen: Kitchen) -> None:
    kitchen.write("recipes/a/run_test.sh", "true\n")
    found = kitchen.output(
        SMALL + "source:\n  - url: https://x.example/a.tgz\n    sha256: abc\n    patches: ../shared/fix.patch\n"
        "  - path: ../src\n  - git_url: https://x.example/a.git\n    git_rev: v1\n"
        "test:\n  commands:\n    - a --help\n  requires:\n    - b\n"
        "about:\n  license: MIT\n  home: https://x.example\nextra: {channel: {needs: [cc]}}\n"
    )
    assert found.about.fetched == (
        Fetched(url="https://x.example/a.tgz", checksum="abc"),
        Fetched(url="https://x.example/a.git", rev="v1", is_git=True),
    )
    assert (found.sources, found.needs, found.test) == (("../shared/fix.patch", "../src"), ("cc",), ("b",))
    assert (found.about.license, found.about.homepage, found.about.tests) == ("MIT", "https://x.example", 2)


def test_a_build_string_that_only_a_build_knows_is_left_open(kitchen: Kitchen) -> None:
    found = kitchen.output(SMALL + "build: {number: 4, string: 'git{{ GIT_DESCRIBE_HASH }}_4'}\n")
    assert not found.certain
    assert found.filename.dist.build.startswith("unknown")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SMALL + "build: [\n", "recipes/a/meta.yaml:3:1: "),
        (SMALL + "\nbuild: {string: '{{ nobody }}'}\n", "recipes/a/meta.yaml:3: 'nobody' is undefined"),
        (SMALL + "a: b  # [linux and]\n", "recipes/a/meta.yaml:2:9: `[linux and]` is no condition"),
        (SMALL + "a: b  # [().__class__]\n", "recipes/a/meta.yaml:2:9: `[().__class__]` is no condition"),
        ("{% set x = 1 \npackage:\n", "recipes/a/meta.yaml:2: "),
        ("{{ ''.__class__.__mro__ }}\n" + SMALL, "recipes/a/meta.yaml:1: "),
        ("package: {name: a}\n", "recipes/a/meta.yaml: it does not say its version"),
        ("about: {}\n", "recipes/a/meta.yaml:1:1: it has no package"),
        ("- a\n", "recipes/a/meta.yaml:1:1: it is no mapping"),
        ("package: {name: a, version: '{{ GIT_DESCRIBE_TAG }}'}\n", "recipes/a/meta.yaml: only a build knows its v"),
        ("package: {name: a, version: 1-2}\n", "recipes/a/meta.yaml: `1-2` is not a package version"),
        (SMALL + "build: {number: one}\n", "recipes/a/meta.yaml: `one` is no build number"),
        (b"package: {name: \xff}\n", "recipes/a/meta.yaml:1:17: the file is not UTF-8 text"),
        (b"#" * (10 << 20), "recipes/a/meta.yaml:1:1: the file has 10.0 MiB, and at most 1 MiB are read"),
        (BOMB, "recipes/a/meta.yaml:6: it is too deep or too large"),
        ("[" * 200, "recipes/a/meta.yaml:1: it is too deep or too large"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(kitchen: Kitchen, text: str | bytes, told: str) -> None:
    assert kitchen.problem(text).startswith(told)


def test_a_recipe_that_is_not_in_the_repository_is_none(kitchen: Kitchen, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.yaml"
    outside.write_text(SMALL)
    (tmp_path / "recipes/a").mkdir(parents=True)
    (tmp_path / "recipes/a/meta.yaml").symlink_to(outside)
    assert "a symbolic link leads out of the repository" in kitchen.problem()
    (tmp_path / "recipes/a/meta.yaml").unlink()
    (tmp_path / "recipes/a/meta.yaml").symlink_to("meta.yaml")
    assert "the file cannot be read" in kitchen.problem()
    (tmp_path / "recipes/a/meta.yaml").unlink()
    assert "there is no such file" in kitchen.problem()


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("python: [\n", "variants.yaml"),
        ("- a\n", "variants.yaml"),
        ("a: ['1']\nb: ['1', '2']\nzip_keys: [[a, b]]\n", "variants.yaml"),
    ],
)
def test_a_wrong_variants_file_is_told_by_its_own_name(kitchen: Kitchen, config: str, told: str) -> None:
    kitchen.write("variants.yaml", config)
    assert kitchen.problem(SMALL + "requirements: {host: [a, b]}\n").startswith(told)


@pytest.mark.parametrize("dialect", Dialect)
def test_one_variants_file_serves_every_dialect(tmp_path: Path, dialect: Dialect) -> None:
    kitchen = Kitchen(tmp_path, dialect)
    kitchen.write("variants.yaml", 'zlib: ["1.2", "1.3"]\nc_compiler:\n  - if: linux\n    then: gcc\n')
    text = SMALL + "requirements:\n  host:\n    - zlib\n"
    assert [dict(o.variant)["zlib"] for o in kitchen.outputs(text)] == ["1.2", "1.3"]
    kitchen.write("variants.yaml", 'zlib:\n  - "1.4"  # [linux]\n  - "1.5"  # [osx]\n')
    if dialect is not Dialect.V1:
        assert [dict(o.variant)["zlib"] for o in kitchen.outputs(text)] == ["1.4"]
