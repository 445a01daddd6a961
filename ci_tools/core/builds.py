"""What a published package was made from: builds.json.zst, which `plan` compares with and packs by."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildInfo:
    """How one file came to be. `recipe` is its directory; `seconds` is wall time; empty text and 0 mean unknown.

    `source` is the channel that it was imported from.
    """

    recipe: str = ""
    input_hash: str = ""
    commit: str = ""
    generation: int = 0
    seconds: float = 0.0
    backend: str = ""
    source: str = ""

    def to_json(self) -> dict[str, Any]:
        """All fields, the unknown ones too; `source` where there is one."""
        every = {f.name: getattr(self, f.name) for f in fields(self)}
        return every if self.source else {name: value for name, value in every.items() if name != "source"}

    @classmethod
    def from_json(cls, build: Mapping[str, Any]) -> Self:
        """Read back; fields of a later version are passed over."""
        return cls(**{f.name: build[f.name] for f in fields(cls) if f.name in build})
