"""What a bench says: a figure, with what was asked for, on one line of a table and in JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing measured. `least` and `most` are what was asked for; 0 where nothing was."""

    what: str
    value: float
    unit: str
    least: float = 0
    most: float = 0

    @property
    def holds(self) -> bool:
        """Whether it is what was asked for."""
        return self.value >= self.least and (not self.most or self.value <= self.most)

    def __str__(self) -> str:
        """One line, as wide as the others."""
        asked = [f"at least {self.least:g}"] if self.least else []
        asked += [f"at most {self.most:g}"] if self.most else []
        told = f"   {'' if self.holds else 'NOT '}as asked: {', '.join(asked)}" if asked else ""
        return f"{self.what:60} {self.value:12,.2f} {self.unit}{told}"
