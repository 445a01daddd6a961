"""The index documents of a generation: read by hash, never longer than listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.verification import Finding
from ci_tools.errors import NotFoundError, TrustError

if TYPE_CHECKING:
    from ci_tools.core.generation import Generation, TargetFile
    from ci_tools.ports import ChannelSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What could be read: key -> bytes, all of them what the generation lists."""

    bodies: Mapping[str, bytes]
    findings: tuple[Finding, ...]


def verify_documents(source: ChannelSource, generation: Generation) -> Documents:
    """Every document that the generation lists, by its consistent-snapshot name."""
    read = {key: _read(source, key, target) for key, target in generation.targets.items()}
    return Documents(
        bodies={key: body for key, body in read.items() if isinstance(body, bytes)},
        findings=tuple(finding for finding in read.values() if isinstance(finding, Finding)),
    )


def _read(source: ChannelSource, key: str, target: TargetFile) -> bytes | Finding:
    where = layout.by_hash(key, target.sha256)
    try:
        body = source.read(where, target.length)
    except NotFoundError:
        return Finding(where=where, what="is missing, though the generation lists it")
    except TrustError:
        return Finding(where=where, what=f"is longer than the {target.length} bytes that the generation lists")
    return body if target.matches(body) else Finding(where=where, what="is not what the generation lists")
