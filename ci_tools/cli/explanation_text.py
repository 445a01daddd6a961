"""How an explanation looks to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.explanation import Fate
from ci_tools.core.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ci_tools.core.explanation import Explanation, Kin, Story

SHORT = 12  # digits of a digest or a commit that a person is shown
MOST = 8  # entries of a list, unless all are asked for
WORDS = {
    Fate.BUILD: "will be built",
    Fate.TEST: "will be built and tested, and not published again",
    Fate.SCAFFOLD: "will be built for what needs it here; another job publishes it",
    Fate.SKIP: "is skipped",
    Fate.REFUSE: "is refused",
    Fate.WRONG: "is not planned",
}


def explanation_text(explanation: Explanation, *, verbose: bool = False) -> str:
    """The recipe, then each output with what was decided, why, and what it was compared with."""
    return "\n".join(one_line(line) for line in _lines(explanation, MOST if not verbose else 0))


def _lines(explanation: Explanation, most: int) -> Iterator[str]:
    yield f"{explanation.name}  ({explanation.file}, {explanation.dialect})"
    if explanation.range and not (explanation.changed or explanation.keys):
        yield f"  nothing it is made from changed in {explanation.range}"
    elif explanation.range:
        yield from _list(f"changed in {explanation.range}", explanation.changed, most)
    yield from _list("variant keys that changed", explanation.keys, most)
    yield from _list("made from", explanation.files, most)
    for problem in explanation.problems:
        yield f"  wrong: {problem}"
        if problem.hint:
            yield f"         {problem.hint}"
    yield from (f"  {because}" for because in explanation.skips)
    for story in explanation.stories:
        yield ""
        yield from _story(story, most)


def _story(story: Story, most: int) -> Iterator[str]:
    yield f"{story.what}  on {story.machine}"
    yield f"  {WORDS[story.fate]}: {story.because}"
    if story.hint:
        yield f"  to do: {story.hint}"
    if story.job:
        yield f"  job: {story.job}"
    yield from _list("published", [_kin(kin) for kin in story.kin] or ["nothing of this name and version"], most)
    for kin in story.kin:
        if not kin.same_inputs and (kin.since or kin.unknown):
            yield from _list(f"changed since {kin.filename}", kin.since or [kin.unknown], most)
    yield f"  inputs: {story.input_hash[:SHORT]}, of the files above"
    if story.variant:
        yield f"    and the variant {', '.join(f'{key}={value}' for key, value in story.variant)}"
    if story.pins:
        yield f"    and the pins {', '.join(story.pins)}"
    yield from _list("requires", story.requires, most)
    yield from _list("needed by", story.needed_by, most)


def _kin(kin: Kin) -> str:
    where = f"generation {kin.generation}, commit {kin.commit[:SHORT]}" if kin.commit else "imported or rebuilt"
    return f"{kin.filename}: from {'the same' if kin.same_inputs else 'other'} inputs ({where})"


def _list(title: str, entries: Sequence[str] | Iterable[str], most: int) -> Iterator[str]:
    """A title and its entries below it; nothing where there are none."""
    known = list(entries)
    if not known:
        return
    yield f"  {title}:"
    shown = known[:most] if most else known
    yield from (f"    {entry}" for entry in shown)
    if len(shown) < len(known):
        yield f"    and {len(known) - len(shown)} more; -v names them"
