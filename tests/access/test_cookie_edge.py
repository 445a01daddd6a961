"""The locked behaviour of the local edge: signed cookies on a real port."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from edge_world import NOW, Served, path_of, token
from signed_cookies import EC_KEY, KEYS, OTHER, RSA_KEY, cookies, encoded, policy

from ci_tools.errors import TrustError

REPODATA = b'{"packages": {}}'
PLACE = "/main/noarch/repodata.json"
HERE = "http://x/main/*"  # the host that the tests name


def pem(key: Any) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def locked(served: Served) -> Served:
    for key_id, key in KEYS.items():
        served.edge.trust(key_id, pem(key))
    return served


def header(held: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in held.items())


def code(answer: tuple[int, dict[str, str], bytes]) -> str:
    status, headers, body = answer
    assert (status, headers["content-type"], headers["cache-control"]) == (403, "text/xml", "no-store")
    found = re.search(rb"<Code>(\w+)</Code><Message>[\w -]+</Message></Error>$", body)
    assert found
    return found[1].decode()


@pytest.mark.parametrize("key", [RSA_KEY, EC_KEY], ids=["rsa", "ec"])
@pytest.mark.parametrize("algorithm", [SHA1, SHA256])
def test_signed_cookies_open_their_channel(locked: Served, key: Any, algorithm: Any) -> None:
    held = cookies(policy(HERE), key, algorithm)
    assert locked.ask(PLACE, cookie=header(held))[::2] == (200, REPODATA)
    assert f"GET {held['CloudFront-Key-Pair-Id']} {PLACE} 200" in locked.lines[0]


@pytest.mark.parametrize("name", ["a-1.0+x-0.conda", "a-1.0%2Bx-0.conda", "a-1.0%2bx-0.conda", "a-1!1.0-0.conda"])
def test_names_with_plus_and_exclamation_mark_are_found(locked: Served, name: str) -> None:
    (locked.root / "noarch/a-1!1.0-0.conda").write_bytes(bytes(range(256)) * 1000)
    assert len(locked.ask(f"/main/noarch/{name}", cookie=header(cookies(policy(HERE))))[2]) == 256_000


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({}, "MissingKey"),
        ({"CloudFront-Policy": encoded(policy(HERE))}, "MissingKey"),
        (cookies(policy(HERE), Key_Pair_Id="KNOBODY"), "InvalidKey"),
        (cookies(policy(HERE), Policy=""), "MalformedPolicy"),
        (cookies(b"not JSON"), "MalformedPolicy"),
        (cookies(policy(HERE), Signature="!"), "MalformedSignature"),
        (cookies(policy(HERE), Hash_Algorithm="MD5"), "MalformedSignature"),
        (cookies(policy(HERE), Policy=encoded(policy("http://x/*"))), "AccessDenied"),
        (cookies(policy(HERE), OTHER), "AccessDenied"),
        (cookies(policy(HERE), Hash_Algorithm="SHA1"), "AccessDenied"),
        (cookies(policy(HERE, DateLessThan={"AWS:EpochTime": int(NOW.timestamp())})), "AccessDenied"),
        (cookies(policy(HERE, DateGreaterThan={"AWS:EpochTime": int(NOW.timestamp())})), "AccessDenied"),
        (cookies(policy("http://x/other/*")), "AccessDenied"),
        (cookies(policy("http://y/main/*")), "AccessDenied"),
        (cookies(policy("https://x/main/*")), "AccessDenied"),
        (cookies(policy(HERE, IpAddress={"AWS:SourceIp": "192.0.2.0/24"})), "AccessDenied"),
    ],
)
def test_a_refusal_is_in_the_words_of_cloudfront(locked: Served, held: dict[str, str], expected: str) -> None:
    assert code(locked.ask(PLACE, cookie=header(held))) == expected


def test_cookies_end_by_the_clock_alone(locked: Served) -> None:
    held = header(cookies(policy(HERE)))
    locked.now = NOW + timedelta(seconds=59)
    assert locked.ask(PLACE, cookie=held)[0] == 200
    locked.now = NOW + timedelta(seconds=60)
    assert code(locked.ask(PLACE, cookie=held)) == "AccessDenied"


def test_a_key_that_is_trusted_no_longer_opens_nothing_at_once(locked: Served) -> None:
    held = header(cookies(policy(HERE)))
    assert locked.ask(PLACE, cookie=held)[0] == 200
    locked.edge.distrust("KEC")
    assert code(locked.ask(PLACE, cookie=held)) == "InvalidKey"
    assert locked.ask(PLACE, cookie=header(cookies(policy(HERE), RSA_KEY)))[0] == 200
    assert set(locked.edge.trusted()) == {"KRSA"}


def test_grants_and_keys_live_side_by_side(locked: Served) -> None:
    assert [grant.id for grant in locked.edge.admitted()] == [token(1).id, token(2).id]
    assert locked.edge.trusted()["KEC"] == pem(EC_KEY.public_key())
    assert locked.ask(path_of(1))[0] == 200


def test_behind_tls_on_this_machine_the_url_is_the_outer_one(locked: Served) -> None:
    held = header(cookies(policy("https://conda.acme.example/main/*")))
    outer = {"cookie": held, "x_forwarded_proto": "https", "host": "conda.acme.example"}
    request = "\r\n".join(
        [f"GET {PLACE} HTTP/1.1", *(f"{k.replace('_', '-')}: {v}" for k, v in outer.items()), "connection: close"]
    )
    assert locked.raw(f"{request}\r\n\r\n".encode()).startswith(b"HTTP/1.1 200")
    assert code(locked.ask(PLACE, cookie=held, x_forwarded_proto="javascript")) == "AccessDenied"


def test_a_proxy_on_this_machine_says_who_asks(locked: Served) -> None:
    held = header(cookies(policy(HERE, IpAddress={"AWS:SourceIp": "192.0.2.0/24"})))
    assert locked.ask(PLACE, cookie=held, x_forwarded_for="198.51.100.7, 192.0.2.9")[0] == 200
    for liar in ("192.0.2.9, 198.51.100.7", "nonsense", "192.0.2.9,", ""):
        assert code(locked.ask(PLACE, cookie=held, x_forwarded_for=liar)) == "AccessDenied"


@pytest.mark.parametrize("path", ["/main/../other/x", "/main/%2e%2e/x", "/main//x", "/main/a%2fb", "/main/%00"])
def test_good_cookies_do_not_make_a_path_safe(locked: Served, path: str) -> None:
    assert locked.ask(path, cookie=header(cookies(policy("http://x/*"))))[0] == 400
    assert code(locked.ask(path)) == "MissingKey"


def test_head_is_answered_without_a_body(locked: Served) -> None:
    status, headers, body = locked.ask(PLACE, "HEAD", cookie=header(cookies(policy(HERE))))
    assert (status, headers["content-length"], body) == (200, str(len(REPODATA)), b"")
    status, headers, body = locked.ask(PLACE, "HEAD")
    assert (status, headers["content-type"], body) == (403, "text/xml", b"")


def test_a_key_cannot_write_headers_or_log_lines(locked: Served) -> None:
    held = cookies(policy(HERE), Key_Pair_Id="K<x>%0d%0aset-cookie:a=b")
    assert code(locked.ask(PLACE, cookie=header(held))) == "InvalidKey"
    assert "K<x>" not in "".join(locked.lines)


def test_cookies_open_nothing_at_the_gate_of_tokens(locked: Served) -> None:
    assert locked.ask("/t/x/main/noarch/repodata.json", cookie=header(cookies(policy("http://x/*"))))[0] == 401


@pytest.mark.parametrize(
    "key", [rsa.generate_private_key(65537, 3072), ec.generate_private_key(ec.SECP384R1())], ids=["rsa-3072", "p-384"]
)
def test_only_keys_that_cloudfront_takes_are_taken(at_rest: Served, key: Any) -> None:
    with pytest.raises(TrustError):
        at_rest.edge.trust("KBIG", pem(key.public_key()))
    with pytest.raises(TrustError):
        at_rest.edge.trust("K X", pem(EC_KEY.public_key()))


def test_a_key_id_stands_for_one_key_for_ever(at_rest: Served) -> None:
    at_rest.edge.trust("K1", pem(EC_KEY.public_key()))
    at_rest.edge.trust("K1", pem(EC_KEY.public_key()))
    with pytest.raises(TrustError):
        at_rest.edge.trust("K1", pem(OTHER.public_key()))
