"""The ChannelSource port, held by every adapter. A new adapter is one line in SOURCES."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

import pytest
from channel_server import SECRET, SILENCE, ChannelServer, channel_server
from servers import free_ports

from ci_tools.adapters.sources.folder import FolderSource
from ci_tools.adapters.sources.http import HttpSource
from ci_tools.adapters.sources.stored import StoredSource
from ci_tools.adapters.stores.memory import MemoryStore
from ci_tools.core.layout import Freshness
from ci_tools.errors import ChannelError, NotFoundError, RemoteError, StoreError, TrustError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ci_tools.ports import ChannelSource

ODD = ("noarch/a+b!c-1.0-0.conda", "noarch/with space.json", "noarch/100%25.json", "noarch/ü-漢.json", "a&b=c?d#e.json")
OBJECTS = {"noarch/repodata.json": b"{}", "empty": b"", "large": os.urandom(1 << 20) * 3} | {k: k.encode() for k in ODD}
BAD = ("", "/a", "a//b", "../a", "a/../b", "a/.", "a\\b", "a\nb", "a\ud800")
HOST = "http://127.0.0.1"
SOURCES: Mapping[str, Callable[[pytest.FixtureRequest], ChannelSource]] = {
    "http": lambda request: HttpSource(f"{HOST}:{_port(request)}/acme/"),
    "http-token": lambda request: HttpSource(f"{HOST}:{_port(request)}/t/{SECRET}/acme"),
    "http-password": lambda request: HttpSource(f"http://user:{SECRET}@127.0.0.1:{_port(request)}/basic"),
    "folder": lambda request: _folder(request.getfixturevalue("tmp_path")),
    "stored": lambda _: _stored(),
}


def _port(request: pytest.FixtureRequest) -> int:
    server: ChannelServer = request.getfixturevalue("server")
    return server.port


def _folder(root: Path) -> ChannelSource:
    for key, body in OBJECTS.items():
        (root / key).parent.mkdir(exist_ok=True)
        (root / key).write_bytes(body)
    return FolderSource(root)


def _stored() -> ChannelSource:
    store = MemoryStore()
    for key, body in OBJECTS.items():
        store.put(key, body, Freshness.POINTER)
    return StoredSource(store, "https://conda.example/acme")


@pytest.fixture
def server() -> Iterator[ChannelServer]:
    with channel_server(OBJECTS) as running:
        yield running


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> Iterator[ChannelSource]:
    made = SOURCES[request.param](request)
    yield made
    if isinstance(made, HttpSource):
        made.__exit__()


def test_what_is_there_is_read_as_it_is(source: ChannelSource) -> None:
    for key, body in OBJECTS.items():
        assert source.read(key, 1 << 22) == body, key
        assert b"".join(source.stream(key)) == body, key


def test_a_stream_comes_in_chunks(source: ChannelSource) -> None:
    assert max(map(len, source.stream("large"))) <= 1 << 20


def test_what_is_not_there_is_not_found(source: ChannelSource) -> None:
    for key in ("noarch", "noarch/other.json", "noarch/repodata.json/below"):
        for read in (lambda k: source.read(k, 100), lambda k: list(source.stream(k))):
            with pytest.raises(NotFoundError):
                read(key)


def test_no_more_is_read_than_was_allowed(source: ChannelSource) -> None:
    assert source.read("noarch/repodata.json", 2) == b"{}"
    assert source.read("empty", 0) == b""
    with pytest.raises(TrustError, match="longer than the 1 bytes"):
        source.read("noarch/repodata.json", 1)


def test_a_key_that_is_none_comes_through_no_door(source: ChannelSource) -> None:
    for key in BAD:
        for read in (lambda k: source.read(k, 100), lambda k: list(source.stream(k))):
            with pytest.raises(StoreError, match="is not a key"):
                read(key)


def test_where_it_is_is_said_without_a_credential(source: ChannelSource) -> None:
    assert "://" in source.url
    assert SECRET not in source.url + repr(source) + str(vars(source).get("_client"))
    assert not source.url.endswith("/")


# What only HTTP can get wrong.


@pytest.mark.parametrize("status", [401, 403])
def test_not_allowed_is_never_not_there(server: ChannelServer, status: int) -> None:
    with HttpSource(f"{HOST}:{server.port}/{status}") as source, pytest.raises(StoreError, match="not let") as caught:
        source.read("a", 100)
    assert not isinstance(caught.value, NotFoundError)
    assert "token" in caught.value.problems[0].hint


@pytest.mark.parametrize("place", ["500", "503", "429", "410", "elsewhere", "broken", "nonsense"])
def test_what_is_no_answer_is_a_remote_that_may_be_tried_again(server: ChannelServer, place: str) -> None:
    with HttpSource(f"{HOST}:{server.port}/{place}") as source, pytest.raises(RemoteError):
        source.read("a", 10_000)


def test_a_credential_goes_to_no_other_host(server: ChannelServer) -> None:
    with (
        HttpSource(f"http://user:{SECRET}@127.0.0.1:{server.port}/elsewhere") as source,
        pytest.raises(RemoteError, match="302"),
    ):
        source.read("a", 100)
    assert server.asked == ["/elsewhere/a"]


@pytest.mark.parametrize(
    "place", ["t/{}", "t/{}/401", "t/{}x/acme", "{}@/401", "{}@/500", "u:{}@/basicx", "u:{}@/broken", "u:{}@/nonsense"]
)
def test_no_error_and_no_log_shows_a_credential(
    server: ChannelServer, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    user, at, path = place.format(SECRET).rpartition("@")
    caplog.set_level(logging.DEBUG)
    with pytest.raises((ChannelError, ValueError)) as caught, HttpSource(
        f"http://{user}{at}127.0.0.1:{server.port}/{path.lstrip('/')}"
    ) as source:  # fmt: skip
        source.read("no-such-file", 100)
    said = "".join(f"{p}{p.hint}{p.detail}" for p in getattr(caught.value, "problems", ()))
    assert SECRET not in said + str(caught.value) + caplog.text


def test_a_password_and_a_token_in_vain_are_not_shown(server: ChannelServer) -> None:
    (port,) = free_ports(1)
    for url in (f"{HOST}:{port}/t/{SECRET}/acme", f"http://user:{SECRET}@127.0.0.1:{port}/acme"):
        with HttpSource(url) as source, pytest.raises(RemoteError) as caught:
            source.read("a", 100)
        assert SECRET not in repr(caught.value.problems)
    assert server.asked == []


@pytest.mark.parametrize(
    "url", ["acme", "ftp://h/t/{}/a", "http:///t/{}/a", "http://h/a?token={}", "http://h/a#{}", "http://h:{}/a"]
)
def test_an_address_that_is_none_is_a_wrong_word(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        HttpSource(url.format(SECRET))
    assert SECRET not in repr(caught.value.problems)


def test_what_never_ends_is_left(server: ChannelServer) -> None:
    with HttpSource(f"{HOST}:{server.port}/endless") as source, pytest.raises(TrustError, match="longer"):
        source.read("a", 1 << 20)
    assert server.sent < 1 << 28


def test_who_says_nothing_is_left(server: ChannelServer) -> None:
    started = time.monotonic()
    with HttpSource(f"{HOST}:{server.port}/silent", patience=0.2) as source, pytest.raises(RemoteError):
        source.read("a", 100)
    assert time.monotonic() - started < SILENCE / 2


def test_nobody_there_is_said_soon() -> None:
    (port,) = free_ports(1)
    started = time.monotonic()
    with HttpSource(f"{HOST}:{port}/acme") as source, pytest.raises(RemoteError, match="cannot be reached"):
        source.read("a", 100)
    assert time.monotonic() - started < 10


def test_bytes_are_those_of_the_object_whatever_compresses_on_the_way(server: ChannelServer) -> None:
    with HttpSource(f"{HOST}:{server.port}/compressed") as source:
        assert source.read("a", 100) == b"\x1f\x8b as they are"


# What only a folder can get wrong.


def test_no_link_leads_out_of_a_folder(tmp_path: Path) -> None:
    root, outside = tmp_path / "channel", tmp_path / "outside"
    for folder in (root, outside):
        folder.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    for key in ("folder/secret", "file"):
        with pytest.raises(StoreError, match=r"(by|is) a link"):
            FolderSource(root).read(key, 100)


def test_a_folder_is_only_read(tmp_path: Path) -> None:
    root = tmp_path / "channel"
    root.mkdir()
    (root / "a").write_bytes(b"x")
    root.chmod(0o555)
    assert FolderSource(root).read("a", 1) == b"x"
    assert [path.name for path in root.iterdir()] == ["a"]


def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no folder"):
        FolderSource(tmp_path / "nowhere")
