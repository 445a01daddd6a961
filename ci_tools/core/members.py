"""What may lie in a package: members that stay inside the folder they are unpacked into, whoever unpacks them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LONGEST_PATH = 4096  # bytes
MOST_NAMES = 64 << 20  # bytes of all paths and link targets together; they are held while a package is checked
MOST_STEPS = 5_000_000  # of following links
MOST_HOPS = 40  # links on the way of one link, as Linux has it
SEPARATORS = re.compile(r"[/\\]")  # a backslash is one on Windows
DRIVE = re.compile(r"[A-Za-z]:")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Kind(StrEnum):
    """What a member is; nothing else is allowed in a package."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a package. `path` is as `checked_path` returns it; `target` is where a link says it leads."""

    path: str
    kind: Kind
    target: str = ""
    content: bytes = field(default=b"", repr=False)  # only of members that were asked for


def checked_path(name: str) -> str:
    """`name` without `.` segments and doubled slashes, empty for the root itself; PackageError for a path trick."""
    segments = SEPARATORS.split(name)
    if CONTROL.search(name) or (not name.isascii() and not _encodes(name)):
        raise PackageError(f"a member is called {name!r}", hint="names are UTF-8 without control characters")
    if ".." in segments:
        raise PackageError(f"the member `{name}` leads out of the package")
    if (not segments[0] and len(segments) > 1) or DRIVE.match(name):
        raise PackageError(f"the member `{name}` has an absolute path")
    if len(name.encode()) > LONGEST_PATH:
        raise PackageError(f"the member `{name[:80]}…` has a path of more than {LONGEST_PATH} bytes")
    return "/".join(segment for segment in name.split("/") if segment not in {"", "."})


def checked_members(members: Iterable[Member]) -> Iterator[Member]:
    """The members, one by one; after the last one the tree they make is judged as a whole.

    Raises PackageError for a member that comes twice, lies below a link or a file, or links out of the tree. That
    holds for what links really mean once all are there, not only for how they are spelled.
    """
    kinds: dict[str, Kind] = {}
    links: dict[str, str] = {}
    room = MOST_NAMES
    for member in members:
        room -= len(member.path) + len(member.target)
        if room < 0:
            raise PackageError("its member names take more room than those of any real package")
        if (member.kind is not Kind.FOLDER and member.path in kinds) or kinds.get(
            member.path, Kind.FOLDER
        ) is not Kind.FOLDER:
            raise PackageError(f"the member `{member.path}` comes twice")
        kinds[member.path] = member.kind
        if member.target:
            links[member.path] = member.target
        yield member
    _check_parents(kinds)
    _check_links(kinds, links)


def _check_parents(kinds: Mapping[str, Kind]) -> None:
    folders = {path.rpartition("/")[0] for path in kinds}
    while folders:
        for folder in folders:
            if kinds.get(folder, Kind.FOLDER) is not Kind.FOLDER:
                raise PackageError(f"a member lies below `{folder}`, which is a {kinds[folder]}")
        folders = {parent for folder in folders if (parent := folder.rpartition("/")[0])}


def _check_links(kinds: Mapping[str, Kind], links: Mapping[str, str]) -> None:
    symlinks = {path: target for path, target in links.items() if kinds[path] is Kind.SYMLINK}
    steps = MOST_STEPS
    for path, target in links.items():
        if kinds[path] is Kind.HARDLINK and kinds.get(checked_path(target)) is not Kind.FILE:
            raise PackageError(f"the hard link `{path}` leads to `{target}`, which is no file of the package")
        if kinds[path] is Kind.SYMLINK:
            steps = _followed(path, target, symlinks, steps)


def _followed(path: str, target: str, symlinks: Mapping[str, str], steps: int) -> int:
    """The steps that are left after following one symbolic link to its end."""
    place, ahead, hops = path.split("/")[:-1], _reversed(path, target), 0
    while ahead:
        segment, steps = ahead.pop(), steps - 1 - len(place)
        if segment == ".." and not place:
            raise PackageError(f"the link `{path}` leads out of the package, to `{target}`")
        if segment == "..":
            place.pop()
        elif (onward := symlinks.get("/".join((*place, segment)))) is None:
            place.append(segment)
        else:
            hops += 1
            ahead += _reversed(path, onward)
        if hops > MOST_HOPS or steps < 0:
            raise PackageError(f"the link `{path}` leads through too many others")
    return steps


def _reversed(path: str, target: str) -> list[str]:
    segments = SEPARATORS.split(target)
    if not segments[0] or DRIVE.match(target) or CONTROL.search(target):
        raise PackageError(f"the link `{path}` leads out of the package, to `{target}`")
    return [segment for segment in reversed(segments) if segment not in {"", "."}]


def _encodes(name: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in name)
