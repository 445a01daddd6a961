"""What a lock file pins of a channel, and whether the channel stands for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ci_tools.core.tokens import without_token
from ci_tools.core.verification import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

RELOCK = "make the lock anew; if it stays so, ask the channel's owner before installing"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """One package of a lock. Digests are lower hex, empty where the lock has none; `depends` None likewise."""

    url: str
    sha256: str = ""
    md5: str = ""
    depends: tuple[str, ...] | None = None

    def key_in(self, channel: str) -> str:
        """`<subdir>/<file>` below the channel's base URL, whatever token stands in either; empty: another channel's."""
        host, path = _place(self.url)
        base_host, base = _place(channel)
        rest = path.removeprefix(f"{base}/")
        return rest if host == base_host and rest != path and rest.count("/") == 1 else ""


def lock_findings(key: str, locked: LockedPackage, records: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """What does not hold of a locked package, by the records of the generations that are still good."""
    if not records:
        yield Finding(where=key, what="no generation that still holds lists it", hint=RELOCK)
        return
    wrong = [tuple(_differing(locked, record)) for record in records]
    if () not in wrong:
        yield Finding(where=key, what=f"the lock says another {', '.join(wrong[0])} than the channel", hint=RELOCK)
    if not locked.sha256:
        what = "the lock has only its MD5" if locked.md5 else "the lock has no digest: whatever is served is installed"
        yield Finding(where=key, what=what, hint="make the lock with SHA-256", severity=Severity.WARNING)


def fitting(locked: LockedPackage, records: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The first record that says what the lock says."""
    return next((record for record in records if not tuple(_differing(locked, record))), None)


def _differing(locked: LockedPackage, record: Mapping[str, Any]) -> Iterator[str]:
    if locked.sha256 and locked.sha256 != record.get("sha256"):
        yield "SHA-256"
    if locked.md5 and locked.md5 != record.get("md5"):
        yield "MD5"
    if locked.depends is not None and sorted(locked.depends) != sorted(record.get("depends", ())):
        yield "list of dependencies"


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(without_token(url))
    return parts.netloc.lower(), unquote(parts.path).rstrip("/")
