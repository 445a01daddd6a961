"""What a generation promises, and every way in which one that does not hold is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tuf.api.metadata import MetaFile, Root, Snapshot, Timestamp
from tuf_channel import NOW, TARGETS, YEAR, TufChannel, new_key, tuf_channel

from ci_tools.core import layout
from ci_tools.core.generation import (
    Lifetimes,
    TargetFile,
    held_generation,
    next_generation,
    read_generation,
    read_root,
    referenced,
    refreshed_timestamp,
)
from ci_tools.core.root import first_root, trusts
from ci_tools.core.tuf_metadata import signed_bytes, tuf_key
from ci_tools.errors import TrustError

KEY = st.from_regex(r"[a-z0-9]{1,8}(/[a-z0-9._-]{1,20}[a-z])?", fullmatch=True)
FILE = st.builds(TargetFile.of, st.binary(max_size=64))


@given(targets=st.dictionaries(KEY, FILE, max_size=20), number=st.integers(1, 10**9))
def test_a_generation_reads_back_as_it_was_written(targets: dict[str, TargetFile], number: int) -> None:
    channel = tuf_channel()
    written = next_generation(None, number, targets, channel.online_key, NOW)
    targets_body, snapshot, timestamp = (document.body for document in written)
    generation = read_generation(channel.root, timestamp, snapshot, targets_body, NOW)
    assert (generation.number, generation.targets) == (number, dict(sorted(targets.items())))
    assert referenced(timestamp, "snapshot") == referenced(snapshot, "targets") == number


@given(targets=st.dictionaries(KEY, FILE, min_size=2, max_size=8))
def test_equal_generations_are_equal_bytes(targets: dict[str, TargetFile]) -> None:
    channel = tuf_channel()
    one = next_generation(None, 1, targets, channel.online_key, NOW)
    assert one == next_generation(None, 1, dict(reversed(targets.items())), channel.online_key, NOW)


def test_the_commit_point_is_written_last() -> None:
    keys = [document.key for document in next_generation(None, 3, TARGETS, tuf_channel().online_key, NOW)]
    assert keys == ["tuf/3.targets.json", "tuf/3.snapshot.json", layout.TIMESTAMP]


def test_generations_only_go_forward(channel: TufChannel) -> None:
    present = channel.generation(4)
    assert channel.generation(7, present).timestamp == present.timestamp + 1
    with pytest.raises(ValueError, match="would not come after"):
        next_generation(present, 4, TARGETS, channel.online_key, NOW)


def test_a_refreshed_timestamp_vouches_for_the_same_generation(channel: TufChannel) -> None:
    timestamp, snapshot, targets = channel.documents(2)
    later = NOW + timedelta(days=20)
    renewed = refreshed_timestamp(channel.root, timestamp, channel.online_key, later).body
    with pytest.raises(TrustError, match=r"timestamp.json` expired"):
        read_generation(channel.root, timestamp, snapshot, targets, later)
    generation = read_generation(channel.root, renewed, snapshot, targets, later)
    assert (generation.number, generation.timestamp) == (2, 2)


def test_a_forged_timestamp_is_never_refreshed(channel: TufChannel) -> None:
    stranger = new_key()
    forged = channel.documents(key=stranger)[0]
    with pytest.raises(TrustError, match="forged"):
        refreshed_timestamp(channel.root, forged, channel.online_key, NOW)


def test_an_older_generation_than_a_known_one_is_a_rollback(channel: TufChannel) -> None:
    first = channel.documents(1)
    known = channel.generation(2, read_generation(channel.root, *first, NOW))
    with pytest.raises(TrustError, match="rollback"):
        read_generation(channel.root, *first, NOW, known=known)
    assert read_generation(channel.root, *first, NOW, known=replace(known, timestamp=1, snapshot=1, number=1))


@pytest.mark.parametrize(
    ("days", "document"), [(7, "timestamp.json"), (30, "tuf/1.snapshot.json"), (90, "tuf/1.targets.json")]
)
def test_what_stands_still_freezes(channel: TufChannel, days: int, document: str) -> None:
    now = NOW + timedelta(days=days)
    lifetimes = {
        "timestamp.json": Lifetimes(), "tuf/1.snapshot.json": Lifetimes(timestamp=YEAR),
        "tuf/1.targets.json": Lifetimes(timestamp=YEAR, snapshot=YEAR),
    }[document]  # fmt: skip
    made = next_generation(None, 1, TARGETS, channel.online_key, NOW, lifetimes=lifetimes)
    targets, snapshot, timestamp = (made_document.body for made_document in made)
    assert read_generation(channel.root, timestamp, snapshot, targets, now - timedelta(seconds=1))
    with pytest.raises(TrustError, match=rf"{document}` expired .* \(freeze\)"):
        read_generation(channel.root, timestamp, snapshot, targets, now)


def test_whoever_writes_the_next_one_may_read_an_expired_one(channel: TufChannel) -> None:
    assert held_generation(channel.root, *channel.documents()).number == 1


@pytest.mark.parametrize("swapped", [1, 2])
def test_documents_of_two_generations_do_not_mix(channel: TufChannel, swapped: int) -> None:
    one, two = list(channel.documents(1)), channel.documents(2)
    one[swapped] = two[swapped]
    with pytest.raises(TrustError, match="mix-and-match"):
        read_generation(channel.root, *one, NOW)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_another_key_s_generation_is_forged(channel: TufChannel, position: int) -> None:
    documents = list(channel.documents())
    documents[position:] = channel.documents(key=new_key())[position:]
    with pytest.raises(TrustError, match=r"forged|mix-and-match"):
        read_generation(channel.root, *documents, NOW)


@given(cut=st.integers(0, 400), position=st.integers(0, 2))
def test_a_truncated_document_is_refused(cut: int, position: int) -> None:
    channel = tuf_channel()
    documents = list(channel.documents())
    documents[position] = documents[position][:cut]
    with pytest.raises(TrustError):
        read_generation(channel.root, *documents, NOW)


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), position=st.integers(0, 2))
def test_no_flipped_bit_changes_what_is_believed(at: int, bit: int, position: int) -> None:
    channel = tuf_channel()
    documents = list(channel.documents())
    before = read_generation(channel.root, *documents, NOW)
    altered = bytearray(documents[position])
    altered[at % len(altered)] ^= 1 << bit
    documents[position] = bytes(altered)
    try:
        assert read_generation(channel.root, *documents, NOW) == before  # a hex digit in upper case
    except TrustError:
        return


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b" " * 20_000, "longer than 16384 bytes"), (b"[" * 9_000, "not a valid JSON"), (b"[]", "not a JSON object"),
        (b"{}", "not TUF metadata"), (b'{"signed": 1, "signatures": []}', "not TUF metadata"), (b"\xff", "not a valid"),
        (b'{"signed": {"version": NaN}, "signatures": []}', "NaN"),
    ],
)  # fmt: skip
def test_nonsense_is_named(channel: TufChannel, body: bytes, message: str) -> None:
    _, snapshot, targets = channel.documents()
    with pytest.raises(TrustError, match=message):
        read_generation(channel.root, body, snapshot, targets, NOW)


def test_a_name_that_is_there_twice_is_refused(channel: TufChannel) -> None:
    timestamp, snapshot, targets = channel.documents()
    twice = timestamp.replace(b'"version":1}}', b'"version":9,"version":1}}')
    with pytest.raises(TrustError, match="`version` is there twice"):
        read_generation(channel.root, twice, snapshot, targets, NOW)


def test_another_role_s_document_is_refused(channel: TufChannel) -> None:
    _, snapshot, targets = channel.documents()
    with pytest.raises(TrustError, match="is a snapshot, not a timestamp"):
        read_generation(channel.root, snapshot, snapshot, targets, NOW)


@pytest.mark.parametrize("key", ["../up", "/top", "a//b", "a\\b"])
def test_a_listed_path_trick_is_refused(channel: TufChannel, key: str) -> None:
    made = next_generation(None, 1, {key: TargetFile.of(b"")}, channel.online_key, NOW)
    targets, snapshot, timestamp = (document.body for document in made)
    with pytest.raises(TrustError, match="is not a key"):
        read_generation(channel.root, timestamp, snapshot, targets, NOW)


@pytest.mark.parametrize("body", [b"{}", b'{"signed": []}', b'{"signed":{"meta":{"snapshot.json":{"version":true}}}}'])
def test_a_pointer_that_names_nothing_leads_nowhere(body: bytes) -> None:
    with pytest.raises(TrustError):
        referenced(body, "snapshot")


def next_root(channel: TufChannel, version: int = 2, **changes: Any) -> bytes:
    """A root that follows the channel's first one; `signers`, `online`, `expires` may differ."""
    signed = Root(version, expires=changes.get("expires", NOW + YEAR), consistent_snapshot=True)
    signed.add_key(tuf_key(changes.get("root", channel.root_key)), "root")
    for role in ("targets", "snapshot", "timestamp"):
        signed.add_key(tuf_key(changes.get("online", channel.online_key)), role)
    return signed_bytes(signed, *changes.get("signers", (channel.root_key,)))


