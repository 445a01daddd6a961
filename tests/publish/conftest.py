"""Publishers that may be killed, and the places they publish to."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from publishers import Place, Publishers, publishers
from simulator import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ci_tools.ports import ObjectStore


@pytest.fixture(scope="session")
def program() -> Iterator[Publishers]:
    with publishers() as running:
        yield running


@pytest.fixture(params=["local", "s3"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Place]:
    """Where a new channel may be kept."""
    if request.param == "local":
        return lambda: Place(folder=str(tmp_path / uuid.uuid4().hex))
    endpoint = request.getfixturevalue("seaweedfs").endpoint
    return lambda: Place(prefix=uuid.uuid4().hex, endpoint=endpoint)


@pytest.fixture
def world(tmp_path: Path, any_store: ObjectStore) -> World:
    """A channel in which nothing is published yet, in each kind of store."""
    return World(folder=tmp_path / "jobs", store=any_store)


@pytest.fixture
def memory(tmp_path: Path) -> World:
    """The same in memory alone."""
    return World(folder=tmp_path / "jobs")
