"""Which products of this repository another one requires: what it says itself, and what others export to it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ci_tools.core.inputs import name_of
from ci_tools.core.package import Subdir, built_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ci_tools.core.holdings import Product
    from ci_tools.core.recipe import Output

EXACT = 3  # parts of a match spec that names a build: name, version, build string
# CEP 12: what a requirement of the host environment adds to what the package needs to run, by the package's kind; and
# what one of the build environment adds.
FROM_HOST = {True: ("noarch",), False: ("weak", "strong")}
FROM_BUILD = ("strong",)

Named = dict[str, list["Product"]]


def requirements(products: Iterable[Product]) -> Mapping[str, tuple[str, ...]]:
    """Product key -> keys of the products it requires to be built, to be tested or to run, sorted.

    Names decide, not versions: a requirement that the planned version does not satisfy only makes the order
    stricter than it must be. A product that requires its own name means an older build of itself.
    """
    known = tuple(products)
    named: Named = defaultdict(list)
    for product in known:
        named[product.name].append(product)
    return {product.key: _required(product, named) for product in known}


def required_names(output: Output) -> frozenset[str]:
    """The packages that it takes to build, test and run the output."""
    return frozenset(map(name_of, (*output.build, *output.host, *output.run, *output.test))) - {""}


def _required(product: Product, named: Named) -> tuple[str, ...]:
    output, tools = product.output, built_on(product.machine)
    found: set[str] = set()
    for spec in output.build:
        found.update(p.key for p in _providers(spec, product, named, tools))
    for spec in (*output.host, *output.run, *_exported(product, named)):
        found.update(p.key for p in _providers(spec, product, named, product.machine))
    return tuple(sorted(found))


def _exported(product: Product, named: Named) -> Iterator[str]:
    """The specs that requirements among our own products export to it (run_exports)."""
    output, machine = product.output, product.machine
    kinds = (
        (output.host, machine, FROM_HOST[output.subdir is Subdir.NOARCH]),
        (output.build, built_on(machine), FROM_BUILD),
    )
    for specs, subdir, taken in kinds:
        for provider in (p for spec in specs for p in _providers(spec, product, named, subdir)):
            if provider.name not in output.ignores:
                yield from (spec for kind, spec in provider.output.run_exports if kind in taken)


def _providers(spec: str, product: Product, named: Named, subdir: Subdir) -> tuple[Product, ...]:
    """The products that a requirement of packages for `subdir` can mean; itself is not among them."""
    name = name_of(spec)
    if name == product.name or name not in named:
        return ()
    usable = tuple(p for p in named[name] if p.output.subdir in {subdir, Subdir.NOARCH})
    return _meant(spec, product, usable)


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
