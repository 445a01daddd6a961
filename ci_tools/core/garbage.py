"""Which keys of a store are a channel's own and may be collected, and which nobody names any more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.package import Filename, Subdir
from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SUBDIRS = "|".join(re.escape(subdir) for subdir in Subdir)
SHARD = re.compile(rf"(?:{SUBDIRS})/shards/[0-9a-f]{{64}}\.msgpack\.zst")
COPY = re.compile(rf"(?:(?:{SUBDIRS})/|receipts/)?[0-9a-f]{{64}}\.[^/]+")
METADATA = re.compile(r"tuf/([0-9]+)\.(?:targets|snapshot)\.json")
PACKAGE = re.compile(rf"((?:{SUBDIRS}))/([^/]+?)(?:\.sigs(?:\.[0-9a-f]{{64}})?)?")
PROBE = ".probe/"


class Kind(StrEnum):
    """What an object of ours is."""

    PACKAGE = "package"
    SIDECAR = "sidecar"
    SHARD = "shard"
    DOCUMENT = "document"  # the hash-named copy of an index document
    METADATA = "metadata"  # of TUF, and receipts
    PROBE = "probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the kept generations name: whole keys, packages (with their sidecars), and how far the numbers go."""

    keys: frozenset[str]
    packages: frozenset[str]
    receipts: frozenset[int]  # of the whole chain: the history stays
    last: int  # the present generation; whatever has a higher number is somebody's who is about to commit

    def is_garbage(self, key: str) -> bool:
        """Whether `key` is of our making and nobody names it; what we did not make is never garbage."""
        match kind_of(key):
            case Kind.PACKAGE | Kind.SIDECAR:
                return package_of(key) not in self.packages
            case Kind.METADATA:
                number = number_of(key)
                return number <= self.last and key not in self.keys and number not in self._receipts_of(key)
            case Kind.SHARD | Kind.DOCUMENT:
                return key not in self.keys
            case Kind.PROBE:
                return True
            case None:
                return False

    def _receipts_of(self, key: str) -> frozenset[int]:
        return self.receipts if layout.receipt_number(key) else frozenset()


def kind_of(key: str) -> Kind | None:
    """What the object of `key` is; None where it is none that goes with time: a pointer, a root, or a stranger's."""
    if key.startswith(PROBE):
        return Kind.PROBE
    if METADATA.fullmatch(key) or layout.receipt_number(key):
        return Kind.METADATA
    if SHARD.fullmatch(key):
        return Kind.SHARD
    if COPY.fullmatch(key):
        return Kind.DOCUMENT
    package = package_of(key)
    if not package:
        return None
    return Kind.PACKAGE if package == key else Kind.SIDECAR


def package_of(key: str) -> str:
    """The package that `key` is, or is a sidecar of; empty for anything else."""
    found = PACKAGE.fullmatch(key)
    if not found:
        return ""
    try:
        Filename.parse(found[2])
    except PackageError:
        return ""
    return f"{found[1]}/{found[2]}"


def number_of(key: str) -> int:
    """The generation that a document of TUF or a receipt belongs to; 0 for any other key."""
    found = METADATA.fullmatch(key)
    return int(found[1]) if found else layout.receipt_number(key)


def garbage(keys: Iterable[str], named: Named) -> Iterator[str]:
    """Those of the keys that are of our making and nobody names."""
    return (key for key in keys if named.is_garbage(key))
