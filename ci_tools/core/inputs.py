"""What a package is made from, as one hash: it decides whether what is published is still what the recipe says."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.ownership import readable
from ci_tools.core.tree import LINK, Tree
from ci_tools.errors import Problem

if TYPE_CHECKING:
    from ci_tools.core.recipe import Output, Recipe

DOMAIN = b"channelsmith input hash 1\0"
NAME = re.compile(r"(?:[^\s\[\]]*::)?([A-Za-z0-9_][A-Za-z0-9_.-]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a recipe is made from: `files` by a name that moves with the recipe, `outside` the paths it reaches.

    A key of `files` is (where it comes from, path relative to that): empty for the recipe's own folder, `source S` for
    a path source as written, `link L` for what a symbolic link leads to.
    """

    files: Mapping[tuple[str, str], str]
    outside: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def gathered(recipe: Recipe, own: Mapping[str, str], sources: Iterable[str], tree: Tree) -> Inputs:
    """The inputs of `recipe`, which owns the files `own` and has the path sources `sources`, as written.

    What a source or a link in it leads to counts as well; one that leads out of the repository is a problem.
    """
    found = {("", _below(path, recipe.directory)): entry for path, entry in own.items()}
    reached, problems = dict[str, str](), list[Problem]()
    waiting = [(f"source {source}", posixpath.join(recipe.directory, source)) for source in sorted(set(sources))]
    waiting += _links(own, recipe)
    while waiting:
        label, path = waiting.pop()
        real = tree.follow(path)
        files = {} if real is None else tree.under(real)
        if real is None:
            problems.append(_outside(recipe, label))
        elif not files and label.startswith("source "):
            problems.append(_missing(recipe, label))
        elif real not in reached and not own.keys() >= files.keys():
            reached[real] = label
            found |= {(label, _below(at, real)): entry for at, entry in files.items()}
            waiting += _links(files, recipe)
    return Inputs(files=found, outside=tuple(sorted(reached)), problems=tuple(problems))


def _links(files: Mapping[str, str], recipe: Recipe) -> list[tuple[str, str]]:
    """Each link among the files: what it is called in the hash, and where it lies."""
    links = sorted(path for path, entry in files.items() if entry.startswith(LINK))
    return [(f"link {_below(path, recipe.directory)}", path) for path in links]


def _outside(recipe: Recipe, label: str) -> Problem:
    hint = "copy what is needed beside the recipe, or fetch it by `url:` and `sha256:`"
    return Problem(message=f"the {_said(label)} leads out of the repository", hint=hint, path=recipe.file)


def _missing(recipe: Recipe, label: str) -> Problem:
    hint = "correct the path; a file that git ignores does not count"
    return Problem(message=f"the {_said(label)} is not there", hint=hint, path=recipe.file)


def _said(label: str) -> str:
    kind, _, path = label.partition(" ")
    return f"path {kind} `{readable(path)}`" if kind == "source" else f"symbolic {kind} `{readable(path)}`"


def _below(path: str, folder: str) -> str:
    return path.removeprefix(f"{folder}/") if folder else path


def pins(output: Output, siblings: Iterable[Output]) -> tuple[str, ...]:
    """The requirements of `output`, as rendered, that name another output of the same recipe, sorted.

    They are what a recipe takes from this repository beyond its own text: pin_subpackage becomes the version and, when
    exact, the build string of the sibling, which moves with the sibling's variant. A requirement on any other recipe
    is text of the recipe (hashed as a file) or a value of a variants file (hashed as a used variant), so it adds
    nothing; and it must not, or a new recipe for a package that came from upstream until now would change the hash
    of all that require it. Nor do run_exports of host requirements count: a release of a library makes none of its
    published dependents wrong, and a dependent that nobody touched must not be "changed but not bumped". Whether it is
    rebuilt is policy.
    """
    names = {sibling.filename.dist.name for sibling in siblings} - {output.filename.dist.name}
    return tuple(sorted(spec for spec in {*output.build, *output.host, *output.run} if name_of(spec) in names))


def name_of(spec: str) -> str:
    """The package that a match spec is about; empty where it names a channel, for then it is no recipe of ours."""
    found = NAME.match(spec.strip())
    return found[1].lower() if found and "::" not in found[0] else ""


def input_hash(inputs: Inputs, variant: Iterable[tuple[str, str]], pinned: Iterable[str]) -> str:
    """Lower-hex SHA-256 over the inputs, the used variant values and the pins; neither time, place nor back end.

    Each part is written with its length before it, so that no two lists of parts look alike.
    """
    digest = hashlib.sha256(DOMAIN)
    files = sorted((*key, entry) for key, entry in inputs.files.items())
    for section in (files, sorted(variant), sorted((pin,) for pin in pinned)):
        digest.update(_framed(section))
    return digest.hexdigest()


def _framed(rows: Iterable[tuple[str, ...]]) -> bytes:
    body = b"".join(part for row in rows for part in _cells(row))
    return len(body).to_bytes(8, "big") + body


def _cells(row: tuple[str, ...]) -> Iterator[bytes]:
    for cell in row:
        text = cell.encode("utf-8", "surrogateescape")
        yield len(text).to_bytes(8, "big") + text
