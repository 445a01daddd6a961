"""What the tests of trust share; the values are made in tuf_channel.py."""

from __future__ import annotations

import pytest
from tuf_channel import TufChannel, tuf_channel


@pytest.fixture
def channel() -> TufChannel:
    return tuf_channel()
