"""Signed cookies as CloudFront checks them."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from edge_world import NOW
from hypothesis import given
from hypothesis import strategies as st
from signed_cookies import EC_KEY, KEYS, OTHER, RSA_KEY, UNTIL, cookies, encoded, policy

from ci_tools.core.cookie import CookieRefusal, cookie_refusal, parse_policy

URL = "https://conda.acme.example/main/noarch/a-1.0+x-0.conda"


def refusal(held: dict[str, str], url: str = URL, address: str = "192.0.2.9") -> CookieRefusal | None:
    return cookie_refusal(held, KEYS, url, address, NOW)


@pytest.mark.parametrize("key", [RSA_KEY, EC_KEY], ids=["rsa", "ec"])
@pytest.mark.parametrize("algorithm", [SHA1, SHA256])
def test_a_signed_policy_opens_what_it_names(key: Any, algorithm: Any) -> None:
    assert refusal(cookies(policy(), key, algorithm)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (policy(DateLessThan={"AWS:EpochTime": UNTIL - 60}), "AccessDenied"),
        (policy(DateGreaterThan={"AWS:EpochTime": UNTIL}), "AccessDenied"),
        (policy(DateGreaterThan={"AWS:EpochTime": UNTIL - 61}), None),
        (policy(IpAddress={"AWS:SourceIp": "192.0.2.0/24"}), None),
        (policy(IpAddress={"AWS:SourceIp": "198.51.100.1"}), "AccessDenied"),
        (policy(IpAddress={"AWS:SourceIp": "nowhere"}), "MalformedPolicy"),
        (policy("https://conda.acme.example/other/*"), "AccessDenied"),
        (policy("https://other.example/main/*"), "AccessDenied"),
        (policy("https://conda.acme.example/mai?/*"), None),
        (policy("https://conda.acme.example/main?/*"), "AccessDenied"),
        (policy("conda.acme.example/main/*"), "MalformedPolicy"),
        (policy(Whatever={"AWS:EpochTime": 1}), "MalformedPolicy"),
        (policy(DateLessThan={"AWS:EpochTime": str(UNTIL)}), "MalformedPolicy"),
        (b'{"Statement":[]}', "MalformedPolicy"),
        (b"not JSON", "MalformedPolicy"),
    ],
)
def test_a_policy_opens_nothing_else(text: bytes, expected: str | None) -> None:
    assert refusal(cookies(text)) == expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({}, "MissingKey"),
        (cookies(policy(), Key_Pair_Id="KNONE"), "InvalidKey"),
        (cookies(policy(), Key_Pair_Id="KRSA"), "AccessDenied"),
        (cookies(policy(), OTHER), "AccessDenied"),
        (cookies(policy(), Policy=encoded(policy("https://*"))), "AccessDenied"),
        (cookies(policy(), Policy="!"), "MalformedPolicy"),
        (cookies(policy(), Signature="!"), "MalformedSignature"),
        (cookies(policy(), Hash_Algorithm="SHA1"), "AccessDenied"),
        (cookies(policy(), Hash_Algorithm="MD5"), "MalformedSignature"),
    ],
)
def test_cookies_that_do_not_hold_are_refused_by_name(held: dict[str, str], expected: str) -> None:
    assert refusal(held) == expected


def test_a_sha256_signature_needs_the_cookie_that_says_so() -> None:
    held = cookies(policy())
    del held["CloudFront-Hash-Algorithm"]
    assert refusal(held) is CookieRefusal.ACCESS_DENIED


GOOD = cookies(policy())


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), st.text(max_size=30), min_size=1))
def test_no_cookies_but_signed_ones_open(changed: dict[str, str]) -> None:
    assert refusal(GOOD | changed) is not None


@given(st.binary(max_size=40))
def test_every_text_is_a_policy_or_none(text: bytes) -> None:
    assert parse_policy(text) is None
