"""Whether anybody has what a recipe requires."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from ci_tools.core.inputs import name_of
from ci_tools.core.lint.rule import Level, Rule, Spot, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.written import Field, Written

KINDS = ("build", "host", "run")
MOST = 20  # names of one recipe that nobody has; looking for near ones takes time


def _unknown(subject: Subject) -> Iterator[Spot]:
    around = subject.surroundings
    if not around.upstream.is_all or around.published is None:
        return
    known = {*around.upstream.names, *around.makers, *around.published}
    specs = {spec for output in subject.outputs for kind in KINDS for spec in getattr(output, kind)}
    names = sorted({name for spec in specs if (name := name_of(spec)) and not name.startswith("__")} - known)
    for name in names[:MOST]:
        near = get_close_matches(name, known, 1, 0.8)
        hint = f"did you mean `{near[0]}`?" if near else "add a recipe for it, or a channel to `recipes: {upstream: …}`"
        yield Spot.at(_place(subject.written, name), f"no channel has `{name}`", hint)


def _place(written: Written, name: str) -> Field | None:
    fields = (f for f in written.fields if "requirements" in f.path and f.value)
    return next((f for f in fields if name_of(written.resolved(f.value or "")) == name), written.first("requirements"))


RULES = (
    Rule(
        id="unknown-requirement",
        level=Level.WARNING,
        title="no channel has what the recipe requires",
        why="The build will not resolve, after it has waited for a machine.",
        how="Mend the name, add the recipe, or name the channel that has it in `recipes: {upstream: [URL]}`. Asked "
        "only where every upstream can be reached.",
        check=_unknown,
    ),
)
