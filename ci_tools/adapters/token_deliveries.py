"""Handing tokens out: into the secrets of repositories' workflows, and into the vault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from ci_tools.core.consumers import Consumer, RepositoryConsumer, VaultConsumer
from ci_tools.ports.forges import Forge
from ci_tools.ports.rotation import Vault

if TYPE_CHECKING:
    from ci_tools.core.tokens import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDeliveries:
    """`forge` is made when the first repository is to be told: not everybody has one."""

    forge: Callable[[], Forge]
    vault: Vault

    def deliver(self, consumer: Consumer, token: Token) -> None:
        match consumer:
            case RepositoryConsumer(repository=repository, secret=name):
                self.forge().put_secret(name, token.text, repository=repository)
            case VaultConsumer(name=name):
                there = f"readers/{name}"
                kept = self.vault.read(there)
                if kept is None or kept.text != token.text:
                    self.vault.write(there, token.text, kept.version if kept else "")
            case _:
                assert_never(consumer)
