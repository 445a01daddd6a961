"""What is deployed, what is there, and what a deployment would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# What of a stack's outputs channel.yaml is told, and where.
EDGE_OUTPUTS = {"distribution": "Distribution", "key_group": "KeyGroup", "tokens": "Tokens"}
KEY_OUTPUTS = {"online": "OnlineKey", "publisher": "PublisherKey", "log": "LogKey"}


class ChangeKind(StrEnum):
    """What happens to a resource. A replacement makes a new one, and what was in the old is not in it."""

    ADD = "add"
    MODIFY = "modify"
    REPLACE = "replace"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDefinition:
    """A stack as it should be: the template, the parameters that are not their defaults, and what no update may do."""

    name: str
    template: str = field(repr=False)
    parameters: Mapping[str, str]
    policy: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """What a deployment would do to one resource. `name` is the template's."""

    name: str
    type: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class StackChanges:
    """What a deployment would do, or did. `is_new`: there is no stack yet."""

    stack: str
    is_new: bool
    changes: tuple[ResourceChange, ...]

    @property
    def destructive(self) -> tuple[ResourceChange, ...]:
        """Those that lose what the resource holds."""
        return tuple(c for c in self.changes if c.kind in {ChangeKind.REPLACE, ChangeKind.REMOVE})


def stack_name(channel: str) -> str:
    """The stack of a channel, where nobody says another: letters, digits and `-`."""
    return "conda-" + "".join(c if c.isalnum() else "-" for c in channel)


def channel_lines(outputs: Mapping[str, str], channel: str) -> tuple[str, ...]:
    """The lines of channel.yaml that say what a stack made."""
    if not outputs:
        return ()
    edge = ["edge:", "  kind: cloudfront", *(f"  {key}: {outputs[name]}" for key, name in EDGE_OUTPUTS.items())]
    trust = ["trust:", *(f"  {key}: {outputs[name]}" for key, name in KEY_OUTPUTS.items())]
    store = f"store: {{kind: s3, bucket: {outputs['Bucket']}, prefix: {channel}, region: {outputs['Region']}}}"
    return (f"url: https://{outputs['Host']}/{channel}", store, *edge, *trust)
