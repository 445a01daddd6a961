"""The file of yanks as people and `channel yank` write it, and the files of patches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator import NOW, Package, World, ring

from ci_tools.adapters.match_specs import matches, trouble
from ci_tools.adapters.yank_file import HEADER, RememberedYanks, YankFile
from ci_tools.config.curation import parse_yanks, read_curation
from ci_tools.core.curation import Yank
from ci_tools.core.package import Subdir
from ci_tools.core.patches import ListChange, Patch
from ci_tools.errors import UsageError
from ci_tools.flows.index import listed_subdirs, read_states
from ci_tools.flows.present import present
from ci_tools.flows.yank import YankRequest, unyank, yank

if TYPE_CHECKING:
    from pathlib import Path

    from ci_tools.core.repodata import IndexState

KEY = "noarch/foo-1.0-0.conda"
NATIVE = "linux-64/foo-1.0-0.conda"
BY_HAND = """\
# what we withdrew, and why
yanked:
  # ticket 12
  - package: noarch/bar-2.0-0.conda   # never again
    reason: 'quotes "inside"'
"""


@pytest.fixture
def registry(tmp_path: Path) -> YankFile:
    return YankFile(path=tmp_path / ".github/yanked.yaml", shown=".github/yanked.yaml", parse=parse_yanks)


@pytest.fixture
def states(tmp_path: Path) -> tuple[IndexState, ...]:
    world = World(folder=tmp_path / "jobs")
    world.publish(Package(name="foo"), Package(name="foo", subdir=Subdir.LINUX_64), Package(name="bar", version="2.0"))
    found = present(world.store, ring().root, NOW)
    return tuple(read_states(world.store, found, listed_subdirs(found)).values())


def asked(dist: str, reason: str = "loses data", until: datetime | None = None) -> YankRequest:
    return YankRequest(dist=dist, reason=reason, until=until)


@pytest.mark.parametrize(
    ("dist", "keys"),
    [
        ("foo-1.0-0", {KEY, NATIVE}), ("foo-1.0-0.conda", {KEY, NATIVE}), (KEY, {KEY}),
        ("linux-64/foo-1.0-0", {NATIVE}),
    ],
)  # fmt: skip
def test_a_package_is_called_as_people_call_it(
    states: tuple[IndexState, ...], registry: YankFile, dist: str, keys: set[str]
) -> None:
    assert {each.key for each in yank(asked(dist), states, registry)} == keys
    assert {each.key for each in registry.yanks()} == keys
    assert registry.path.read_text(encoding="utf-8").startswith(HEADER)
    assert {each.key for each in unyank(dist, registry)} == keys
    assert registry.yanks() == ()


def test_what_people_wrote_stays(states: tuple[IndexState, ...], registry: YankFile) -> None:
    registry.path.parent.mkdir()
    registry.path.write_text(BY_HAND, encoding="utf-8")
    yank(asked(KEY, until=datetime(2026, 12, 24, tzinfo=UTC)), states, registry)
    text = registry.path.read_text(encoding="utf-8")
    assert text == BY_HAND + f'  - package: {KEY}\n    reason: "loses data"\n    until: 2026-12-24\n'
    unyank(KEY, registry)
    assert registry.path.read_text(encoding="utf-8") == BY_HAND


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (asked("fo-1.0-0"), "`fo-1.0-0` is not published"), (asked(KEY, " "), "a yank has a reason"),
        (asked(KEY, "two\nlines"), "in one line"), (asked("bar-2.0-0"), r"yanked already: quotes \"inside\""),
    ],
)  # fmt: skip
def test_a_wrong_request_changes_nothing(
    states: tuple[IndexState, ...], registry: YankFile, request_: YankRequest, message: str
) -> None:
    registry.path.parent.mkdir()
    registry.path.write_text(BY_HAND, encoding="utf-8")
    with pytest.raises(UsageError, match=message.replace('"', '"')):
        yank(request_, states, registry)
    with pytest.raises(UsageError, match="is not yanked"):
        unyank("foo-1.0-0", registry)
    assert registry.path.read_text(encoding="utf-8") == BY_HAND


def test_a_dry_run_remembers(states: tuple[IndexState, ...]) -> None:
    remembered = RememberedYanks()
    yank(asked(KEY), states, remembered)
    assert [each.key for each in remembered.yanks()] == [KEY]
    unyank(KEY, remembered)
    assert remembered.yanks() == ()


@given(
    reason=st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1).filter(
        lambda text: bool(text.strip()) and text.isprintable()
    ),
    until=st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 (made aware below)
)
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, reason: str, until: datetime | None
) -> None:
    file = YankFile(path=tmp_path_factory.mktemp("y") / "yanked.yaml", shown="yanked.yaml", parse=parse_yanks)
    moment = until.replace(microsecond=0, tzinfo=UTC) if until else None
    wanted = Yank(subdir=Subdir.NOARCH, filename="foo-1.0-0.conda", reason=reason, until=moment)
    file.add([wanted])
    assert file.yanks() == (wanted,)


WRONG_YANKS = """\
yanked:
  - package: foo-1.0-0.conda
    reason: x
  - package: noarch/foo-1.0-0.conda
    resaon: typo
    until: soon
  - {package: noarch/a-1-0.conda, reason: x}
  - {package: noarch/a-1-0.conda, reason: ~}
