"""Fetching an artifact's zip, bounded; the token goes to GitHub alone, not to the storage it sends us to."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import httpx

from ci_tools.errors import NotFoundError, RemoteError, TrustError

if TYPE_CHECKING:
    from pathlib import Path

    from ci_tools.core.secret import Secret

TRIES = 3
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
GONE = frozenset({httpx.codes.NOT_FOUND, httpx.codes.GONE})


def downloaded(url: str, token: Secret, to: Path, limit: int) -> str:
    """Write what is at `url` to `to`; returns its lower-hex SHA-256."""
    headers = {"Authorization": f"Bearer {token.reveal()}", "Accept": "application/vnd.github+json"}
    transport = httpx.HTTPTransport(retries=TRIES)
    try:
        # httpx drops the credential where a redirect leads to another origin.
        with (
            httpx.Client(transport=transport, timeout=TIMEOUT, follow_redirects=True) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            _require(answer)
            return _written(answer, to, limit)
    except httpx.HTTPError as exc:
        raise RemoteError("an artifact cannot be fetched from GitHub", hint="a retry may help") from exc


def _require(answer: httpx.Response) -> None:
    if answer.status_code in GONE:
        raise NotFoundError("the artifact is gone", hint="it has expired: run its workflow again")
    if answer.status_code != httpx.codes.OK:
        hint = "the job needs `actions: read`"
        raise RemoteError(f"GitHub answers {answer.status_code} for an artifact", hint=hint)


def _written(answer: httpx.Response, to: Path, limit: int) -> str:
    digest, size = hashlib.sha256(), 0
    with to.open("wb") as file:
        for chunk in answer.iter_bytes():
            size += len(chunk)
            if size > limit:
                raise TrustError(f"an artifact is longer than the {limit} bytes it may have", hint="look at its run")
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()
