"""What the command line says of itself; the texts are in golden/."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click
import pytest

from ci_tools.cli.verbs import VERBS

if TYPE_CHECKING:
    from collections.abc import Callable

HEAVY = (
    "boto3", "botocore", "cryptography", "httpx", "msgpack", "pydantic", "rattler", "rattler_build", "rich", "sigstore",
    "starlette", "tuf", "uvicorn", "yaml",
)  # fmt: skip


def words_of(verb: str) -> list[str]:
    """`access`, `access grant`, …"""
    command = import_module(VERBS[verb][0]).command
    return [verb, *(f"{verb} {below}" for below in getattr(command, "commands", ()))]


def test_the_program_says_what_it_can_do(transcript: Callable[..., str], golden: Callable[..., None]) -> None:
    golden("channel.txt", transcript("--help", "--version"))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_says_what_it_does(verb: str, transcript: Callable[..., str], golden: Callable[..., None]) -> None:
    golden(f"{verb}.txt", transcript(*(f"{words} --help" for words in words_of(verb))))


@pytest.mark.parametrize("verb", VERBS)
def test_the_table_of_verbs_names_commands(verb: str) -> None:
    assert isinstance(import_module(VERBS[verb][0]).command, click.Command)


@pytest.mark.parametrize("verb", VERBS)
def test_the_line_of_a_group_ends_in_its_verbs(verb: str) -> None:
    module, line = VERBS[verb]
    commands = getattr(import_module(module).command, "commands", None)
    assert commands is None or line.partition(": ")[2].split(", ") == list(commands)


def test_help_imports_nothing_that_is_heavy() -> None:
    program = f"""
import sys
from ci_tools.cli import answer
assert answer(["--help"], {{}}) == 0
sys.exit(" ".join(sorted(set(sys.modules) & {set(HEAVY)!r})))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.stderr.strip() == ""
    assert "Verbs:" in ended.stdout
