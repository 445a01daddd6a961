"""What the channel holds, as far as a plan needs to know, and what that says of an output one could build."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from ci_tools.core.package import Filename, Subdir
from ci_tools.core.recipe import Output

USUAL_SECONDS = 300.0  # of a build, where nothing published says otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedOutput:
    """One published file, indexed or yanked. `input_hash` is empty where it was never recorded: an import.

    `seconds` is how long its build took, 0 where that is not known; `commit` and `generation` are where it comes from.
    """

    filename: Filename
    build_number: int
    input_hash: str = ""
    seconds: float = 0.0
    commit: str = ""
    generation: int = 0
    yanked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """An output that can be made on `machine` (never noarch) from inputs with that hash.

    A noarch output is published by the job of one machine only, its home; elsewhere it is `lent`.
    """

    output: Output
    machine: Subdir
    input_hash: str
    lent: bool = False

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
    _seconds: Mapping[tuple[Subdir, str], float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        builds: dict[tuple[Subdir, str, str], list[PublishedOutput]] = defaultdict(list)
        seconds: dict[tuple[Subdir, str], float] = {}
        for subdir, outputs in self.published.items():
            for output in outputs:
                dist = output.filename.dist
                builds[subdir, dist.name, dist.version].append(output)
                seconds[subdir, dist.name] = max(seconds.get((subdir, dist.name), 0.0), output.seconds)
        object.__setattr__(self, "_builds", dict(builds))
        object.__setattr__(self, "_seconds", {key: found for key, found in seconds.items() if found})

    @property
    def names(self) -> frozenset[str]:
        """The packages that something is published of."""
        return frozenset(name for _, name, _ in self._builds)

    def seconds(self, product: Product) -> float:
        """How long the longest published build of the package took; where none is known, what is usual here."""
        known = self._seconds.get((product.output.subdir, product.name))
        return known or (median(self._seconds.values()) if self._seconds else USUAL_SECONDS)

    def free(self, product: Product) -> int:
        """The next build number of that version that nothing published has."""
        version = product.output.filename.dist.version
        builds = self._builds.get((product.output.subdir, product.name, version), ())
        return max((build.build_number for build in builds), default=-1) + 1

    def judge(self, product: Product, made: Collection[Filename]) -> Verdict:
        """What the channel says of `product`. `made` are the file names that its recipe makes now.

        A back end puts a hash of the variant into the build string, so a changed variant has another file name and
        the same build number. A published build of this version and number that the recipe does not make any more is
        therefore the same promise; one that it still makes is another variant, and may stand beside this one.
        """
        output = product.output
        builds = self._builds.get((output.subdir, product.name, output.filename.dist.version), ())
        if not output.certain:
            return self._judge_open(product, builds, made)
        same = [build for build in builds if build.filename == output.filename]
        stale = [b for b in builds if b.build_number == output.build_number and b.filename not in made]
        kin = same or stale
        if not kin:
            return Lacking()
        for build in kin:
            if build.input_hash and build.input_hash != product.input_hash:
                return Broken(because=f"`{build.filename}` is published from other inputs", free=self.free(product))
        if all(build.yanked for build in kin):
            free = self.free(product)
            return Held(because=f"yanked, and its file name stays taken; to publish it again, build number {free}")
        known = all(build.input_hash for build in kin)
        return Held(because="published from the same inputs" if known else "published; its inputs were never recorded")

    def _judge_open(
        self, product: Product, builds: Sequence[PublishedOutput], made: Collection[Filename]
    ) -> Verdict:  # fmt: skip
        """The same where the plan does not know the build string: inputs tell which build of that number is meant."""
        dist = product.output.filename.dist
        kin = [build for build in builds if build.build_number == product.output.build_number]
        variants = sum(1 for file in made if (file.dist.name, file.dist.version) == (dist.name, dist.version))
        if any(build.input_hash == product.input_hash for build in kin):
            return Held(because="published from the same inputs")
        if len(kin) < variants:
            return Lacking()
        if any(build.input_hash for build in kin):
            return Broken(because=f"`{kin[0].filename}` is published from other inputs", free=self.free(product))
        return Held(because="published; its inputs were never recorded")
