"""The local edge: what CloudFront's key-value store holds, as one file beside the channel."""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.core.access import Grant, from_record, to_record
from ci_tools.core.cookie import PublicKey, parse_public_key
from ci_tools.errors import ConflictError, StoreError, TrustError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TOKEN_KEY = "t:"  # noqa: S105 (a prefix, not a token)
COOKIE_KEY = "k:"
KNOWN_KEY = "p:"  # a public key that is kept, trusted or not
KEY_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
CACHE_EPOCH = "epoch"  # one more at every invalidation: whoever holds copies made under another drops them


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeState:
    """What the file says: grants by token id, keys that sign cookies by their id, and the epoch of the cache."""

    grants: Mapping[str, Grant]
    keys: Mapping[str, PublicKey]
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEdge:
    """An Edge whose state is the JSON file `path`, for its owner only.

    `{"t:<id>": {h, c, e, p?}, "k:<id>": PEM, "p:<id>": PEM, "epoch": N}`: grants, CloudFront's key group, its public
    keys, and the epoch of the cache.
    """

    path: Path

    def admit(self, grants: Iterable[Grant], *, seen: str = "") -> None:
        with self._changing() as state:
            if seen and seen != _version(state):
                raise ConflictError("what the edge holds was changed meanwhile", hint="run it again")
            state.update({f"{TOKEN_KEY}{grant.id}": to_record(grant) for grant in grants})

    def refuse(self, ids: Iterable[str]) -> None:
        with self._changing() as state:
            for grant_id in ids:
                state.pop(f"{TOKEN_KEY}{grant_id}", None)

    def admitted(self) -> tuple[Grant, ...]:
        return tuple(grant for _, grant in sorted(read_state(self.path).grants.items()))

    def seen(self) -> str:
        return _version(_load(self.path))

    def register(self, key_id: str, pem: bytes) -> None:
        """Keep a public key without trusting it yet."""
        with self._changing() as state:
            state[f"{KNOWN_KEY}{key_id}"] = pem.decode()

    def unregister(self, key_id: str) -> None:
        """Keep it no longer; it is no error where it is unknown."""
        with self._changing() as state:
            state.pop(f"{KNOWN_KEY}{key_id}", None)

    def registered(self) -> Mapping[str, bytes]:
        """The public keys that are kept, trusted or not, in PEM by id."""
        return _pems(_load(self.path), KNOWN_KEY)

    def trust(self, key_id: str, pem: bytes) -> None:
        """Take cookies from now on that the private half of this public key signed.

        TrustError where CloudFront would not have the key, or has another one under this id.
        """
        if not KEY_ID.fullmatch(key_id) or parse_public_key(pem) is None:
            hint = "RSA of 2048 bits or ECDSA on P-256, PEM; ids of letters, digits and `-`"
            raise TrustError(f"`{key_id}` is no public key that signs cookies", hint=hint)
        with self._changing() as state:
            if state.setdefault(f"{COOKIE_KEY}{key_id}", pem.decode()) != pem.decode():
                raise TrustError(f"the edge has another key `{key_id}`", hint="a new key has a new id")

    def distrust(self, key_id: str) -> None:
        """Take no cookies of this key any longer; it is no error where it is unknown."""
        with self._changing() as state:
            state.pop(f"{COOKIE_KEY}{key_id}", None)

    def trusted(self) -> Mapping[str, bytes]:
        """The public keys in PEM by id."""
        return _pems(_load(self.path), COOKIE_KEY)

    def invalidate(self, keys: Iterable[str]) -> None:
        if any(True for _ in keys):
            with self._changing() as state:
                state[CACHE_EPOCH] = _epoch(state) + 1

    @contextmanager
    def _changing(self) -> Iterator[dict[str, object]]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.with_name(f".{self.path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = _load(self.path)
            after = dict(before)
            yield after
            if after != before or not self.path.exists():
                _write(self.path, after)


def read_state(path: Path) -> EdgeState:
    """The state in the file; nobody is let in where there is none. StoreError where it is not what was written."""
    raw = _load(path)
    held = {key.removeprefix(TOKEN_KEY): value for key, value in raw.items() if key.startswith(TOKEN_KEY)}
    grants = {grant_id: from_record(grant_id, record) for grant_id, record in held.items()}
    pems = {key.removeprefix(COOKIE_KEY): pem for key, pem in raw.items() if key.startswith(COOKIE_KEY)}
    keys = {key_id: parse_public_key(str(pem).encode()) for key_id, pem in pems.items()}
    return EdgeState(
        grants={i: grant for i, grant in grants.items() if grant is not None},
        keys={i: key for i, key in keys.items() if key is not None},
        epoch=_epoch(raw),
    )


def _pems(state: Mapping[str, object], prefix: str) -> dict[str, bytes]:
    return {key[len(prefix) :]: str(pem).encode() for key, pem in sorted(state.items()) if key.startswith(prefix)}


def _version(state: Mapping[str, object]) -> str:
    """Of what is held of grants: an invalidation changes nothing about who is let in."""
    held = {key: value for key, value in state.items() if key.startswith(TOKEN_KEY)}
    return sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def _epoch(state: Mapping[str, object]) -> int:
    value = state.get(CACHE_EPOCH)
    return value if isinstance(value, int) else 0


def _load(path: Path) -> dict[str, object]:
    try:
        state = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise StoreError(
            f"the state of the edge, `{path}`, cannot be read",
            hint="remove it, then: channel access sync",
            detail=str(exc),
        ) from exc
    if not isinstance(state, dict):
        raise StoreError(f"`{path}` is not the state of an edge", hint="remove it, then: channel access sync")
    return state


def _write(path: Path, state: Mapping[str, object]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 from birth
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(state, file, sort_keys=True, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(name, path)  # noqa: PTH105 (mkstemp gives a name)
