"""The keys of cookies at the local edge: CloudFront's public keys and key group, in the edge's own file."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from ci_tools.adapters.edges.local import LocalEdge
from ci_tools.errors import NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalKeys:
    """An id is made of the key, so that the same key always has the same one."""

    edge: LocalEdge

    def known(self) -> tuple[str, ...]:
        return tuple(sorted({*self.edge.registered(), *self.edge.trusted()}))

    def trusted(self) -> tuple[str, ...]:
        return tuple(self.edge.trusted())

    def register(self, pem: bytes) -> str:
        key_id = f"K{sha256(pem).hexdigest()[:13].upper()}"
        self.edge.register(key_id, pem)
        return key_id

    def trust(self, key_id: str) -> None:
        pem = self.edge.registered().get(key_id)
        if pem is None and key_id not in self.edge.trusted():
            raise NotFoundError(f"the edge knows no public key `{key_id}`")
        if pem is not None:
            self.edge.trust(key_id, pem)

    def distrust(self, key_id: str) -> None:
        self.edge.distrust(key_id)

    def forget(self, key_id: str) -> None:
        self.edge.unregister(key_id)
