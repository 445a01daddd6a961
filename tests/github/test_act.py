"""The workflow files themselves, event by event, from a recipe to an installed package."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from act_world import STRIPPED, followed, stripped
from pages import pages

from ci_tools import documents
from ci_tools.core.ci.comment import MARKER, PREVIEW_MARKER
from ci_tools.core.ci.rehearsal import Rehearsal

if TYPE_CHECKING:
    from pathlib import Path

    from act_world import Opened, Ran, World
    from github_double import State

pytestmark = pytest.mark.slow
SHA_OF_NEW = hashlib.sha256(b"new").hexdigest()
FIRST = {"before": "0" * 40, "commits": [{}]}


def reported(acme: World, run: int) -> Rehearsal:
    return documents.read(Rehearsal, acme.left(run)["preview.1"]["preview.json"], "preview.json")


def pull_request(acme: World, opened: Opened, *, secret: bool = True) -> tuple[Ran, int]:
    ran = acme.run("pull_request", "pull-request.yml", opened.payload, secret=secret)
    acme.hand_to_github(acme.runs, opened.head, head_repository=opened.repository)
    return ran, acme.runs


def comments(state: State, number: int = 7) -> list[str]:
    return [str(comment["body"]) for comment in state.comments[number]]


def test_from_a_push_and_a_pull_request_to_installed_packages(acme: World, state: State) -> None:
    """The main line: publish, change by pull request, comment, preview, merge, promote, remove."""
    pushed = acme.run("push", "publish.yml", FIRST)
    assert pushed.code == 0, pushed.log
    assert (acme.install("data") / "share/data.txt").read_text() == "1.0\n"

    with acme.pull_request() as opened:
        acme.recipe("data", "2.0", run=("more",))
        acme.recipe("more")
        acme.commit("Data 2.0 needs more")
    ran, number = pull_request(acme, opened)
    assert ran.code == 0, ran.log
    found = reported(acme, number)
    assert [(str(e.filename.dist.name), e.replaces != "") for e in found.expected] == [("data", True), ("more", False)]
    assert found.expected[0].changes[0].added == ("more",)

    assert acme.run("workflow_run", "comment.yml", followed(number, opened)).code == 0
    (comment,) = comments(state)
    assert comment.startswith(f"{MARKER}\n### 2 packages would be published")
    (check,) = state.checks.values()
    assert (check["conclusion"], check["head_sha"]) == ("success", opened.head)

    previewed = acme.run("workflow_run", "preview.yml", followed(number, opened))
    assert previewed.code == 0, previewed.log
    assert comments(state)[1].startswith(PREVIEW_MARKER)
    assert f"-c http://127.0.0.1:{acme.port}/pr/7 -c http://127.0.0.1:{acme.port}/acme" in comments(state)[1]
    assert (acme.install("more", "pr/7") / "share/more.txt").exists()

    acme.merge(opened)
    merged = acme.run("push", "publish.yml", {"before": opened.base, "commits": [{}, {}]})
    assert merged.code == 0, merged.log
    assert "as pull request 7 built it" in merged.log
    assert merged.job("Build ${{ matrix.id }}") == ""
    assert (acme.install("data >=2") / "share/data.txt").read_text() == "2.0\n"
    closed = acme.run("pull_request", "preview.yml", opened.payload | {"action": "closed"})
    assert "pr/7 is removed: its pull request is closed" in closed.log
    assert "The preview is removed" in comments(state)[1]


def test_a_pull_request_without_a_recipe_builds_nothing_and_says_so(acme: World, state: State) -> None:
    with acme.pull_request() as opened:
        (acme.repo / "NOTES").write_text("nothing to build\n")
        acme.commit("Write notes")
    ran, number = pull_request(acme, opened)
    assert (ran.code, reported(acme, number).expected) == (0, ())
    assert not [job for job in ran.jobs if "Build" in job]
    assert acme.run("workflow_run", "comment.yml", followed(number, opened)).code == 0
    assert "a merge would publish nothing" in comments(state)[0]


def test_a_recipe_that_fails_stops_only_what_needs_it(acme: World, state: State) -> None:
    with acme.pull_request() as opened:
        acme.recipe("broken", test="exit 3")
        acme.recipe("needy", run=("broken",))
        acme.recipe("fine")
        acme.commit("Three recipes")
    ran, number = pull_request(acme, opened)
    assert ran.code != 0
    found = reported(acme, number)
    assert [e.filename.dist.name for e in found.expected] == ["fine"]
    assert sorted(o.what.split("/")[1].split("-")[0] for o in found.objections) == ["broken", "needy"]
    assert acme.run("workflow_run", "comment.yml", followed(number, opened)).code == 0
    (check,) = state.checks.values()
    assert check["conclusion"] == "failure"
    assert {mark["path"] for mark in check["annotations"]} == {
        "recipes/broken/recipe.yaml",
        "recipes/needy/recipe.yaml",
    }
    acme.merge(opened)
    assert acme.run("push", "publish.yml", {"before": opened.base, "commits": [{}]}).code != 0
    assert (acme.install("fine") / "share/fine.txt").exists()


def test_a_fork_builds_without_a_secret_and_gets_no_preview(acme: World, state: State) -> None:
    with acme.pull_request(fork=True) as opened:
        acme.recipe("theirs")
        acme.commit("A recipe of a stranger")
    ran, number = pull_request(acme, opened, secret=False)
    assert ran.code == 0, ran.log
    assert "CHANNEL_TOKEN is not set" in reported(acme, number).unknown
    assert acme.run("workflow_run", "comment.yml", followed(number, opened)).code == 0
    assert "what is published is unknown" in comments(state)[0]
    skipped = acme.run("workflow_run", "preview.yml", followed(number, opened))
    assert skipped.job("Publish pr/<n>") in {"", "skipped"}
    assert len(comments(state)) == 1


def test_a_push_while_another_publishes_loses_nothing(acme: World) -> None:
    """GitHub would let the second wait (`queue: max`); act does not, so both publish at once."""
    assert acme.run("push", "publish.yml", FIRST).code == 0
    places = [acme.clone(name) for name in ("first", "second")]
    with ThreadPoolExecutor(2) as pool:
        pushes = [
            pool.submit(acme.run, "push", "publish.yml", FIRST, where=place, run=number)
            for number, place in enumerate(places, 201)
        ]
    assert [push.result().code for push in pushes] == [0, 0], [push.result().log[-3000:] for push in pushes]
    for name in ("data", "first", "second"):
        assert (acme.install(name) / f"share/{name}.txt").exists()
    again = acme.run("workflow_dispatch", "publish.yml", {"inputs": {"base": ""}}, where=places[0])
    assert (again.code, "nothing to do" in again.log) == (0, True)


def test_a_merge_queue_plans_its_group(acme: World) -> None:
    with acme.pull_request() as opened:
        acme.recipe("queued")
        acme.commit("A recipe")
    group = {"merge_group": {"base_sha": opened.base, "head_sha": acme.git("rev-parse", "HEAD")}}
    ran = acme.run("merge_group", "pull-request.yml", group)
    assert ran.code == 0, ran.log
    found = reported(acme, acme.runs)
    assert ([e.filename.dist.name for e in found.expected], found.pull) == (["queued"], 0)


def test_a_schedule_finds_a_sound_channel(acme: World) -> None:
    assert acme.run("push", "publish.yml", FIRST).code == 0
    ran = acme.run("schedule", "health.yml", {"schedule": "53 5 * * *"})
    assert ran.code == 0, ran.log
    assert "The channel holds" in ran.summaries


def test_a_new_version_is_proposed_by_night(acme: World, state: State) -> None:
    state.objects["b" * 40] = {"sha": "b" * 40, "tree": {"sha": "c" * 40}, "parents": [], "url": ""}
    state.refs["heads/main"] = "b" * 40
    with pages() as web:
        source = f"{web.url}/packages/source/t/thing/thing-${{{{ version }}}}.tar.gz"
        told = {"releases": {"1.3": [{"filename": "thing-1.3.tar.gz", "digests": {"sha256": SHA_OF_NEW}}]}}
        web.held = {"/pypi/thing/json": json.dumps(told), "/packages/source/t/thing/thing-1.3.tar.gz": b"new"}
        file = acme.repo / "recipes/thing/recipe.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(
            "context: {version: '1.2'}\npackage: {name: thing, version: '${{ version }}'}\n"
            f"source: {{url: '{source}', sha256: '{'0' * 64}'}}\n"
        )
        acme.commit("A thing")
        ran = acme.run("schedule", "bump.yml", {"schedule": "17 4 * * *"})
    assert ran.code == 0, ran.log
    (pull,) = state.pulls.values()
    assert pull["title"] == "thing 1.2 -> 1.3"
    assert "heads/bump/recipes-thing" in state.refs


HOSTILE = """\
d=$PWD; while [ "$d" != / ]; do d=$(dirname "$d")
  find "$d" -maxdepth 3 -name '*.txt' 2>/dev/null | grep -E 'envs|outputcmd|pathcmd' | while read -r f; do
    echo 'CHANNEL_TOKEN=stolen' >> "$f"; echo 'AWS_ROLE=evil' >> "$f"; echo '/tmp/evil' >> "$f"; done
  for p in "$d"/dist/*/noarch; do [ -d "$p" ] && printf evil > "$p/evil-1.0-0.conda"; done
  [ -e "$d/channel.yaml" ] && break
done; true
"""


def test_a_hostile_pull_request_is_contained_and_said(acme: World, state: State, tmp_path: Path) -> None:
    """Names that are commands, a build that writes GitHub's files, packages that nobody asked for."""
    pwned = tmp_path / "pwned"
    ref = f"x$(touch${{IFS}}{pwned})`id`"
    with acme.pull_request(fork=True, ref=ref) as opened:
        acme.recipe("honest", script=HOSTILE + 'mkdir -p "$PREFIX/share"; echo 1 > "$PREFIX/share/honest.txt"')
        acme.recipe("worse", script=HOSTILE + 'mkdir -p "$PREFIX/share"; echo 1 > "$PREFIX/share/worse.txt"')
        (acme.repo / f"recipes/honest/$(touch {pwned.name})\n::error::@acme-admins").write_text("x")
        acme.commit(f"$(touch {pwned})\n\n::set-output name=any::false\n[skip ci]")
    ran, number = pull_request(acme, opened, secret=False)
    assert not pwned.exists()
    found = reported(acme, number)
    assert {e.filename.dist.name for e in found.expected} <= {"honest", "worse"}
    assert acme.run("workflow_run", "comment.yml", followed(number, opened)).code == 0
    (comment,) = comments(state)
    assert "@acme" not in comment
    assert "evil-1.0-0.conda" not in json.dumps([str(e.filename) for e in found.expected])
    assert "stolen" not in ran.summaries
    assert not pwned.exists()


def test_what_act_cannot_read_is_there_and_listed(acme: World) -> None:
    """Each strip is of something that the files still have; nothing is left of it in the copy."""
    assert len(STRIPPED) == 4
    assert sum(stripped(acme.repo).values()) == 0
