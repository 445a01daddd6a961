"""What every service of AWS but S3 has in common: a client, and what it says when something goes wrong."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, MissingDependencyException
from botocore.exceptions import ConnectionError as NoConnectionError

from ci_tools.adapters.stores.s3_errors import IDENTITY, LOG_IN, TOO_FAST, UNSIGNED, code, no_credentials
from ci_tools.errors import ChannelError, RemoteError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

TRIES = 5
SERVER = 500
FORBIDDEN: Final = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"}
__all__ = ["client", "code", "translated"]


def client(service: str, *, region: str = "", endpoint: str = "", session: boto3.Session | None = None) -> Any:  # noqa: ANN401 (boto3 makes its clients at run time)
    """A client of `service`; `endpoint` is a server other than AWS. Who may is said by boto3's chain of credentials."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": TRIES},
        connect_timeout=10,
        read_timeout=60,
        user_agent_extra="channelsmith",
    )
    more: dict[str, Any] = {"region_name": region} if region else {}
    more |= {"endpoint_url": endpoint} if endpoint else {}
    return (session or boto3.Session()).client(service, config=config, **more)  # type: ignore[call-overload]


@contextmanager
def translated(what: str, right: str) -> Iterator[None]:
    """Errors of the client inside, as ours. `right` is what the caller needs to be allowed."""
    try:
        yield
    except ClientError as exc:
        raise _refused(exc, what, right) from exc
    except UNSIGNED as exc:
        raise no_credentials(exc) from exc
    except MissingDependencyException as exc:
        raise StoreError("the key-value store needs `awscrt`", hint="install botocore[crt]") from exc
    except (NoConnectionError, HTTPClientError) as exc:
        raise RemoteError(f"AWS did not answer for {what}", hint="try again", detail=str(exc)) from exc
    except BotoCoreError as exc:
        hint = "look at the region (AWS_REGION) and at channel.yaml"
        raise StoreError(f"AWS cannot be asked for {what}", hint=hint, detail=str(exc)) from exc


def _refused(exc: ClientError, what: str, right: str) -> ChannelError:
    name, detail = code(exc), str(exc)
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if name in TOO_FAST or status >= SERVER:
        return RemoteError(f"AWS answers {name or status} for {what}", hint="try again in a few minutes", detail=detail)
    if name in IDENTITY:
        return StoreError(f"AWS refuses {what}: {name}", hint=LOG_IN, detail=detail)
    if name in FORBIDDEN:
        return StoreError(f"AWS refuses {what}: {name}", hint=f"these credentials need {right}", detail=detail)
    return StoreError(f"AWS refuses {what}: {name}", hint="its own words are shown with -v", detail=detail)
