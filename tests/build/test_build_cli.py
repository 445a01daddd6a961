"""`channel build`, from the command line to the exit code."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from workshop import HERE, Spec, planned, rattler_workshop

from ci_tools import documents
from ci_tools.cli import answer
from ci_tools.core.plan import BuildPlan, Job

if TYPE_CHECKING:
    from pathlib import Path

    from workshop import Workshop

    from ci_tools.core.plan import PlannedOutput


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    shop = rattler_workshop(tmp_path)
    shop.root.mkdir()
    (shop.root / "channel.yaml").write_text("channel: acme\n")
    return shop


def write_plan(shop: Workshop, *specs: Spec) -> None:
    outputs: list[PlannedOutput] = []
    for spec in specs:
        (output,) = shop.backend.render(shop.write(spec), HERE)
        requires = [str(o.filename) for o in outputs if o.filename.dist.name in spec.run]
        outputs.append(planned(output, requires=tuple(requires)))
    job = Job(id="all", subdir=HERE, runner="any", outputs=tuple(outputs))
    plan = BuildPlan(channel="file:///x", base="", head="c0ffee", generation=0, jobs=(job,))
    (shop.root / "plan.json").write_bytes(documents.write(plan))


def channel(shop: Workshop, *argv: str) -> int:
    out, plan = str(shop.root / "dist"), str(shop.root / "plan.json")
    options = ("--config", str(shop.root / "channel.yaml"), "build", "--plan", plan, "--out", out)
    return answer([*options, *argv], {"PATH": os.environ["PATH"]})


def test_what_was_built_is_shown_with_its_seconds(shop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    write_plan(shop, Spec(name="words"))
    assert channel(shop) == 0
    status, name, seconds, unit, *_ = capsys.readouterr().out.split()
    assert (status, unit) == ("built", "s")
    assert name.startswith("noarch/words-1.0-")
    assert float(seconds) >= 0
    assert (shop.root / "dist/all/build.json").is_file()


def test_a_failure_is_exit_4_with_the_end_of_its_log(shop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    bad = Spec(name="bad", test=["echo here it breaks", "exit 3"])
    write_plan(shop, bad, Spec(name="above", run=["bad"]), Spec(name="other"))
    assert channel(shop) == 4
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()] == ["failed", "aborted", "built"]
    assert "here it breaks" in said.err
    assert "2 of 3 packages were not built" in said.err


def test_the_result_is_json_for_whoever_asks(shop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    write_plan(shop, Spec(name="words"))
    assert channel(shop, "--json") == 0
    (job,) = json.loads(capsys.readouterr().out)["jobs"]
    assert job == {
        k: v for k, v in json.loads((shop.root / "dist/all/build.json").read_bytes()).items() if k != "format"
    }


def test_an_empty_plan_is_nothing_to_do(shop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    plan = BuildPlan(channel="file:///x", base="", head="c0ffee", generation=0)
    (shop.root / "plan.json").write_bytes(documents.write(plan))
    assert channel(shop) == 0
    assert capsys.readouterr().out == "there is nothing to build here\n"


@pytest.mark.parametrize(("argv", "words"), [(("--job", "nope"), "`nope`"), (("--plan", "no.json"), "`no.json`")])
def test_a_wrong_word_is_exit_2_with_a_way_out(
    shop: Workshop, capsys: pytest.CaptureFixture[str], argv: tuple[str, str], words: str
) -> None:
    write_plan(shop, Spec(name="words"))
    assert channel(shop, *argv) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "hint:" in said


def test_what_is_published_in_a_folder_can_be_built_against(shop: Workshop) -> None:
    published = rattler_workshop(shop.root / "elsewhere")
    published.built(published.write(Spec(name="words")))
    published.workspace.collected.rename(shop.root / ".channel")
    write_plan(shop, Spec(name="reader", run=["words"], test=["test -s $PREFIX/share/words"]))
    assert channel(shop) == 0
