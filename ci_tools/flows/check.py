"""Check: what the build jobs hand over, held to the plan, to what is inside, and to what the channel has promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.handover import Candidate, Delivery, candidate, depending, offers, trespass
from ci_tools.core.receipt import Refused
from ci_tools.errors import PackageError
from ci_tools.ports import CodeHost, PackageReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ci_tools.core.handover import Offer
    from ci_tools.core.package import Subdir
    from ci_tools.core.plan import BuildPlan
    from ci_tools.core.repodata import IndexState


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a check works with."""

    reader: PackageReader
    host: CodeHost


def check(
    plan: BuildPlan, deliveries: Iterable[Delivery], desk: Desk, states: Mapping[Subdir, IndexState]
) -> tuple[tuple[Candidate, ...], tuple[Refused, ...]]:
    """What may be published, and what not with the reason: law 6, nothing is trusted because it is there."""
    asked, refusals = offers(plan, deliveries)
    with desk.host.progress("check", len(asked), "packages") as advance:
        opened = tuple(_opened(offer, desk.reader, advance) for offer in asked)
    owners = _owners(states, {c.artifact.record.name for c in opened if isinstance(c, Candidate)})
    judged = tuple(c if isinstance(c, Refused) else trespass(c, owners) or c for c in opened)
    refused = refusals + tuple(r for r in judged if isinstance(r, Refused))
    return independent(tuple(c for c in judged if isinstance(c, Candidate)), refused)


def _opened(offer: Offer, reader: PackageReader, advance: Callable[[int], None]) -> Candidate | Refused:
    try:
        return candidate(offer, reader.read(offer.path, offer.planned.subdir))
    except PackageError as exc:
        what = layout.package_key(offer.planned.subdir, offer.planned.filename)
        return Refused(what=what, because=str(exc), hint=exc.problems[0].hint)
    finally:
        advance(1)


def independent(
    candidates: tuple[Candidate, ...], refused: tuple[Refused, ...]
) -> tuple[tuple[Candidate, ...], tuple[Refused, ...]]:
    """The candidates that need nothing that was refused; the others refused too."""
    waiting = depending(refused, candidates)
    names = {refusal.what for refusal in waiting}
    return tuple(c for c in candidates if name_of(c) not in names), refused + waiting


def _owners(states: Mapping[Subdir, IndexState], names: set[str]) -> Mapping[str, str]:
    """Package name -> the recipe directory that made what is published under it."""
    return {name: recipe for state in states.values() for name, recipe in state.owners(names).items()}


def name_of(candidate: Candidate) -> str:
    """Its key in the channel."""
    return layout.package_key(candidate.planned.subdir, candidate.planned.filename)
