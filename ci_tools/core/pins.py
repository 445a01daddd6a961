"""What a pin like `x.x` makes of a version."""

from __future__ import annotations

import re


def bumped(version: str, bound: str) -> str:
    """The version before which a pin ends: `2.0a0` for 1.4.2 and `x`; a bound that is a version is itself.

    Empty where the version has a part there that is no number.
    """
    if "x" not in bound:
        return bound
    parts = version.split(".")[: bound.count("x")]
    last = re.match(r"[0-9]+", parts[-1])
    return ".".join([*parts[:-1], str(int(last[0]) + 1), "0a0"]) if last else ""


def pinned(name: str, version: str, lower: str, upper: str) -> str:
    """The match spec of a pin with bounds like `x.x`, or versions; a missing bound is the empty text."""
    start = ".".join(version.split(".")[: lower.count("x")]) if "x" in lower else lower
    end = bumped(version, upper)
    bounds = [*([f">={start}"] if start else []), *([f"<{end}"] if end else [])]
    return f"{name} {','.join(bounds)}".strip()
