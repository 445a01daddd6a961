"""Where versions are announced, what is said there, and which one is taken."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.adapters.recipes.reading import read_recipe
from ci_tools.core.bump.answers import Candidate, candidates, version_in
from ci_tools.core.bump.choice import newest, satisfies
from ci_tools.core.bump.origins import Kind, Origin, Pattern, Places, Sourced, origins, pattern_in
from ci_tools.core.bump.outcome import Bumped
from ci_tools.core.bump.policy import Policy, policy
from ci_tools.core.bump.proposal import body, branch, title
from ci_tools.core.recipe import Dialect, Recipe
from ci_tools.core.version import VersionOrder
from ci_tools.errors import RecipeError, RemoteError, UsageError

if TYPE_CHECKING:
    from repositories import Repo

RECIPE = Recipe(name="thing", directory="recipes/thing", file="recipes/thing/recipe.yaml", dialect=Dialect.V1)


def asked(
    url: str, *, version: str = "1.2", is_git: bool = False, pages: tuple[str, ...] = (), **said: str
) -> list[str]:
    places = Places(index="https://index.example", apis={"git.example": "https://git.example/api/v3"})
    found = origins([Sourced(url=url, is_git=is_git)], pages, version, Policy(**said), places)
    return [f"{o.kind} {o.url} {o.tag.expression if o.tag else ''}".strip() for o in found]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://pkgs.example/packages/source/t/thing/thing-1.2.tar.gz", ["pypi https://index.example/pypi/thing/json"]),
        (
            "https://github.com/o/thing/archive/refs/tags/v1.2.tar.gz",
            [
                r"releases https://api.github.com/repos/o/thing/releases?per_page=100 v([0-9][0-9A-Za-z\.]*?)",
                r"tags https://github.com/o/thing.git v([0-9][0-9A-Za-z\.]*?)",
            ],
        ),
        (
            "https://git.example/o/thing/releases/download/rel_1_2/thing-1.2.zip",
            [
                r"releases https://git.example/api/v3/repos/o/thing/releases?per_page=100 rel_([0-9][0-9A-Za-z\._]*?)",
                r"tags https://git.example/o/thing.git rel_([0-9][0-9A-Za-z\._]*?)",
            ],
        ),
        (
            "https://lab.example/group/sub/thing/-/archive/1.2/thing-1.2.tar.gz",
            [r"tags https://lab.example/group/sub/thing.git ([0-9][0-9A-Za-z\.]*?)"],
        ),
        (
            "https://ftp.example/pub/thing/thing-1.2.tar.xz",
            [r"listing https://ftp.example/pub/thing/ thing\-([0-9][0-9A-Za-z\.]*?)\.tar\.xz"],
        ),
        ("https://ftp.example/pub/1.2/thing.tar.xz", [r"listing https://ftp.example/pub/ ([0-9][0-9A-Za-z\.]*?)"]),
        ("https://ftp.example/pub/latest.tar.xz", []),
        ("file:///somewhere/thing-1.2.tar.gz", []),
    ],
)  # fmt: skip
def test_an_address_says_where_its_versions_are_announced(url: str, expected: list[str]) -> None:
    assert asked(url) == expected


def test_a_homepage_names_the_index_and_a_recipe_overrides_all() -> None:
    source = "https://files.example/packages/source/t/thing/thing-1.2.tar.gz"
    assert asked(source, pages=("https://index.other/project/thing/",)) == ["pypi https://index.other/pypi/thing/json"]
    assert asked(source, where="https://git.example/thing.git", tag="r(.*)") == [
        "tags https://git.example/thing.git r(.*)"
    ]
    assert asked(source, where="https://x.example/y", kind="listing")[0].startswith("listing https://x.example/y thing")
    assert asked("https://github.com/o/thing", is_git=True, kind="tags") == ["tags https://github.com/o/thing.git"]
    assert asked("git@github.com:o/thing.git", is_git=True) == []


@given(
    st.from_regex(r"[a-z]{0,5}[-_v]?", fullmatch=True),
    st.lists(st.integers(0, 99), min_size=2, max_size=4),
    st.sampled_from("._-"),
)
def test_a_pattern_reads_the_version_back(head: str, numbers: list[int], separator: str) -> None:
    spelled = separator.join(map(str, numbers))
    version = ".".join(map(str, numbers))
    pattern = pattern_in(f"{head}{spelled}.tar.gz", version)
    assert version_in(f"{head}{spelled}.tar.gz", pattern) == version
    newer = separator.join(map(str, [numbers[0] + 1, *numbers[1:]]))
    assert version_in(f"{head}{newer}.tar.gz", pattern) == newer.replace(separator, ".")
    assert version_in(f"x-{head}{newer}.tar.gz", pattern) == "" or not head


def test_the_json_of_an_index_is_read_without_withdrawn_versions() -> None:
    file = {"filename": "thing-1.3.tar.gz", "digests": {"sha256": "ab"}, "yanked": False}
    said = {"releases": {"1.2": [], "1.3": [file], "1.4": [file | {"yanked": True}]}}
    origin = Origin(kind=Kind.PYPI, url="u")
    assert candidates(origin, json.dumps(said).encode()) == (
        Candidate(version="1.3", digests={"thing-1.3.tar.gz": "ab"}),
    )


def test_releases_are_read_without_drafts() -> None:
    said = [
        {"tag_name": "v2.0", "draft": True, "prerelease": False, "assets": []},
        {"tag_name": "v1.3rc1", "draft": False, "prerelease": True, "assets": []},
        {
            "tag_name": "v1.3",
            "prerelease": False,
            "assets": [{"name": "a.zip", "digest": "sha256:ab"}, {"name": "b", "digest": None}],
        },
        {"tag_name": "nightly", "prerelease": False},
    ]
    found = candidates(Origin(kind=Kind.RELEASES, url="u", tag=Pattern(expression="v(.*)")), json.dumps(said).encode())
    assert [(c.version, c.is_prerelease, dict(c.digests)) for c in found] == [
        ("1.3rc1", True, {}),
        ("1.3", False, {"a.zip": "ab"}),
    ]


def test_what_git_itself_tells_over_http_is_read(repo: Repo) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.git("tag", "v1.2")
    repo.git("commit", "-q", "--allow-empty", "-m", "second")
    repo.git("tag", "-a", "-m", "a release", "v1.3")
    second = repo.git("rev-parse", "HEAD")
    repo.git("tag", "other-thing")
    said = subprocess.run(
        ["git", "upload-pack", "--http-backend-info-refs", str(repo.path / ".git")], capture_output=True, check=True
    ).stdout
    found = candidates(Origin(kind=Kind.TAGS, url="u"), b"001e# service=git-upload-pack\n0000" + said)
    assert {(c.version, c.tag, c.commit) for c in found} == {("1.2", "v1.2", first), ("1.3", "v1.3", second)}


def test_a_page_of_links_is_read() -> None:
    links = ("thing-1.3.tar.gz", "/pub/thing-1.4.tar.gz?x=1", "thing-1.3.tar.gz.sig", "..")
    said = "".join(f'<A HREF="{link}">x</A>' for link in links).encode()
    tag = pattern_in("thing-1.2.tar.gz", "1.2")
    assert [c.version for c in candidates(Origin(kind=Kind.LISTING, url="u", tag=tag), said)] == ["1.3", "1.4"]


@given(
    st.sampled_from(Kind), st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | st.just(b'{"releases": [1]}')
)
def test_an_answer_that_is_none_is_said_to_be_none(kind: Kind, said: bytes) -> None:
    with suppress(RemoteError):
        assert all(found.version for found in candidates(Origin(kind=kind, url="https://x.example"), said))


@pytest.mark.parametrize(
    ("current", "announced", "said", "taken"),
    [
        ("1.2", ["1.1", "1.2", "1.10", "1.9"], {}, "1.10"),
        ("1.2", ["1.1", "1.2.0"], {}, None),
        ("1.2", ["1.3rc1", "1.3.dev2", "1.3-beta", "1.2.1"], {}, "1.2.1"),
        ("1.2", ["1.3rc1"], {"prereleases": True}, "1.3rc1"),
        ("1.2", ["2.0", "1.9", "3.0"], {"versions": "<2"}, "1.9"),
        ("1.2", ["2.0a1", "2.0"], {"versions": "<2", "prereleases": True}, None),
        ("1.2", ["1.2.9", "1.3"], {"versions": "1.2.*"}, "1.2.9"),
        ("1.2", ["nonsense!", "1.3"], {}, "1.3"),
        ("1!1.0", ["9.0"], {}, None),
        ("2024a", ["2024b", "2025a", "2025.rc1"], {}, "2025a"),
    ],
)
def test_the_highest_version_that_is_allowed_is_taken(
    current: str, announced: list[str], said: dict, taken: str | None
) -> None:
    found = newest(current, [Candidate(version=v) for v in announced], Policy(**said))
    assert (found.version if found else None) == taken


VERSIONS = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(VERSIONS, VERSIONS)
def test_constraints_are_those_of_the_order_of_versions(one: str, other: str) -> None:
    mine, theirs = VersionOrder.parse(one), VersionOrder.parse(other)
    assert satisfies(one, f">={other}") == (not mine < theirs)
    assert satisfies(one, f">{other}") == (theirs < mine)
    assert satisfies(one, f"=={other}") == (mine == theirs)
    assert satisfies(one, f">={other},<{other}") is False
    assert satisfies(one, f"!={other}|=={other}") is True
    assert satisfies(one, f"<{other}") <= (mine < theirs)


def test_a_constraint_that_is_none_is_said() -> None:
    with pytest.raises(UsageError, match="no constraint on versions"):
        satisfies("1.2", "around 2")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("bump: false", Policy(off="the recipe says so")),
        ("bump: true", Policy()),
        ("bump: {off: we are stuck}", Policy(off="we are stuck")),
        ("bump: {versions: '<2', prereleases: true, from: 'https://x', kind: tags, tag: 'v(.*)'}",
         Policy(versions="<2", prereleases=True, where="https://x", kind="tags", tag="v(.*)")),
        ("needs: [cc]", Policy()),
    ],
)  # fmt: skip
def test_a_recipe_says_how_it_is_bumped(said: str, expected: Policy) -> None:
    assert policy(read_recipe(RECIPE, f"extra:\n  channel:\n    {said}\n".encode())) == expected


@pytest.mark.parametrize(
    "said",
    [
        "bump: maybe", "bump: {of: x}", "bump: {kind: cpan}", "bump: {tag: 'v.*'}", "bump: {tag: '('}",
        "bump: {prereleases: 3}", "bump: {versions: }",
    ],
)  # fmt: skip
def test_a_policy_that_means_nothing_is_refused_with_its_line(said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        policy(read_recipe(RECIPE, f"extra:\n  channel:\n    {said}\n".encode()))
    assert caught.value.problems[0].line == 3


def test_a_proposal_can_be_no_markup_of_strangers() -> None:
    evil = Bumped(
        recipe="recipes/Thing .. x", file="recipes/x/recipe.yaml", name="thing", before="1", after="2",
        announced="https://x.example/`<img>|", fetched=(("https://x/`a|b`", "ab"),), notes=("look",), text="",
    )  # fmt: skip
    assert re.fullmatch(r"bump/[a-z0-9._-]+", branch(evil))
    assert title(evil) == "thing 1 -> 2"
    assert "<img>" not in body(evil)
    assert "| `https://x/ab` | `ab` |" in body(evil)
