"""What holds of the rule for every request, not only for those somebody thought of."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote

from edge_world import NOW, grant, token
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_tools.core.access import Grant, from_record, is_channel, to_record
from ci_tools.core.edge_rule import Allowed, Denied, EdgeRequest, edge_rule
from ci_tools.core.tokens import new_token, parse_token, redacted

CHANNELS = st.from_regex(r"[a-z]{1,3}(-old)?(/[a-z0-9]{1,2})?", fullmatch=True).filter(is_channel)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
MOMENTS = st.integers(0, 4_000_000_000).map(lambda seconds: NOW + timedelta(seconds=seconds - 1_893_456_000))
PIECES = st.sampled_from(
    ["/", "..", ".", "%2e", "%2f", "%5c", "\\", "%00", "main", "t", "b", "a", "+", "%2B", "\r\n", "é"]
)
PATHS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=30)
GRANTS = st.builds(
    grant, st.integers(1, 250), st.lists(CHANNELS, max_size=3, unique=True).map(tuple), MOMENTS, name=st.just("")
)


def asked(
    path: str, held: Grant, *, now: object = NOW, authorization: str = "", method: str = "GET"
) -> Allowed | Denied:
    return edge_rule(EdgeRequest(method=method, path=path, authorization=authorization), {held.id: held}.get, now)


@given(st.lists(CHANNELS, min_size=1, max_size=3), CHANNELS)
def test_a_token_opens_exactly_its_channels(own: list[str], other: str) -> None:
    verdict = asked(f"/t/{token().text.reveal()}/{other}/noarch/x", grant(channels=own))
    covered = any(f"{other}/".startswith(f"{channel}/") for channel in own) or any(
        f"{other}/noarch/x".startswith(f"{channel}/") for channel in own
    )
    assert isinstance(verdict, Allowed) == covered
    assert covered or verdict.status == 403


@given(MOMENTS, MOMENTS)
def test_a_token_opens_until_exactly_its_expiry(expires: object, now: object) -> None:
    verdict = asked(f"/t/{token().text.reveal()}/main/x", grant(expires=expires), now=now)
    assert isinstance(verdict, Allowed) == (now < expires)


@given(st.text(st.characters(codec="ascii"), max_size=60) | st.from_regex(r"[0-9a-f]{12}-[0-9a-f]{40}", fullmatch=True))
def test_no_text_but_the_token_is_let_in(text: str) -> None:
    verdict = asked(f"/t/{text}/main/x", grant())
    assert isinstance(verdict, Denied) or text == token().text.reveal()


@given(st.integers(0, 52), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_token_with_one_character_changed_is_not_the_token(at: int, other: str) -> None:
    text = token().text.reveal()
    changed = text[:at] + other + text[at + 1 :]
    assert isinstance(asked(f"/t/{changed}/main/x", grant()), Denied) or changed == text


@given(st.text(max_size=80))
def test_no_header_but_the_right_one_is_let_in(header: str) -> None:
    assert isinstance(asked("/b/main/x", grant(), authorization=header), Denied)


@settings(max_examples=2000)
@given(PATHS)
def test_what_is_let_in_never_leaves_its_channel(tail: str) -> None:
    verdict = asked(f"/t/{token().text.reveal()}/main{tail}", grant())
    if isinstance(verdict, Allowed):
        decoded = unquote(verdict.path)
        assert decoded == "/main" or decoded.startswith("/main/")
        assert not {".", ".."} & set(decoded.split("/"))
        assert decoded.isprintable()
        assert "\\" not in decoded
        assert "+" not in verdict.path


@settings(max_examples=2000)
@given(PATHS, st.sampled_from(["GET", "HEAD", "POST"]) | st.text(max_size=5), st.text(max_size=20))
def test_every_request_has_an_answer(path: str, method: str, header: str) -> None:
    verdict = asked(path, grant(), method=method, authorization=header)
    assert isinstance(verdict, Denied)
    assert verdict.status in {400, 401, 405}


@given(GRANTS)
def test_a_record_gives_back_its_grant(held: Grant) -> None:
    read = from_record(held.id, to_record(held))
    assert read is not None
    assert (read.channels, read.expires, read.hash) == (held.channels, held.expires, held.hash)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("hcep"), inner),
    )
)
def test_a_record_that_is_none_lets_nobody_in(record: object) -> None:
    read = from_record("0" * 12, record)
    assert read is None or read.is_tombstone


@given(st.binary(min_size=26, max_size=26))
def test_a_token_is_read_back_from_its_text(noise: bytes) -> None:
    source = iter((noise[:6], noise[6:]))
    made = new_token(lambda _count: next(source))
    assert parse_token(made.text.reveal()) == made
    assert made.secret.reveal() not in repr(made) + redacted(f"x/{made.text.reveal()}/y")
