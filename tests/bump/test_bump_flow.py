"""New versions are found on real pages over HTTP, and change nothing in a recipe but what they must."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ci_tools.adapters.git import GitRepository
from ci_tools.adapters.recipes.filling import filled
from ci_tools.adapters.recipes.reading import read_recipe
from ci_tools.adapters.web import HttpWeb
from ci_tools.core.bump.origins import Places
from ci_tools.core.bump.outcome import Bumped, Later, Left, Newest, Outcome
from ci_tools.core.ownership import recipes_in
from ci_tools.flows.bump import Errand, bump

if TYPE_CHECKING:
    from pages import Pages
    from repositories import Repo

NOW = datetime(2026, 11, 27, tzinfo=UTC)
OLD, NEW = b"the old archive", b"the new archive"


def sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def looked(repo: Repo, web: Pages, **changes: object) -> tuple[Outcome, ...]:
    repository = GitRepository(repo.path, {"PATH": "/usr/bin:/bin"})
    fields = {
        "repository": repository, "read": read_recipe, "fill": filled, "web": HttpWeb(), "now": NOW, "most": 10,
        "places": Places(apis={web.url.partition("//")[2]: f"{web.url}/api"}),
    }  # fmt: skip
    recipes, _ = recipes_in(repository.files(), "recipes")
    return bump(Errand(**fields | changes), recipes, lambda: None)


def only(repo: Repo, web: Pages, **changes: object) -> Outcome:
    (outcome,) = looked(repo, web, **changes)
    return outcome


def index_of(*versions: str, digest: str = "") -> str:
    files = {v: [{"filename": f"thing-{v}.tar.gz", "digests": {"sha256": digest or sha(NEW)}}] for v in versions}
    return json.dumps({"releases": files})


V1 = """\
# ours since 2024 — é
schema_version: 1
context:
    name: thing
    version: "1.2"      # the newest, then

package: {{name: '${{{{ name }}}}', version: "${{{{ version }}}}"}}

source:
- url: {url}/packages/source/${{{{ name[0] }}}}/${{{{ name }}}}/${{{{ name }}}}-${{{{ version }}}}.tar.gz
  sha256: {old}     # checked by hand
- url: {url}/data.zip
  sha256: "0000"
build:
  number: 7   # raise me
about: {{license: MIT}}   # kept
"""


def test_a_package_of_an_index_is_bumped_and_every_other_byte_stays(repo: Repo, web: Pages) -> None:
    web.held = {"/pypi/thing/json": index_of("1.2", "1.10", "1.9"), "/packages/source/t/thing/thing-1.10.tar.gz": NEW}
    text = V1.format(url=web.url, old=sha(OLD))
    repo.write("recipes/thing/recipe.yaml", text)
    found = only(repo, web)
    assert isinstance(found, Bumped)
    assert found.text == text.replace('"1.2"', '"1.10"').replace(sha(OLD), sha(NEW)).replace("number: 7", "number: 0")
    assert (found.name, found.before, found.after) == ("thing", "1.2", "1.10")
    assert found.fetched == ((f"{web.url}/packages/source/t/thing/thing-1.10.tar.gz", sha(NEW)),)
    assert (repo.path / "recipes/thing/recipe.yaml").read_text() == text


V0 = """\
{{% set name = "thing" %}}
{{% set version = "1.2" %}}  # now
{{% set sha256 = "{old}" %}}
{{% set build = 3 %}}

package:
  name: {{{{ name|lower }}}}
  version: {{{{ version }}}}
source:
  url: {url}/o/thing/archive/refs/tags/v{{{{ version }}}}.tar.gz
  md5: 0123
  sha256: {{{{ sha256 }}}}
  patches:
    - a.patch  # [win]
build:
  number: {{{{ build }}}}
