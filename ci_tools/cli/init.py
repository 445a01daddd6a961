"""`channel init`: a new channel repository, or what of one is out of date."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools.core.scaffold import Answers, Origin, State, files, managed, standing
from ci_tools.errors import DifferenceError, Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_tools.cli.run import Run

FOLDER = click.Path(path_type=Path, file_okay=False)
SUBDIRS = ("noarch", "linux-64", "osx-arm64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialized:
    """What was written, what was there and stays, and what is out of date."""

    folder: str
    written: tuple[str, ...]
    kept: tuple[str, ...]


@click.command("init")
@click.argument("folder", type=FOLDER, default=".", metavar="[DIR]")
@click.option("--channel", metavar="NAME", help="The channel's name, and its path at the edge")
@click.option("--url", metavar="URL", help="Where clients will find it; ends in the name")
@click.option("--subdir", "subdirs", metavar="SUBDIR", multiple=True, help="What is built for; may be repeated")
@click.option("--owner", metavar="WHO", help="Who answers for it: an address or a team")
@click.option("--codeowner", metavar="@TEAM", help="Whom GitHub asks for review, as in @acme/packagers")
@click.option("--bucket", metavar="NAME", help="The S3 bucket it is kept in [a folder]")
@click.option("--region", metavar="REGION", help="The bucket's region")
@click.option("--workflows", metavar="OWNER/NAME@SHA#VERSION", help="Whose workflows are called [those of this tool]")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 8 lists what is missing or out of date")
@click.option("--update", is_flag=True, help="Bring the callers in .github/workflows up to this version")
@click.pass_obj
def command(
    run: Run, /, folder: Path, *, only_check: bool, update: bool, subdirs: tuple[str, ...], **said: str
) -> None:
    """Make a channel repository in DIR: channel.yaml, workflows, CODEOWNERS, the registry, a first recipe, a README.

    Asks for what is not said, on a terminal. What is there already is never overwritten but by --update, and that only
    touches the callers. `channel init --check` says what in an existing repository is out of date.
    """
    present = {path: _text(folder / path) for path in files(_example())}
    if only_check:
        _check(run, present)
        return
    if update:
        new = _updated(present)
    else:
        made = files(_answers(said, subdirs))
        new = {path: text for path, text in made.items() if present[path] is None}
    if not run.dry_run:
        _write(folder, new)
    kept = tuple(path for path in present if path not in new and present[path] is not None)
    run.emit(Initialized(folder=str(folder), written=tuple(new), kept=kept), lambda done: _shown(done, run))


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"`{path}` cannot be read", hint="look at it", detail=str(exc)) from exc


def _example() -> Answers:
    """Any answers: the names of the files do not depend on them."""
    origin = Origin(workflows="$")
    return Answers(channel="a", url="", subdirs=(), owner="", codeowner="", store="", origin=origin)


def _check(run: Run, present: Mapping[str, str | None]) -> None:
    found = standing(present)
    hints = {State.MISSING: "channel init", State.STALE: "channel init --update"}
    problems = [
        Problem(message=f"`{path}` is {state}", hint=hints[state], path=path)
        for path, state in found.items()
        if state is not State.PRESENT
    ]
    if problems:
        raise DifferenceError(*problems)
    run.host.say(f"{len(found)} files are there, and up to date")


def _updated(present: Mapping[str, str | None]) -> dict[str, str]:
    """The callers as this version has them, each calling what it called."""
    stale = [path for path, state in standing(present).items() if state is State.STALE]
    new = {}
    for path in stale:
        origin = Origin.of(present[path] or "")
        if origin is None:
            raise UsageError(
                f"`{path}` calls none of the tool's workflows", hint="remove it, and run: channel init --workflows …"
            )
        new[path] = managed(origin)[path]
    return new


def _answers(said: Mapping[str, str | None], subdirs: tuple[str, ...]) -> Answers:
    channel = _asked(said, "channel", "What is the channel called?")
    owner = (
        said["owner"] or "nobody@example.invalid" if not sys.stdin.isatty() else _asked(said, "owner", "Who owns it?")
    )
    url = said["url"] or f"https://conda.example.com/{channel}"
    if not url.endswith(f"/{channel}"):
        raise UsageError(f"`{url}` does not end in `/{channel}`", hint="the edge finds a channel by its name")
    return Answers(
        channel=channel,
        url=url,
        subdirs=subdirs or SUBDIRS,
        owner=owner,
        codeowner=said["codeowner"] or f"@{_word(owner)}",
        store=_store(channel, said["bucket"], said["region"]),
        origin=_origin(said["workflows"]),
    )


def _asked(said: Mapping[str, str | None], name: str, question: str) -> str:
    if value := said[name]:
        return value
    if not sys.stdin.isatty():
        raise UsageError(f"--{name} is missing", hint=f"say it: channel init --{name} …; on a terminal it is asked for")
    answer: str = click.prompt(question, err=True)
    return answer.strip()


def _word(owner: str) -> str:
    return owner.partition("@")[0] or "OWNER"


def _store(channel: str, bucket: str | None, region: str | None) -> str:
    if not bucket:
        return "store: {kind: local, path: .channel}   # on one machine; for a team: --bucket\n"
    place = f", region: {region}" if region else ""
    return f"store: {{kind: s3, bucket: {bucket}, prefix: {channel}{place}}}\n"


def _origin(said: str | None) -> Origin:
    """What was said, or where this tool was installed from (PEP 610)."""
    found = Origin.parse(said) if said else _installed_from()
    if found is None:
        hint = "name the tool's repository and a commit of it: --workflows OWNER/NAME@<40 digits>#VERSION"
        raise UsageError(
            f"`{said}` is no place of workflows" if said else "it is not known whose workflows to call", hint=hint
        )
    return found


def _installed_from() -> Origin | None:
    text = distribution("channelsmith").read_text("direct_url.json")
    known = json.loads(text) if text else {}
    commit = known.get("vcs_info", {}).get("commit_id", "")
    name = "/".join(known.get("url", "").removesuffix(".git").split("/")[-2:])
    return Origin.parse(f"{name}@{commit}#v{distribution('channelsmith').version}") if commit else None


def _write(folder: Path, new: Mapping[str, str]) -> None:
    from ci_tools.cli.plan import write_file

    for path, text in new.items():
        write_file(folder / path, text.encode())


def _shown(done: Initialized, run: Run) -> str:
    lines = [*_list("wrote" if not run.dry_run else "would write", done.written), *_list("kept", done.kept)]
    if not done.written:
        return "\n".join((*lines, "nothing to do"))
    return "\n".join((*lines, "", f"next: cd {done.folder}, channel keys init, and read README.md"))


def _list(what: str, paths: Iterable[str]) -> list[str]:
    return [f"{what} {path}" for path in paths]
