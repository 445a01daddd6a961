"""Bump: look for new versions of what recipes build, and say what each recipe would be with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ci_tools.core.bump import change
from ci_tools.core.bump.answers import Candidate, candidates
from ci_tools.core.bump.choice import newest, order_of
from ci_tools.core.bump.origins import Kind, Origin, Places, Sourced, origins
from ci_tools.core.bump.outcome import Bumped, Later, Left, Newest, Outcome
from ci_tools.core.bump.policy import Policy, policy
from ci_tools.core.edits import Edit, applied, redefining
from ci_tools.core.lint.promises import version_field
from ci_tools.core.lint.rule import name_field
from ci_tools.core.recipe import Recipe
from ci_tools.core.written import Field, Written
from ci_tools.errors import ChannelError, NotFoundError, PackageError, RecipeError, RemoteError, TrustError
from ci_tools.ports import Repository
from ci_tools.ports.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST = 64 << 20  # bytes of what a place announces
PAGES = ("homepage", "home", "repository", "dev_url", "documentation", "doc_url")
HINT = "say where they are announced: `extra: {channel: {bump: {from: URL}}}`, or `bump: {off: the reason}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a search works with. `fill(recipe, text)` fills in templates, empty where only a build can.

    `most` recipes get a new version; on each day of `now` others are first, so that none waits for ever.
    """

    repository: Repository
    read: Callable[[Recipe, bytes], Written]
    fill: Callable[[Written, str], str]
    web: Web
    places: Places
    now: datetime
    most: int


def bump(errand: Errand, recipes: Sequence[Recipe], done: Callable[[], None]) -> tuple[Outcome, ...]:
    """What came of each recipe, by directory; `done` is called after each. Nothing is written."""
    turn = _turn(errand.now) % len(recipes) if recipes else 0
    found: list[Outcome] = []
    for recipe in (*recipes[turn:], *recipes[:turn]):
        if sum(isinstance(outcome, Bumped) for outcome in found) >= errand.most:
            found.append(Later(recipe=recipe.directory))
        else:
            found.append(_outcome(errand, recipe))
        done()
    return tuple(sorted(found, key=lambda outcome: outcome.recipe))


def _turn(now: datetime) -> int:
    """Another number on each day, whatever days a schedule falls on."""
    return int.from_bytes(hashlib.sha256(now.date().isoformat().encode()).digest())


def _outcome(errand: Errand, recipe: Recipe) -> Outcome:
    """One recipe's; whatever is wrong with it or its places stops only itself."""
    written = errand.read(recipe, errand.repository.read(recipe.file))
    try:
        if written.problems:
            raise RecipeError(*written.problems)
        rules = policy(written)
        if rules.off:
            return Left(recipe=recipe.directory, because=rules.off, is_meant=True)
        return _searched(errand, written, rules)
    except ChannelError as exc:
        problem = exc.problems[0]
        return Left(recipe=recipe.directory, because=str(problem), hint=problem.hint)


def _searched(errand: Errand, written: Written, rules: Policy) -> Outcome:
    recipe, where = written.recipe.directory, change.spelling(written) or version_field(written)
    current = errand.fill(written, where.value or "") if where else ""
    sources = tuple(_sources(errand, written))
    if not sources and not rules.where:
        return Left(recipe=recipe, because="its source is in this repository", is_meant=True)
    if not current:
        return Left(recipe=recipe, because="its version is only known to a build", hint="write it into the recipe")
    pages = (f.value for key in PAGES for f in written.scalars("about", key) if f.value)
    places = origins(sources, pages, current, rules, errand.places)
    if not places:
        return Left(recipe=recipe, because="nobody knows where its versions are announced", hint=HINT)
    origin, found = _announced(errand, places)
    chosen = newest(current, found, rules)
    if chosen is None:
        return Newest(recipe=recipe, version=current, announced=origin.url)
    return _bumped(errand, written, current, chosen, origin)


def _sources(errand: Errand, written: Written) -> Iterator[Sourced]:
    for fetch in change.fetches(written):
        if url := errand.fill(written, fetch.urls[0].value or ""):
            yield Sourced(url=url)
    for repository, _ in change.repositories(written):
        if url := errand.fill(written, repository.value or ""):
            yield Sourced(url=url, is_git=True)


def _announced(errand: Errand, places: Sequence[Origin]) -> tuple[Origin, tuple[Candidate, ...]]:
    """What the first place that announces any version says; RemoteError where none does."""
    failed: list[str] = []
    for origin in places:
        try:
            found = candidates(origin, errand.web.read(_address(origin), LARGEST))
        except (NotFoundError, RemoteError, TrustError) as exc:
            failed.append(str(exc))
            continue
        if found:
            return origin, found
        failed.append(f"{origin.url} announces no version")
    raise RemoteError("; ".join(failed), hint=HINT)


