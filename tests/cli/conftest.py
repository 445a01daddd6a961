from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_tools.cli import answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Told = tuple[int, str, str]  # exit code, stdout, stderr


@pytest.fixture
def channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """One command line in an empty folder, a hundred columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*argv: str, **env: str) -> Told:
        code = answer(argv, env)
        return int(code), *capsys.readouterr()

    return run


@pytest.fixture
def transcript(channel: Callable[..., Told]) -> Callable[..., str]:
    """What somebody would see who typed these lines, one after the other."""

    def record(*lines: str) -> str:
        shown = []
        for line in lines:
            code, out, err = channel(*line.split())
            shown.append(f"$ channel {line}\n{out}{err}[{code}]\n")
        return "\n".join(shown)

    return record
