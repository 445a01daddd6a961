"""Who is handed a service's token by the rotation: a secret of a repository's workflows, or one in the vault."""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_SECRET = "CHANNEL_TOKEN"  # noqa: S105 (the name of a secret)
REPOSITORY = re.compile(r"([A-Za-z0-9._-]+/[A-Za-z0-9._-]+)(?::([A-Z_][A-Z0-9_]*))?")
VAULT = re.compile(r"vault:([A-Za-z0-9/_.-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryConsumer:
    """The GitHub Actions secret `secret` of `repository`, `owner/name`."""

    repository: str
    secret: str = DEFAULT_SECRET


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultConsumer:
    """The secret `readers/<name>` below the rotation's prefix, for whoever may read that one."""

    name: str


Consumer = RepositoryConsumer | VaultConsumer


def parse_consumer(text: str) -> Consumer | None:
    """`OWNER/NAME`, `OWNER/NAME:SECRET` or `vault:NAME`; None for anything else."""
    if found := VAULT.fullmatch(text):
        return VaultConsumer(name=found[1])
    if found := REPOSITORY.fullmatch(text):
        return RepositoryConsumer(repository=found[1], secret=found[2] or DEFAULT_SECRET)
    return None
