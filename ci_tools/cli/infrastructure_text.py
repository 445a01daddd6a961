"""What `channel infrastructure` puts on stdout: values, and how each looks to a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.costs import GB_OF_ONE, INSTALLS, Bill
from ci_tools.core.quantities import counted
from ci_tools.core.stack import StackChanges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.stack import StackDefinition

SIGNS = {"add": "+", "modify": "~", "replace": "!", "remove": "-"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a deployment makes, and what it costs. `as_of` dates the prices."""

    stack: str
    parameters: Mapping[str, str]
    as_of: str
    region: str
    bills: tuple[Bill, ...]

    @classmethod
    def of(cls, wanted: StackDefinition, bills: tuple[Bill, ...], table: Mapping[str, object]) -> Overview:
        """The overview of a definition, by a table of prices."""
        return cls(
            stack=wanted.name, parameters=dict(wanted.parameters), as_of=str(table["as_of"]),
            region=str(table["region"]), bills=bills,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What a stack says of itself, and the lines of channel.yaml that follow."""

    lines: tuple[str, ...]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What was done, and the lines of channel.yaml that follow."""

    changes: StackChanges
    lines: tuple[str, ...]


def overview_text(value: Overview, words: Mapping[str, Mapping[str, str]]) -> str:
    """What will be in the account, by theme, and the bills side by side."""
    return "\n".join((*_made(value, words), "", *_costs(value)))


def _made(value: Overview, words: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    yield f"channel infrastructure deploy makes one CloudFormation stack, {value.stack}, with:"
    for theme, resources in words.items():
        yield ""
        yield theme
        yield from (f"  {name:26}{sentence}" for name, sentence in resources.items())
    yield ""
    yield "with these parameters; every other has its default"
    yield from (f"  {name:26}{held}" for name, held in sorted(value.parameters.items()))
    yield ""
    yield "It makes no user, no access key, no server and no network. Deleting the stack keeps the bucket, the tokens,"
    yield "the cookie keys and the signing keys. From outside only jobs of GitHub come in, by OIDC, one role each."


def _costs(value: Overview) -> Iterator[str]:
    yield f"A month costs about (list prices of {value.as_of} in {value.region}, before taxes):"
    heads = [counted(bill.users, "user") for bill in value.bills]
    yield f"  {'':38}" + "".join(f"{head:>14}" for head in heads)
    for row in zip(*(bill.charges for bill in value.bills), strict=True):
        if any(charge.usd >= 0.005 for charge in row):  # noqa: PLR2004 (what would be shown as 0.00)
            yield f"  {row[0].service:38}" + "".join(f"{charge.usd:>14,.2f}" for charge in row)
    yield f"  {'in all, US dollars':38}" + "".join(f"{bill.usd:>14,.2f}" for bill in value.bills)
    yield f"  {'for each user':38}" + "".join(f"{bill.usd / bill.users:>14,.2f}" for bill in value.bills)
    stored = ", ".join(f"{bill.stored:,.0f} GB for {bill.users}" for bill in value.bills)
    yield f"Reckoned with {INSTALLS} installs for each user, {GB_OF_ONE:g} GB of private packages each; kept: {stored}."


def changes_text(found: StackChanges) -> str:
    """One line for each resource; `!` and `-` lose what is in it."""
    if not found.changes:
        return f"nothing to do: the stack {found.stack} is as channel.yaml says"
    head = f"{'a new stack' if found.is_new else 'the stack'} {found.stack}, {counted(len(found.changes), 'change')}:"
    return "\n".join((head, *(f"  {SIGNS[c.kind.value]} {c.name:26}{c.type}" for c in found.changes)))


def outputs_text(value: Outputs) -> str:
    """The lines to put into channel.yaml."""
    return "\n".join(value.lines)


def deployment_text(value: Deployment) -> str:
    """The same, after a deployment."""
    return "\n".join(("# in channel.yaml:", *value.lines))
