"""What is deployed in an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.core.stack import StackChanges, StackDefinition


class Stacks(Protocol):
    """The stacks of one account and region. RemoteError where it cannot be asked, StoreError where it refuses."""

    def changes(self, wanted: StackDefinition) -> StackChanges:
        """What deploying `wanted` would do. Nothing is changed."""

    def deploy(self, wanted: StackDefinition) -> StackChanges:
        """Make it so, and wait until it is; what was done. StoreError says which resource failed, and why."""

    def outputs(self, name: str) -> Mapping[str, str]:
        """What a stack says of itself; empty where there is none."""
