"""The working tree as a value: which file holds what, and where its symbolic links lead."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

LINK = "120000:"  # git's mode of a symbolic link
MOST_LINKS = 40  # followed for one path, as Linux does


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """`files`: path -> `mode:blob id`; `links`: path -> target as written. Paths are POSIX, relative to the root."""

    files: Mapping[str, str]
    links: Mapping[str, str] = field(default_factory=dict)
    _paths: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_paths", tuple(sorted(self.files)))

    def under(self, path: str) -> dict[str, str]:
        """The file at `path`, or every file below the folder `path`; the empty path is the root."""
        if path in self.files:
            return {path: self.files[path]}
        prefix = f"{path}/" if path else ""
        found: dict[str, str] = {}
        for at in range(bisect_left(self._paths, prefix), len(self._paths)):
            if not self._paths[at].startswith(prefix):
                break
            found[self._paths[at]] = self.files[self._paths[at]]
        return found

    def follow(self, path: str) -> str | None:
        """Where `path` leads once `..` and links are resolved as the system does; None where it leaves the tree."""
        todo, done, left = path.split("/")[::-1], list[str](), MOST_LINKS
        if path.startswith("/"):
            return None
        while todo:
            part = todo.pop()
            if part == "..":
                if not done:
                    return None
                done.pop()
            elif part not in {"", "."}:
                done.append(part)
                target = self.links.get("/".join(done))
                if target is not None:
                    left -= 1
                    if target.startswith("/") or not left:
                        return None
                    done.pop()
                    todo += target.split("/")[::-1]
        return "/".join(done)
