"""Whether a package that conda is about to install is the one that the channel's owner signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from channelsmith_trust.chain import Chain, ChainError, MissingError, Record

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST_SIDECAR = 4 << 20  # bytes


@dataclass(frozen=True)
class Candidate:
    """A package about to be installed. `key` is `<subdir>/<file>`; `sha256` that of its bytes, or what conda expects.

    `depends` is what the solver was told; None where there was no solver (an explicit URL).
    """

    key: str
    name: str
    version: str
    build: str
    sha256: str
    depends: tuple[str, ...] | None = None


def judged(candidate: Candidate, chain: Chain) -> Record:
    """The signed record that speaks for the package; ChainError says why none does."""
    subdir, slash, filename = candidate.key.partition("/")
    if not slash or "/" in filename:
        raise ChainError(f"`{candidate.key}` is no place for a package")
    stem = filename.removesuffix(".conda").removesuffix(".tar.bz2")
    if stem != f"{candidate.name}-{candidate.version}-{candidate.build}":
        raise ChainError(f"`{candidate.key}` holds {candidate.name} {candidate.version} {candidate.build}")
    reasons: list[str] = []
    for record in _records(chain, subdir, candidate.name, filename):
        wrong = _wrong(candidate, record)
        if not wrong:
            return record
        reasons.append(wrong)
    raise ChainError(reasons[0] if reasons else "the signed index does not list it")


def require_sidecar(candidate: Candidate, record: Record, chain: Chain) -> bytes:
    """The sidecar that the record names; ChainError where it is missing or another (CEP 50)."""
    digest = record.get("attestations_sha256")
    if not isinstance(digest, str):
        raise ChainError("nobody attests it: its record names no sidecar")
    try:
        return chain.read(f"{candidate.key}.sigs.{digest}", digest, LARGEST_SIDECAR)
    except MissingError as exc:
        raise ChainError("its sidecar is missing, though its record names it") from exc


def _records(chain: Chain, subdir: str, name: str, filename: str) -> Iterable[Record]:
    try:
        yield from chain.records(subdir, name, filename)
    except MissingError as exc:
        raise ChainError(f"{exc}, though the signed index names it") from exc


def _wrong(candidate: Candidate, record: Record) -> str:
    subdir = candidate.key.partition("/")[0]
    identity = tuple(record.get(name) for name in ("name", "version", "build"))
    if identity != (candidate.name, candidate.version, candidate.build) or record.get("subdir", subdir) != subdir:
        return "its record is that of another package"
    if candidate.sha256 != record.get("sha256"):
        return "its bytes are not those that the signed index names"
    if candidate.depends is not None and not _same(candidate, record):
        return "the solver was told other dependencies than the signed index names"
    return ""


def _same(candidate: Candidate, record: Record) -> bool:
    told, signed = set(candidate.depends or ()), set(record.get("depends", ()))
    # conda itself lets Python depend on pip (`add_pip_as_python_dependency`).
    return told - ({"pip"} if candidate.name == "python" else set()) == signed - {"pip"} or told == signed
