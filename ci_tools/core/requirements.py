"""Which products of this repository another one requires."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ci_tools.core.inputs import name_of
from ci_tools.core.package import Subdir

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_tools.core.holdings import Product
    from ci_tools.core.recipe import Output

EXACT = 3  # parts of a match spec that names a build: name, version, build string


def requirements(products: Iterable[Product]) -> Mapping[str, tuple[str, ...]]:
    """Product key -> keys of the products it requires to be built, to be tested or to run, sorted.

    Names decide, not versions: a requirement that the planned version does not satisfy only makes the order
    stricter than it must be. A product that requires its own name means an older build of itself.
    """
    known = tuple(products)
    named: dict[str, list[Product]] = defaultdict(list)
    for product in known:
        named[product.name].append(product)
    return {product.key: _required(product, named) for product in known}


def required_names(output: Output) -> frozenset[str]:
    """The packages that it takes to build, test and run the output."""
    return frozenset(map(name_of, (*output.build, *output.host, *output.run, *output.test))) - {""}


def _required(product: Product, named: Mapping[str, list[Product]]) -> tuple[str, ...]:
    output = product.output
    found: set[str] = set()
    for spec in {*output.build, *output.host, *output.run}:
        name = name_of(spec)
        if name != product.name:
            usable = (p for p in named.get(name, ()) if p.output.subdir in {product.machine, Subdir.NOARCH})
            found.update(p.key for p in _meant(spec, product, tuple(usable)))
    return tuple(sorted(found))


def _meant(spec: str, product: Product, candidates: tuple[Product, ...]) -> tuple[Product, ...]:
    """Those of the candidates, all of one name, that the spec can mean: the exact build, else what goes together."""
    parts = spec.split()
    if len(parts) == EXACT and (exact := [c for c in candidates if c.output.filename.dist.build == parts[2]]):
        return tuple(exact)
    return tuple(c for c in candidates if _go_together(product, c)) or candidates


def _go_together(one: Product, other: Product) -> bool:
    """Whether no variant key that both use has two values."""
    ours, theirs = dict(one.output.variant), dict(other.output.variant)
    return all(ours[key] == theirs[key] for key in (ours.keys() & theirs.keys()) - {"target_platform"})
