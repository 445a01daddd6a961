"""Which outputs are to be built, and of every other one that was asked for, why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from ci_tools.core.holdings import Broken, Held, Holdings, Lacking, Product
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.plan import Reason, Refusal, Skip
from ci_tools.core.requirements import required_names, requirements

Has = Callable[[Subdir, str], bool]  # whether a machine of that subdir has a program


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A product to build, with the reason; `requires` are the keys of the chosen ones it comes after.

    `draws_on` are the names of the channel's packages that it needs besides those.
    """

    product: Product
    reason: Reason
    because: str
    requires: tuple[str, ...] = ()
    draws_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was decided; `chosen` by product key."""

    chosen: Mapping[str, Chosen]
    skips: tuple[Skip, ...]
    refusals: tuple[Refusal, ...]


def select(
    products: Iterable[Product], wanted: Mapping[str, tuple[Reason, str]], holdings: Holdings, has: Has
) -> Selection:
    """Decide over the outputs of the `wanted` recipes (directory -> why), and what they need and the channel lacks.

    What cannot be built now is skipped with all that needs it.
    """
    known = {product.key: product for product in sorted(products, key=lambda p: p.key)}
    made: dict[str, set[Filename]] = defaultdict(set)
    for product in known.values():
        made[product.recipe].add(product.output.filename)
    edges = requirements(known.values())
    verdicts = {
        key: _judged(product, wanted[product.recipe], holdings, made[product.recipe])
        for key, product in known.items()
        if product.recipe in wanted
    }
    asked = {key: verdict for key, verdict in verdicts.items() if isinstance(verdict, Chosen)}
    lacking = {key: p for key, p in known.items() if isinstance(holdings.judge(p, made[p.recipe]), Lacking)}
    candidates = asked | _prerequisites(asked, lacking, edges)
    blocked = _blocked(candidates, edges, has)
    chosen = {key: choice for key, choice in candidates.items() if key not in blocked}
    ours = holdings.names | {product.name for product in known.values()}
    skips = [verdict for verdict in verdicts.values() if isinstance(verdict, Skip)]
    return Selection(
        chosen={key: _tied(chosen[key], edges[key], chosen, ours) for key in sorted(chosen)},
        skips=(*skips, *blocked.values()),
        refusals=tuple(verdict for verdict in verdicts.values() if isinstance(verdict, Refusal)),
    )


def _judged(
    product: Product, why: tuple[Reason, str], holdings: Holdings, made: Collection[Filename]
) -> Chosen | Skip | Refusal:
    verdict = holdings.judge(product, made)
    if isinstance(verdict, Lacking):
        return Chosen(product=product, reason=why[0], because=why[1])
    if isinstance(verdict, Held):
        return _skip(product, Reason.PUBLISHED, verdict.because)
    return _refusal(product, verdict)


def _skip(product: Product, reason: Reason, because: str) -> Skip:
    return Skip(recipe=product.recipe, what=str(product.output.filename), reason=reason, because=because)


def _refusal(product: Product, broken: Broken) -> Refusal:
    return Refusal(
        recipe=product.recipe,
        what=str(product.output.filename),
        reason=Reason.NOT_BUMPED,
        because=broken.because,
        hint=f"set the build number to {broken.free} in {product.output.recipe.file}",
    )


def _prerequisites(
    asked: Mapping[str, Chosen], lacking: Mapping[str, Product], edges: Mapping[str, tuple[str, ...]]
) -> dict[str, Chosen]:
    """What those that were asked for require and the channel has no build of, as far down as that goes."""
    found: dict[str, Chosen] = {}
    waiting = [(key, asked[key].product) for key in sorted(asked, reverse=True)]
    while waiting:
        key, needy = waiting.pop()
        for needed in edges[key]:
            if needed in lacking and needed not in asked and needed not in found:
                because = f"the channel lacks it and `{needy.output.filename}` needs it"
                found[needed] = Chosen(product=lacking[needed], reason=Reason.MISSING, because=because)
                waiting.append((needed, lacking[needed]))
    return found


def _blocked(candidates: Mapping[str, Chosen], edges: Mapping[str, tuple[str, ...]], has: Has) -> Mapping[str, Skip]:
    """The candidates that this plan cannot build, each with what is in its way."""
    blocked: dict[str, Skip] = {}
    while True:
        left = (key for key in candidates if key not in blocked)
        fresh = {
            key: skip
            for key in left
            if (skip := _obstacle(key, candidates, edges, blocked) or _lacks(key, candidates, has))
        }
        if not fresh:
            return blocked
        blocked |= fresh


def _lacks(key: str, candidates: Mapping[str, Chosen], has: Has) -> Skip | None:
    product = candidates[key].product
    missing = [f"`{program}`" for program in product.output.needs if not has(product.machine, program)]
    if not missing:
        return None
    return _skip(product, Reason.NEEDS_PROGRAM, f"this machine has no {' and no '.join(missing)}")


def _obstacle(
    key: str, candidates: Mapping[str, Chosen], edges: Mapping[str, tuple[str, ...]], blocked: Mapping[str, Skip]
) -> Skip | None:
    """A requirement that is not built either, or not on this machine."""
    product = candidates[key].product
    for needed in edges[key]:
        if needed in blocked:
            return _skip(product, blocked[needed].reason, f"it needs `{needed}`: {blocked[needed].because}")
        # A noarch output is built once, at home. Until cells build it as scaffolding, the others wait for its publish.
        if needed in candidates and candidates[needed].product.machine != product.machine:
            home = candidates[needed].product.machine
            return _skip(product, Reason.ELSEWHERE, f"it needs `{needed}`, which a {home} job makes: plan again then")
    return None


def _tied(choice: Chosen, required: Iterable[str], chosen: Mapping[str, Chosen], ours: Collection[str]) -> Chosen:
    """The choice with what it comes after, and with what else it needs of `ours`, the channel's package names."""
    requires = tuple(key for key in required if key in chosen)
    planned = {chosen[key].product.name for key in requires}
    drawn = required_names(choice.product.output) & set(ours) - planned
    return replace(choice, requires=requires, draws_on=tuple(sorted(drawn)))
