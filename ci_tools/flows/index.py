"""Making packages that are in the store part of the index, and the index what the repository says of them.

One transaction, whatever else is published meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.builds import BuildInfo
from ci_tools.core.channeldata import Channeldata
from ci_tools.core.curation import Curation, curated
from ci_tools.core.generation import TargetFile
from ci_tools.core.layout import Freshness
from ci_tools.core.package import Subdir
from ci_tools.core.receipt import Published
from ci_tools.core.repodata import IndexEntry, IndexState
from ci_tools.flows.present import index_documents
from ci_tools.flows.transaction import Commit, Proposal, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ci_tools.core.layout import Document
    from ci_tools.core.package import Artifact
    from ci_tools.flows.present import Present
    from ci_tools.flows.transaction import Setting
    from ci_tools.flows.upload import Cargo, Placed
    from ci_tools.ports import ObjectStore

# What a state is read from: the compressed forms, and the documents that have no other.
READ = (layout.REPODATA_ZST, layout.RUN_EXPORTS_ZST, layout.BUILDS, layout.WITHHELD, layout.SHARD_INDEX)
NOTHING = Curation()


def index(
    placed: Sequence[Placed[Cargo]], subdirs: Iterable[Subdir], setting: Setting, curation: Curation = NOTHING
) -> Commit:
    """The channel with these packages indexed and `curation` applied to all that is published.

    Where one of `subdirs` has no documents yet, it gets empty ones (CEP 26).
    """
    return transaction(setting, partial(decided, placed, tuple(subdirs), setting, curation.in_force(setting.now)))


def listed_subdirs(present: Present) -> tuple[Subdir, ...]:
    """The subdirs that the present generation has documents of."""
    return tuple(subdir for subdir in Subdir if _known(present, subdir))


def read_states(store: ObjectStore, present: Present, subdirs: Iterable[Subdir]) -> Mapping[Subdir, IndexState]:
    """What the present generation indexes in these subdirs; an empty state where it has none."""
    return {subdir: _state(store, present, subdir) for subdir in subdirs}


def _state(store: ObjectStore, present: Present, subdir: Subdir) -> IndexState:
    if not _known(present, subdir):
        return IndexState.empty(subdir)
    if subdir not in present.states:
        keys = {f"{subdir}/{name}": name for name in READ}
        assert present.generation is not None  # noqa: S101 (only a generation knows a subdir)
        bodies = index_documents(store, present.generation, keys)
        present.states[subdir] = IndexState.parse(subdir, {keys[key]: body for key, body in bodies.items()})
    return present.states[subdir]


def _known(present: Present, subdir: Subdir) -> bool:
    return present.generation is not None and f"{subdir}/{layout.REPODATA}" in present.generation.targets


def decided(  # noqa: PLR0917 (the last two are the transaction's)
    placed: Sequence[Placed[Cargo]], subdirs: tuple[Subdir, ...], setting: Setting, curation: Curation,
    before: Present, number: int,
) -> Proposal:  # fmt: skip
    """What a commit would make true: the packages, and the yanks and patches that are in force."""
    stands = curation.document()
    again = _differs(stands, before)  # else it was applied to all that is not touched here
    states = read_states(setting.store, before, _touched(placed, subdirs, before, again=again))
    fresh = [p for p in placed if states[p.candidate.artifact.subdir].promised(p.candidate.artifact.filename) is None]
    entries = [_entry(p, setting.cause.commit, number) for p in placed]
    including = (s.including(e for e in entries if e.record.subdir == s.subdir) for s in states.values())
    results = [curated(state, curation) for state in including]
    # A state that is as it was keeps its documents: they may be packed more densely than a publish packs.
    after = [s for s, _ in results if s.touched or s is not states[s.subdir] or not _known(before, s.subdir)]
    overview = _overview(setting.store, before, after, (p.candidate.artifact for p in fresh))
    base = Proposal(
        documents=(stands, *overview),
        published=tuple(_published(p) for p in fresh),
        changes=tuple(change for _, changes in results for change in changes),
        needs=frozenset(_key(p) for p in fresh),
    )
    return proposed(before, after, base)


def proposed(before: Present, after: Iterable[IndexState], base: Proposal) -> Proposal:
    """`base` with the documents of these states; without the documents that are there already."""
    documents = (*base.documents, *(document for state in after for document in state.documents()))
    return replace(base, documents=tuple(document for document in documents if _differs(document, before)))


def _touched(
    placed: Sequence[Placed[Cargo]], subdirs: tuple[Subdir, ...], before: Present, *, again: bool
) -> tuple[Subdir, ...]:
    unknown = {subdir for subdir in subdirs if not _known(before, subdir)}
    every = listed_subdirs(before) if again else ()
    return tuple(sorted({*unknown, *every, *(p.candidate.artifact.subdir for p in placed)}))


def _overview(
    store: ObjectStore, before: Present, after: Iterable[IndexState], fresh: Iterable[Artifact]
) -> tuple[Document, ...]:
    """channeldata.json and the page for people, brought up to date."""
    body = index_documents(store, before.generation, (layout.CHANNELDATA,)) if before.generation else {}
    known = Channeldata.parse(body[layout.CHANNELDATA]) if body else Channeldata()
    return known.following(after, fresh).documents("Packages")


def _entry(placed: Placed[Cargo], commit: str, generation: int) -> IndexEntry:
    cargo, artifact = placed.candidate, placed.candidate.artifact
    return IndexEntry(
        filename=artifact.filename,
        record=placed.record,
        run_exports=artifact.run_exports,
        build=BuildInfo(
            recipe=cargo.recipe,
            input_hash=cargo.input_hash,
            commit=commit,
            generation=generation,
            seconds=cargo.seconds,
            backend=cargo.backend,
            source=cargo.source,
        ),
    )


def _key(placed: Placed[Cargo]) -> str:
    return layout.package_key(placed.candidate.artifact.subdir, placed.candidate.artifact.filename)


def _published(placed: Placed[Cargo]) -> Published:
    cargo, artifact = placed.candidate, placed.candidate.artifact
    return Published(
        filename=artifact.filename,
        subdir=artifact.subdir,
        sha256=artifact.record.sha256,
        size=artifact.record.size,
        attestations_sha256=placed.attestations_sha256,
        input_hash=cargo.input_hash,
        recipe=cargo.recipe,
        backend=cargo.backend,
        source=cargo.source,
        seconds=cargo.seconds,
    )


def _differs(document: Document, before: Present) -> bool:
    if document.freshness is Freshness.IMMUTABLE or before.generation is None:
        return True
    return before.generation.targets.get(document.key) != TargetFile.of(document.body)
