"""What we add to a back end's own time, and what building side by side saves: `make bench ONLY=building`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))
from workshop import HERE, Spec, Workshop, conda_workshop, rattler_workshop

from ci_tools.adapters.outbox import FolderOutbox
from ci_tools.core.plan import BuildPlan, Built, Job
from ci_tools.flows.build import Bench, build
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS, RECIPES = 5, 8
ADDED = 0.5  # seconds a build, or 5 % of the bare one, whichever is more
FASTER = 1.7
WORK = ["i=0; while [ $i -lt 250000 ]; do i=$((i+1)); done", "echo > $PREFIX/done"]  # seconds of one core

# The whole of what rattler-build is asked for, by itself, in a process of its own as it is for us.
BARE = """
import os, sys
from rattler_build import Stage0Recipe, ToolConfiguration, VariantConfig, RenderConfig, PlatformConfig
recipe, out, subdir = sys.argv[1:]
platform = PlatformConfig(target_platform=subdir, build_platform=subdir, host_platform=subdir)
rendered = Stage0Recipe.from_file(recipe).render(VariantConfig(), RenderConfig(platform=platform))
rendered[0].run_build(ToolConfiguration(test_strategy="native"), output_dir=out, channels=[])
sys.stdout.flush()
os._exit(0)
"""


class Quiet:
    """A host that says nothing."""

    def say(self, text: str) -> None: ...

    def group(self, title: str) -> nullcontext[None]:  # noqa: ARG002 (the port's signature)
        return nullcontext()

    def annotate(self, level: str, message: str, *, path: str = "", line: int = 0) -> None: ...

    @contextmanager
    def progress(self, title: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:  # noqa: ARG002 (the same)
        yield lambda _: None


def figures() -> Iterator[Figure]:
    """Rattler-build and, where CHANNEL_TEST_CONDA_BUILD names one, conda-build; then eight recipes."""
    with tempfile.TemporaryDirectory() as name:
        shop = rattler_workshop(Path(name))
        yield from _overhead("rattler-build", shop, _bare_rattler)
    if prefix := os.environ.get("CHANNEL_TEST_CONDA_BUILD"):
        with tempfile.TemporaryDirectory() as name:
            shop = conda_workshop(Path(name), Path(prefix))
            yield from _overhead("conda-build", shop, _bare_conda(Path(prefix)))
    with tempfile.TemporaryDirectory() as name:
        one, two = (_eight(Path(name) / str(at_once), at_once) for at_once in (1, 2))
        yield Figure(what="eight independent recipes, one after the other", value=one, unit="s")
        yield Figure(what="the same, two at once: how many times as fast", value=one / two, unit="x", least=FASTER)


def _overhead(name: str, shop: Workshop, bare: Callable[[Workshop, str, Path], None]) -> Iterator[Figure]:
    recipe = shop.write(Spec(name="words"))
    ours, theirs = [], []
    for at in range(ROUNDS):
        started = time.monotonic()
        bare(shop, recipe.file, shop.root.parent / f"bare-{at}")
        theirs.append(time.monotonic() - started)
        (output,) = shop.planned(recipe)
        started = time.monotonic()
        assert isinstance(shop.backend.build(output, HERE, shop.workspace), Built)
        ours.append(time.monotonic() - started)
    least = median(theirs)
    yield Figure(what=f"{name} alone, a build", value=least, unit="s")
    most = max(ADDED, 0.05 * least)
    yield Figure(what=f"{name}, what we add to it", value=median(ours) - least, unit="s", most=most)


def _bare_rattler(shop: Workshop, file: str, out: Path) -> None:
    argv = [sys.executable, "-c", BARE, str(shop.root / file), str(out), HERE]
    env = {"PATH": os.defpath, "HOME": str(out), "RATTLER_CACHE_DIR": str(out)}
    subprocess.run(argv, check=True, capture_output=True, env=env)


def _bare_conda(prefix: Path) -> Callable[[Workshop, str, Path], None]:
    def build_it(shop: Workshop, file: str, out: Path) -> None:
        channel = out / "channel"
        (channel / "noarch").mkdir(parents=True)
        (channel / "noarch" / "repodata.json").write_text("{}")
        env = {"PATH": f"{prefix}/bin:{os.defpath}", "HOME": str(out), "CONDA_PKGS_DIRS": str(out / "pkgs")}
        env |= {"CONDA_SOLVER": "rattler"} if shop.backend.installation.solver else {}
        options = ["--no-anaconda-upload", "--override-channels", "-c", channel.as_uri(), "--croot", str(out / "croot")]
        recipe = str((shop.root / file).parent)
        argv = [prefix / "bin" / "python", "-m", "conda", "build", *options, "--package-format", "2", recipe]
        subprocess.run(argv, check=True, capture_output=True, env=env)

    return build_it


def _eight(folder: Path, at_once: int) -> float:
    """Seconds for recipes that need nothing of each other, each a job of its own, as a plan has it."""
    shop = rattler_workshop(folder)
    outputs = [shop.planned(shop.write(Spec(name=f"n{at}", script=WORK)))[0] for at in range(RECIPES)]
    jobs = tuple(Job(id=f"here-{at}", subdir=HERE, runner="any", outputs=(o,)) for at, o in enumerate(outputs))
    plan = BuildPlan(channel="file:///channel", base="", head="c0ffee", generation=0, jobs=jobs)
    bench = Bench(
        machine=HERE, backends=(shop.backend,), workspace=replace(shop.workspace, timeout=300.0),
        outbox=FolderOutbox(root=shop.workspace.collected), host=Quiet(), at_once=at_once,
    )  # fmt: skip
    started = time.monotonic()
    reports = build(plan, (), bench)
    assert all(isinstance(outcome, Built) for report in reports for outcome in report.outcomes)
    return time.monotonic() - started