"""


def test_a_v0_recipe_is_bumped_where_its_templates_are_defined(repo: Repo, web: Pages) -> None:
    releases = [{"tag_name": f"v{v}", "prerelease": "rc" in v, "draft": False} for v in ("1.2", "1.3", "1.4rc1")]
    web.held = {
        "/api/repos/o/thing/releases?per_page=100": json.dumps(releases),
        "/o/thing/archive/refs/tags/v1.3.tar.gz": "->/elsewhere.tar.gz",
        "/elsewhere.tar.gz": NEW,
    }
    text = V0.format(url=web.url, old=sha(OLD))
    repo.write("recipes/thing/meta.yaml", text)
    found = only(repo, web)
    assert isinstance(found, Bumped)
    md5 = hashlib.md5(NEW, usedforsecurity=False).hexdigest()
    expected = text.replace('"1.2"', '"1.3"').replace(sha(OLD), sha(NEW)).replace("md5: 0123", f"md5: {md5}")
    assert found.text == expected.replace("build = 3", "build = 0")
    assert found.notes == ("the recipe has patches: do they still apply?",)


def advertised(repo: Repo) -> bytes:
    ended = subprocess.run(
        ["git", "upload-pack", "--http-backend-info-refs", str(repo.path / ".git")], capture_output=True, check=True
    )
    return b"001e# service=git-upload-pack\n0000" + ended.stdout


@pytest.mark.parametrize(
    ("revision", "notes"), [("rev: {commit}", 1), ("tag: v1.2", 0), ("tag: 'v${{{{ version }}}}'", 0)]
)
def test_a_repository_is_taken_at_the_new_tag_or_its_commit(repo: Repo, web: Pages, revision: str, notes: int) -> None:
    old = repo.git("rev-parse", "HEAD")
    repo.git("tag", "v1.2")
    repo.git("commit", "-q", "--allow-empty", "-m", "second")
    repo.git("tag", "-a", "-m", "a release", "v1.3")
    new = repo.git("rev-parse", "HEAD")
    web.held = {"/o/thing.git/info/refs?service=git-upload-pack": advertised(repo)}
    text = (
        "context: {version: '1.2'}\npackage: {name: thing, version: '${{ version }}'}\n"
        f"source:\n  git: {web.url}/o/thing.git\n  {revision.format(commit=old)}  # here\n"
    )
    repo.write("recipes/thing/recipe.yaml", text)
    found = only(repo, web)
    assert isinstance(found, Bumped)
    assert found.text == text.replace("'1.2'", "'1.3'").replace("tag: v1.2", "tag: v1.3").replace(old, new)
    assert len(found.notes) == notes


def test_a_page_of_links_announces_versions_and_each_selector_has_its_own_digest(repo: Repo, web: Pages) -> None:
    text = f"""\
package:
  name: thing
  version: 1.2
source:
  url: {web.url}/dl/1.2/thing-linux.tar.gz  # [linux]
  sha256: {sha(OLD)}  # [linux]
  url: {web.url}/dl/1.2/thing-osx.tar.gz  # [osx]
  sha256: {"1" * 64}  # [osx]
"""
    repo.write("recipes/thing/meta.yaml", text)
    web.held = {
        "/dl/": '<a href="1.2/">1.2/</a><a href="1.10/">1.10/</a><a href="icons/">',
        "/dl/1.10/thing-linux.tar.gz": NEW, "/dl/1.10/thing-osx.tar.gz": OLD,
    }  # fmt: skip
    found = only(repo, web)
    assert isinstance(found, Bumped)
    expected = text.replace("version: 1.2", 'version: "1.10"').replace("/1.2/", "/1.10/")
    assert found.text == expected.replace(sha(OLD), sha(NEW)).replace("1" * 64, sha(OLD))


def test_a_version_with_dashes_upstream_stays_one(repo: Repo, web: Pages) -> None:
    text = f"""\
