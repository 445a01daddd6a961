"""CloudFront's public keys and one key group: changed whole, with the ETag that was read."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ci_tools.adapters.aws import client, code, translated
from ci_tools.adapters.patience import pause
from ci_tools.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import boto3

COLLISIONS = 8
COLLIDED = {"PreconditionFailed", "InvalidIfMatchVersion"}
GONE = "NoSuchPublicKey"
RIGHT = "the rights of the access role: public keys, and the key group"
QUOTAS = {
    "TooManyPublicKeys": "the account has as many public keys as CloudFront takes: delete one that is in no key group",
    "TooManyPublicKeysInKeyGroup": "the key group has as many keys as CloudFront takes: take out one that nobody uses",
}


class CloudFrontKeys:
    """The key group `group` (an id), and the account's public keys."""

    def __init__(
        self, *, group: str, session: boto3.Session | None = None, endpoint: str = "",
        pause: Callable[[int], None] = pause,
    ) -> None:  # fmt: skip
        self._group, self._pause = group, pause
        with translated("CloudFront", RIGHT):
            self._client = client("cloudfront", region="us-east-1", endpoint=endpoint, session=session)

    def known(self) -> tuple[str, ...]:
        with translated("the public keys", RIGHT):
            return tuple(key["Id"] for key in self._listed())

    def trusted(self) -> tuple[str, ...]:
        with translated(f"the key group `{self._group}`", RIGHT):
            return tuple(self._read()["KeyGroup"]["KeyGroupConfig"]["Items"])

    def register(self, pem: bytes) -> str:
        name = f"conda-{sha256(pem).hexdigest()[:16]}"
        config = {"CallerReference": name, "Name": name, "EncodedKey": pem.decode(), "Comment": "signs cookies"}
        with translated("the public key", RIGHT):
            # A run that died behind this call left the key: its name is made of it.
            there = self._called(name)
            if there:
                return there
            try:
                return str(self._client.create_public_key(PublicKeyConfig=config)["PublicKey"]["Id"])
            except ClientError as exc:
                if code(exc) == "PublicKeyAlreadyExists":  # by a try of ours whose answer was lost
                    return self._called(name)
                raise _quota(exc) from exc

    def _called(self, name: str) -> str:
        return next((str(key["Id"]) for key in self._listed() if key["Name"] == name), "")

    def trust(self, key_id: str) -> None:
        self._change(lambda keys: [*keys, key_id] if key_id not in keys else keys)

    def distrust(self, key_id: str) -> None:
        self._change(lambda keys: [key for key in keys if key != key_id])

    def forget(self, key_id: str) -> None:
        with translated(f"the public key `{key_id}`", RIGHT):
            try:
                etag = self._client.get_public_key(Id=key_id)["ETag"]
                self._client.delete_public_key(Id=key_id, IfMatch=etag)
            except ClientError as exc:
                if code(exc) == "PublicKeyInUse":
                    hint = "a key group lists it: take it out there first"
                    raise UsageError(f"the public key `{key_id}` is in use", hint=hint) from exc
                if code(exc) != GONE:
                    raise

    def _change(self, change: Callable[[list[str]], list[str]]) -> None:
        with translated(f"the key group `{self._group}`", RIGHT):
            for attempt in range(COLLISIONS):
                answer = self._read()
                config = dict(answer["KeyGroup"]["KeyGroupConfig"])
                wanted = change(list(config["Items"]))
                if wanted == config["Items"]:
                    return
                if not wanted:
                    raise UsageError("this would empty the key group", hint="trust another key first")
                try:
                    self._client.update_key_group(
                        Id=self._group, IfMatch=answer["ETag"], KeyGroupConfig={**config, "Items": wanted}
                    )
                except ClientError as exc:
                    if code(exc) not in COLLIDED:
                        raise _quota(exc) from exc
                    self._pause(attempt)
                else:
                    return
        raise ConflictError("the key group was changed each time we tried to", hint="look for a second job")

    def _read(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get_key_group(Id=self._group)
        return found

    def _listed(self) -> Iterator[dict[str, Any]]:
        more: dict[str, str] = {}
        while True:
            found = self._client.list_public_keys(**more)["PublicKeyList"]
            yield from found.get("Items", [])
            if not found.get("NextMarker"):
                return
            more = {"Marker": found["NextMarker"]}


def _quota(exc: ClientError) -> Exception:
    name = code(exc)
    return UsageError(QUOTAS[name].partition(":")[0], hint=QUOTAS[name].partition(": ")[2]) if name in QUOTAS else exc
