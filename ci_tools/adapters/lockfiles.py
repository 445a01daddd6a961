"""Lock files of others: pixi.lock, conda-lock.yml, and conda's explicit lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import yaml

from ci_tools.core.lock import LockedPackage
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST = 64 << 20  # bytes
EXPLICIT = "@EXPLICIT"
HEX = frozenset("0123456789abcdef")
MD5_LENGTH, SHA256_LENGTH = 32, 64


def locked_packages(path: Path) -> tuple[LockedPackage, ...]:
    """The conda packages that a lock file pins, of every platform and environment, each once.

    UsageError where it is no lock file, or one that could be read in two ways.
    """
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1).decode()
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"`{path}` cannot be read", hint="name a lock file", detail=str(exc)) from exc
    if len(text) > LARGEST:
        raise UsageError(f"`{path}` is larger than any lock file", hint="name a lock file")
    lines = [line.strip() for line in text.splitlines()]
    found = tuple(_explicit(lines)) if EXPLICIT in lines else tuple(_yaml(text, path))
    return tuple(dict.fromkeys(found))


def _explicit(lines: list[str]) -> Iterator[LockedPackage]:
    for line in lines[lines.index(EXPLICIT) + 1 :]:
        if line and not line.startswith("#"):
            url, _, digest = line.partition("#")
            digest = digest.removeprefix("sha256:").lower()
            yield LockedPackage(url=url, sha256=_of(digest, SHA256_LENGTH), md5=_of(digest, MD5_LENGTH))


def _of(digest: str, length: int) -> str:
    return digest if len(digest) == length and HEX.issuperset(digest) else ""


def _yaml(text: str, path: Path) -> Iterator[LockedPackage]:
    try:
        document = yaml.load(text, _Strict)  # noqa: S506 (a safe loader that is stricter still)
    except yaml.YAMLError as exc:
        raise UsageError(f"`{path}` is not YAML", hint="name a lock file", detail=str(exc)) from exc
    packages = document.get("packages", document.get("package")) if isinstance(document, dict) else None
    if not isinstance(packages, list) or not all(isinstance(each, dict) for each in packages):
        hint = "known are pixi.lock, conda-lock.yml and explicit lists (`conda list --explicit --sha256`)"
        raise UsageError(f"`{path}` is no lock file that is known here", hint=hint)
    for each in packages:
        if found := _package(each):
            yield found


def _package(entry: dict[str, Any]) -> LockedPackage | None:
    digests = entry["hash"] if isinstance(entry.get("hash"), dict) else entry
    url = entry.get("conda") or (entry.get("url") if "conda" in {entry.get("kind"), entry.get("manager")} else None)
    if not isinstance(url, str):
        return None  # of PyPI
    depends = entry.get("depends") if "conda" in entry or entry.get("kind") == "conda" else None
    return LockedPackage(
        url=url,
        sha256=str(digests.get("sha256") or "").lower(),
        md5=str(digests.get("md5") or "").lower(),
        depends=tuple(map(str, depends)) if isinstance(depends, list) else None,
    )


class _Strict(yaml.CSafeLoader):
    """Two readers must not see two things: a name that is there twice is an error. Numbers stay text."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc] # as PyYAML's own resolvers do

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 (its signature)
        """The mapping, or an error."""
        names = [key.value for key, _ in node.value]
        if len(names) != len(set(map(str, names))):
            raise yaml.constructor.ConstructorError(None, None, "a name is there twice", node.start_mark)
        return dict(super().construct_mapping(node, deep))