context: {{version: 1.4-9}}
package: {{name: r-thing, version: "${{{{ version | replace('-', '_') }}}}"}}
source:
- {{url: "{web.url}/contrib/Thing_${{{{ version }}}}.tar.gz", sha256: {sha(OLD)}}}
"""
    web.held = {
        "/contrib/": '<a href="Thing_1.4-10.tar.gz"></a><a href="Thing_1.4-2.tar.gz"></a><a href="Things_9.tar.gz">',
        "/contrib/Thing_1.4-10.tar.gz": NEW,
    }  # fmt: skip
    repo.write("recipes/r-thing/recipe.yaml", text)
    found = only(repo, web)
    assert isinstance(found, Bumped)
    assert found.text == text.replace("1.4-9", "1.4-10").replace(sha(OLD), sha(NEW))


def simple(url: str, name: str = "thing", more: str = "") -> str:
    return (
        f"context: {{version: '1.2'}}\npackage: {{name: {name}, version: '${{{{ version }}}}'}}\n"
        f"source: {{url: '{url}/packages/source/t/{name}/{name}-${{{{ version }}}}.tar.gz', sha256: '{sha(OLD)}'}}\n"
        f"{more}"
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("extra: {channel: {bump: {off: it is frozen}}}", Left),
        ("extra: {channel: {bump: false}}", Left),
        ("extra: {channel: {bump: {versions: '<1.3'}}}", Newest),
        ("extra: {channel: {bump: {prereleases: true}}}", Bumped),
    ],
)
def test_a_recipe_says_whether_and_how_far(repo: Repo, web: Pages, more: str, expected: type) -> None:
    web.held = {"/pypi/thing/json": index_of("1.3"), "/packages/source/t/thing/thing-1.3.tar.gz": NEW}
    repo.write("recipes/thing/recipe.yaml", simple(web.url, more=more))
    assert isinstance(only(repo, web), expected)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({}, "there is nothing at"),
        ({"/pypi/thing/json": "<html>"}, "says nothing of versions"),
        ({"/pypi/thing/json": 500}, "answers 500"),
        ({"/pypi/thing/json": 403}, "has been asked too often"),
        ({"/pypi/thing/json": "->/pypi/thing/json"}, "leads in a circle"),
        ({"/pypi/thing/json": index_of("1.3")}, "thing-1.3.tar.gz"),
        (
            {"/pypi/thing/json": index_of("1.3", digest="f" * 64), "/packages/source/t/thing/thing-1.3.tar.gz": NEW},
            "was announced",
        ),
    ],
)
def test_what_cannot_be_found_out_is_said_and_changes_nothing(repo: Repo, web: Pages, held: dict, said: str) -> None:
    web.held = held
    repo.write("recipes/thing/recipe.yaml", simple(web.url))
    found = only(repo, web)
    assert isinstance(found, Left)
    assert not found.is_meant
    assert said in found.because


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("package: [", "flow"),
        ("package: {name: a, version: '1'}\nsource: {path: src}\n", "its source is in this repository"),
        ("package: {name: a, version: '1'}\nsource: {url: 'https://x.example/latest'}\n", "nobody knows where"),
        (
            "package: {name: a, version: '${{ env.get(1) }}'}\nsource: {url: 'https://x.example/a-1'}\n",
            "only known to a build",
        ),
        ("package: {name: a, version: '1'}\nextra: {channel: {bump: {kind: x}}}\n", "is no kind of place"),
    ],
)
def test_a_recipe_that_cannot_be_bumped_says_why_and_stops_no_other(
    repo: Repo, web: Pages, text: str, said: str
) -> None:
    web.held = {"/pypi/thing/json": index_of("1.3"), "/packages/source/t/thing/thing-1.3.tar.gz": NEW}
    repo.write("recipes/a/recipe.yaml", text)
    repo.write("recipes/thing/recipe.yaml", simple(web.url))
    left, bumped = looked(repo, web)
    assert isinstance(left, Left)
    assert said in left.because
    assert isinstance(bumped, Bumped)


def test_a_version_in_two_pieces_is_left_to_a_person(repo: Repo, web: Pages) -> None:
    web.held = {"/pypi/thing/json": index_of("1.3"), "/packages/source/t/thing/thing-1.3.tar.gz": NEW}
    text = simple(web.url).replace("{version: '1.2'}", "{major: '1', version: '${{ major }}.2'}")
    repo.write("recipes/thing/recipe.yaml", text)
    found = only(repo, web)
    assert isinstance(found, Left)
    assert "not written in one place" in found.because


def test_a_mirror_that_has_it_is_enough(repo: Repo, web: Pages) -> None:
    text = (
        simple(web.url).replace("{url: '", f"{{url: ['{web.url}/gone/${{{{ version }}}}', '").replace(".gz',", ".gz'],")
    )
    text += f"extra: {{channel: {{bump: {{from: '{web.url}/pypi/thing/json'}}}}}}\n"
    web.held = {"/pypi/thing/json": index_of("1.3"), "/packages/source/t/thing/thing-1.3.tar.gz": NEW}
    repo.write("recipes/thing/recipe.yaml", text)
    found = only(repo, web)
    assert isinstance(found, Bumped)
    assert sha(NEW) in found.text


def test_only_so_many_are_bumped_in_one_run_and_all_in_the_end(repo: Repo, web: Pages) -> None:
    names = [f"thing{at}" for at in range(5)]
    for name in names:
        repo.write(f"recipes/{name}/recipe.yaml", simple(web.url, name))
        web.held[f"/pypi/{name}/json"] = index_of("1.3").replace("thing-", f"{name}-")
        web.held[f"/packages/source/t/{name}/{name}-1.3.tar.gz"] = NEW
    seen: set[str] = set()
    for week in range(12):
        found = looked(repo, web, most=2, now=NOW + timedelta(weeks=week))
        assert [outcome.recipe for outcome in found] == [f"recipes/{name}" for name in names]
        assert sum(isinstance(outcome, Bumped) for outcome in found) == 2
        assert sum(isinstance(outcome, Later) for outcome in found) == 3
        seen |= {outcome.recipe for outcome in found if isinstance(outcome, Bumped)}
    assert len(seen) == 5


def test_a_bump_that_was_taken_is_the_newest_afterwards(repo: Repo, web: Pages) -> None:
    web.held = {"/pypi/thing/json": index_of("1.3"), "/packages/source/t/thing/thing-1.3.tar.gz": NEW}
    repo.write("recipes/thing/recipe.yaml", simple(web.url))
    found = only(repo, web)
    assert isinstance(found, Bumped)
    repo.write(found.file, found.text)
    assert isinstance(only(repo, web), Newest)
