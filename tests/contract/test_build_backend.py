"""What every build back end keeps to, whatever program is behind it. A new one is one line of BACKENDS."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conda_package_streaming.package_streaming import stream_conda_component
from stand_ins import stand_in
from workshop import (
    HERE,
    Spec,
    boa_workshop,
    conda_workshop,
    mamba_workshop,
    mode,
    rattler_workshop,
)

from ci_tools.adapters import process
from ci_tools.adapters.builders import collected
from ci_tools.core.package import Filename
from ci_tools.core.plan import Built, Failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from workshop import Workshop

# The real ones are run where a variable says in which environment they are. Their stand-ins are run everywhere: they
# hold the adapter to the contract, and say nothing of the programs.
REAL = {
    "conda-build": ("CHANNEL_TEST_CONDA_BUILD", conda_workshop),
    "mambabuild": ("CHANNEL_TEST_BOA", mamba_workshop),
    "boa": ("CHANNEL_TEST_BOA", boa_workshop),
}
STAND_INS = {
    "conda-build stand-in": ("conda-build", conda_workshop),
    "mambabuild stand-in": ("boa", mamba_workshop),
    "boa stand-in": ("boa", boa_workshop),
}


def real(name: str) -> object:
    """Its parameter: a long proof where it is here, and else named in the summary as skipped."""
    variable, _ = REAL[name]
    absent = f"{name} is not here, its part of the contract was not run: {variable}=PREFIX says where one is"
    is_here = bool(os.environ.get(variable))
    return pytest.param(name, marks=pytest.mark.slow if is_here else pytest.mark.skip(reason=absent))


@pytest.fixture(params=["rattler-build", *STAND_INS, *map(real, REAL)])
def shop_in(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Path], Workshop]:
    name = request.param
    if name == "rattler-build":
        return rattler_workshop
    if name in REAL:
        variable, workshop = REAL[name]
        return lambda folder: workshop(folder, Path(os.environ[variable]))
    program, workshop = STAND_INS[name]
    prefix = stand_in(tmp_path / "stand-in", program)
    return lambda folder: workshop(folder, prefix)


@pytest.fixture
def shop(shop_in: Callable[[Path], Workshop], tmp_path: Path) -> Workshop:
    return shop_in(tmp_path)


def member(package: Path, name: str) -> bytes:
    for component in ("info", "pkg"):
        with package.open("rb") as file:
            for archive, entry in stream_conda_component(str(package), file, component):
                if entry.name == name:
                    return archive.extractfile(entry).read()
    raise KeyError(name)


def test_a_noarch_output_is_collected_below_noarch(shop: Workshop) -> None:
    (outcome,) = shop.build(shop.write(Spec(name="words")))
    assert isinstance(outcome, Built)
    assert outcome.path == f"noarch/{outcome.filename}"
    assert json.loads(member(shop.workspace.collected / outcome.path, "info/index.json"))["subdir"] == "noarch"


def test_any_other_output_is_collected_below_the_machines_subdir(shop: Workshop) -> None:
    package = shop.built(shop.write(Spec(name="tool", noarch=False)))
    assert package.parent.name == HERE
    assert json.loads(member(package, "info/index.json"))["subdir"] == HERE


def test_built_says_what_lies_there(shop: Workshop) -> None:
    (outcome,) = shop.build(shop.write(Spec(name="words")))
    package = shop.workspace.collected / outcome.path
    assert (outcome.sha256, outcome.size) == (collected.sha256(package), package.stat().st_size)
    assert outcome.backend == shop.backend.version
    assert (shop.workspace.collected / outcome.log).is_file()
    assert mode(package) == 0o644


def test_an_output_can_use_those_built_before_it(shop: Workshop) -> None:
    shop.built(shop.write(Spec(name="words", script=['echo hi > "$PREFIX/w"'])))
    copy = Spec(name="copy", host=["words"], run=["words"], script=["cp $PREFIX/w $PREFIX/copy"])
    package = shop.built(shop.write(replace(copy, test=["cmp $PREFIX/w $PREFIX/copy"])))
    assert member(package, "copy") == b"hi\n"


def test_an_output_rebuilt_under_its_name_is_what_the_next_one_gets(shop: Workshop) -> None:
    reader = shop.write(Spec(name="reader", host=["words"], script=["cp $PREFIX/w $PREFIX/copy"]))
    for text in ("one", "two"):
        shop.built(shop.write(Spec(name="words", script=[f"echo {text} > $PREFIX/w"])))
        assert member(shop.built(reader), "copy") == f"{text}\n".encode()


def test_run_exports_of_the_host_reach_the_run_requirements(shop: Workshop) -> None:
    shop.built(shop.write(Spec(name="lib", version="1.4", run_exports=["lib >=1.4,<2.0a0"])))
    package = shop.built(shop.write(Spec(name="app", host=["lib"], noarch=False)))
    assert json.loads(member(package, "info/index.json"))["depends"] == ["lib >=1.4,<2.0a0"]


@pytest.mark.parametrize("noarch", [True, False])
def test_a_failing_test_collects_nothing(shop: Workshop, noarch: bool) -> None:  # noqa: FBT001
    spec = Spec(name="bad", test=["echo here it breaks", "exit 3"], noarch=noarch)
    failed = shop.failed(shop.write(spec))
    assert "here it breaks" in failed.tail
    assert shop.packages() == []


def test_a_failing_script_says_so_at_the_end_of_its_log(shop: Workshop) -> None:
    spec = Spec(name="bad", script=["printf '\\033[31mno luck\\033[0m in %s\\n' $PWD", "exit 3"])
    failed = shop.failed(shop.write(spec))
    assert "\nno luck in" in f"\n{failed.tail}"
    assert "\x1b" not in failed.tail
    assert str(shop.workspace.scratch) not in failed.tail
    assert len(failed.tail.splitlines()) <= collected.TAIL
    assert "no luck" in (shop.workspace.collected / failed.log).read_text()
    assert shop.packages() == []


def test_a_requirement_that_nothing_provides_is_failed(shop: Workshop) -> None:
    failed = shop.failed(shop.write(Spec(name="bad", host=["no-such-package"], script=["true"])))
    assert "no-such-package" in failed.tail


def test_a_recipe_that_no_longer_makes_what_was_planned_is_failed(shop: Workshop) -> None:
    (output,) = shop.planned(shop.write(Spec(name="words")))
    other = replace(output, filename=Filename.parse("words-9.9-h0000000_0.conda"))
    failed = shop.backend.build(other, HERE, shop.workspace)
    assert isinstance(failed, Failed)
    assert "planned `words-9.9-h0000000_0.conda`" in failed.because
    assert "`words-1.0-" in failed.because
    assert shop.packages() == []


def test_a_recipe_that_no_longer_parses_is_failed(shop: Workshop) -> None:
    recipe = shop.write(Spec(name="words"))
    (output,) = shop.planned(recipe)
    shop.recipe("words", "package: [")
    failed = shop.backend.build(output, HERE, shop.workspace)
    assert isinstance(failed, Failed)
    assert failed.because.startswith(("recipes/words/recipe.yaml:", shop.backend.version.split()[0]))
    assert shop.packages() == []


def test_a_timeout_leaves_no_process_behind(shop: Workshop) -> None:
    fork = "import os,sys,time; os.fork() and sys.exit(); os.setsid(); print(os.getpid(), flush=True); time.sleep(60)"
    spec = Spec(name="slow", script=[f"{sys.executable} -c '{fork}' | sed -u 's/^/pid /' & echo pid $$", "sleep 60"])
    (output,) = shop.planned(shop.write(spec))
    is_quick = "stand.in" in shop.backend.version or shop.backend.version.startswith("rattler-build")
    enough = 2.0 if is_quick else 30.0  # to reach the script
    started = time.monotonic()
    failed = shop.backend.build(output, HERE, replace(shop.workspace, timeout=enough))
    assert isinstance(failed, Failed)
    assert f"longer than {enough:g} s" in failed.because
    assert time.monotonic() - started < enough + 8
    pids = re.findall(r"^pid (\d+)$", shop.log(failed), re.MULTILINE)
    assert len(pids) == 2
    assert not [pid for pid in pids if alive(int(pid))]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("where", ["with a space", "schön-日本", "q'uote", "linux-64-words"])
def test_any_folder_will_do(shop_in: Callable[[Path], Workshop], tmp_path: Path, where: str) -> None:
    shop = shop_in(tmp_path / where)
    shop.built(shop.write(Spec(name="words", script=['echo hi > "$PREFIX/w"'])))
    shop.built(shop.write(Spec(name="reader", run=["words"], test=['grep hi "$PREFIX/w"'])))


def test_a_loud_build_has_a_log_of_bounded_size(shop: Workshop) -> None:
    spec = Spec(
        name="loud", script=["head -c 9000000 /dev/zero | tr '\\0' x | fold -w 99999", "echo; echo last words; exit 1"]
    )
    failed = shop.failed(shop.write(spec))
    assert (shop.workspace.collected / failed.log).stat().st_size < 9 * 2**20
    assert "last words" in failed.tail


def test_no_credential_reaches_a_build_or_its_tests(shop: Workshop) -> None:
    (outcome,) = shop.build(shop.write(Spec(name="nosy", script=["env", "cat ~/* || true"], test=["env"])))
    log = (shop.workspace.collected / outcome.log).read_text()
    assert log.count("PKG_NAME=nosy") >= 2
    assert str(shop.root.parent) not in log
    assert "leaked" not in log
    assert f"HOME={os.environ['HOME']}\n" not in log


def test_only_what_is_reported_is_collected(shop: Workshop) -> None:
    stray = "mkdir -p ../broken; touch ../broken/stray-1-0.conda ../stray-2-0.conda stray-3-0.conda"
    shop.built(shop.write(Spec(name="words", script=[stray])))
    names = {path.name for path in shop.workspace.collected.glob("**/*") if path.is_file()}
    assert {name for name in names if "stray" in name or name == "rattler-build-log.txt"} == set()
    assert len(shop.packages()) == 1


def test_a_log_names_no_folder_of_this_machine(shop: Workshop) -> None:
    where = ['echo "work $PWD"', 'echo "prefix $PREFIX"', 'echo "home $HOME"', 'echo "recipe $RECIPE_DIR"']
    (outcome,) = shop.build(shop.write(Spec(name="where", script=where, test=where[:3])))
    log = shop.log(outcome)
    assert "\nwork $" in f"\n{log}"
    assert "recipe ./recipes/where" in log
    assert str(shop.root.parent) not in log
    assert os.environ["HOME"] + "/" not in log


def test_a_recipe_of_several_outputs_is_built_output_by_output(shop: Workshop) -> None:
    parts = (
        Spec(name="two-lib", script=["echo lib > $PREFIX/lib.txt"], test=["test -f $PREFIX/lib.txt"]),
        Spec(name="two-app", script=["echo app > $PREFIX/app.txt"], test=["test -f $PREFIX/app.txt"], noarch=False),
    )
    lib, app = shop.build(shop.write(Spec(name="two", parts=parts)))
    assert (lib.filename.dist.name, app.filename.dist.name) == ("two-lib", "two-app")
    assert lib.path == f"noarch/{lib.filename}"
    assert member(shop.workspace.collected / app.path, "app.txt") == b"app\n"
    assert shop.packages() == sorted([str(lib.filename), str(app.filename)])
    assert all((shop.workspace.collected / each.log).is_file() for each in (lib, app))


def test_one_output_that_fails_is_not_collected_with_another(shop: Workshop) -> None:
    good = Spec(name="two-good", script=["echo > $PREFIX/good.txt"])
    bad = Spec(name="two-bad", script=["echo > $PREFIX/bad.txt"], test=["echo here it breaks; exit 3"])
    outcomes = shop.build(shop.write(Spec(name="two", parts=(good, bad))))
    assert isinstance(outcomes[1], Failed)
    assert "two-bad" not in " ".join(shop.packages())
    assert "here it breaks" in shop.log(outcomes[1])


def test_each_variant_is_a_package_of_its_own(shop: Workshop) -> None:
    spec = Spec(name="spoken", variants={"tongue": ["de", "fr"]}, script=["echo $tongue > $PREFIX/t"], noarch=False)
    outcomes = shop.build(shop.write(spec))
    said = [member(shop.workspace.collected / outcome.path, "t") for outcome in outcomes]
    assert said == [b"de\n", b"fr\n"]
    assert len({outcome.filename for outcome in outcomes}) == 2


def test_the_same_recipe_makes_the_same_file_name(shop_in: Callable[[Path], Workshop], tmp_path: Path) -> None:
    first, second = (shop_in(tmp_path / name) for name in ("one", "other"))
    spec = Spec(name="spoken", variants={"tongue": ["de"]}, script=["echo $tongue > $PREFIX/t"])
    assert first.built(first.write(spec)).name == second.built(second.write(spec)).name


@pytest.mark.parametrize("where", ["$RECIPE_DIR/stray", "{collected}/noarch/stray-1-0.conda"])
def test_what_is_written_outside_the_work_folder_fails_the_build(shop: Workshop, where: str) -> None:
    place = where.format(collected=shop.workspace.collected)
    spec = Spec(name="messy", script=[f'mkdir -p "$(dirname {place})"', f"echo x > {place}"])
    failed = shop.failed(shop.write(spec))
    if process.confines():
        assert "Read-only file system" in failed.tail
        assert not list(shop.root.rglob("stray*"))
    else:
        assert "it changed its own recipe" in failed.because
    assert shop.packages() == []


@pytest.mark.skipif(not process.confines(), reason="this system does not let us confine a build")
def test_the_shared_folders_of_the_machine_are_the_builds_own(shop: Workshop, tmp_path: Path) -> None:
    there = tempfile.gettempdir()
    name = f"channel-{tmp_path.name}"
    shop.built(shop.write(Spec(name="tmp", script=[f"echo x > {there}/{name}", f"test -f {there}/{name}"])))
    assert not (Path(there) / name).exists()


def test_a_build_ends_that_lays_too_much_on_the_disk(shop: Workshop) -> None:
    spec = Spec(name="large", script=["head -c 120000000 /dev/zero > large", "sleep 60"])
    (output,) = shop.planned(shop.write(spec))
    started = time.monotonic()
    failed = shop.backend.build(output, HERE, replace(shop.workspace, disk=80_000_000))
    assert isinstance(failed, Failed)
    assert "it laid more than 80 MB on the disk" in failed.because
    assert time.monotonic() - started < 40
    assert shop.packages() == []


def test_what_a_build_leaves_running_is_ended(shop: Workshop) -> None:
    spec = Spec(name="daemon", script=["setsid sleep 300 > /dev/null 2>&1 & echo pid $!", "echo > $PREFIX/x"])
    (outcome,) = shop.build(shop.write(spec))
    assert isinstance(outcome, Built)
    (pid,) = re.findall(r"^pid (\d+)$", shop.log(outcome), re.MULTILINE)
    assert not alive(int(pid))


def test_a_recipe_that_makes_another_package_than_planned_is_failed(shop: Workshop) -> None:
    (output,) = shop.planned(shop.write(Spec(name="words")))
    other = shop.write(Spec(name="sentences"))
    swapped = shop.backend.build(replace(output, recipe=other.directory), HERE, shop.workspace)
    assert isinstance(swapped, Failed)
    assert f"planned `{output.filename}`" in swapped.because
    assert "sentences-1.0" in swapped.because
    assert shop.packages() == []


@pytest.mark.skipif(not process.confines(), reason="this system does not let us cut the network")
def test_a_build_without_network_has_none(shop: Workshop) -> None:
    spec = Spec(name="lonely", script=["cat /proc/net/dev", "echo > $PREFIX/x"])
    (output,) = shop.planned(shop.write(spec))
    outcome = shop.backend.build(output, HERE, replace(shop.workspace, network=False))
    assert isinstance(outcome, Built), outcome
    assert re.findall(r"^\s*(\w+):", shop.log(outcome).partition("Inter-")[2], re.MULTILINE)[:1] == ["lo"]
    assert "eth0" not in shop.log(outcome)
