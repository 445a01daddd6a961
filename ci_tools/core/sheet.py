"""An index document of a subdir: what is said of each file, in the two sections that clients know (CEP 12, 36)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import orjson

from ci_tools.core.listing import Listing
from ci_tools.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECTIONS = ("packages", "packages.conda")
HEAD = re.compile(rb'\{"info":(\{[^\n]*\}),\n"packages":\{\n')
FILENAME = re.compile(r"[A-Za-z0-9_.!+-]+")  # CEP 26
MIDDLE = b'\n},\n"packages.conda":{\n'
REBUILD = "`channel index rebuild` writes it anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """File name -> JSON object, `.tar.bz2` and `.conda` apart."""

    tar_bz2: Listing = field(default_factory=Listing)
    conda: Listing = field(default_factory=Listing)

    @classmethod
    def parse(cls, document: bytes, what: str) -> tuple[Self, Mapping[str, Any]]:
        """The sheet, and the other keys of the document; StoreError names `what` where it is broken.

        Our own layout is recognised by its first line and only cut; anything else is parsed in full.
        """
        try:
            return cls._cut(document) or cls._parsed(orjson.loads(document or b"{}"))
        except (ValueError, TypeError, AttributeError) as exc:  # vendor errors of decoding are ValueErrors
            raise StoreError(f"`{what}` is not an index document", hint=REBUILD, detail=str(exc)) from exc

    @classmethod
    def _cut(cls, document: bytes) -> tuple[Self, Mapping[str, Any]] | None:
        head = HEAD.match(document)
        middle, tail = document.find(MIDDLE), document.rfind(b"\n}")
        if not head or middle < 0 or tail < middle:
            return None
        tar_bz2 = document[head.end() : middle] if middle > head.end() else b""
        conda = document[middle + len(MIDDLE) : tail] if tail > middle + len(MIDDLE) else b""
        rest = orjson.loads(b"{" + document[tail + 2 :].lstrip(b",\n"))
        sheet = cls(tar_bz2=_listing(tar_bz2), conda=_listing(conda))
        return sheet, {"info": orjson.loads(head[1]), **rest}

    @classmethod
    def _parsed(cls, document: dict[str, Any]) -> tuple[Self, Mapping[str, Any]]:
        tar_bz2, conda = (_dumped(document.pop(section, {})) for section in SECTIONS)
        return cls(tar_bz2=tar_bz2, conda=conda), document

    def rendered(self, info: Mapping[str, Any], rest: Mapping[str, Any]) -> bytes:
        """The document; `rest` are the keys after the sections, in their order."""
        head = b'{"info":%b,\n"packages":{\n' % dumped(info)
        tail = b"".join(b',\n"%b":%b' % (key.encode(), dumped(value)) for key, value in rest.items())
        return b"".join((head, self.tar_bz2.body, MIDDLE, self.conda.body, b"\n}", tail, b"}\n"))

    @property
    def listings(self) -> tuple[Listing, Listing]:
        """Both sections, in the order of `SECTIONS`."""
        return self.tar_bz2, self.conda

    @property
    def names(self) -> Iterator[str]:
        """Every file name, `.tar.bz2` first."""
        return chain(self.tar_bz2.names, self.conda.names)

    def get(self, filename: str) -> bytes | None:
        """The JSON text that is said of one file."""
        return (self.conda if is_conda(filename) else self.tar_bz2).get(filename)

    def changed(self, changes: Mapping[str, bytes | None]) -> Self:
        """The sheet with these members put in or replaced; None takes one out."""
        conda = {name: value for name, value in changes.items() if is_conda(name)}
        tar_bz2 = {name: value for name, value in changes.items() if not is_conda(name)}
        return type(self)(tar_bz2=self.tar_bz2.changed(tar_bz2), conda=self.conda.changed(conda))

    def packages(self) -> frozenset[str]:
        """The names of the packages that have a file here."""
        return self.tar_bz2.packages() | self.conda.packages()


def is_conda(filename: str) -> bool:
    """Whether the file belongs to `packages.conda`."""
    return filename.endswith(".conda")


def dumped(value: object) -> bytes:
    """JSON with sorted keys and no spaces: equal values, equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def loaded(text: bytes | None, what: str) -> dict[str, Any]:
    """The JSON object that was dumped; StoreError names `what` where it is none."""
    try:
        value = orjson.loads(text or b"{}")
    except orjson.JSONDecodeError as exc:
        raise StoreError(f"`{what}` has a broken line", hint=REBUILD, detail=str(exc)) from exc
    if not isinstance(value, dict):
        raise StoreError(f"`{what}` has a line that is no object", hint=REBUILD)
    return value


def _listing(section: bytes) -> Listing:
    return Listing.cut(section + b",\n" if section else b"")


def _dumped(section: Mapping[str, Any]) -> Listing:
    if not all(FILENAME.fullmatch(name) and isinstance(value, dict) for name, value in section.items()):
        raise TypeError("a member is no file name, or no object")
    return Listing.of({name: dumped(value) for name, value in section.items()})
