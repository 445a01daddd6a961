"""Waiting before a further try."""

from __future__ import annotations

import random
import time

FIRST, LONGEST = 0.05, 1.0  # seconds


def pause(attempt: int) -> None:
    """Sleep a little longer after each attempt, by chance, so that two that collided do not collide again."""
    time.sleep(min(LONGEST, FIRST * 2**attempt) * random.uniform(0.5, 1.0))  # noqa: S311 (jitter, no secret)
