"""Reading the members of an archive that may be hostile: streaming, bounded, nothing written anywhere."""

from __future__ import annotations

import bz2
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

import zstandard
from conda_package_streaming.package_streaming import tar_generator

from ci_tools.adapters.zip_entries import METADATA, Doled, checked_components
from ci_tools.core.index_json import read_json
from ci_tools.core.members import Kind, Member, checked_path
from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROUND = 1 << 20
FORMAT = {"conda_pkg_format_version": 2}  # CEP 35
LARGEST_HEADERS = 1 << 20  # bytes between two members: long names and the like, which tarfile holds in memory
LARGEST_WINDOW = 1 << 27  # what zstd -22 --ultra asks for
KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.FOLDER,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a package may cost to look into. The defaults let through anything that is a package and no bomb.

    `ratio` is unpacked to packed and holds above `free` bytes unpacked; `document` bounds each file of info/ that
    is read. All sizes are bytes.
    """

    unpacked: int = 64 << 30
    ratio: int = 500
    free: int = 256 << 20
    members: int = 1_000_000
    document: int = 32 << 20


class Meter(io.RawIOBase):
    """What is being unpacked, counted: PackageError as soon as it is too much in all, or for one header."""

    def __init__(self, packed: int, limits: Limits) -> None:
        self._most = min(limits.unpacked, max(limits.free, packed * limits.ratio))
        self._source: IO[bytes] = io.BytesIO()
        self._room = 0
        self.last = b""
        self.total = 0
        self._spent = 0

    def attach(self, source: IO[bytes]) -> None:
        """Go on with another stream; what was counted stays counted."""
        self._source, self._spent, self.total, self.last = source, self._spent + self.total, 0, b""
        self.allow(0)

    def allow(self, ahead: int) -> None:
        """Let tarfile read the `ahead` bytes of a member's data, and the headers after it, but no more at once."""
        self._room = ahead + LARGEST_HEADERS

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self.last = self._source.read(size)
        self.total += len(self.last)
        self._room -= len(self.last)
        if self._spent + self.total > self._most:
            raise PackageError(
                "it unpacks to more than a package of its size can hold", hint="this is a decompression bomb"
            )
        if self._room < 0:
            raise PackageError("the headers of a member take more room than those of any real package")
        return self.last

    def rest_is_empty(self, end: int) -> bool:
        """Whether nothing but zeros comes after the end mark, which starts at `end`; and whether there is one."""
        unread = self.total - end
        tail = self.last[len(self.last) - unread :]
        marked = 0 < unread <= len(self.last)
        while marked and tail and not tail.strip(b"\0"):
            self.allow(0)
            tail = self.read(ROUND)
        return marked and not tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacker:
    """Reads one archive.

    `wanted` are the paths whose content comes along. True: one longer than `limits.document` is refused; False: it is
    left out.
    """

    limits: Limits
    wanted: Mapping[str, bool]

    def conda(self, file: IO[bytes], size: int, stem: str, parts: Iterable[str] = ("info", "pkg")) -> Iterator[Member]:
        """The members of these parts of a `.conda` called `stem` (CEP 35)."""
        with zipfile.ZipFile(cast("IO[bytes]", Doled(file))) as outer:
            components = checked_components(outer, stem)
            if read_json(outer.read(components[METADATA]), METADATA) != FORMAT:
                raise PackageError(f"its {METADATA} does not say {FORMAT}", hint="the only version of .conda is 2")
            meter = Meter(size, self.limits)
            for part in parts:
                with outer.open(components[f"{part}-{stem}.tar.zst"]) as packed:
                    yield from self._component(packed, meter, part)

    def _component(self, packed: IO[bytes], meter: Meter, part: str) -> Iterator[Member]:
        plain = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
        meter.attach(cast("IO[bytes]", plain.stream_reader(packed, read_across_frames=True)))
        for member in self._members(meter):
            inside = member.path.split("/")[0] == "info"
            if member.path and inside != (part == "info"):  # CEP 35: info/ there, everything else here
                raise PackageError(f"the member `{member.path}` is in the {part} part, where it does not belong")
            yield member

    def tar_bz2(self, file: IO[bytes], size: int) -> Iterator[Member]:
        """The members of a `.tar.bz2`."""
        meter = Meter(size, self.limits)
        with bz2.open(file) as plain:
            meter.attach(plain)
            yield from self._members(meter)

    def _members(self, meter: Meter) -> Iterator[Member]:
        end, count = 0, 0
        for tar, entry in tar_generator(meter):
            tar.members.clear()  # or tarfile keeps every one of them
            count, end = count + 1, tar.offset
            if count > self.limits.members:
                raise PackageError(f"it has more than {self.limits.members} members")
            yield self._member(tar, entry, meter)
        if not meter.rest_is_empty(end):
            raise PackageError("it is cut off, or there is something after its end")

    def _member(self, tar: tarfile.TarFile, entry: tarfile.TarInfo, meter: Meter) -> Member:
        kind = KINDS.get(entry.type)
        if kind is None or entry.issparse():
            raise PackageError(
                f"the member `{entry.name}` is no file, folder or link", hint="devices have no place here"
            )
        meter.allow(entry.size if kind is Kind.FILE else 0)
        path = checked_path(entry.name)
        if not path and kind is not Kind.FOLDER:
            raise PackageError("a member has no name")
        target = entry.linkname if kind in {Kind.SYMLINK, Kind.HARDLINK} else ""
        return Member(path=path, kind=kind, target=target, content=self._content(tar, entry, path))

    def _content(self, tar: tarfile.TarFile, entry: tarfile.TarInfo, path: str) -> bytes:
        if path not in self.wanted or not entry.isreg():
            return b""
        if entry.size > self.limits.document:
            if self.wanted[path]:
                raise PackageError(f"{path} has {entry.size} bytes, more than any real one")
            return b""
        source = tar.extractfile(entry)
        return source.read() if source else b""
