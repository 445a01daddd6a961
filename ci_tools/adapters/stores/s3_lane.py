"""The fast lane into a bucket: one request, for what is small, by a client that is not bound by this interpreter.

It only ever says that a write is done. Whatever else happens to it, the careful way takes the write again from the
start: that one waits, tries again, reads back what it meets, and finds the words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import obstore
from botocore.exceptions import BotoCoreError
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store as Bucket

from ci_tools.ports import Absent, Etag

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3

PLAIN = re.compile(r"[A-Za-z0-9_./-]+")  # keys that no two clients spell differently in a URL
SMALL = 4 << 20  # bytes: what goes up within anybody's patience
CONNECT = 10.0  # seconds
GIVES_UP = 3  # failures in a row: a proxy or a certificate that only boto3 knows of, or a bad day


class Lane:
    """The objects of `bucket` below `prefix`, written by a second client with the credentials of the first one."""

    def __init__(self, session: boto3.Session, *, bucket: str, region: str, endpoint: str, patience: float) -> None:
        told: dict[str, Any] = {"endpoint": endpoint, "virtual_hosted_style_request": False} if endpoint else {}
        self._failures = 0
        self._bucket = Bucket(
            bucket,
            region=region,
            checksum_algorithm="SHA256",  # the server compares
            credential_provider=Boto3CredentialProvider(session),
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "timeout": f"{patience:g}s",
                "connect_timeout": f"{min(CONNECT, patience):g}s",
            },
            retry_config={"max_retries": 0},
            **told,
        )

    def put(self, told: Mapping[str, Any], body: bytes, if_match: Etag | Absent | None) -> Etag | None:
        """The new etag; None where that cannot be said. `told` is what boto3's put_object is told."""
        if self._failures >= GIVES_UP or isinstance(if_match, str) or not PLAIN.fullmatch(told["Key"]):
            return None
        described = {"Content-Type": told["ContentType"], "Cache-Control": told["CacheControl"], **told["Metadata"]}
        mode: Literal["create", "overwrite"] = "create" if isinstance(if_match, Absent) else "overwrite"
        try:
            done = obstore.put(self._bucket, told["Key"], body, attributes=described, mode=mode, use_multipart=False)
        except AlreadyExistsError:
            return None
        except (BaseError, BotoCoreError):
            self._failures += 1
            return None
        self._failures = 0
        return Etag(done["e_tag"]) if done["e_tag"] else None


def lane(session: boto3.Session, *, bucket: str, region: str, endpoint: str, patience: float) -> Lane | None:
    """The lane; None where there are no credentials, which the careful way says better."""
    if session.get_credentials() is None:
        return None
    return Lane(session, bucket=bucket, region=region, endpoint=endpoint, patience=patience)
