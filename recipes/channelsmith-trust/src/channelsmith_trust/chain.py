"""A channel's chain of signatures, followed by TUF's own client, down to the record of one package."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgpack
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata, Root, TargetFile, Targets
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface

try:
    from compression import zstd
except ImportError:
    try:
        from backports import zstd
    except ImportError:  # an older conda brings this one
        import zstandard as zstd

ISSUED = "x-channelsmith-issued"
SHARDS = "repodata_shards.msgpack.zst"
LARGEST_SHARD, LARGEST_UNPACKED, LARGEST_TARGETS = 64 << 20, 512 << 20, 5_000_000  # bytes
GAP = 20  # generations that crashes may have left out in a row
NOT_FOUND = 404

Record = Mapping[str, Any]
Fetch = Callable[[str], Iterator[bytes]]  # a key of the channel -> its bytes; MissingError where there is none


class ChainError(Exception):
    """The chain does not lead to the package: what is so, in one sentence."""


class MissingError(Exception):
    """There is no such object (404)."""


@dataclass(frozen=True)
class Anchor:
    """What is believed beforehand, and where what was seen is remembered: against rollbacks, and for offline use."""

    root: bytes
    state: Path
    max_age: timedelta


class Chain:
    """A channel, read by `fetch`; everything it says is checked."""

    def __init__(self, anchor: Anchor, fetch: Fetch, now: datetime) -> None:
        self._anchor = anchor
        self._fetch = fetch
        self._now = now
        self._documents: dict[str, bytes] = {}
        self._past: list[Mapping[str, TargetFile]] | None = None
        anchor.state.mkdir(parents=True, exist_ok=True)
        self._updater = Updater(
            metadata_dir=str(anchor.state), metadata_base_url="tuf:", fetcher=_Fetcher(fetch, anchor.state),
            bootstrap=anchor.root,
        )  # fmt: skip
        try:
            self._updater.refresh()
        except (RepositoryError, DownloadError, ValueError, OSError) as exc:
            raise ChainError(_told(exc)) from exc

    def records(self, subdir: str, name: str, filename: str) -> Iterator[Record]:
        """What the generations that are still good say of a package, the present one first."""
        key = f"{subdir}/{SHARDS}"
        present = self._updater.get_targetinfo(key)
        if present is not None:
            yield from self._listed(subdir, present, name, filename)
        for targets in self._replaced():
            if key in targets and targets[key] != present:
                yield from self._listed(subdir, targets[key], name, filename)

    def read(self, key: str, sha256: str, limit: int) -> bytes:
        """An object of the channel whose digest is known beforehand."""
        if sha256 not in self._documents:
            cached = self._anchor.state / "objects" / sha256
            body = cached.read_bytes() if cached.is_file() else b""
            if hashlib.sha256(body).hexdigest() != sha256:
                body = b"".join(_bounded(self._fetch(key), limit, key))
                if hashlib.sha256(body).hexdigest() != sha256:
                    raise ChainError(f"`{key}` is not what the signed index names: it was altered")
                _kept(cached, body)
            self._documents[sha256] = body
        return self._documents[sha256]

    def _listed(self, subdir: str, target: TargetFile, name: str, filename: str) -> Iterator[Record]:
        sha256 = target.hashes["sha256"]
        index = _unpacked(self.read(f"{subdir}/{sha256}.{SHARDS}", sha256, target.length), "the shard index")
        digest = _hex(index.get("shards", {}).get(name))
        if digest:
            body = self.read(f"{subdir}/shards/{digest}.msgpack.zst", digest, LARGEST_SHARD)
            shard = _unpacked(body, f"the shard of `{name}`")
            for section in ("packages.conda", "packages"):
                if filename in shard.get(section, {}):
                    record = shard[section][filename]
                    yield {**record, "sha256": _hex(record.get("sha256")), "md5": _hex(record.get("md5"))}

    def _replaced(self) -> list[Mapping[str, TargetFile]]:
        """The lists of generations that were replaced within `max_age`, signed with a key that is still trusted.

        A lagging edge, an old cache and a publish in progress show a client the index before the present one.
        """
        if self._past is None:
            self._past = list(self._walk())
        return self._past

    def _walk(self) -> Iterator[Mapping[str, TargetFile]]:
        root = Metadata[Root].from_file(str(self._anchor.state / "root.json")).signed
        targets = Metadata[Targets].from_file(str(self._anchor.state / "targets.json")).signed
        replaced, number, gap = _issued(targets), targets.version - 1, 0
        while replaced and replaced > self._now - self._anchor.max_age and number > 0 and gap < GAP:
            try:
                key = f"tuf/{number}.targets.json"
                document = Metadata[Targets].from_bytes(b"".join(_bounded(self._fetch(key), LARGEST_TARGETS, key)))
                root.verify_delegate(Targets.type, document.signed_bytes, document.signatures)
                if document.signed.version == number:
                    yield document.signed.targets
                    replaced, gap = _issued(document.signed), 0
            except (RepositoryError, MissingError, ChainError, ValueError, OSError):  # nobody's: it vouches for nothing
                gap += 1
            number -= 1


class _Fetcher(FetcherInterface):
    """TUF's metadata by our fetcher; the base URL `tuf:/` stands for the folder of that name."""

    def __init__(self, fetch: Fetch, state: Path) -> None:
        self._get = fetch
        self._state = state

    def _fetch(self, url: str) -> Iterator[bytes]:
        key = f"tuf/{url.removeprefix('tuf:').strip('/')}"
        try:
            body = b"".join(_bounded(self._get(key), LARGEST_TARGETS, key))
            json.loads(body, object_pairs_hook=_once)
        except MissingError as exc:
            raise DownloadHTTPError(str(exc), NOT_FOUND) from exc
        except (ChainError, ValueError) as exc:  # two readers must not see two things in it
            raise DownloadError(f"`{key}` is no signed document of a channel: {exc}") from exc
        yield body


