"""What the local edge says: problems as JSON (RFC 9457), and CloudFront's own refusal as XML."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import Response

from ci_tools.core.cookie import CookieRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping

NEVER_KEPT = {"cache-control": "no-store"}
SAID: Mapping[CookieRefusal, str] = {
    CookieRefusal.MISSING_KEY: "Missing Key-Pair-Id query parameter or cookie value",
    CookieRefusal.INVALID_KEY: "Unknown Key",
    CookieRefusal.MALFORMED_POLICY: "Malformed Policy",
    CookieRefusal.MALFORMED_SIGNATURE: "Could not unencode Signature",
    CookieRefusal.ACCESS_DENIED: "Access denied",
}


def problem(method: str, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """`application/problem+json`; conda shows its `detail`. A HEAD gets the same headers and no body."""
    title = HTTPStatus(status).phrase
    body = json.dumps(
        {"type": "about:blank", "title": title, "status": status, "detail": detail}, separators=(",", ":")
    ).encode()
    return whole(method, status, body, {"content-type": "application/problem+json", **NEVER_KEPT, **(headers or {})})


def refused(method: str, code: CookieRefusal) -> Response:
    """What CloudFront says where signed cookies do not open what is asked for: always 403."""
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{SAID[code]}</Message></Error>'
    return whole(method, HTTPStatus.FORBIDDEN, body.encode(), {"content-type": "text/xml", **NEVER_KEPT})


def whole(method: str, status: int, body: bytes, headers: Mapping[str, str]) -> Response:
    """An answer with `body`, or with everything but it where the method is HEAD."""
    content = b"" if method == "HEAD" else body
    return Response(content, status, {**headers, "content-length": str(len(body))})
