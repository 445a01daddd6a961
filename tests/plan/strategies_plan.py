"""What hypothesis draws plans and documents from, and the plain values that planning starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ci_tools.core.holdings import Product, PublishedOutput
from ci_tools.core.package import ArchiveFormat, Dist, Filename, Subdir
from ci_tools.core.plan import Role
from ci_tools.core.recipe import Dialect, Output, Recipe

if TYPE_CHECKING:
    from ci_tools.core.plan import BuildPlan

names = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4})?", fullmatch=True)
dists = st.builds(
    Dist,
    name=names,
    version=st.from_regex(r"[0-9]\.[0-9]{1,2}", fullmatch=True),
    build=st.from_regex(r"h[0-9a-f]{7}_[0-9]", fullmatch=True),
)
filenames = st.builds(Filename, dist=dists, format=st.sampled_from(ArchiveFormat))

LINUX, OSX, NOARCH = Subdir.LINUX_64, Subdir.OSX_ARM64, Subdir.NOARCH


def recipe(name: str, directory: str = "") -> Recipe:
    directory = directory or f"recipes/{name}"
    return Recipe(
        name=directory.rpartition("/")[2], directory=directory, file=f"{directory}/recipe.yaml", dialect=Dialect.V1
    )


def output(name: str, of: Recipe | None = None, *, string: str = "h1_0", number: int = 0, **fields: Any) -> Output:
    filename = Filename(dist=Dist(name=name, version=fields.pop("version", "1.0"), build=string))
    fields.setdefault("subdir", LINUX)
    return Output(recipe=of or recipe(name), filename=filename, build_number=number, **fields)


def product(name: str, machine: Subdir = LINUX, input_hash: str = "a" * 64, **fields: Any) -> Product:
    fields.setdefault("subdir", machine)
    return Product(output=output(name, **fields), machine=machine, input_hash=input_hash)


def published_by(*plans: BuildPlan) -> dict[Subdir, list[PublishedOutput]]:
    """What the channel holds once everything planned was built and published."""
    found: dict[Subdir, list[PublishedOutput]] = {}
    for planned in (o for plan in plans for o in plan.outputs() if o.role is Role.SHIP):
        held = PublishedOutput(
            filename=planned.filename, build_number=planned.build_number, input_hash=planned.input_hash
        )
        found.setdefault(planned.subdir, []).append(held)
    return found


@st.composite
def worlds(draw: st.DrawFn, *, acyclic: bool = True) -> tuple[Product, ...]:
    """Products of up to eight recipes on two machines, some noarch, that require each other at random."""
    many = [f"p{at}" for at in range(draw(st.integers(1, 8)))]
    found = []
    for at, name in enumerate(many):
        others = many[:at] if acyclic else [other for other in many if other != name]
        needed = draw(st.lists(st.sampled_from(others), max_size=3)) if others else []
        kind = draw(st.sampled_from(["build", "host", "run"]))
        if draw(st.booleans()):
            found.append(product(name, subdir=NOARCH, **{kind: tuple(needed)}))
        else:
            found += [
                product(name, machine, string=f"h{machine[0]}_0", **{kind: tuple(needed)}) for machine in (LINUX, OSX)
            ]
    return tuple(draw(st.permutations(found)))
