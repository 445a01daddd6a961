"""Edges that serve a folder of two files to two tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from edge_world import Doorway, Folder, Served, doorway, grant

from ci_tools.adapters.edges.local import LocalEdge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = bytes(range(256)) * 1000


@pytest.fixture
def at_rest(tmp_path: Path) -> Served:
    root = tmp_path / "channel"
    (root / "noarch").mkdir(parents=True)
    (root / "noarch/repodata.json").write_bytes(b'{"packages": {}}')
    (root / "noarch/a-1.0+x-0.conda").write_bytes(PACKAGE)
    edge = LocalEdge(path=tmp_path / "edge" / "state.json")
    edge.admit([grant(1), grant(2, channels=("other",))])
    return Served(root=root, edge=edge, store=Folder(root))


@pytest.fixture(scope="session")
def door() -> Iterator[Doorway]:
    yield from doorway()


@pytest.fixture
def served(at_rest: Served, door: Doorway) -> Served:
    return door.leads_to(at_rest)


@pytest.fixture
def open_edge(at_rest: Served, door: Doorway) -> Served:
    return door.leads_to(at_rest, is_open=True)
