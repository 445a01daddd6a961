"""The graph of a plan, as text that draws: Mermaid for a page, DOT for tools."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.explanation import FATES, Fate
from ci_tools.core.requirements import requirements

if TYPE_CHECKING:
    from ci_tools.core.explanation import Weighed
    from ci_tools.core.plan import BuildPlan

MOST_EDGES = 400  # Mermaid draws 500 by default, and nobody sees anything in more
MOST_NODES = 80  # of a chart that is a fold of a page
UNTOUCHED = "untouched"
FILLS = {
    Fate.BUILD: "#c6efce", Fate.TEST: "#dae8fc", Fate.SCAFFOLD: "#e1d5e7", Fate.SKIP: "#eeeeee",
    Fate.REFUSE: "#ffc7ce", Fate.WRONG: "#ffeb9c", UNTOUCHED: "#ffffff",
}  # fmt: skip
# What stands when a package's outputs have several fates: the gravest.
ORDER = (Fate.WRONG, Fate.REFUSE, Fate.BUILD, Fate.TEST, Fate.SCAFFOLD, Fate.SKIP, UNTOUCHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Packages with what the plan does with them, and which requires which: `edges` are (from, to) by name."""

    nodes: Mapping[str, str]  # package name -> fate
    edges: tuple[tuple[str, str], ...]
    left_out: int = 0  # nodes that are not drawn


def drawing(weighed: Weighed) -> Drawing:
    """All packages of the repository, whatever their variants and machines."""
    fates: dict[str, set[str]] = defaultdict(set)
    for product in weighed.products:
        fates[product.name].add(UNTOUCHED)
    for name, fate in _fates(weighed.plan, {p.recipe: p.name for p in weighed.products}):
        fates[name].add(fate)
    edges = {
        (names[key], names[needed])
        for found, names in _machines(weighed)
        for key, required in found.items()
        for needed in required
    }
    nodes = {name: next(fate for fate in ORDER if fate in fates[name]) for name in sorted(fates)}
    return Drawing(nodes=nodes, edges=tuple(sorted(edge for edge in edges if edge[0] != edge[1])))


def _machines(weighed: Weighed) -> Iterable[tuple[Mapping[str, tuple[str, ...]], Mapping[str, str]]]:
    for machine in dict.fromkeys(product.machine for product in weighed.products):
        products = [p for p in weighed.products if p.machine is machine]
        yield requirements(products), {p.key: p.name for p in products}


def _fates(plan: BuildPlan, names: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for output in plan.outputs():
        yield output.filename.dist.name, FATES[output.role]
    for skip in plan.skips:
        if skip.reason.value != "unchanged":
            yield _package(skip.what) or names.get(skip.recipe, ""), Fate.SKIP
    for refusal in plan.refusals:
        yield _package(refusal.what), Fate.REFUSE
    for folder in {problem.path.rpartition("/")[0] for problem in plan.problems}:
        yield names.get(folder) or folder.rpartition("/")[2], Fate.WRONG


def _package(what: str) -> str:
    """The name in a file name; empty where it is none."""
    parts = what.rsplit("-", 2)
    return parts[0] if len(parts) == 3 and what.endswith((".conda", ".tar.bz2")) else ""  # noqa: PLR2004 (CEP 26)


def around(drawn: Drawing) -> Drawing:
    """What the plan touches and what that requires directly, for a page: fewer edges than Mermaid draws."""
    busy = {name for name, fate in drawn.nodes.items() if fate not in {UNTOUCHED, Fate.SKIP}}
    edges = [edge for edge in drawn.edges if edge[0] in busy][:MOST_EDGES]
    kept = busy | {name for edge in edges for name in edge}
    nodes = {name: fate for name, fate in drawn.nodes.items() if name in kept}
    return Drawing(nodes=nodes, edges=tuple(edges), left_out=len(drawn.nodes) - len(nodes))


def mermaid(drawn: Drawing) -> str:
    """A flow chart, from what is built first to what needs it."""
    ids = {name: f"n{at}" for at, name in enumerate(drawn.nodes)}
    lines = ["flowchart LR"]
    lines += [f'  {ids[name]}["{_label(name)}"]:::{fate}' for name, fate in drawn.nodes.items()]
    lines += [f"  {ids[needed]} --> {ids[user]}" for user, needed in drawn.edges if user in ids and needed in ids]
    lines += [f"  classDef {fate} fill:{fill},stroke:#555555,color:#000000" for fate, fill in FILLS.items()]
    if drawn.left_out:
        lines.append(f"  %% {drawn.left_out} packages that the plan does not touch are left out")
    return "\n".join([*lines, ""])


def folded(drawn: Drawing) -> str:
    """The chart as a fold of a page; nothing where nothing hangs together, or where nobody would see anything."""
    if not drawn.edges or len(drawn.nodes) > MOST_NODES:
        return ""
    return f"<details><summary>What requires what</summary>\n\n```mermaid\n{mermaid(drawn)}```\n\n</details>"


def dot(drawn: Drawing) -> str:
    """A directed graph for Graphviz, from what is built first to what needs it."""
    lines = ["digraph plan {", "  rankdir=LR;", '  node [shape=box, style="rounded,filled", fontname="sans-serif"];']
    lines += [
        f'  "{_label(name)}" [fillcolor="{FILLS[fate]}", tooltip="{fate}"];' for name, fate in drawn.nodes.items()
    ]
    lines += [f'  "{_label(needed)}" -> "{_label(user)}";' for user, needed in drawn.edges]
    return "\n".join([*lines, "}", ""])


def _label(name: str) -> str:
    """Names of packages are harmless (CEP 26); those of folders, where nothing was rendered, may be anything."""
    return "".join(c if c.isalnum() or c in "._-+/" else "?" for c in name)
