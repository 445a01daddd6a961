"""What S3 says, in the store's words. Never "not there" for "not allowed"."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ResponseStreamingError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from ci_tools.adapters.stores.conditions import conflict
from ci_tools.errors import ChannelError, NotFoundError, RemoteError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKEN: Final = (NoConnectionError, HTTPClientError, ResponseStreamingError, IncompleteReadError)
UNSIGNED = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    SSOError,
    ProfileNotFound,
)
MISSING: Final = {"NoSuchKey", "404", "NotFound"}
REFUSED: Final = {"PreconditionFailed", "412"}
COLLIDED: Final = {"ConditionalRequestConflict", "OperationAborted", "409"}
ENDED: Final = {"NoSuchUpload"}
TOO_FAST = {"SlowDown", "503", "429", "RequestTimeout", "Throttling", "ThrottlingException", "TooManyRequests"}
CORRUPTED = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}
IDENTITY = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"}
ELSEWHERE = {"PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
FORBIDDEN, SERVER = 403, 500
BE_SOMEBODY: Final = "set AWS_PROFILE, log in again, or take a role by OIDC in CI"
LOG_IN: Final = "these credentials are wrong or have expired: log in again, or set AWS_PROFILE"
AGAIN = "try again; if it stays so, look at `store: {endpoint: …}` and the network"


def code(exc: ClientError) -> str:
    """The error's code: a name, or the status where a HEAD has no body to name it in."""
    return str(exc.response.get("Error", {}).get("Code", ""))


def no_credentials(exc: Exception) -> StoreError:
    """What is so where boto3 finds nobody to sign as."""
    # Not the vendor's text: a credential process writes into it what it likes.
    return StoreError(f"there are no AWS credentials ({type(exc).__name__})", hint=BE_SOMEBODY)


@contextmanager
def translated(key: str, right: str, tries: int) -> Iterator[None]:
    """Errors of the client inside, as ours. `right` is what the caller needs to be allowed, `tries` the client's."""
    try:
        yield
    except ClientError as exc:
        raise _refused(exc, key, right) from exc
    except UNSIGNED as exc:
        raise no_credentials(exc) from exc
    except BROKEN as exc:
        said = f"the store did not answer for `{key}` in {tries} tries"
        raise RemoteError(said, hint=AGAIN, detail=str(exc)) from exc
    except BotoCoreError as exc:
        raise StoreError(f"the store cannot be used for `{key}`", hint="look at `store:`", detail=str(exc)) from exc
    except OSError as exc:  # the network's are the client's own; this is the file on its way up
        raise StoreError(f"the file for `{key}` cannot be read: {exc.strerror}", hint="build it again") from exc


def _refused(exc: ClientError, key: str, right: str) -> ChannelError:
    name, detail = code(exc), str(exc)
    how = exc.response.get("ResponseMetadata", {})
    status, tries = how.get("HTTPStatusCode", 0), how.get("RetryAttempts", 0) + 1
    if name in MISSING:
        return NotFoundError(f"there is no `{key}`", detail=detail)
    if name in REFUSED | COLLIDED:
        return conflict(key, detail)
    if name in TOO_FAST or status >= SERVER:
        said = f"the store answers {status} {name} for `{key}`, {tries} times in a row"
        return RemoteError(said, hint="try again in a few minutes", detail=detail)
    if name in CORRUPTED | ENDED:
        said = "arrived with other bytes than were sent" if name in CORRUPTED else "was given up on its way by somebody"
        return RemoteError(f"`{key}` {said}", hint="try again", detail=detail)
    if name == "NoSuchBucket":
        return StoreError("the bucket is not there", hint="make it, or mend `store: {bucket: …}`", detail=detail)
    return StoreError(f"the store refuses `{key}`: {name}", hint=_way_out(name, status, right), detail=detail)


def _way_out(name: str, status: int, right: str) -> str:
    if name in IDENTITY:
        return LOG_IN
    if name in ELSEWHERE:
        return "the bucket is in another region: mend `store: {region: …}`"
    if name == "RequestTimeTooSkewed":
        return "set this machine's clock"
    if status == FORBIDDEN:
        return f"these credentials need {right} on the bucket and prefix of channel.yaml"
    return "the store's own words are shown with -v"
