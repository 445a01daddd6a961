from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from entries import entry
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.core.channeldata import Channeldata
from ci_tools.core.package import About, Artifact, RunExports, Subdir
from ci_tools.core.repodata import IndexState
from ci_tools.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

L64, NOARCH = Subdir.LINUX_64, Subdir.NOARCH


def artifact(
    dist: str, subdir: Subdir = L64, *, timestamp: int = 0, exports: tuple[str, ...] = (), **about: Any
) -> Artifact:
    one = entry(dist, subdir)
    return Artifact(
        filename=one.filename, path=Path("x"), record=replace(one.record, timestamp=timestamp),
        run_exports=RunExports(weak=exports), about=About(**about),
    )  # fmt: skip


def indexed(artifacts: Iterable[Artifact], states: Iterable[IndexState] = ()) -> tuple[IndexState, ...]:
    known = {s: IndexState.empty(s) for s in (L64, NOARCH)} | {state.subdir: state for state in states}
    for one in artifacts:
        fresh = entry(str(one.filename.dist), one.subdir)
        known[one.subdir] = known[one.subdir].including([replace(fresh, record=one.record)])
    return tuple(known.values())


def told(data: Channeldata) -> dict[str, Any]:
    return json.loads(data.documents("x")[1].body)


def after(*artifacts: Artifact) -> dict[str, Any]:
    return told(Channeldata().following(indexed(artifacts), artifacts))["packages"]


artifacts = st.lists(
    st.builds(
        lambda name, version, build, subdir, words: artifact(
            f"{name}-{version}-{build}", subdir, timestamp=len(words), exports=words[:1], summary="".join(words),
            traits=("activate.d",) if len(words) > 2 else (),
        ),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["1.0", "1.10", "1.9", "1.0rc1"]),
        st.sampled_from(["h1_0", "h0_1"]),
        st.sampled_from([L64, NOARCH]), st.lists(st.sampled_from("xyz"), max_size=3).map(tuple),
    ),
    max_size=8,
    unique_by=lambda a: (a.subdir, a.filename),
)  # fmt: skip


@given(artifacts, st.randoms(use_true_random=False), st.integers(0, 8))
def test_order_and_batches_do_not_matter(made: list[Artifact], random: Any, cut: int) -> None:
    shuffled = list(made)
    random.shuffle(shuffled)
    first = indexed(shuffled[:cut])
    data = Channeldata.parse(Channeldata().following(first, shuffled[:cut]).documents("x")[1].body)
    data = data.following(indexed(shuffled[cut:], first), shuffled[cut:])
    assert data.documents("x") == Channeldata().following(indexed(made), made).documents("x")


def test_the_newest_version_speaks() -> None:
    said = after(artifact("a-1.10-0", summary="new", home="h"), artifact("a-1.9-0", summary="old", license="MIT"))["a"]
    assert (said["version"], said["summary"], said["home"], said.get("license")) == ("1.10", "new", "h", None)
    assert said["reference_package"] == "linux-64/a-1.10-0.conda"


def test_a_later_build_of_a_version_speaks() -> None:
    said = after(artifact("a-1-h9_0", summary="typo"), artifact("a-1-h1_1", summary="mended"))["a"]
    assert said["summary"] == "mended"


def test_every_field_of_cep_38_is_there() -> None:
    one = artifact("a-1-0", timestamp=1_700_000_000_123, exports=("a >=1",), traits=("post_link",))
    said = after(one, artifact("a-1-0", NOARCH, timestamp=5))["a"]
    assert said["timestamp"] == 1_700_000_000
    assert said["subdirs"] == ["linux-64", "noarch"]
    assert said["run_exports"] == {"1": {"weak": ["a >=1"]}}
    flags = {"activate.d", "deactivate.d", "pre_link", "post_link", "pre_unlink", "binary_prefix", "text_prefix"}
    assert {flag for flag in flags if said[flag]} == {"post_link"}


def test_what_is_gone_is_not_told() -> None:
    made = artifact("a-2-0", summary="s"), artifact("a-1-0"), artifact("b-1-0"), artifact("c-1-0", NOARCH)
    states = indexed(made)
    data = Channeldata().following(states, made)
    less = states[0].without(a.filename for a in (made[0], made[2]))
    packages = told(data.following([less], ()))["packages"]
    assert set(packages) == {"a", "c"}
    assert (packages["a"]["version"], packages["a"]["reference_package"]) == ("1", "linux-64/a-1-0.conda")


def test_a_name_whose_packages_nobody_opened_is_told_too() -> None:
    states = indexed([artifact("a-1-0"), artifact("a-2-0")])
    said = told(Channeldata().following(states, ()))["packages"]["a"]
    assert (said["version"], said["run_exports"], said["activate.d"]) == ("2", {}, False)


def test_subdirs_are_told_also_where_they_are_empty() -> None:
    data = Channeldata().following([IndexState.empty(NOARCH), IndexState.empty(L64)], ())
    assert told(data) == {"channeldata_version": 1, "packages": {}, "subdirs": ["linux-64", "noarch"]}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"packages":1,"subdirs":[]}'])
def test_broken_channeldata_is_a_clear_error(body: bytes) -> None:
    with pytest.raises(StoreError, match=r"`channeldata\.json` is not what it should be"):
        Channeldata.parse(body)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 (as the library calls it)
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_what_is_newest_and_trusts_no_package() -> None:
    evil = artifact("old-1-0", timestamp=1, summary="<script>alert(1)</script>")
    data = Channeldata().following(indexed([evil]), [evil, artifact("fresh-2-0", timestamp=9_000_000_000_000)])
    page = Tags()
    page.feed(data.documents("Our <channel>")[0].body.decode())
    assert "script" not in page.tags
    assert page.text.index("fresh") < page.text.index("<script>alert(1)</script>")
    assert "Our <channel>" in page.text


def test_the_page_stays_short() -> None:
    made = [artifact(f"p{n}-1-0") for n in range(250)]
    page = Channeldata().following(indexed(made), made).documents("x")[0].body.decode()
    assert page.count("<tr>") == 201
    assert "And 50 more" in page
