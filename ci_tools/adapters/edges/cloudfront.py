"""CloudFront as the edge: grants in its key-value store, copies forgotten by invalidations."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ci_tools.adapters.aws import client, code, translated
from ci_tools.adapters.patience import pause
from ci_tools.core.access import ID, from_record, to_record
from ci_tools.errors import ConflictError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import boto3

    from ci_tools.core.access import Grant

TOKEN_KEY = "t:"  # noqa: S105 (a prefix, not a token)
BATCH = 50  # keys of one UpdateKeys
LARGEST_VALUE = 1024  # bytes
COLLISIONS = 8
# The API says 409; a stale ETag has also been seen to be a 400.
COLLIDED = {"ConflictException", "PreconditionFailed", "InvalidIfMatchVersion"}
RIGHT = "the right to read and update the key-value store"
PATHS = 1000  # of one invalidation


class CloudFrontEdge:
    """The key-value store `store` (an ARN) and the distribution in front of the bucket's folder `prefix`.

    The store's data is spoken to with SigV4A, by credentials of a regional STS endpoint.
    """

    def __init__(
        self, *, distribution: str, store: str, prefix: str, session: boto3.Session | None = None,
        pause: Callable[[int], None] = pause,
    ) -> None:  # fmt: skip
        self._distribution, self._arn, self._prefix, self._pause = distribution, store, prefix.strip("/"), pause
        with translated("CloudFront", RIGHT):
            self._store = client("cloudfront-keyvaluestore", region="us-east-1", session=session)
            self._cloudfront = client("cloudfront", region="us-east-1", session=session)

    def admit(self, grants: Iterable[Grant], *, seen: str = "") -> None:
        puts = [{"Key": TOKEN_KEY + grant.id, "Value": _value(grant)} for grant in grants]
        self._update([("Puts", put) for put in puts], seen)

    def refuse(self, ids: Iterable[str]) -> None:
        held = {grant_id for grant_id, _ in self._records()}
        self._update([("Deletes", {"Key": TOKEN_KEY + i}) for i in ids if i in held], "")

    def admitted(self) -> tuple[Grant, ...]:
        found = (from_record(grant_id, record) for grant_id, record in self._records())
        return tuple(sorted((grant for grant in found if grant), key=lambda grant: grant.id))

    def seen(self) -> str:
        with translated("the key-value store", RIGHT):
            return str(self._store.describe_key_value_store(KvsARN=self._arn)["ETag"])

    def invalidate(self, keys: Iterable[str]) -> None:
        paths = [f"/{self._prefix}/{key}".replace("//", "/") for key in keys]
        with translated(f"the distribution `{self._distribution}`", "cloudfront:CreateInvalidation on it"):
            for start in range(0, len(paths), PATHS):
                some = paths[start : start + PATHS]
                batch = {"Paths": {"Quantity": len(some), "Items": some}, "CallerReference": uuid.uuid4().hex}
                self._cloudfront.create_invalidation(DistributionId=self._distribution, InvalidationBatch=batch)

    def _records(self) -> list[tuple[str, object]]:
        """Token ids with what is kept of them; what is no JSON is None, as it lets nobody in."""
        found: list[tuple[str, object]] = []
        with translated("the key-value store", RIGHT):
            answer: dict[str, Any] = self._store.list_keys(KvsARN=self._arn, MaxResults=BATCH)
            while True:
                for item in answer.get("Items", []):
                    grant_id = item["Key"].removeprefix(TOKEN_KEY)
                    if item["Key"].startswith(TOKEN_KEY) and ID.fullmatch(grant_id):
                        found.append((grant_id, _record(item["Value"])))
                if not answer.get("NextToken"):
                    return found
                answer = self._store.list_keys(KvsARN=self._arn, MaxResults=BATCH, NextToken=answer["NextToken"])

    def _update(self, changes: list[tuple[str, dict[str, str]]], seen: str) -> None:
        """All of `changes`, each batch whole or not at all; under `seen` only if nothing has changed since."""
        etag = seen or (self.seen() if changes else "")
        for start in range(0, len(changes), BATCH):
            batch: dict[str, list[dict[str, str]]] = {"Puts": [], "Deletes": []}
            for kind, change in changes[start : start + BATCH]:
                batch[kind].append(change)
            etag = self._sent(batch, etag, is_held=bool(seen))

    def _sent(self, batch: dict[str, list[dict[str, str]]], etag: str, *, is_held: bool) -> str:
        with translated("the key-value store", RIGHT):
            for attempt in range(COLLISIONS):
                try:
                    return str(self._store.update_keys(KvsARN=self._arn, IfMatch=etag, **batch)["ETag"])
                except ClientError as exc:
                    if code(exc) not in COLLIDED:
                        raise
                    if is_held:
                        hint = "run it again: it reads the store anew"
                        raise ConflictError("the key-value store was changed meanwhile", hint=hint) from exc
                self._pause(attempt)
                etag = self.seen()
        hint = "something else writes to the key-value store without end: look for a second job"
        raise ConflictError("the key-value store was changed each time we tried to", hint=hint)


def _value(grant: Grant) -> str:
    text = json.dumps(to_record(grant), separators=(",", ":"))
    if len(text.encode()) > LARGEST_VALUE:
        hint = "give it fewer channels: a channel opens everything below its path"
        raise StoreError(f"the grant {grant.id} is longer than the edge takes of one", hint=hint)
    return text


def _record(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
