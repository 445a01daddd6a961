"""Keeping the channel believable when nothing is published: signatures before they lapse, yanks whose time is over."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ci_tools.core.generation import held_generation, refreshed_timestamp
from ci_tools.core.layout import metadata_key
from ci_tools.errors import ConflictError
from ci_tools.flows.index import decided
from ci_tools.flows.present import present
from ci_tools.flows.transaction import Commit, Proposal, transaction

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ci_tools.core.curation import Curation
    from ci_tools.core.generation import Generation, Lifetimes
    from ci_tools.flows.present import Present
    from ci_tools.flows.transaction import Setting


def refresh(setting: Setting, curation: Curation) -> Commit:
    """The channel with `curation` in force and every signature good for most of its lifetime.

    A generation is made where its documents change or the signatures of its list run out; else timestamp.json alone is
    signed anew, and nothing where that was done lately. An empty store stays empty.
    """
    commit = transaction(setting, partial(_decided, setting, curation.in_force(setting.now)))
    if commit.receipt or commit.present.generation is None:
        return commit
    return _stamped(setting, commit)


def is_due(expires: datetime, lifetime: timedelta, now: datetime) -> bool:
    """Whether a signature has less than two thirds of its life before it: time enough for many a failed night."""
    return expires - now < lifetime * 2 / 3


def _decided(setting: Setting, curation: Curation, before: Present, number: int) -> Proposal:
    if before.generation is None:
        return Proposal()
    proposal = decided((), (), setting, curation, before, number)
    if proposal.wanted or not _list_is_due(before.generation, setting.notary.lifetimes, setting.now):
        return proposal
    return Proposal(renew=True)


def _list_is_due(generation: Generation, lifetimes: Lifetimes, now: datetime) -> bool:
    expires = generation.expires
    return is_due(expires.targets, lifetimes.targets, now) or is_due(expires.snapshot, lifetimes.snapshot, now)


def _stamped(setting: Setting, commit: Commit) -> Commit:
    """The same generation with a younger timestamp.json, where that is due; whoever commits meanwhile did it too."""
    before, store, notary = commit.present, setting.store, setting.notary
    assert before.generation is not None  # noqa: S101 (the caller has looked)
    if not is_due(before.generation.expires.timestamp, notary.lifetimes.timestamp, setting.now):
        return commit
    stamp = refreshed_timestamp(before.root, before.timestamp, notary.online, setting.now, notary.lifetimes)
    number = before.generation.snapshot
    documents = (metadata_key("snapshot", number), metadata_key("targets", before.number))
    held_generation(before.root, stamp.body, *(store.get(key).body for key in documents))  # before it is irreversible
    with suppress(ConflictError):
        store.put(stamp.key, stamp.body, stamp.freshness, if_match=before.etag)
    return Commit(present=present(store, notary.root, setting.now), receipt=None)