def test_the_pinned_root_leads_to_the_newest(channel: TufChannel) -> None:
    successor = new_key()
    second = next_root(channel, root=successor, signers=(channel.root_key, successor))
    third = next_root(channel, 3, root=successor, signers=(successor,))
    assert read_root(channel.root, (), NOW) == channel.root
    assert read_root(channel.root, (second, third), NOW) == third


def test_a_root_is_signed_by_its_own_keys_and_by_those_before(channel: TufChannel) -> None:
    successor = new_key()
    for signers in ((channel.root_key,), (successor,)):
        with pytest.raises(TrustError, match="forged"):
            read_root(channel.root, (next_root(channel, root=successor, signers=signers),), NOW)


def test_no_root_is_skipped(channel: TufChannel) -> None:
    with pytest.raises(TrustError, match="says it is version 3"):
        read_root(channel.root, (next_root(channel, 3),), NOW)


def test_only_the_last_root_s_expiry_counts(channel: TufChannel) -> None:
    later = NOW + YEAR
    with pytest.raises(TrustError, match="freeze"):
        read_root(channel.root, (), later)
    renewed = next_root(channel, expires=later + YEAR)
    assert read_root(channel.root, (renewed,), later) == renewed


def test_an_online_key_that_was_struck_off_signs_nothing(channel: TufChannel) -> None:
    successor = new_key()
    root = read_root(channel.root, (next_root(channel, online=successor),), NOW)
    assert trusts(root, successor)
    assert not trusts(root, channel.online_key)
    with pytest.raises(TrustError, match="forged"):
        read_generation(root, *channel.documents(), NOW)
    assert read_generation(root, *channel.documents(key=successor), NOW).number == 1


