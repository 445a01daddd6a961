"""What a machine can do for a channel: which back ends it has, and how to get the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendState:
    """A back end: what it builds (dialects), and which version is where, or how to get it.

    `version` is empty where it is not here.
    """

    name: str
    builds: str
    version: str = ""
    where: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What `channel doctor` found. `programs`: name of a system's program -> where it is, empty where it is not.

    `confines`: whether builds here can be kept to their folder, and from the network.
    """

    machine: str  # its subdir
    backends: tuple[BackendState, ...]
    programs: tuple[tuple[str, str], ...]
    confines: bool
