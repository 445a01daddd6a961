"""What cells left behind, in the order in which a publish takes it; what one of them has broken stays its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from simulator import Package, delivered

from ci_tools import documents
from ci_tools.adapters.deliveries import deliveries
from ci_tools.cli import answer
from ci_tools.core.handover import offers
from ci_tools.core.plan import BuildPlan, BuildReport

if TYPE_CHECKING:
    from pathlib import Path


class Artifacts:
    """Two cells, `one` and `two`, whose artifacts lie in `built` as download-artifact leaves them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        one, _ = self.leave("one", 1)
        two, _ = self.leave("two", 1)
        self.plan = BuildPlan(channel=one.channel, base="", head="1" * 40, generation=0, jobs=(*one.jobs, *two.jobs))
        (folder / "plan.json").write_bytes(documents.write(self.plan))

    def leave(self, job: str, attempt: int, salt: str = "") -> tuple[BuildPlan, Path]:
        plan, delivery = delivered(self.folder / f"of-{job}-{attempt}", [Package(name=f"p-{job}", salt=salt)], job)
        (delivery.root / "build.json").write_bytes(documents.write(delivery.report))
        place = self.folder / "built" / f"built-{job}.{attempt}"
        place.parent.mkdir(exist_ok=True)
        delivery.root.rename(place)
        return plan, place

    def gather(self, *more: str) -> tuple[int, str]:
        words = ["ci", "gather", str(self.folder / "built"), "--plan", str(self.folder / "plan.json")]
        code = answer([*words, "--out", str(self.folder / "dist"), *more], {})
        return int(code), self.capsys.readouterr().err

    def offered(self) -> list[str]:
        found, _ = offers(self.plan, deliveries((self.folder / "dist",)))
        return [str(offer.planned.filename) for offer in found]


@pytest.fixture
def artifacts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Artifacts:
    return Artifacts(tmp_path, capsys)


def test_each_job_is_taken_once_and_of_its_last_attempt(artifacts: Artifacts) -> None:
    _, newer = artifacts.leave("one", 2, salt="again")
    body = next(newer.glob("noarch/*.conda")).read_bytes()
    assert artifacts.gather()[0] == 0
    assert artifacts.offered() == ["p-one-1.0-0.conda", "p-two-1.0-0.conda"]
    assert next((artifacts.folder / "dist/one/noarch").glob("*.conda")).read_bytes() == body


def test_an_artifact_that_nobody_asked_for_is_left_aside_and_said(artifacts: Artifacts) -> None:
    artifacts.leave("three", 1)
    code, told = artifacts.gather()
    assert (code, "built-three.1" in told) == (0, True)
    assert not (artifacts.folder / "dist/three").exists()


@pytest.mark.parametrize("report", [b"{", b"", documents.write(BuildReport(job="two", outcomes=())), None])
def test_a_cell_that_left_nonsense_does_not_stop_the_others(report: bytes | None, artifacts: Artifacts) -> None:
    file = artifacts.folder / "built/built-one.1/build.json"
    file.unlink()
    if report is not None:
        file.write_bytes(report)
    code, told = artifacts.gather()
    assert (code, artifacts.offered()) == (0, ["p-two-1.0-0.conda"])
    assert "job `one`" in told


def test_a_report_that_is_a_link_is_not_followed(artifacts: Artifacts) -> None:
    file = artifacts.folder / "built/built-one.1/build.json"
    file.rename(artifacts.folder / "elsewhere.json")
    file.symlink_to(artifacts.folder / "elsewhere.json")
    artifacts.gather()
    assert artifacts.offered() == ["p-two-1.0-0.conda"]


def test_packages_that_are_extra_or_renamed_are_refused_by_name(artifacts: Artifacts) -> None:
    folder = artifacts.folder / "built/built-one.1/noarch"
    package = next(folder.glob("*.conda"))
    (folder / "evil-1.0-0.conda").write_bytes(package.read_bytes())
    package.rename(folder / "p-renamed-1.0-0.conda")
    artifacts.gather()
    found, refused = offers(artifacts.plan, deliveries((artifacts.folder / "dist",)))
    assert [str(o.planned.filename) for o in found] == ["p-two-1.0-0.conda"]
    assert {r.what for r in refused} == {
        "noarch/evil-1.0-0.conda", "noarch/p-renamed-1.0-0.conda", "noarch/p-one-1.0-0.conda",
    }  # fmt: skip


def test_nothing_built_is_nothing_gathered(tmp_path: Path, artifacts: Artifacts) -> None:
    artifacts.folder.joinpath("built").rename(tmp_path / "gone")
    assert artifacts.gather()[0] == 0
    assert deliveries((artifacts.folder / "dist",)) == ()


def test_a_later_job_gets_what_it_comes_after_and_no_more(artifacts: Artifacts) -> None:
    later = replace(artifacts.plan.jobs[0], id="later", wave=1, after=("two",))
    plan = replace(artifacts.plan, jobs=(*artifacts.plan.jobs, later))
    (artifacts.folder / "plan.json").write_bytes(documents.write(plan))
    assert artifacts.gather("--needed-by", "later") == (0, "two: built-two.1\n")
    assert artifacts.offered() == ["p-two-1.0-0.conda"]
    assert artifacts.gather("--needed-by", "nobody")[0] == 2
