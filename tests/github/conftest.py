from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from act_world import World, act_is_missing, world
from github_double import State, github

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import S3Server


@pytest.fixture
def state() -> Iterator[State]:
    with github() as state:
        yield state
    assert state.violations == []


@pytest.fixture
def acme(tmp_path_factory: pytest.TempPathFactory, state: State, moto: S3Server) -> Iterator[World]:
    """A channel repository whose workflows can be run."""
    if reason := act_is_missing():
        pytest.skip(f"NO WORKFLOW IS RUN: {reason}")  # named in the summary (-ra)
    with world(tmp_path_factory.mktemp("acme"), moto, state) as made:
        yield made