"""
WRONG_PATCHES = """\
patches:
  - match: "foo >>1"
    reason: x
    license: MIT
  - match: "foo"
    reason: changes nothing
  - match: "conda-forge::foo"
    reason: x
    depends: {add: ["bar >>"], delete: [x]}
"""
PATCHES = """\
patches:
  - match: "foo >=1,<2"
    reason: too new a python
    subdirs: [noarch]
    depends:
      replace: {"python >=3.8": "python >=3.8,<3.11"}
      remove: [bar]
    license: MIT
"""


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / (".github/yanked.yaml" if name == "yanked" else f"recipes/patches/{name}.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    written(tmp_path, yanked=WRONG_YANKS, first=WRONG_PATCHES)
    with pytest.raises(UsageError) as caught:
        read_curation(tmp_path, "recipes", trouble, matches)
    told = [(p.path, p.line, p.message) for p in caught.value.problems]
    assert [(path.rpartition("/")[2], line) for path, line, _ in told] == [
        ("yanked.yaml", 2), ("yanked.yaml", 4), ("yanked.yaml", 5), ("yanked.yaml", 6), ("yanked.yaml", 8),
        ("first.yaml", 9),
    ]  # fmt: skip
    assert "did you mean `reason`?" in {p.hint for p in caught.value.problems}


def test_a_patch_that_means_nothing_is_a_mistake(tmp_path: Path) -> None:
    written(tmp_path, first=WRONG_PATCHES.replace(", delete: [x]", ""))
    with pytest.raises(UsageError) as caught:
        read_curation(tmp_path, "recipes", trouble, matches)
    lines = [(p.line, p.message.split(":")[0]) for p in caught.value.problems]
    assert [line for line, _ in lines] == [2, 5, 7, 9]
    assert lines[1][1] == "the patch changes nothing"


def test_patches_apply_in_the_order_of_their_files(tmp_path: Path) -> None:
    written(tmp_path, b=PATCHES, a=PATCHES.replace("MIT", "BSD-3-Clause"), empty="# nothing yet\n")
    found = read_curation(tmp_path, "recipes", trouble, matches)
    assert [patch.license for patch in found.patches] == ["BSD-3-Clause", "MIT"]
    change = ListChange(remove=("bar",), replace={"python >=3.8": "python >=3.8,<3.11"})
    assert found.patches[1] == Patch(
        match="foo >=1,<2", where="recipes/patches/b.yaml:2", reason="too new a python", subdirs=(Subdir.NOARCH,),
        depends=change, license="MIT",
    )  # fmt: skip


def test_a_repository_that_says_nothing_curates_nothing(tmp_path: Path) -> None:
    found = read_curation(tmp_path, "recipes", trouble, matches)
    assert (found.yanks, found.patches) == ((), ())


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (ListChange(add=("b", "a 1")), ["a 1", "ab", "c >=1", "b"]), (ListChange(remove=("a",)), ["ab", "c >=1"]),
        (ListChange(remove=("c >=1",)), ["a 1", "ab"]), (ListChange(remove=("c >=2",)), ["a 1", "ab", "c >=1"]),
        (ListChange(replace={"c": "c >=1,<2"}), ["a 1", "ab", "c >=1,<2"]),
        (ListChange(replace={"a": "x"}, remove=("x",), add=("x",)), ["ab", "c >=1", "x"]),
    ],
)  # fmt: skip
def test_a_list_changes_by_whole_texts_or_by_names(change: ListChange, after: list[str]) -> None:
    assert change.applied(["a 1", "ab", "c >=1"]) == after
