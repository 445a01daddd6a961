"""conda's side: asked after each solve and before each transaction, whatever is installed and how."""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from conda.base.context import context
from conda.common.configuration import MapParameter, PrimitiveParameter
from conda.core.package_cache_data import PackageCacheData
from conda.core.path_actions import Action
from conda.exceptions import CondaError
from conda.gateways.connection.session import get_session
from conda.plugins import hookimpl
from conda.plugins.types import CondaPostSolve, CondaPreTransactionAction, CondaSetting
from platformdirs import user_cache_path

from channelsmith_trust.attested import require_attestation
from channelsmith_trust.chain import Anchor, Chain, ChainError, Fetch, MissingError, remembered
from channelsmith_trust.judgement import Candidate, judged, require_sidecar
from channelsmith_trust.settings import NAME, Protected, SettingsError, protected_channels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

if TYPE_CHECKING:
    from conda.models.records import PackageRecord

CHUNK = 1 << 16
NOT_FOUND = 404
HINT = (
    "Nothing was installed. `conda clean --index-cache` and once more helps where an old index was in the cache;\n"
    "if it stays so, tell the channel's owner: somebody may have altered what the channel serves."
)


class TrustViolationError(CondaError):
    """A package of a protected channel that its owner did not sign."""


def _protected() -> tuple[Protected, ...]:
    try:
        return protected_channels(getattr(context.plugins, NAME))
    except SettingsError as exc:
        raise TrustViolationError(f"channelsmith-trust: {exc}") from exc


def _require(records: Iterable[PackageRecord], *, installed: bool) -> None:
    """Stop, or warn, where a package does not hold; `installed`: its bytes are in the package cache already."""
    blocked = []
    protected = _protected()
    for record in records:
        for channel in protected:
            if key := channel.key(record.url or ""):
                try:
                    _judge(record, key, channel, installed=installed)
                except (ChainError, MissingError, OSError) as exc:
                    said = f"{channel.url}/{key}: {exc}"
                    if channel.enforce:
                        blocked.append(said)
                    else:
                        _warn(said)
    if blocked:
        lines = "\n".join(f"  {said}" for said in blocked)
        raise TrustViolationError(f"channelsmith-trust stops this:\n{lines}\n{HINT}")


@cache
def _warn(said: str) -> None:
    """Say it once, though conda asks twice."""
    sys.stderr.write(f"warning: channelsmith-trust: {said}\n")


def _judge(record: PackageRecord, key: str, channel: Protected, *, installed: bool) -> None:
    base = record.url.partition(f"/{key}")[0]
    chain = _chain(channel, base)
    candidate = Candidate(
        key=key, name=record.name, version=record.version, build=record.build,
        sha256=_digest(record) if installed else record.get("sha256") or "",
        depends=None if installed else tuple(map(str, record.depends)),
    )  # fmt: skip
    if not installed and not candidate.sha256:
        return  # an explicit URL without a digest: the bytes are looked at when they are here
    signed = judged(candidate, chain)
    if installed and not context.offline:
        sidecar = require_sidecar(candidate, signed, chain)
        if channel.trusted_root:
            name = key.rpartition("/")[2]
            require_attestation(sidecar, name, candidate.sha256, channel.url, channel.trusted_root)


def _digest(record: PackageRecord) -> str:
    """The SHA-256 of what would be linked: of the archive where it is still there, else what it had when it came."""
    entry = PackageCacheData.get_entry_to_link(record)
    archive = Path(entry.package_tarball_full_path)
    if archive.is_file():
        with archive.open("rb") as file:
            digest = hashlib.sha256()
            while chunk := file.read(CHUNK):
                digest.update(chunk)
            return digest.hexdigest()
    return entry.get("sha256") or ""


@cache
def _chain(channel: Protected, base: str) -> Chain:
    name = hashlib.sha256(f"{channel.url} {channel.root.read_bytes().hex()}".encode()).hexdigest()[:32]
    state = user_cache_path("channelsmith-trust") / name
    anchor = Anchor(root=channel.root.read_bytes(), state=state, max_age=channel.max_age)
    fetch = remembered(state) if context.offline else _fetcher(base)
    return Chain(anchor, fetch, datetime.now(UTC))


def _fetcher(base: str) -> Fetch:
    """Reading with conda's own session: proxies, tokens, netrc and certificates as for packages."""

    def fetch(key: str) -> Iterator[bytes]:
        url = f"{base}/{key}"
        timeout = (context.remote_connect_timeout_secs, context.remote_read_timeout_secs)
        with get_session(url).get(url, stream=True, timeout=timeout, proxies=context.proxy_servers) as answer:
            if answer.status_code == NOT_FOUND:
                raise MissingError(f"`{key}` is missing")
            answer.raise_for_status()
            yield from answer.iter_content(CHUNK)

    return fetch


def _after_solve(_: str, __: Iterable[PackageRecord], link_precs: Iterable[PackageRecord]) -> None:
    _require(link_precs, installed=False)


class Gate(Action):
    """The last look before anything is linked; `execute` too, for `safety_checks: disabled` leaves out `verify`."""

    def verify(self) -> Exception | None:
        """The error, as conda wants it: returned."""
        try:
            _require(self.link_precs or (), installed=True)
        except TrustViolationError as exc:
            return exc
        self._verified = True
        return None

    def execute(self) -> None:
        """Raise the error, where `verify` was left out."""
        if not self._verified:
            _require(self.link_precs or (), installed=True)

    def reverse(self) -> None:
        """Nothing was done."""

    def cleanup(self) -> None:
        """Nothing is left."""


@hookimpl
def conda_settings() -> Iterator[CondaSetting]:
    """`plugins: {channelsmith_trust: {<channel URL>: {root: …, mode: …}}}`."""
    yield CondaSetting(
        name=NAME,
        description="Channels from which only what their owner signed is installed: URL: {root: 1.root.json, mode: …}",
        parameter=MapParameter(MapParameter(PrimitiveParameter("", element_type=str))),
    )


@hookimpl
def conda_post_solves() -> Iterator[CondaPostSolve]:
    """An early stop, before anything is downloaded."""
    yield CondaPostSolve(name="channelsmith-trust", action=_after_solve)


@hookimpl
def conda_pre_transaction_actions() -> Iterator[CondaPreTransactionAction]:
    """The stop that counts."""
    yield CondaPreTransactionAction(name="channelsmith-trust", action=Gate)
