"""A publish that says what each stage of it costs: `python publishing.py PLAN DIST`, in a repository.

Writes one line of JSON: stage -> [CPU seconds, wall seconds].
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools import documents, wiring
from ci_tools.adapters.deliveries import deliveries
from ci_tools.adapters.hosts.terminal import Terminal
from ci_tools.config import read_config
from ci_tools.core.plan import BuildPlan
from ci_tools.core.receipt import Cause
from ci_tools.flows.publish import publish

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stopwatch(Terminal):
    """A host that hears when stages begin and end."""

    def __init__(self) -> None:
        super().__init__(sys.stderr, {}, verbosity=-1)
        self.stages: dict[str, tuple[float, float]] = {}

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        began = time.process_time(), time.monotonic()
        with super().group(title):
            yield
        self.stages[title] = time.process_time() - began[0], time.monotonic() - began[1]


def main(plan_file: Path, dist: Path) -> None:
    config, now, host = read_config(Path("channel.yaml")), datetime.now(UTC), Stopwatch()
    plan = documents.read(BuildPlan, plan_file.read_bytes(), str(plan_file))
    cause = Cause(commit=plan.head, run="", who="bench")
    setting = wiring.setting(config, os.environ, cause, now, dry_run=False)
    press = wiring.press(config, os.environ, setting, host, dry_run=False)
    began = time.process_time(), time.monotonic()
    done = publish(plan, deliveries((dist,)), setting, press)
    assert done.receipt
    assert not done.refused
    host.stages["all"] = time.process_time() - began[0], time.monotonic() - began[1]
    print(json.dumps(host.stages))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