def _address(origin: Origin) -> str:
    return f"{origin.url}/info/refs?service=git-upload-pack" if origin.kind is Kind.TAGS else origin.url


def _bumped(errand: Errand, written: Written, before: str, chosen: Candidate, origin: Origin) -> Outcome:
    directory = written.recipe.directory
    edits = change.reversioned(written, before, chosen.version)
    again = _edited(errand, written, edits)
    if not edits or not _is_now(errand.fill(again, getattr(version_field(again), "value", "") or ""), chosen.version):
        hint = "write it once, in `context:` or `{% set version = … %}`, and use it elsewhere"
        return Left(recipe=directory, because="its version is not written in one place", hint=hint)
    fetched: dict[str, str] = {}
    renewed = [*_digests(errand, written, again, chosen, fetched), *_revisions(errand, again, chosen)]
    if not renewed and not _follows(errand, written, again):
        hint = "let the address, or the revision, follow the version"
        return Left(recipe=directory, because="what it fetches does not depend on its version", hint=hint)
    done = _edited(errand, again, (*renewed, *change.renumbered(again)))
    return Bumped(
        recipe=directory,
        file=written.recipe.file,
        name=_name(errand, written),
        before=before,
        after=chosen.version,
        announced=origin.url,
        fetched=tuple(fetched.items()),
        notes=tuple(_notes(errand, done)),
        text=done.text,
    )


def _is_now(version: str, wanted: str) -> bool:
    try:
        return bool(version) and order_of(version) == order_of(wanted)
    except PackageError:
        return False


def _edited(errand: Errand, written: Written, edits: Sequence[Edit]) -> Written:
    """The recipe after the edits; RecipeError where it could not be read any more."""
    again = errand.read(written.recipe, applied(written.text, edits).encode())
    if again.problems:
        raise RecipeError(*again.problems)
    return again


def _digests(
    errand: Errand, before: Written, after: Written, chosen: Candidate, fetched: dict[str, str]
) -> Iterator[Edit]:
    """The edits for what is fetched from another address than before; `fetched` is filled with what is there."""
    for old, new in zip(change.fetches(before), change.fetches(after), strict=True):
        addresses = [errand.fill(after, url.value or "") for url in new.urls]
        if addresses == [errand.fill(before, url.value or "") for url in old.urls]:
            continue
        address, told = _told(errand, addresses, {"sha256", *(str(field.key) for field in new.digests)})
        fetched[address] = told["sha256"]
        announced = chosen.digests.get(address.rpartition("/")[2])
        if announced and announced != told["sha256"]:
            hint = "do not take it: what is fetched is not what was announced"
            raise TrustError(f"{address} has the digest {told['sha256']}, and {announced} was announced", hint=hint)
        yield from change.digested(after, new, told)


def _told(errand: Errand, addresses: Sequence[str], algorithms: set[str]) -> tuple[str, Mapping[str, str]]:
    """The first of several mirrors that has it, and its digests."""
    failed: list[str] = []
    for address in filter(None, addresses):
        try:
            return address, errand.web.digests(address, sorted(algorithms))
        except (NotFoundError, RemoteError) as exc:
            failed.append(str(exc))
    raise RemoteError("; ".join(failed) or "an address is only known to a build", hint="is the version out already?")


def _revisions(errand: Errand, after: Written, chosen: Candidate) -> Iterator[Edit]:
    """The edits for repositories whose revision does not follow the version by itself."""
    for _, revision in change.repositories(after):
        said = (revision.value or "") if revision else ""
        if revision is None or not chosen.tag or errand.fill(after, said) == chosen.tag:
            continue
        if change.is_commit(errand.fill(after, said)):
            yield from redefining(after, revision, chosen.commit) if chosen.commit else ()
        else:
            yield from redefining(after, revision, chosen.tag)


def _follows(errand: Errand, before: Written, after: Written) -> bool:
    """Whether what a repository is taken at changed with the version."""

    def revisions(written: Written) -> list[str]:
        return [errand.fill(written, field.value or "") for _, field in change.repositories(written) if field]

    return revisions(before) != revisions(after) or bool([f for f in change.fetches(after) if not f.digests])


def _name(errand: Errand, written: Written) -> str:
    named: Field | None = next(
        (found for path in ((), *written.packages()) if (found := name_field(written, path))), None
    )
    return (errand.fill(written, named.value or "") if named else "") or written.recipe.name


def _notes(errand: Errand, done: Written) -> Iterator[str]:
    if any(change.is_commit(errand.fill(done, f.value or "")) for _, f in change.repositories(done) if f):
        yield "the revision is the commit of the new tag; a comment beside it may still name the old one"
    if change.patches(done):
        yield "the recipe has patches: do they still apply?"
