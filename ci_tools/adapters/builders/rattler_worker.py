"""Builds and tests one output in a process of its own, which may hang, crash or be killed without harm to ours.

Started by rattler_build.py below a warden: `python -I -m ci_tools.adapters.builders.rattler_worker REQUEST ANSWER`,
both JSON files. What is printed is the build's log.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rattler_build import EnvironmentIsolation, RattlerBuildError, ToolConfiguration

from ci_tools.adapters.builders import v1
from ci_tools.core.package import Subdir
from ci_tools.core.recipe import Dialect, Recipe
from ci_tools.errors import RecipeError

if TYPE_CHECKING:
    from rattler_build.progress import (
        BuildStepEvent,
        DownloadCompleteEvent,
        DownloadProgressEvent,
        DownloadStartEvent,
        LogEvent,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to build: `directory` of the recipe below `root`, `filename` for `subdir`; folders are absolute."""

    root: str
    directory: str
    filename: str
    subdir: str
    channels: tuple[str, ...]  # URLs, in order of priority
    variants: str  # a variants file below `root`, or nothing
    keep: bool  # what it made on the way
    output: str  # the folder that the vendor works in, and leaves the package in


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What went wrong in one sentence; empty where the package was built and passed its tests."""

    error: str = ""


class _Log:
    """The vendor's progress as lines of text, at once."""

    def on_log(self, event: LogEvent) -> None:
        if event.span != "index_subdir":  # chatter about folders that nobody else sees
            # after the first paragraphs the vendor explains how to enter a folder that is about to be removed
            print(event.message.split("\n\nTo run")[0], flush=True)  # noqa: T201 (the log is what this process prints)

    def on_build_step(self, event: BuildStepEvent) -> None: ...

    def on_download_start(self, event: DownloadStartEvent) -> None: ...

    def on_download_progress(self, event: DownloadProgressEvent) -> None: ...

    def on_download_complete(self, event: DownloadCompleteEvent) -> None: ...


def main(request: Path, answer: Path) -> None:
    """Carry out the request, write the answer."""
    asked = Request(**json.loads(request.read_text(encoding="utf-8")))
    try:
        answered = _built(asked)
    except RecipeError as exc:
        answered = Answer(error=str(exc))
    except RattlerBuildError as exc:
        answered = Answer(error=str(exc).removeprefix("PyRattlerBuildError: "))
    if answered.error:
        print(f"error: {answered.error}", flush=True)  # noqa: T201 (the last line of the log)
    answer.write_text(json.dumps(asdict(answered)), encoding="utf-8")


def _built(asked: Request) -> Answer:
    recipe = Recipe(
        name=Path(asked.directory).name, directory=asked.directory,
        file=f"{asked.directory}/{v1.RECIPE_FILE}", dialect=Dialect.V1,
    )  # fmt: skip
    outputs = v1.rendered(Path(asked.root), recipe, Subdir(asked.subdir), asked.variants)
    made = {str(r.output.filename): r.vendor for r in outputs}
    if asked.filename not in made:
        others = ", ".join(f"`{name}`" for name in sorted(made)) or "nothing"
        return Answer(error=f"planned `{asked.filename}`, but on {asked.subdir} the recipe makes {others}")
    result = made[asked.filename].run_build(
        ToolConfiguration(test_strategy="native", keep_build=asked.keep),
        output_dir=asked.output,
        channels=[*asked.channels],
        progress_callback=_Log(),
        no_build_id=True,
        package_format="conda",
        env_isolation=EnvironmentIsolation.STRICT,
    )
    made_names = [package.name for package in result.packages]
    if made_names != [asked.filename]:
        return Answer(error=f"built `{', '.join(made_names)}`, planned `{asked.filename}`")
    return Answer()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # py-rattler's runtime may crash the interpreter on its regular way out
