"""One spelling for every value: equal values, equal bytes."""

from __future__ import annotations

import json
from typing import Any


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 (JSON is anything)
    """RFC 8785 for what we write: ASCII member names, strings, whole numbers, no floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
