"""The local edge on a real port, spoken to byte by byte."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from datetime import timedelta

import pytest
from edge_world import Served, grant, parsed, path_of, token

PACKAGE = bytes(range(256)) * 1000
REPODATA = b'{"packages": {}}'
ONE = path_of(1)
ARCHIVE = path_of(1, key="noarch/a-1.0+x-0.conda")


def test_a_token_reads_its_channel(served: Served) -> None:
    status, headers, body = served.ask(ONE)
    assert (status, body) == (200, REPODATA)
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "public, max-age=60, must-revalidate"
    assert headers["content-length"] == str(len(REPODATA))


def test_the_server_does_not_say_what_it_is(served: Served) -> None:
    assert "server" not in served.ask(ONE)[1]


@pytest.mark.parametrize("name", ["a-1.0+x-0.conda", "a-1.0%2Bx-0.conda", "a-1.0%2bx-0.cond%61"])
def test_a_package_comes_whole_however_its_name_is_escaped(served: Served, name: str) -> None:
    status, headers, body = served.ask(path_of(1, key=f"noarch/{name}"))
    assert (status, body) == (200, PACKAGE)
    assert headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", [ONE, ARCHIVE])
def test_head_says_what_get_says_without_a_body(served: Served, path: str) -> None:
    _, expected, whole = served.ask(path)
    status, headers, body = served.ask(path, "HEAD")
    assert (status, body) == (200, b"")
    assert headers["content-length"] == str(len(whole))
    assert headers["etag"] == expected["etag"]


@pytest.mark.parametrize("path", [ONE, ARCHIVE])
@pytest.mark.parametrize("shape", ["{}", "W/{}", '"x", {}', "*"])
def test_what_a_client_has_is_not_sent_again(served: Served, path: str, shape: str) -> None:
    etag = served.ask(path)[1]["etag"]
    status, headers, body = served.ask(path, if_none_match=shape.format(etag))
    assert (status, body, headers["etag"]) == (304, b"", etag)


def test_another_etag_gets_the_body(served: Served) -> None:
    assert served.ask(ONE, if_none_match='"x"')[2] == REPODATA


@pytest.mark.parametrize(
    ("asked", "start", "stop"), [("0-0", 0, 1), ("5-9", 5, 10), ("10-", 10, None), ("-7", -7, None)]
)
@pytest.mark.parametrize(("path", "whole"), [(ONE, REPODATA), (ARCHIVE, PACKAGE)])
def test_a_part_is_that_part(  # noqa: PLR0917 (each a column of the table)
    served: Served, path: str, whole: bytes, asked: str, start: int, stop: int | None
) -> None:
    status, headers, body = served.ask(path, range=f"bytes={asked}")
    first = start % len(whole)
    assert (status, body) == (206, whole[start:stop])
    assert headers["content-range"] == f"bytes {first}-{first + len(body) - 1}/{len(whole)}"
    assert headers["content-length"] == str(len(body))


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=256000-256001", "bytes=-0"])
@pytest.mark.parametrize(("path", "whole"), [(ONE, REPODATA), (ARCHIVE, PACKAGE)])
def test_bytes_behind_the_end_are_refused(served: Served, path: str, whole: bytes, asked: str) -> None:
    status, headers, _ = served.ask(path, range=asked)
    assert (status, headers["content-range"]) == (416, f"bytes */{len(whole)}")


@pytest.mark.parametrize("asked", ["bytes=5-1", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b", "bytes= 0-1", ""])
def test_a_range_that_is_none_gets_the_whole(served: Served, asked: str) -> None:
    assert served.ask(ONE, range=asked)[::2] == (200, REPODATA)


def test_a_part_of_another_version_gets_the_whole(served: Served) -> None:
    assert served.ask(ONE, range="bytes=0-1", if_range='"old"')[0] == 200
    assert served.ask(ONE, range="bytes=0-1", if_range=served.ask(ONE)[1]["etag"])[0] == 206


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (path_of(9), 401),
        (path_of(1, channel="other"), 403),
        (path_of(2), 403),
        (path_of(1, key="noarch/none.json"), 404),
        (path_of(1, key="noarch"), 404),
        (path_of(1, key="noarch/"), 404),
        (path_of(1, key=""), 404),
        (path_of(2, channel="other"), 404),
        (path_of(1, key="../x"), 400),
    ],
)
def test_a_refusal_is_a_problem_that_is_not_kept(served: Served, path: str, status: int) -> None:
    got, headers, body = served.ask(path)
    assert (got, headers["content-type"], headers["cache-control"]) == (status, "application/problem+json", "no-store")
    assert json.loads(body)["status"] == status
    assert json.loads(body)["detail"]


def test_basic_opens_as_the_path_does(served: Served) -> None:
    proof = b64encode(token(1).text.reveal().replace("-", ":").encode()).decode()
    assert served.ask("/b/main/noarch/repodata.json", authorization=f"Basic {proof}")[2] == REPODATA
    status, headers, _ = served.ask("/b/main/noarch/repodata.json")
    assert (status, headers["www-authenticate"]) == (401, 'Basic realm="channel"')


def test_two_authorizations_are_none(served: Served) -> None:
    proof = b64encode(token(1).text.reveal().replace("-", ":").encode()).decode()
    twice = f"Basic {proof}\r\nauthorization: Basic {proof}"
    assert served.ask("/b/main/noarch/repodata.json", authorization=twice)[0] == 401


def test_other_methods_are_told_which_ones_there_are(served: Served) -> None:
    status, headers, _ = served.ask(ONE, "POST", content_length=0)
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_a_revoked_token_is_dead_at_once(served: Served) -> None:
    assert served.ask(ONE)[0] == 200
    served.edge.refuse([token(1).id])
    assert served.ask(ONE)[0] == 401
    assert served.ask(ONE, if_none_match="*")[0] == 401


def test_a_new_token_lives_at_once(served: Served) -> None:
    assert served.ask(path_of(3))[0] == 401
    served.edge.admit([grant(3)])
    assert served.ask(path_of(3))[0] == 200


def test_a_token_ends_by_the_clock_alone(served: Served) -> None:
    served.now = served.now + timedelta(days=1) - timedelta(seconds=1)
    assert served.ask(ONE)[0] == 200
    served.now += timedelta(seconds=1)
    assert served.ask(ONE)[0] == 401


def test_all_tokens_share_one_copy(served: Served) -> None:
    served.edge.admit([grant(3)])
    answers = {served.ask(path_of(number))[2] for number in (1, 3, 1)}
    assert (answers, served.store.reads) == ({REPODATA}, 1)


def test_a_copy_lives_until_it_is_invalidated(served: Served) -> None:
    served.ask(ONE)
    (served.root / "noarch/repodata.json").write_bytes(b"{}")
    assert served.ask(ONE)[2] == REPODATA
    served.edge.invalidate(["noarch/repodata.json"])
    assert served.ask(ONE)[2] == b"{}"


def test_the_commit_point_is_never_kept(served: Served) -> None:
    (served.root / "tuf").mkdir()
    for body in (b"1", b"2"):
        (served.root / "tuf/timestamp.json").write_bytes(body)
        assert served.ask(path_of(1, key="tuf/timestamp.json"))[2] == body


def test_without_cookies_the_locked_behaviour_answers_as_cloudfront_does(served: Served) -> None:
    status, headers, body = served.ask("/main/noarch/repodata.json")
    assert (status, headers["content-type"]) == (403, "text/xml")
    assert b"<Code>MissingKey</Code>" in body


def test_an_open_edge_wants_no_cookies(open_edge: Served) -> None:
    assert open_edge.ask("/main/noarch/a-1.0+x-0.conda")[2] == PACKAGE
    assert open_edge.ask("/main/../x")[0] == 400
    assert open_edge.ask("/elsewhere/x")[0] == 404
    assert open_edge.ask("/")[0] == 404


def test_a_state_that_cannot_be_read_lets_nobody_in(served: Served) -> None:
    served.edge.path.write_text("not JSON")
    assert served.ask(ONE)[0] == 503
    served.edge.path.unlink()
    assert served.ask(ONE)[0] == 401


def test_the_log_has_ids_and_no_secret(served: Served) -> None:
    secret = token(1).secret.reveal()
    proof = b64encode(f"{token(1).id}:{secret}".encode()).decode()
    for path in (ONE, f"{ONE}?x={secret}", ONE.replace("main", "other"), f"{ONE}//x", f"/main{ONE}", ONE[:-3].upper()):
        served.ask(path, authorization=f"Basic {proof}")
    served.ask(path_of(1, key=f"t/{token(1).text.reveal()}/x"))
    log = "\n".join(served.lines).lower()
    assert secret not in log
    assert proof.lower() not in log
    assert f"GET {token(1).id} /main/noarch/repodata.json 200 16 " in served.lines[0]


def test_a_request_cannot_write_headers_or_log_lines(served: Served) -> None:
    for trick in ("%0d%0aset-cookie:a=b", "\r set-cookie: a=b", "x\r\nset-cookie: a=b"):
        status, headers, _ = served.ask(f"{ONE}{trick}")
        assert status in {200, 400, 404}
        assert "set-cookie" not in headers
    assert not any("\n" in line or "\r" in line for line in served.lines)


@pytest.mark.parametrize(
    "request_",
    [
        b"\r\n\r\n", b"GET\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nx\r\n\r\n", b"GET * HTTP/1.1\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        b"GET http://x/t/y HTTP/1.1\r\n\r\n", b"GET /\xff\xfe HTTP/1.1\r\n\r\n", b"OPTIONS * HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n", b"GET / HTTP/1.1\r\ntransfer-encoding: nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"GET /t/ HTTP/1.1\r\nrange: \xff\r\n\r\n",
    ],
)  # fmt: skip
def test_nonsense_is_the_callers_fault(served: Served, request_: bytes) -> None:
    answer = served.raw(request_, patience=0.3)
    assert not answer or 400 <= parsed(answer)[0] < 500
    assert served.ask(ONE)[0] == 200


def test_a_head_without_end_is_cut_off(served: Served) -> None:
    answer = served.raw(b"GET / HTTP/1.1\r\nx: " + b"a" * 10**6)
    assert not answer or parsed(answer)[0] == 400


def test_readers_during_a_revocation_see_one_or_the_other(served: Served) -> None:
    seen, stop = [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.append((time.monotonic(), served.ask(ONE)[0]))

    reader = threading.Thread(target=read)
    reader.start()
    time.sleep(0.1)
    served.edge.refuse([token(1).id])
    dead = time.monotonic()
    time.sleep(0.1)
    stop.set()
    reader.join()
    assert {status for _, status in seen} == {200, 401}
    assert all(status == 401 for at, status in seen if at > dead + 0.05)
