"""Publishes in processes of their own, which may be killed at any write. A program that takes orders on stdin.

It has imported everything when it forks, so that a publisher costs what publishing costs and no more.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from looking import Watched
from servers import READY, REGION, S3Server
from simulator import Package, Ring, World, ring

from ci_tools import documents
from ci_tools.adapters.patience import pause
from ci_tools.adapters.stores.local import LocalStore
from ci_tools.adapters.stores.remembering import RememberingStore
from ci_tools.adapters.stores.s3 import S3Store
from ci_tools.core.package import Subdir
from ci_tools.core.receipt import RunReport
from ci_tools.errors import ChannelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.ports import ObjectStore

NEVER = 0
FAILED = 3  # the exit code of a publisher that ended with one of our errors, which is in its folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a channel is kept: a folder, or a prefix of a bucket."""

    folder: str = ""
    prefix: str = ""
    endpoint: str = ""
    patience: float = 60.0  # seconds without a byte
    tries: int = 6

    def store(self) -> ObjectStore:
        if self.folder:
            return LocalStore(Path(self.folder))
        session = S3Server(name="s3", endpoint=self.endpoint).session()
        return S3Store(
            bucket=READY, prefix=self.prefix, region=REGION, endpoint=self.endpoint, session=session,
            tries=self.tries, patience=self.patience,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One publish; it is killed at its write number `at`, `moment` (before, after) that write."""

    place: Place
    folder: str
    packages: tuple[Package, ...]
    at: int = NEVER
    moment: str = "before"


@dataclass(slots=True, kw_only=True)
class Publishers:
    """The program, from the outside."""

    program: subprocess.Popen[str]
    statuses: dict[int, int] = field(default_factory=dict)

    def start(self, order: Order) -> int:
        """The number of a publisher that has begun."""
        return int(self._told({"start": asdict(order)}))

    def wait(self, number: int) -> int:
        """How it ended: 0, FAILED, or the negative number of the signal that killed it."""
        return int(self._told({"wait": number}))

    def run(self, order: Order) -> int:
        return self.wait(self.start(order))

    def _told(self, what: dict[str, Any]) -> str:
        assert self.program.stdin
        assert self.program.stdout
        self.program.stdin.write(json.dumps(what) + "\n")
        self.program.stdin.flush()
        return self.program.stdout.readline()


def report_of(order: Order) -> RunReport:
    """What a publisher that lived has to say."""
    return documents.read(RunReport, (Path(order.folder) / "report.json").read_bytes(), "report.json")


def error_of(order: Order) -> str:
    """What it complained of; empty where it did not."""
    path = Path(order.folder) / "error"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


@contextmanager
def publishers() -> Iterator[Publishers]:
    here = Path(__file__).parent
    env = os.environ | {"PYTHONPATH": os.pathsep.join((str(here.parent), str(here), str(here.parents[1])))}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, __file__], stdin=pipe, stdout=pipe, text=True, env=env) as program:
        assert program.stdin
        program.stdin.write(json.dumps(ring().packed()) + "\n")
        yield Publishers(program=program)
        program.stdin.close()


def main() -> None:
    """Take orders until there are none."""
    keys = Ring.unpacked(json.loads(sys.stdin.readline()))
    S3Server(name="warm", endpoint="http://127.0.0.1:9").client()  # reads the description of S3, once
    for line in iter(sys.stdin.readline, ""):
        told = json.loads(line)
        if "wait" in told:
            said = os.waitstatus_to_exitcode(os.waitpid(told["wait"], 0)[1])
        elif not (said := os.fork()):
            _publish(_order(told["start"]), keys)
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


def _order(told: dict[str, Any]) -> Order:
    packages = tuple(
        Package(
            **{k: tuple(v) if isinstance(v, list) else v for k, v in each.items()} | {"subdir": Subdir(each["subdir"])}
        )
        for each in told["packages"]
    )
    return Order(**told | {"place": Place(**told["place"]), "packages": packages})


def _publish(order: Order, keys: Ring) -> None:
    """Publish, and end this process whatever happens."""
    folder = Path(order.folder)
    folder.mkdir(parents=True, exist_ok=True)
    code = 1
    try:
        world = World(folder=folder / "jobs", store=_mortal(order), keys=keys, pause=pause)
        (folder / "report.json").write_bytes(documents.write(world.publish(*order.packages)))
        code = 0
    except ChannelError as exc:
        (folder / "error").write_text(repr(exc) + repr(exc.problems), encoding="utf-8")
        code = FAILED
    except BaseException:  # noqa: BLE001 (told to whoever ordered)
        (folder / "error").write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(code)


def _mortal(order: Order) -> ObjectStore:
    def die(number: int, _key: str) -> None:
        if number == order.at:
            os.kill(os.getpid(), signal.SIGKILL)

    return Watched(under=RememberingStore(order.place.store()), **{order.moment: [die]})


if __name__ == "__main__":
    main()