def test_the_same_key_twice_is_one_signature(channel: TufChannel) -> None:
    other = new_key()
    signed = Root(1, expires=NOW + YEAR)
    for key in (channel.root_key, other):
        signed.add_key(tuf_key(key), "root")
    signed.roles["root"].threshold = 2
    with pytest.raises(TrustError, match="forged"):
        read_root(signed_bytes(signed, channel.root_key, channel.root_key), (), NOW)
    assert read_root(signed_bytes(signed, channel.root_key, other), (), NOW)


def test_a_snapshot_without_targets_is_no_generation(channel: TufChannel) -> None:
    snapshot = signed_bytes(Snapshot(1, expires=NOW + YEAR, meta={"other.json": MetaFile(1)}), channel.online_key)
    timestamp = Timestamp(1, expires=NOW + YEAR, snapshot_meta=MetaFile(1))
    with pytest.raises(TrustError, match="names no targets"):
        read_generation(channel.root, signed_bytes(timestamp, channel.online_key), snapshot, b"{}", NOW)


def test_a_root_says_which_key_is_online(channel: TufChannel) -> None:
    document = json.loads(first_root(channel.root_key, channel.online_key, NOW, YEAR))["signed"]
    assert document["consistent_snapshot"] is True
    assert {role: len(entry["keyids"]) for role, entry in document["roles"].items()} == dict.fromkeys(
        ("root", "snapshot", "targets", "timestamp"), 1
    )
