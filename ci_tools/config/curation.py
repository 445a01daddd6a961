"""What curates the published packages: .github/yanked.yaml and recipes/patches/*.yaml, as strict as channel.yaml."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import PlainValidator

from ci_tools.config.reading import parse_file
from ci_tools.config.words import Line, broken, kind_of
from ci_tools.core.curation import Curation, Matches, Yank
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.patches import ListChange, Patch
from ci_tools.errors import PackageError, Problem, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from ci_tools.config.rules import Contradiction

YANKED = ".github/yanked.yaml"
PATCHES = "patches"  # a folder below that of the recipes
Trouble = Callable[[str], str]  # why a text is no match spec; empty where it is one


def moment(text: str) -> datetime:
    """`2026-12-24` (the first moment of that day) or `2026-12-24T12:00`, UTC where no zone is said; ValueError."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _moment(value: Any) -> datetime:  # noqa: ANN401 (whatever the file holds)
    try:
        return moment(value)
    except (TypeError, ValueError) as exc:
        raise broken(f"is not a date: {kind_of(value)}", "write `2026-12-24`, or `2026-12-24T12:00`") from exc


def _package(value: Any) -> str:  # noqa: ANN401 (the same)
    subdir, _, filename = str(value).partition("/")
    try:
        Filename.parse(filename)
        Subdir(subdir)
    except (PackageError, ValueError) as exc:
        raise broken(f"is not a package: {kind_of(value)}", "write `SUBDIR/NAME-VERSION-BUILD.conda`") from exc
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class YankEntry:
    """One package that is not to be installed."""

    package: Annotated[str, PlainValidator(_package)]
    reason: Line
    until: Annotated[datetime | None, PlainValidator(_moment)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class YankedFile:
    """.github/yanked.yaml."""

    yanked: tuple[YankEntry, ...] | None = None  # `yanked:` with nothing below it


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """How a list of a record changes."""

    add: tuple[Line, ...] = ()
    remove: tuple[Line, ...] = ()
    replace: Mapping[str, Line] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchEntry:
    """One patch."""

    match: Line
    reason: Line
    subdirs: tuple[Subdir, ...] = ()
    depends: ListEntry | None = None
    constrains: ListEntry | None = None
    track_features: ListEntry | None = None
    license: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchFile:
    """One file of recipes/patches."""

    patches: tuple[PatchEntry, ...] | None = None


def read_curation(folder: Path, recipes: str, trouble: Trouble, matches: Matches) -> Curation:
    """What the repository at `folder` says of published packages. UsageError lists every mistake of every file."""
    problems: list[Problem] = []
    yanks: list[Yank] = []
    patches: list[Patch] = []
    for path in (YANKED, *_patch_files(folder, f"{recipes}/{PATCHES}")):
        try:
            if path == YANKED:
                yanks += parse_yanks(_body(folder / path, path), path)
            else:
                patches += _patches(_body(folder / path, path), path, trouble)
        except UsageError as exc:
            problems += exc.problems
    if problems:
        raise UsageError(*problems)
    return Curation(yanks=tuple(yanks), patches=tuple(patches), matches=matches)


def parse_yanks(body: bytes, shown: str) -> tuple[Yank, ...]:
    """The yanks that the bytes of the file say, none where it says nothing. UsageError lists every mistake."""
    if _says_nothing(body):
        return ()
    file, _ = parse_file(YankedFile, body, shown, _yanked_twice)
    return tuple(_yank(entry) for entry in file.yanked or ())


def _yank(entry: YankEntry) -> Yank:
    subdir, _, filename = entry.package.partition("/")
    return Yank(subdir=Subdir(subdir), filename=filename, reason=entry.reason, until=entry.until)


def _yanked_twice(file: YankedFile) -> Iterator[Contradiction]:
    seen: set[str] = set()
    for number, entry in enumerate(file.yanked or ()):
        if entry.package in seen:
            yield ("yanked", number, "package"), f"`{entry.package}` is yanked twice", "keep one of them"
        seen.add(entry.package)


def _patch_files(folder: Path, below: str) -> Iterator[str]:
    """In order of their names, which is the order in which they apply."""
    found = (path for path in (folder / below).glob("*") if path.suffix in {".yaml", ".yml"})
    return (f"{below}/{path.name}" for path in sorted(found))


def _patches(body: bytes, where: str, trouble: Trouble) -> Iterator[Patch]:
    if _says_nothing(body):
        return
    file, read = parse_file(PatchFile, body, where, lambda said: _wrong(said, trouble))
    for number, entry in enumerate(file.patches or ()):
        line, _ = read.mark(("patches", number))
        yield Patch(
            match=entry.match,
            where=f"{where}:{line}",
            reason=entry.reason,
            subdirs=entry.subdirs,
            depends=_change(entry.depends),
            constrains=_change(entry.constrains),
            track_features=_change(entry.track_features),
            license=entry.license,
        )


def _change(entry: ListEntry | None) -> ListChange | None:
    return None if entry is None else ListChange(add=entry.add, remove=entry.remove, replace=entry.replace)


def _wrong(file: PatchFile, trouble: Trouble) -> Iterator[Contradiction]:
    """Match specs that are none, and patches that change nothing."""
    for number, entry in enumerate(file.patches or ()):
        at = ("patches", number)
        if because := trouble(entry.match) or _unnamed(entry.match):
            yield (*at, "match"), f"`{entry.match}` is not a match spec: {because}", "as in `numpy >=1.20,<1.22`"
        changes = {"depends": entry.depends, "constrains": entry.constrains, "track_features": entry.track_features}
        if entry.license is None and not any(c and (c.add or c.remove or c.replace) for c in changes.values()):
            hint = "say `depends`, `constrains` or `track_features` with add, remove or replace; or `license`"
            yield at, "the patch changes nothing", hint
        for name in ("depends", "constrains"):
            yield from _wrong_specs((*at, name), changes[name], trouble)


def _wrong_specs(at: tuple[str | int, ...], change: ListEntry | None, trouble: Trouble) -> Iterator[Contradiction]:
    """One spec that clients cannot read makes the whole index unreadable for them."""
    written: Iterable[tuple[tuple[str | int, ...], str]] = ()
    if change is not None:
        added = ((("add", n), text) for n, text in enumerate(change.add))
        written = (*added, *((("replace", old), new) for old, new in change.replace.items()))
    for path, text in written:
        if because := trouble(text):
            yield (*at, *path), f"`{text}` is not a match spec: {because}", "CEP 29 says how they are written"


def _unnamed(match: str) -> str:
    return "it names a channel" if "::" in match else "" if Patch(match=match).name else "it names no package"


def _says_nothing(body: bytes) -> bool:
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in body.splitlines())


def _body(path: Path, shown: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as exc:
        raise UsageError(Problem(message=f"cannot be read: {exc.strerror}", path=shown)) from exc
