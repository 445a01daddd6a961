"""What S3 says, in the store's words. Never "not there" for "not allowed"."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
)

from ci_tools.errors import ChannelError, ConflictError, NotFoundError, RemoteError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKEN = (HTTPClientError, ResponseStreamingError, IncompleteReadError)
MISSING = {"NoSuchKey", "404", "NotFound"}
CONFLICT = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
UNSIGNED = (NoCredentialsError, PartialCredentialsError)
TOO_FAST = {"SlowDown", "503", "RequestTimeout", "Throttling", "ThrottlingException", "TooManyRequests"}
SERVER = 500


def code(exc: ClientError) -> str:
    """The error's code: a name, or the status where a HEAD has no body to name it in."""
    return str(exc.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(key: str, right: str) -> Iterator[None]:
    """Errors of the client inside, as ours. `right` is what the caller needs to be allowed."""
    try:
        yield
    except ClientError as exc:
        raise _refused(exc, key, right) from exc
    except UNSIGNED as exc:
        raise StoreError("there are no AWS credentials", hint="set AWS_PROFILE, or take a role by OIDC in CI") from exc
    except BROKEN as exc:
        hint = "try again; if it stays so, look at `store: {endpoint: …}` and the network"
        raise RemoteError(f"the store did not answer for `{key}`", hint=hint, detail=str(exc)) from exc
    except BotoCoreError as exc:
        raise StoreError(f"the store cannot be used for `{key}`", hint=str(exc)) from exc


def _refused(exc: ClientError, key: str, right: str) -> ChannelError:
    name = code(exc)
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    detail = str(exc)
    if name == "NoSuchBucket":
        return StoreError("the bucket is not there", hint="make it, or mend `store: {bucket: …}`", detail=detail)
    if name in MISSING:
        return NotFoundError(f"there is no `{key}`", detail=detail)
    if name in CONFLICT:
        return ConflictError(f"`{key}` was written by somebody else", hint="read it again, then decide again")
    if name in TOO_FAST or status >= SERVER:
        hint = "try again in a few minutes: six tries with growing pauses were not enough"
        return RemoteError(f"the store answers {status} {name} for `{key}`", hint=hint, detail=detail)
    hint = f"these credentials need `{right}` on the bucket and prefix of channel.yaml"
    return StoreError(f"the store refuses `{key}`: {name}", hint=hint, detail=detail)
