"""This machine's clock against AWS's: what is signed at the wrong time is refused by clients, or holds too long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ci_tools.core.quantities import duration_text
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = timedelta(minutes=5)  # what a publisher's certificate forgives as well


def watch_clock(client: Any, clock: Callable[[], datetime] | None = None) -> None:  # noqa: ANN401 (boto3 makes its clients at run time)
    """Let each answer that `client` gets be compared with the clock: TrustError where they are minutes apart."""
    now = clock or (lambda: datetime.now(UTC))

    def compare(http_response: Any = None, **_: Any) -> None:  # noqa: ANN401 (botocore's own event)
        said = http_response.headers.get("date") if http_response is not None else None
        if said:
            _require(_moment(said), now())

    client.meta.events.register("after-call", compare)


def _moment(said: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(said)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _require(theirs: datetime | None, ours: datetime) -> None:
    if theirs is None or abs(ours - theirs) <= MOST:
        return
    minutes = timedelta(minutes=round(abs(ours - theirs) / timedelta(minutes=1)))
    where = "ahead of" if ours > theirs else "behind"
    raise TrustError(
        f"this machine's clock is {duration_text(minutes)} {where} the server's",
        hint="set it (`timedatectl set-ntp true`), then run this again; nothing was published",
    )
