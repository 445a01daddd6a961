"""A workflow or an action as plain values, with the place and the comment of each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Where = tuple[str | int, ...]


class Finding(NamedTuple):
    """One thing that breaks a rule: where, what is so, what to do."""

    where: Where
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where something is written: its number from 1, and the comment behind it."""

    number: int
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; `run` and `uses` are None where it has none."""

    where: Where
    body: Mapping[str, Any]

    @property
    def run(self) -> str | None:
        """Its command."""
        return None if self.body.get("run") is None else str(self.body["run"])

    @property
    def uses(self) -> str | None:
        """Its action."""
        return None if self.body.get("uses") is None else str(self.body["uses"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job; the steps of a composite action are one without an id."""

    id: str
    where: Where
    body: Mapping[str, Any]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its steps; none where it calls a workflow."""
        listed = self.body.get("steps")
        found = enumerate(listed) if isinstance(listed, list) else ()
        return tuple(Step(where=(*self.where, "steps", n), body=s) for n, s in found if isinstance(s, Mapping))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFile:
    """The file at `path`; `body` is its YAML 1.2 value (`on` is text), `lines` the place of each key and item."""

    path: str
    body: Mapping[str, Any]
    lines: Mapping[Where, Line]

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.rpartition("/")[2]

    @property
    def is_action(self) -> bool:
        """Whether it is an action, and no workflow."""
        return self.name in {"action.yml", "action.yaml"}

    def line(self, where: Where) -> Line:
        """The line of `where`, or of what is around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, Line(number=1))

    def comment(self, where: Where) -> str:
        """The comment behind that line."""
        return self.line(where).comment

    def jobs(self) -> Iterator[Job]:
        """Every job, in the file's order."""
        if self.is_action:
            yield Job(id="", where=("runs",), body=self.body.get("runs") or {})
            return
        jobs = self.body.get("jobs")
        for id_, body in (jobs if isinstance(jobs, Mapping) else {}).items():
            if isinstance(body, Mapping):
                yield Job(id=str(id_), where=("jobs", id_), body=body)

    def uses(self) -> Iterator[tuple[Where, str, Line]]:
        """Every `uses:`, of steps and of jobs."""
        for job in self.jobs():
            bodies = [(job.where, job.body), *((step.where, step.body) for step in job.steps)]
            for where, body in bodies:
                if "uses" in body:
                    yield (*where, "uses"), str(body["uses"]), self.line((*where, "uses"))

    def events(self) -> tuple[str, ...]:
        """What starts it."""
        match self.body.get("on"):
            case str(one):
                return (one,)
            case list(some) | dict(some):
                return tuple(map(str, some))
            case _:
                return ()
