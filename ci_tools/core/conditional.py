"""Conditional and partial requests, as RFC 9110 has them: If-None-Match, If-Range and one Range of bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

# RFC 9110, 14.1.2: `bytes=first-last`, `bytes=first-`, `bytes=-length`. Eighteen digits are more than any object has.
RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)
ETAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The bytes [start, stop) of an object; empty where the range asks for bytes behind its end."""

    start: int
    stop: int

    @property
    def satisfiable(self) -> bool:
        """Whether there is a byte in it: otherwise the answer is 416."""
        return self.start < self.stop


def quoted(etag: str) -> str:
    """`etag` as the header carries it."""
    return etag if ETAG.fullmatch(etag) else f'"{etag}"'


def is_unchanged(if_none_match: str, etag: str) -> bool:
    """Whether the client already has the object under `etag` (a quoted one); the weak comparison of RFC 9110, 8.8.3."""
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in ETAG.findall(if_none_match)


def asked_span(range_header: str, if_range: str, etag: str, size: int) -> Span | None:
    """The part that is asked for; None where the whole is.

    More than one range, a malformed one, and one for another version of the object count as no range at all.
    """
    found = RANGE.fullmatch(range_header.strip())
    if not found or (if_range and if_range.strip() != etag):
        return None
    first, last = found.groups()
    if first:
        stop = min(int(last) + 1, size) if last else size
        return Span(start=int(first), stop=stop) if not last or int(first) <= int(last) else None
    return Span(start=max(0, size - int(last)), stop=size) if last else None
