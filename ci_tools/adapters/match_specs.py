"""Match specs as clients understand them: py-rattler's, whose solver users have."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rattler import BuildString, MatchSpec
from rattler import PackageRecord as RattlerRecord
from rattler.exceptions import InvalidMatchSpecError

if TYPE_CHECKING:
    from ci_tools.core.package import PackageRecord


def trouble(spec: str) -> str:
    """Why `spec` is no match spec; empty where it is one."""
    try:
        _parsed(spec)
    except InvalidMatchSpecError as exc:
        return str(exc)
    return ""


def matches(spec: str, record: PackageRecord) -> bool:
    """Whether `spec` means the package that has this record."""
    return bool(_parsed(spec).matches(_record(record)))


@lru_cache(maxsize=4096)
def _parsed(spec: str) -> MatchSpec:
    return MatchSpec(spec)


def _record(record: PackageRecord) -> RattlerRecord:
    return RattlerRecord(
        name=record.name,
        version=record.version,
        build=BuildString(record.build),
        build_number=record.build_number,
        subdir=record.subdir.value,
        md5=bytes.fromhex(record.md5) if record.md5 else None,
        sha256=bytes.fromhex(record.sha256) if record.sha256 else None,
        size=record.size,
        license=record.license,
    )
