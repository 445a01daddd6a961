"""What is installed in a conda environment, as its own records tell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ci_tools.core.package import Filename
from ci_tools.core.sbom import Component
from ci_tools.core.tokens import without_token
from ci_tools.errors import PackageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ci_tools.core.lock import LockedPackage


def installed(prefix: Path) -> tuple[Component, ...]:
    """The packages of an environment, sorted by name; UsageError where it is none."""
    folder = prefix / "conda-meta"
    if not folder.is_dir():
        raise UsageError(f"`{prefix}` is no environment", hint="name an environment's folder, or a lock file")
    found = tuple(_component(path) for path in sorted(folder.glob("*.json")))
    return tuple(sorted(found, key=lambda component: component.name))


def pinned(packages: Iterable[LockedPackage]) -> tuple[Component, ...]:
    """The packages of a lock, as far as it tells of them: no licences."""
    return tuple(_locked(package) for package in packages)


def _component(path: Path) -> Component:
    try:
        record: dict[str, Any] = json.loads(path.read_bytes())
        return Component(
            name=str(record["name"]), version=str(record["version"]), build=str(record["build"]),
            subdir=str(record.get("subdir") or ""), url=without_token(str(record.get("url") or "")),
            sha256=str(record.get("sha256") or ""), license=str(record.get("license") or ""),
            depends=tuple(map(str, record.get("depends") or ())),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UsageError(
            f"`{path}` is no package's record", hint="the environment is damaged", detail=str(exc)
        ) from exc


def _locked(package: LockedPackage) -> Component:
    url = without_token(package.url)
    folder, _, name = url.partition("#")[0].rpartition("/")
    try:
        dist = Filename.parse(name).dist
    except PackageError as exc:
        raise UsageError(f"the lock pins `{url}`, which is no package", hint="make the lock anew") from exc
    return Component(
        name=dist.name, version=dist.version, build=dist.build, subdir=folder.rpartition("/")[2], url=url,
        sha256=package.sha256, depends=package.depends or (),
    )  # fmt: skip
