"""A JSON object with one member a line: cut at the line ends, changed by splicing, never parsed as a whole.

That is what makes one package more in 50,000 cheap: the text of the others is carried over as it is.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Self

END = b",\n"  # of every line, the last one included; `body` leaves that one out
BRACES = (ord('"'), ord("}"))  # how a line begins and ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """File name -> JSON object, in order of the names. `text` is `"name":{…},` line by line."""

    text: bytes = b""
    names: Sequence[str] = field(default=(), compare=False)
    starts: Sequence[int] = field(default=(0,), compare=False)  # where each line begins, and where the last one ends

    @classmethod
    def cut(cls, text: bytes) -> Self:
        """The listing of `text`; ValueError where it is not laid out as ours are."""
        lines = text.split(END)
        if lines.pop():
            raise ValueError("the last line does not end")
        names = [str(line[1 : line.index(b'":{')], "ascii") for line in lines]
        framed = all((line[0], line[-1]) == BRACES for line in lines)
        if not framed or text.count(b"\n") != len(lines) or any(a >= b for a, b in pairwise(names)):
            raise ValueError("not one member a line in order of their names")
        starts = array("Q", accumulate((len(line) + len(END) for line in lines), initial=0))
        return cls(text=text, names=names, starts=starts)

    @classmethod
    def of(cls, members: Mapping[str, bytes]) -> Self:
        """The listing of these JSON objects, each without a line end in it."""
        return cls().changed(members)

    @property
    def body(self) -> memoryview:
        """What stands between the braces, without a copy."""
        return memoryview(self.text)[: -len(END)] if self.text else memoryview(b"")

    def get(self, name: str) -> bytes | None:
        """The JSON text of one member."""
        at = bisect_left(self.names, name)
        if at == len(self.names) or self.names[at] != name:
            return None
        return self.text[self.starts[at] + len(name) + 3 : self.starts[at + 1] - len(END)]

    def belonging(self, package: str) -> Iterator[str]:
        """The file names of one package, in order."""
        first, beyond = (bisect_left(self.names, package + mark) for mark in "-.")  # "." is the sign after "-"
        return (name for name in self.names[first:beyond] if package_name(name) == package)

    def packages(self) -> frozenset[str]:
        """The names of the packages that have a file here."""
        return frozenset(map(package_name, self.names))

    def changed(self, changes: Mapping[str, bytes | None]) -> Self:
        """The listing with these members put in or replaced; None takes one out."""
        if not changes:
            return self
        text, sizes = memoryview(self.text), [after - start for start, after in pairwise(self.starts)]
        pieces: list[bytes | memoryview] = []
        names: list[str] = []
        lengths: list[int] = []
        at = 0  # the first line that is not carried over yet
        for name in sorted(changes):
            index = bisect_left(self.names, name, at)
            pieces.append(text[self.starts[at] : self.starts[index]])
            names += self.names[at:index]
            lengths += sizes[at:index]
            at = index + (index < len(self.names) and self.names[index] == name)
            if (value := changes[name]) is not None:
                line = b'"%b":%b,\n' % (name.encode("ascii"), value)
                pieces.append(line)
                names.append(name)
                lengths.append(len(line))
        pieces.append(text[self.starts[at] :])
        starts = array("Q", accumulate((*lengths, *sizes[at:]), initial=0))
        return type(self)(text=b"".join(pieces), names=[*names, *self.names[at:]], starts=starts)


def package_name(filename: str) -> str:
    """`python` of `python-3.12.1-0.conda` (CEP 26: neither version nor build string has a dash)."""
    return filename.rsplit("-", 2)[0]
