"""What the channel holds, as far as a plan needs to know, and what that says of an output one could build."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ci_tools.core.package import Filename, Subdir
from ci_tools.core.recipe import Output


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedOutput:
    """One indexed file. `input_hash` is empty where it was never recorded: an import, a rebuilt index."""

    filename: Filename
    build_number: int
    input_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """An output that can be made on `machine` (never noarch) from inputs with that hash."""

    output: Output
    machine: Subdir
    input_hash: str

    @property
    def key(self) -> str:
        """`<subdir>/<file name>`, unique in the channel."""
        return f"{self.output.subdir}/{self.output.filename}"

    @property
    def recipe(self) -> str:
        """The recipe's directory."""
        return self.output.recipe.directory

    @property
    def name(self) -> str:
        """The package's name."""
        return self.output.filename.dist.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """The channel has no such build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The channel has it already."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The channel has it from other inputs: `because` says of which file; `free` is the next free build number."""

    because: str
    free: int


Verdict = Lacking | Held | Broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What is published, by subdir."""

    published: Mapping[Subdir, Sequence[PublishedOutput]]
    _builds: Mapping[tuple[Subdir, str, str], list[PublishedOutput]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        builds: dict[tuple[Subdir, str, str], list[PublishedOutput]] = defaultdict(list)
        for subdir, outputs in self.published.items():
            for output in outputs:
                builds[subdir, output.filename.dist.name, output.filename.dist.version].append(output)
        object.__setattr__(self, "_builds", dict(builds))

    @property
    def names(self) -> frozenset[str]:
        """The packages that something is published of."""
        return frozenset(name for _, name, _ in self._builds)

    def judge(self, product: Product, made: Collection[Filename]) -> Verdict:
        """What the channel says of `product`. `made` are the file names that its recipe makes now.

        A back end puts a hash of the variant into the build string, so a changed variant has another file name and
        the same build number. A published build of this version and number that the recipe does not make any more is
        therefore the same promise; one that it still makes is another variant, and may stand beside this one.
        """
        output = product.output
        builds = self._builds.get((output.subdir, product.name, output.filename.dist.version), ())
        free = max((build.build_number for build in builds), default=-1) + 1
        same = [build for build in builds if build.filename == output.filename]
        stale = [b for b in builds if b.build_number == output.build_number and b.filename not in made]
        kin = same or stale
        if not kin:
            return Lacking()
        for build in kin:
            if build.input_hash and build.input_hash != product.input_hash:
                return Broken(because=f"`{build.filename}` is published from other inputs", free=free)
        known = all(build.input_hash for build in kin)
        return Held(because="published from the same inputs" if known else "published; its inputs were never recorded")
