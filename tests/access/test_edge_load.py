"""What many clients at once, and slow ones, may not do to the edge."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from edge_world import Folder, Impatient, Served, path_of

if TYPE_CHECKING:
    from edge_world import Doorway

    from ci_tools.ports import Stored

SMALL = path_of(1, key="noarch/a-1.0+x-0.conda")


class Slow(Folder):
    """A store that takes its time, and says how many were in it at once."""

    def get(self, key: str) -> Stored:
        time.sleep(0.3)
        return super().get(key)


def test_who_asks_at_the_same_time_shares_one_read(at_rest: Served, door: Doorway) -> None:
    at_rest.store = Slow(at_rest.root)
    served = door.leads_to(at_rest)
    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda _: served.ask(path_of(1))[0], range(20)))
    assert (set(answers), at_rest.store.reads) == ({200}, 1)


def test_one_who_leaves_does_not_take_the_answer_from_the_others(at_rest: Served, door: Doorway) -> None:
    at_rest.store = Slow(at_rest.root)
    served = door.leads_to(at_rest)
    with socket.create_connection(("127.0.0.1", served.port)) as first:
        first.sendall(f"GET {path_of(1)} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        time.sleep(0.1)
    assert served.ask(path_of(1))[0] == 200
    assert at_rest.store.reads == 1


def test_a_missing_file_is_missing_for_all_who_ask_and_then_looked_for_again(served: Served) -> None:
    path = path_of(1, key="noarch/late.json")
    with ThreadPoolExecutor(8) as crowd:
        assert set(crowd.map(lambda _: served.ask(path)[0], range(8))) == {404}
    (served.root / "noarch/late.json").write_bytes(b"{}")
    assert served.ask(path)[0] == 200


def test_what_is_never_kept_is_never_shared(at_rest: Served, door: Doorway) -> None:
    at_rest.store = Slow(at_rest.root)
    served = door.leads_to(at_rest)
    (served.root / "tuf").mkdir()
    (served.root / "tuf/timestamp.json").write_bytes(b"1")
    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(lambda _: served.ask(path_of(1, key="tuf/timestamp.json")), range(4)))
    assert at_rest.store.reads == 4


def test_a_small_package_is_read_once(served: Served) -> None:
    assert [served.ask(SMALL)[0] for _ in range(3)] == [200] * 3
    assert served.store.reads == 1


def test_a_large_package_is_never_held(served: Served) -> None:
    (served.root / "noarch/b-1-0.conda").write_bytes(bytes(2**21))
    assert len(served.ask(path_of(1, key="noarch/b-1-0.conda"))[2]) == 2**21
    assert served.store.reads == 0


def closes_within(served: Served, first: bytes, *, drip: bytes = b"") -> float:
    """Seconds until the server closes on a client that sends `first`, and then `drip` for ever."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as client:
        client.sendall(first)
        client.settimeout(0.2)
        while time.monotonic() - began < 10:
            try:
                client.sendall(drip)
                if not client.recv(2**16):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    return time.monotonic() - began


def test_a_head_that_does_not_end_in_time_is_given_up(served: Served) -> None:
    half = b"GET / HTTP/1.1\r\nx: "
    slow = [b"", half, f"GET {path_of(1)} HTTP/1.1\r\nhost: x\r\n\r\n".encode() + half]
    spent: dict[bytes, float] = {}
    threads = [
        threading.Thread(target=lambda f=f: spent.update({f: closes_within(served, f, drip=b"a" if f else b"")}))
        for f in slow
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(Impatient.patience - 0.5 < seconds < Impatient.patience + 3 for seconds in spent.values()), spent


def test_a_client_that_keeps_its_connection_is_not_slow(served: Served) -> None:
    head = f"GET {path_of(1)} HTTP/1.1\r\nhost: x\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as client:
        for _ in range(2):
            client.sendall(head)
            assert client.recv(2**16).startswith(b"HTTP/1.1 200")
            time.sleep(Impatient.patience * 0.7)
        client.sendall(head)
        assert client.recv(2**16).startswith(b"HTTP/1.1 200")
