"""The fields of an output that rattler-build has rendered, as our values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_tools.core.pins import bumped
from ci_tools.core.recipe import About, Fetched

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def specs(requirements: Sequence[Any], versions: Mapping[str, str]) -> tuple[str, ...]:
    """Requirements as match specs; `versions`: sibling -> its version, with its build string behind it if known."""
    return tuple(r if isinstance(r, str) else _pinned(r, versions) for r in requirements)


def _pinned(pin: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """The spec of a pin on a sibling; only the name where its version is not known before the build."""
    ((_, fields),) = pin.items()
    name, known = fields["name"], versions.get(fields["name"])
    if known is None:
        return str(name)
    if fields.get("exact"):
        return f"{name} =={known}".strip()
    version, _, _ = known.partition(" ")
    bounds = [f">={version}"] if fields.get("lower_bound") else []
    if upper := bumped(version, fields.get("upper_bound") or ""):
        bounds.append(f"<{upper}")
    return f"{name} {','.join(bounds)}".strip()


def exports(fields: Mapping[str, Sequence[Any]], versions: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(kind, spec) of each run_export."""
    return tuple((kind, spec) for kind, found in sorted(fields.items()) for spec in specs(found, versions))


def path_sources(fields: Mapping[str, Any]) -> Iterator[str]:
    """Path sources as written, those of staging outputs included."""
    yield from (source["path"] for source in _sources(fields) if "path" in source)


def _sources(fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for part in (fields, *(fields.get("staging_caches") or ())):
        yield from part.get("source") or ()


def programs(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """What `extra: channel: {needs: [...]}` names."""
    extra = fields.get("extra")
    channel = extra.get("channel") if isinstance(extra, dict) else None
    needs = channel.get("needs", []) if isinstance(channel, dict) else []
    return tuple(map(str, needs)) if isinstance(needs, list) else (str(needs),)


def about(fields: Mapping[str, Any]) -> About:
    """What the recipe says of itself."""
    said = fields.get("about") or {}
    return About(
        license=str(said.get("license") or ""),
        license_files=tuple(map(str, said.get("license_file") or ())),
        summary=str(said.get("summary") or ""),
        homepage=str(said.get("homepage") or ""),
        tests=len(fields.get("tests") or ()),
        fetched=tuple(found for source in _sources(fields) for found in _fetched(source)),
    )


def _fetched(source: Mapping[str, Any]) -> Iterator[Fetched]:
    if "git" in source:
        rev = source.get("rev") or source.get("tag") or source.get("branch") or ""
        yield Fetched(url=str(source["git"]), rev=str(rev), is_git=True)
    urls = source.get("url") or ()
    checksum = source.get("sha256") or source.get("md5") or ""
    yield from (Fetched(url=str(url), checksum=checksum) for url in ([urls] if isinstance(urls, str) else urls))
