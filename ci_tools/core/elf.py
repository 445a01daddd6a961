"""What a program or a library of Linux says of its linking (System V ABI, ELF): its soname, and what it needs."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\x7fELF"
PT_LOAD, PT_DYNAMIC = 1, 2
DT_NEEDED, DT_STRTAB, DT_SONAME = 1, 5, 14
MOST = 10_000  # program headers or dynamic entries of a file that is not broken on purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """`soname` is empty where there is none; `needed` are sonames, in the file's order."""

    soname: str = ""
    needed: tuple[str, ...] = ()


def linking(body: bytes) -> Linking | None:
    """What the file says; None where it is no ELF file, is not linked dynamically, or is broken."""
    if not body.startswith(MAGIC) or len(body) < 64:  # noqa: PLR2004 (the header of 64 bits)
        return None
    try:
        return _linking(body, is_wide=body[4] == 2, order="<" if body[5] == 1 else ">")  # noqa: PLR2004 (ELFCLASS64)
    except (struct.error, IndexError):
        return None


def _linking(body: bytes, *, is_wide: bool, order: str) -> Linking | None:
    segments = list(_segments(body, is_wide=is_wide, order=order))
    dynamic = next((offset for kind, offset, _, _ in segments if kind == PT_DYNAMIC), None)
    if dynamic is None:
        return None
    entries = list(_entries(body, dynamic, f"{order}{'qQ' if is_wide else 'iI'}"))
    table = next((value for tag, value in entries if tag == DT_STRTAB), None)
    if table is None:
        return None
    start = next((o + table - a for k, o, a, size in segments if k == PT_LOAD and a <= table < a + size), table)

    def text(at: int) -> str:
        return body[start + at : body.index(b"\0", start + at)].decode("utf-8", "replace")

    try:
        sonames = [text(value) for tag, value in entries if tag == DT_SONAME]
        return Linking(
            soname=sonames[0] if sonames else "", needed=tuple(text(v) for tag, v in entries if tag == DT_NEEDED)
        )  # fmt: skip
    except ValueError:
        return None


def _segments(body: bytes, *, is_wide: bool, order: str) -> Iterator[tuple[int, int, int, int]]:
    """Kind, offset in the file, address, and size in the file, of each program header."""
    first = struct.unpack_from(f"{order}{'Q' if is_wide else 'I'}", body, 32 if is_wide else 28)[0]
    size, count = struct.unpack_from(f"{order}HH", body, 54 if is_wide else 42)
    for at in range(min(count, MOST)):
        place = first + at * size
        if is_wide:
            kind, _, offset, address, _, length = struct.unpack_from(f"{order}IIQQQQ", body, place)
        else:
            kind, offset, address, _, length = struct.unpack_from(f"{order}IIIII", body, place)
        yield kind, offset, address, length


def _entries(body: bytes, place: int, form: str) -> Iterator[tuple[int, int]]:
    """Tag and value of each dynamic entry, up to the one that ends them."""
    for at in range(MOST):
        tag, value = struct.unpack_from(form, body, place + at * struct.calcsize(form))
        if not tag:
            return
        yield tag, value
