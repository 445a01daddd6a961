"""Asking the edge as a client does: over HTTP, or, at the local edge, by its own rule and file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from ci_tools.adapters.edges.local import read_state
from ci_tools.core.cookie import cookie_refusal
from ci_tools.core.edge_rule import Denied, EdgeRequest, edge_rule
from ci_tools.errors import RemoteError
from ci_tools.ports.rotation import FORBIDDEN, Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.core.secret import Secret
    from ci_tools.core.tokens import Token

ASKED = "noarch/repodata.json"
TIMEOUT = httpx.Timeout(20.0, connect=10.0)
SERVER = 500
HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpDoorbell:
    """The edge at `url`, a channel's address; nothing is ever followed anywhere else."""

    url: str

    def moment(self) -> datetime:
        return self._ask(f"/{ASKED}", {}).at

    def with_token(self, token: Token, channel: str) -> Answer:
        # Basic, not the path: a path is written down by whatever stands between.
        user, password = token.id, token.secret.reveal()
        return self._ask(f"/b/{channel}/{ASKED}", {}, auth=httpx.BasicAuth(user, password))

    def with_cookies(self, cookies: Mapping[str, Secret]) -> Answer:
        header = "; ".join(f"{name}={value.reveal()}" for name, value in cookies.items())
        return self._ask(f"{urlsplit(self.url).path}/{ASKED}", {"cookie": header})

    def _ask(self, path: str, headers: Mapping[str, str], auth: httpx.BasicAuth | None = None) -> Answer:
        parts = urlsplit(self.url)
        try:
            answer = httpx.head(
                f"{parts.scheme}://{parts.netloc}{path}", headers=dict(headers), timeout=TIMEOUT, auth=auth
            )
            at = parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
        except httpx.HTTPError as exc:
            hint = "look at `url` in channel.yaml, and at the network"
            raise RemoteError(f"the edge does not answer at {parts.netloc}", hint=hint, detail=str(exc)) from exc
        except ValueError:
            raise RemoteError("the edge does not say what time it is", hint="is this CloudFront?") from None
        if answer.status_code >= SERVER:
            raise RemoteError(f"the edge answers {answer.status_code}", hint="look at its function and at the bucket")
        return Answer(status=answer.status_code, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDoorbell:
    """The edge whose state is the file `state`, asked without a server: by what it would say."""

    state: Path
    url: str
    clock: Callable[[], datetime]

    def moment(self) -> datetime:
        return self.clock()

    def with_token(self, token: Token, channel: str) -> Answer:
        now, held = self.clock(), read_state(self.state)
        asked = EdgeRequest(method="GET", path=f"/t/{token.text.reveal()}/{channel}/{ASKED}")
        verdict = edge_rule(asked, held.grants.get, now)
        return Answer(status=verdict.status if isinstance(verdict, Denied) else httpx.codes.OK, at=now)

    def with_cookies(self, cookies: Mapping[str, Secret]) -> Answer:
        now, held = self.clock(), read_state(self.state)
        plain = {name: value.reveal() for name, value in cookies.items()}
        refused = cookie_refusal(plain, held.keys, f"{self.url}/{ASKED}", HERE, now)
        return Answer(status=FORBIDDEN if refused else httpx.codes.OK, at=now)