def remembered(state: Path) -> Fetch:
    """The channel as it was last seen, for when there is no network; its signatures expire as ever."""

    def fetch(key: str) -> Iterator[bytes]:
        name = key.removeprefix("tuf/")
        role = name.rpartition(".json")[0].rpartition(".")[2]
        path = state / f"{role}.json"
        if not key.startswith("tuf/") or role == "root" or not path.is_file():
            raise MissingError(f"`{key}` is not remembered")
        yield path.read_bytes()

    return fetch


def _kept(path: Path, body: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")  # another conda may be at it
    temporary.write_bytes(body)
    temporary.replace(path)


def _bounded(chunks: Iterator[bytes], limit: int, key: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise ChainError(f"`{key}` is longer than the {limit} bytes that it may have")
        yield chunk


def _unpacked(body: bytes, what: str) -> dict[str, Any]:
    try:
        plain = zstd.ZstdDecompressor().decompress(body, LARGEST_UNPACKED)
        value = msgpack.unpackb(plain, raw=False, strict_map_key=True, object_pairs_hook=_once)
    except (ValueError, zstd.ZstdError, msgpack.UnpackException) as exc:
        raise ChainError(f"{what} cannot be read ({exc})") from exc
    if not isinstance(value, dict):
        raise ChainError(f"{what} is no map")
    return value


def _once(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is there twice")
    return members


def _hex(digest: object) -> str:
    return digest.hex() if isinstance(digest, bytes) else digest if isinstance(digest, str) else ""


def _issued(targets: Targets) -> datetime | None:
    try:
        return datetime.fromisoformat(targets.unrecognized_fields[ISSUED])
    except (KeyError, TypeError, ValueError):
        return None


def _told(exc: Exception) -> str:
    text = str(exc).partition("\n")[0] or type(exc).__name__
    return json.dumps(text)[1:-1]
