"""Which outputs are to be built, and of every other one that was asked for, why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ci_tools.core import obstacles
from ci_tools.core.dependents import Dependents, DependentsPolicy, downstream
from ci_tools.core.holdings import Broken, Held, Holdings, Lacking, Product
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.plan import Reason, Refusal, Role, Skip
from ci_tools.core.recipe import Recipe
from ci_tools.core.requirements import required_names, requirements
from ci_tools.core.wishes import LACKING, Wish, Wishes
from ci_tools.errors import Problem

Has = Callable[[Subdir, str], bool]  # whether a machine of that subdir has a program
CHANGES = (Reason.CHANGED, Reason.VARIANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A product to build, with the reason; `requires` are the keys of the chosen ones it comes after.

    `draws_on` are the names of the channel's packages that it needs besides those.
    """

    product: Product
    reason: Reason
    because: str
    role: Role = Role.SHIP
    requires: tuple[str, ...] = ()
    draws_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was decided; `chosen`: machine -> product key -> choice. `problems` are cycles of requirements."""

    chosen: Mapping[Subdir, Mapping[str, Chosen]]
    skips: tuple[Skip, ...]
    refusals: tuple[Refusal, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What channel.yaml and the machines allow. `machines` are in such an order that what one lends comes first."""

    machines: Sequence[Subdir]
    has: Has
    unclaimed: frozenset[Recipe] = frozenset()  # recipes that no back end here builds
    policy: DependentsPolicy = field(default_factory=DependentsPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What there is to decide over: what each machine can make, what that requires, and what the channel says of it.

    `views`: machine -> product key -> product.
    """

    views: Mapping[Subdir, Mapping[str, Product]]
    holdings: Holdings
    edges: Mapping[Subdir, Mapping[str, tuple[str, ...]]] = field(init=False)
    made: Mapping[str, Collection[Filename]] = field(init=False)

    def __post_init__(self) -> None:
        made: dict[str, set[Filename]] = defaultdict(set)
        for product in self.products():
            made[product.recipe].add(product.output.filename)
        object.__setattr__(self, "edges", {m: requirements(view.values()) for m, view in self.views.items()})
        object.__setattr__(self, "made", made)

    def products(self) -> Iterable[Product]:
        """All of them, lent ones included."""
        return (product for view in self.views.values() for product in view.values())

    def judged(self, product: Product) -> Lacking | Held | Broken:
        """What the channel says of it."""
        return self.holdings.judge(product, self.made[product.recipe])


def select(products: Iterable[Product], wishes: Wishes, holdings: Holdings, rules: Rules) -> Selection:
    """Decide over the outputs that are wished for, what these need and the channel lacks, and what depends on them.

    What cannot be built now is skipped with all that needs it.
    """
    views: dict[Subdir, dict[str, Product]] = {machine: {} for machine in rules.machines}
    for product in sorted(products, key=lambda p: p.key):
        views[product.machine][product.key] = product
    question = Question(views=views, holdings=holdings)
    asked, skips, refusals = _asked(question, wishes)
    if rules.policy.what is not Dependents.NONE:
        refusals += _add_dependents(question, asked, rules.policy)
    _add_prerequisites(question, asked)
    blocked, problems = obstacles.found(asked, question.edges, rules)
    ours = holdings.names | {product.name for product in question.products()}
    chosen = {
        machine: {k: c for k, c in found.items() if k not in blocked[machine]} for machine, found in asked.items()
    }
    return Selection(
        chosen={
            machine: {key: _tied(found[key], question.edges[machine][key], found, ours) for key in sorted(found)}
            for machine, found in chosen.items()
        },
        skips=(*skips, *_told(asked, blocked)),
        refusals=tuple(refusals),
        problems=problems,
    )


Asked = dict[Subdir, dict[str, Chosen]]


def _asked(question: Question, wishes: Wishes) -> tuple[Asked, list[Skip], list[Refusal]]:
    asked: Asked = {machine: {} for machine in question.views}
    skips: list[Skip] = []
    refusals: list[Refusal] = []
    for product in question.products():
        wish = None if product.lent else wishes.of(product)
        if wish is None:
            continue
        match question.judged(product):
            case Lacking():
                asked[product.machine][product.key] = _chosen(product, wish)
            case Held(because=because):
                skips.append(obstacles.skip(product, Reason.PUBLISHED, because))
            case Broken(because=because, free=free):
                refusals.append(_refusal(product, because, free))
    return asked, skips, refusals


def _chosen(product: Product, wish: Wish, role: Role = Role.SHIP) -> Chosen:
    return Chosen(product=product, reason=wish.reason, because=wish.because, role=role)


def _refusal(product: Product, because: str, free: int) -> Refusal:
    return Refusal(
        recipe=product.recipe,
        what=str(product.output.filename),
        reason=Reason.NOT_BUMPED,
        because=because,
        hint=f"set the build number to {free} in {product.output.recipe.file}",
    )


def _add_dependents(question: Question, asked: Asked, policy: DependentsPolicy) -> list[Refusal]:
    """Add what depends on a change, as the policy wants it; the refusals are those that would have to be bumped."""
    changed = {key for found in asked.values() for key, choice in found.items() if choice.reason in CHANGES}
    refusals: list[Refusal] = []
    for machine, view in question.views.items():
        for key, root in downstream(changed & view.keys(), question.edges[machine], policy.depth).items():
            product = view[key]
            if product.lent or key in asked[machine]:
                continue
            wish = Wish(reason=Reason.DEPENDS, because=f"depends on `{root.rpartition('/')[2]}`, which changed")
            if policy.what is Dependents.TEST:
                asked[machine][key] = _chosen(product, wish, Role.TEST)
            elif isinstance(question.judged(product), Lacking):
                asked[machine][key] = _chosen(product, wish)
            else:
                because = f"it {wish.because}, and channel.yaml says `dependents: rebuild`"
                refusals.append(_refusal(product, because, question.holdings.free(product)))
    return refusals


def _add_prerequisites(question: Question, asked: Asked) -> None:
    """Add what those that were asked for require and the channel has no build of, as far down as that goes.

    What another machine's job publishes is built here as well, as scaffolding.
    """
    waiting = [(machine, key) for machine, found in asked.items() for key in sorted(found, reverse=True)]
    homes = {p.key: p.machine for p in question.products() if not p.lent}
    while waiting:
        machine, key = waiting.pop()
        for needed in question.edges[machine][key]:
            product = question.views[machine][needed]
            if needed in asked[machine] or not isinstance(question.judged(product), Lacking):
                continue
            if product.lent:
                because = f"`{key}` needs it, and a job for {homes[needed]} publishes it"
                wish = Wish(reason=Reason.NEEDED, because=because)
                asked[machine][needed] = _chosen(product, wish, Role.SCAFFOLD)
            else:
                asked[machine][needed] = _chosen(product, _lacked(key))
            waiting.append((machine, needed))
            if needed not in asked[homes[needed]]:
                asked[homes[needed]][needed] = _chosen(question.views[homes[needed]][needed], _lacked(key))
                waiting.append((homes[needed], needed))


def _lacked(needy: str) -> Wish:
    return replace(LACKING, because=f"{LACKING.because} and `{needy.rpartition('/')[2]}` needs it")


def _told(asked: Asked, blocked: Mapping[Subdir, Mapping[str, Skip]]) -> list[Skip]:
    """The skips of what would have been published; that scaffolding is in the way is told by those."""
    return [
        skip
        for machine, found in blocked.items()
        for key, skip in found.items()
        if asked[machine][key].role is not Role.SCAFFOLD
    ]


def _tied(choice: Chosen, required: Iterable[str], chosen: Mapping[str, Chosen], ours: Collection[str]) -> Chosen:
    """The choice with what it comes after, and with what else it needs of `ours`, the channel's package names."""
    requires = tuple(key for key in required if key in chosen)
    planned = {chosen[key].product.name for key in requires}
    drawn = (name for name in required_names(choice.product.output) if name in ours and name not in planned)
    return replace(choice, requires=requires, draws_on=tuple(sorted(drawn)))
