"""What must not lie in a recipe: it is copied into every package."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_tools.core.lint.rule import Level, Rule, Spot, Subject
from ci_tools.core.safe_text import SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterator

# Beside what our own tools hand out: what others do, in the form that they publish for scanners.
KINDS = SECRETS | {
    "a token of a chat": re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    "a token of a package registry": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgEI[A-Za-z0-9_-]{40,}"),
    "a key of a cloud": re.compile(
        r"\bAIza[0-9A-Za-z_-]{35}\b|\baws_secret_access_key\b\s*[=:]\s*[\"']?[A-Za-z0-9/+=]{40}\b", re.IGNORECASE
    ),
    "a token in a channel's address": re.compile(r"/t/[a-z]{2}-[0-9a-f]{8}-[0-9a-f-]{27}/"),
    "a password": re.compile(
        r"(?<![A-Za-z0-9])(?:password|passwd|passphrase|secret|token|api_?key|auth)[\"']?\s*[:=]\s*"
        r"(?P<quote>[\"'])(?=[^\"']*[0-9])(?=[^\"']*[A-Za-z])(?P<value>[^\s\"'${}<>()]{12,})(?P=quote)",
        re.IGNORECASE,
    ),
}
NO_SECRET = re.compile(r"\$\{?\w|\{\{|<\w+>|%\w+%|x{4,}|example|placeholder|changeme|[0-9a-f]{64}$", re.IGNORECASE)
LARGE = 1_000_000  # bytes


def _credentials(subject: Subject) -> Iterator[Spot]:
    yield from _found("", subject.written.text)
    for file in subject.beside:
        yield from _found(file.path, file.text)


def _found(path: str, text: str) -> Iterator[Spot]:
    """What is found is named by its kind alone: a finding is shown to more people than the file."""
    hint = "take it out, and replace it: whoever has the repository, or a package, has it too"
    places: set[int] = set()
    for kind, pattern in KINDS.items():
        for found in pattern.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            if line not in places and not NO_SECRET.search(found[0]):
                places.add(line)
                column = found.start() - text.rfind("\n", 0, found.start())
                yield Spot(message=f"this looks like {kind}", hint=hint, path=path, line=line, column=column)


def _build_secrets(subject: Subject) -> Iterator[Spot]:
    for field in subject.written.fields:
        if field.key == "secrets" and "script" in field.path:
            hint = "fetch what needs a credential before the build, as a package or a committed file"
            yield Spot.at(field, "the build asks for secrets, and gets none", hint)


def _large(subject: Subject) -> Iterator[Spot]:
    for file in subject.beside:
        if file.size > LARGE:
            megabytes = file.size / 1_000_000
            hint = "fetch it by `url:` and `sha256:`"
            yield Spot(message=f"the file has {megabytes:.1f} MB, and every package a copy", hint=hint, path=file.path)


RULES = (
    Rule(
        id="credentials",
        level=Level.ERROR,
        title="a file of the recipe holds what looks like a credential",
        why="The recipe's folder is copied into every package (info/recipe), and git keeps it for ever.",
        how="Take it out and replace it at whoever gave it out. A build gets no credential at all.",
        check=_credentials,
        of_text=True,
    ),
    Rule(
        id="build-secrets",
        level=Level.WARNING,
        title="the build script asks for secrets",
        why="Recipe code starts after every credential is gone, so that no recipe can carry one away.",
        how="Fetch what needs a credential in another place, and let the recipe take the result.",
        check=_build_secrets,
    ),
    Rule(
        id="large-file",
        level=Level.WARNING,
        title="a large file lies in the recipe's folder",
        why="The folder is copied into every package of the recipe, in every version.",
        how="Put it where sources are, and name it by `url:` and `sha256:`.",
        check=_large,
        of_text=True,
    ),
)
