"""Durations, sizes and counts as people write them: `90d`, `1h30m`, `5GB`, `2 packages`."""

from __future__ import annotations

import re
from datetime import timedelta

SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
BYTES = {
    "TB": 10**12,
    "GB": 10**9,
    "MB": 10**6,
    "kB": 10**3,
    "TiB": 2**40,
    "GiB": 2**30,
    "MiB": 2**20,
    "KiB": 2**10,
    "B": 1,
}
DURATION = r"(?:[0-9]{1,7}w)?(?:[0-9]{1,7}d)?(?:[0-9]{1,7}h)?(?:[0-9]{1,7}m)?(?:[0-9]{1,7}s)?"
SIZE = rf"([0-9]{{1,12}}) ?({'|'.join(BYTES)})"
STEPS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
LONGEST = timedelta(days=36525)  # a hundred years: now + LONGEST is still a date


def duration(text: str) -> timedelta:
    """`1h30m` as a timedelta, longer than nothing, a hundred years at most. ValueError says what is wrong."""
    if not text or not re.fullmatch(DURATION, text):
        raise ValueError("not a duration")
    parts = re.findall(r"([0-9]+)([a-z])", text)
    value = timedelta(seconds=sum(int(number) * SECONDS[unit] for number, unit in parts))
    if not timedelta() < value <= LONGEST:
        raise ValueError("a duration is longer than nothing and at most a hundred years")
    return value


def duration_text(value: timedelta) -> str:
    """Text that `duration` reads as `value`, a whole number of seconds; days are the longest unit: `90d`, `1h30m`."""
    left, text = int(value.total_seconds()), ""
    for unit in "dhms":
        count, left = divmod(left, SECONDS[unit])
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def size(text: str) -> int:
    """`5GB` in bytes, at least one. ValueError says what is wrong."""
    match = re.fullmatch(SIZE, text)
    if not match:
        raise ValueError("not a size")
    value = int(match[1]) * BYTES[match[2]]
    if not value:
        raise ValueError("a size is at least 1B")
    return value


def exact_size_text(count: int) -> str:
    """The shortest text that `size` reads as `count`: `5GB`, `64GiB`."""
    return min((f"{count // step}{unit}" for unit, step in BYTES.items() if count % step == 0), key=len)


def size_text(count: int) -> str:
    """`count` bytes for people, two or three digits: `999 B`, `1.2 kB`, `54 MB`."""
    number, step = float(count), 0
    while number >= 999.5 and step + 1 < len(STEPS):  # noqa: PLR2004 (what would be shown as four digits)
        number, step = number / 1000, step + 1
    digits = 1 if step and number < 9.95 else 0  # noqa: PLR2004 (what would be shown as 10.0)
    return f"{number:.{digits}f} {STEPS[step]}"


def counted(count: int, noun: str) -> str:
    """`1 package`, `2 packages`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
