"""The outer zip of a .conda: three stored entries, and no room for two readers to see different ones (CEP 35)."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import IO, TYPE_CHECKING, cast

from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Mapping

METADATA = "metadata.json"
LARGEST_METADATA = 1 << 16
MOST = 1 << 20  # bytes that are read at once
LOCAL_HEADER = struct.Struct("<4s5H3L2H")
SIGNATURE = b"PK\x03\x04"
PIPED = 1 << 3  # flag: the sizes come after the data
ENCRYPTED = 1
ZIP64 = 0xFFFFFFFF
ZIP64_EXTRA = struct.Struct("<HHQQ")
DESCRIPTORS = frozenset({12, 16, 20, 24})  # bytes after the data of an entry that was piped
AMBIGUOUS = "its zip archive means different things to different readers"


class Doled(io.RawIOBase):
    """A file that is read in small pieces only: a zip's directory is read at once, and its size is its own claim."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(MOST + 1 if size < 0 else min(size, MOST + 1))
        if len(piece) > MOST:
            raise PackageError("the directory of its zip archive takes more room than that of any .conda")
        return piece

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def checked_components(outer: zipfile.ZipFile, stem: str) -> Mapping[str, zipfile.ZipInfo]:
    """The three entries of the .conda called `stem`; PackageError where there are others or readers could disagree."""
    entries = sorted(outer.infolist(), key=lambda entry: entry.header_offset)
    _check_names([entry.filename for entry in entries], {METADATA, f"info-{stem}.tar.zst", f"pkg-{stem}.tar.zst"})
    position, gaps = 0, frozenset({0})
    for entry in entries:
        if entry.header_offset - position not in gaps:
            raise PackageError(AMBIGUOUS, detail=f"something lies before {entry.filename}")
        position = _end_of_data(outer, entry)
        gaps = DESCRIPTORS if entry.flag_bits & PIPED else frozenset({0})
    if outer.start_dir - position not in {*gaps, 0}:
        raise PackageError(AMBIGUOUS, detail="something lies before the directory")
    return {entry.filename: entry for entry in entries}


def _check_names(names: list[str], wanted: set[str]) -> None:
    missing = sorted(wanted.difference(names))
    found = ", ".join(f"`{name}`" for name in sorted(names)[:6])
    if missing:
        raise PackageError(f"it has no `{missing[0]}`, but {found}", hint="a package keeps the name it was built with")
    if len(names) > len(wanted):
        raise PackageError(f"it holds more than the three entries of a .conda: {found}")


def _end_of_data(outer: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Where the entry's data end. Some clients read the local headers, some the directory: both must say the same."""
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & ENCRYPTED:
        raise PackageError(f"`{entry.filename}` is compressed twice or encrypted", hint="CEP 35: the zip only stores")
    if entry.filename == METADATA and entry.file_size > LARGEST_METADATA:
        raise PackageError(f"its {METADATA} has {entry.file_size} bytes")
    stream = cast("IO[bytes]", outer.fp)
    stream.seek(entry.header_offset)
    signature, _, flags, method, *_, packed, plain, name_size, extra_size = LOCAL_HEADER.unpack(
        stream.read(LOCAL_HEADER.size)
    )
    name, extra = stream.read(name_size), stream.read(extra_size)
    said = (signature, flags, method, name, *_sizes(plain, packed, extra))
    sizes = (0, 0) if flags & PIPED and not packed else (entry.file_size, entry.compress_size)
    if said != (SIGNATURE, entry.flag_bits, entry.compress_type, entry.orig_filename.encode(), *sizes):
        raise PackageError(AMBIGUOUS, detail=f"{entry.filename}: {said}")
    return stream.tell() + entry.compress_size


def _sizes(plain: int, packed: int, extra: bytes) -> tuple[int, int]:
    if ZIP64 not in {plain, packed} or len(extra) < ZIP64_EXTRA.size:
        return plain, packed
    kind, _, long_plain, long_packed = ZIP64_EXTRA.unpack_from(extra)
    return (long_plain, long_packed) if kind == 1 else (plain, packed)
