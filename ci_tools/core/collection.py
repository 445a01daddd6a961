"""What garbage collection is about to remove, as everybody who commits must see it: collection.json.

An object that no kept generation names is first *doomed*. After a grace period it is *condemned*: from that commit on
nobody may name it, so it can be deleted with no race. What was deleted is *gone*; whoever found it before must look
again. All three lists are a target of the generation, so they change by compare-and-swap only.
"""

from __future__ import annotations

from collections.abc import Collection as Keys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from ci_tools.core.canonical import canonical_json
from ci_tools.core.layout import COLLECTION, Document, Freshness
from ci_tools.core.strict_json import parse_object
from ci_tools.errors import TrustError

VERSION = 1
REMEMBERED = timedelta(days=30)  # how long what is gone is listed; no publish takes that long

Since = Mapping[str, datetime]  # key -> since when


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """The three lists, by key. Times are UTC with whole seconds."""

    doomed: Since = field(default_factory=dict)
    condemned: frozenset[str] = frozenset()
    gone: Since = field(default_factory=dict)

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """What collection.json says; TrustError where it is none."""
        said = parse_object(body, f"`{COLLECTION}`")
        try:
            return cls(doomed=_times(said["doomed"]), condemned=frozenset(said["condemned"]), gone=_times(said["gone"]))
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise TrustError(f"`{COLLECTION}` is not what it should be", detail=repr(exc)) from exc

    def document(self) -> Document:
        """The document that says it."""
        said = {
            "condemned": sorted(self.condemned), "doomed": _texts(self.doomed), "gone": _texts(self.gone),
            "version": VERSION,
        }  # fmt: skip
        return Document(key=COLLECTION, body=canonical_json(said) + b"\n", freshness=Freshness.POINTER)

    def judged(self, garbage: Keys[str], now: datetime, grace: timedelta) -> Self:
        """With what is garbage now: doomed from now on, condemned where it has been doomed for `grace` already."""
        since = {key: self.doomed.get(key, now.replace(microsecond=0)) for key in garbage if key not in self.condemned}
        ripe = {key for key, doomed in since.items() if now - doomed >= grace}
        return replace(
            self,
            doomed={key: doomed for key, doomed in since.items() if key not in ripe},
            condemned=self.condemned | ripe,
            gone={key: gone for key, gone in self.gone.items() if now - gone < REMEMBERED and key not in ripe},
        )

    def carried_out(self, deleted: Iterable[str], now: datetime) -> Self:
        """With these condemned ones deleted."""
        done = frozenset(deleted) & self.condemned
        gone = {**self.gone, **dict.fromkeys(done, now.replace(microsecond=0))}
        return replace(self, condemned=self.condemned - done, gone=gone)


def _times(said: Mapping[str, str]) -> Since:
    return {key: datetime.fromisoformat(text).astimezone(UTC) for key, text in said.items()}


def _texts(times: Since) -> Mapping[str, str]:
    return {key: time.isoformat() for key, time in times.items()}
