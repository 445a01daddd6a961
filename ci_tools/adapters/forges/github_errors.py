"""What goes wrong with GitHub, in our words."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import requests
from github import GithubException, RateLimitExceededException, UnknownObjectException

from ci_tools.core.safe_text import masked
from ci_tools.errors import NotFoundError, RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
REFUSED = frozenset({401, 403})


def spoken(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """`function` with its vendor's errors translated."""

    @wraps(function)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except RateLimitExceededException as exc:
            hint = "try again later; a GitHub App has a limit of its own"
            raise RemoteError("GitHub's limit of requests is reached", hint=hint, detail=_said(exc)) from exc
        except UnknownObjectException as exc:
            raise NotFoundError(f"GitHub knows no such thing ({_what(function)})", detail=_said(exc)) from exc
        except GithubException as exc:
            raise _translated(exc, _what(function)) from exc
        except requests.exceptions.RetryError as exc:
            what = f"GitHub kept refusing, by its limit of requests or an error of its own ({_what(function)})"
            raise RemoteError(what, hint="try again later", detail=masked(str(exc))) from exc
        except requests.RequestException as exc:
            detail = masked(str(exc))
            raise RemoteError("GitHub cannot be reached", hint="a retry may help", detail=detail) from exc

    return call


def _translated(error: GithubException, what: str) -> RemoteError:
    if error.status in REFUSED:
        hint = "the workflow's `permissions` grant what the token may do; a fork's token only reads"
        return RemoteError(f"GitHub does not let this token do it ({what})", hint=hint, detail=_said(error))
    return RemoteError(f"GitHub answers {error.status} ({what})", hint="a retry may help", detail=_said(error))


def _what(function: Callable[Arguments, Result]) -> str:
    return function.__name__.replace("_", " ")


def _said(error: GithubException) -> str:
    return masked(str(error.data))
