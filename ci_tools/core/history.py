"""How a channel came to be what it is: its generations, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ci_tools.core.receipt import Cause, Did

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_tools.core.receipt import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One generation: what it is called, when it was made, why, and how much it did."""

    generation: int
    at: datetime | None
    cause: Cause
    published: int
    changes: tuple[tuple[Did, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The steps, the newest first. `older` says that there are more before the last one shown."""

    channel: str
    steps: tuple[Step, ...]
    older: bool = False


def step(receipt: Receipt) -> Step:
    """What a receipt amounts to."""
    counts = ((did, sum(change.did is did for change in receipt.changes)) for did in Did)
    return Step(
        generation=receipt.generation,
        at=receipt.at,
        cause=receipt.cause,
        published=len(receipt.published),
        changes=tuple((did, count) for did, count in counts if count),
    )


def kept(chain: Sequence[Receipt], now: datetime, keep: timedelta) -> Iterator[int]:
    """The generations that were the present one at some moment within the last `keep`; the present one always.

    `chain` are the receipts, the newest first. One without a time is as old as the one after it.
    """
    until = now  # until when a generation was the present one
    for receipt in chain:
        if receipt is chain[0] or now - until < keep:
            yield receipt.generation
        until = receipt.at or until
