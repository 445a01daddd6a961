"""Which program builds a recipe, where it is found, and what is said where it is not."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from stand_ins import stand_in
from workshop import HERE, Spec, Workshop, conda_workshop, workspace_in

from ci_tools import wiring
from ci_tools.adapters.builders.conda_build import conda_build
from ci_tools.adapters.builders.installations import installation
from ci_tools.config import ChannelConfig, parse_config
from ci_tools.core.plan import Failed
from ci_tools.core.recipe import Dialect, Recipe
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def config(folder: Path, text: str = "") -> ChannelConfig:
    said = parse_config(f"channel: acme\n{text}".encode(), "channel.yaml")
    return ChannelConfig(**{each.name: getattr(said, each.name) for each in fields(said)}, folder=folder)


def recipe(dialect: Dialect) -> Recipe:
    return Recipe(name="x", directory="recipes/x", file=f"recipes/x/{dialect.filename}", dialect=dialect)


def builder_of(found: ChannelConfig, dialect: Dialect) -> str:
    claiming = [backend for backend in wiring.backends(found, {"PATH": ""}) if backend.claims(recipe(dialect))]
    return claiming[0].version.split()[0] if claiming else ""


@pytest.mark.parametrize(
    ("said", "builders"),
    [
        ("auto", ("rattler-build", "conda-build", "boa")),
        ("conda-build", ("rattler-build", "conda-build", "boa")),
        ("boa", ("rattler-build", "boa", "boa")),
        ("rattler-build", ("rattler-build", "", "")),
    ],
)
def test_the_dialect_chooses_the_back_end(tmp_path: Path, said: str, builders: tuple[str, ...]) -> None:
    found = config(tmp_path, f"recipes: {{backend: {said}}}")
    assert tuple(builder_of(found, dialect) for dialect in (Dialect.V1, Dialect.V0, Dialect.BOA)) == builders


@pytest.mark.parametrize("said", ["auto", "conda-build", "boa", "rattler-build"])
def test_boa_never_sees_a_v1_recipe(tmp_path: Path, said: str) -> None:
    found = config(tmp_path, f"recipes: {{backend: {said}}}")
    claiming = [each for each in wiring.backends(found, {"PATH": ""}) if each.claims(recipe(Dialect.V1))]
    assert [each.version.split()[0] for each in claiming] == ["rattler-build"]


def test_a_program_is_found_where_channel_yaml_says(tmp_path: Path) -> None:
    stand_in(tmp_path / "envs/cb", "conda-build")
    found = config(tmp_path, "build: {backends: {conda-build: {prefix: envs/cb}}}")
    ours = wiring.programs(found, {"PATH": ""})["conda-build"]
    assert ours.label == "conda-build 26.7.1+stand.in"
    assert ours.prefix == tmp_path / "envs/cb"


def test_a_program_is_found_by_path(tmp_path: Path) -> None:
    prefix = stand_in(tmp_path / "envs/boa", "boa")
    (prefix / "bin" / "boa").touch(mode=0o755)
    assert installation("boa", None, {"PATH": str(prefix / "bin")}).version == "0.17.0+stand.in"


def test_a_place_without_the_program_is_an_error_that_names_it(tmp_path: Path) -> None:
    stand_in(tmp_path / "envs/cb", "conda-build")
    with pytest.raises(UsageError, match="there is no boa in"):
        installation("boa", tmp_path / "envs/cb", {})


def test_what_pip_installed_is_found_too(tmp_path: Path) -> None:
    prefix = stand_in(tmp_path / "env", "conda-build")
    (site := prefix / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (site / "conda_rattler_solver-0.2.0.dist-info").mkdir()
    assert installation("conda-build", prefix, {}).solver == "rattler"
    (site / "conda_libmamba_solver-26.6.0.dist-info").mkdir()
    assert not installation("conda-build", prefix, {}).solver


def test_a_recipe_whose_program_is_not_here_fails_with_the_way_to_get_it(tmp_path: Path) -> None:
    shop = Workshop(
        root=tmp_path / "repository", workspace=workspace_in(tmp_path, tmp_path / "repository"),
        backend=conda_build(None, {}), dialect=Dialect.V0,
    )  # fmt: skip
    failed = shop.failed(shop.write(Spec(name="words")))
    assert failed.because.startswith("conda-build is not on this machine; micromamba create")


def test_outputs_of_one_recipe_take_one_run_of_the_program(tmp_path: Path) -> None:
    shop = conda_workshop(tmp_path, stand_in(tmp_path / "env", "conda-build"))
    parts = tuple(Spec(name=f"part-{n}", script=[f"date +%s%N > $PREFIX/{n}; echo run $$"]) for n in range(3))
    outcomes = shop.build(shop.write(Spec(name="parts", parts=parts)))
    assert len(shop.packages()) == len(outcomes) == 3
    assert len({shop.log(outcome) for outcome in outcomes}) == 1
    assert [outcome.seconds > 0 for outcome in outcomes] == [True, False, False]


def test_a_run_that_failed_fails_for_each_output_once(tmp_path: Path) -> None:
    shop = conda_workshop(tmp_path, stand_in(tmp_path / "env", "conda-build"))
    parts = tuple(Spec(name=f"part-{n}", script=["echo run $$", "exit 1"]) for n in range(3))
    written = shop.write(Spec(name="parts", parts=parts))
    first = shop.build(written)
    assert all(isinstance(outcome, Failed) and outcome.tail for outcome in first)
    told = {shop.log(outcome) for outcome in first}
    assert len(told) == 1
    assert {shop.log(outcome) for outcome in shop.build(written)} != told  # asked again, it is tried again


def test_doctor_says_what_is_here_and_how_to_get_the_rest(tmp_path: Path) -> None:
    stand_in(tmp_path / "cb", "conda-build")
    (tmp_path / "channel.yaml").write_text("channel: acme\nbuild: {backends: {conda-build: {prefix: cb}}}\n")
    argv = [sys.executable, "-m", "ci_tools.cli", "doctor"]
    env = {"PATH": "/usr/bin:/bin"}
    plain = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout
    assert f"conda-build   26.7.1+stand.in  {tmp_path / 'cb'}\n" in plain
    assert "micromamba create --yes --prefix .backends/boa --file .github/environments/boa.yaml" in plain
    as_json = subprocess.run([*argv, "--json"], cwd=tmp_path, env=env, capture_output=True, check=True).stdout
    states = {state["name"]: state["version"] for state in json.loads(as_json)["backends"]}
    assert states["boa"] == ""
    assert json.loads(as_json)["machine"] == HERE
