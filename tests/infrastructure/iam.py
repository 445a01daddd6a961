"""As much of IAM's evaluation as our policies use: a pure function from policies and a request to a verdict.

An explicit Deny wins, anything else needs an Allow (AWS, "Policy evaluation logic"). An operator nobody wrote down here
is an error, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Documents = Iterable[dict[str, Any]]


ROOT = "arn:aws:iam::123456789012:root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request: `principal` is an ARN, a service, or `*` for nobody known; `context` the condition keys it has."""

    action: str
    resource: str
    principal: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


def allows(ask: Ask, identity: Documents, resource: Documents = (), *, key: Documents = ()) -> bool:
    """Whether the policies of the identity, of the resource and of a KMS key together let the request pass.

    A statement for the account's root gives nothing by itself: it lets the identity's own policies count. For a bucket
    of the same account they count anyway; for a key (AWS, "Key policies") only by such a statement.
    """
    own = _matching(identity, ask)
    theirs = [each for each in _matching((*resource, *key), ask) if names(each, ask.principal)]
    roots = [each for each in _matching(key, ask) if names(each, ROOT)]
    if "Deny" in {each["Effect"] for each in (*own, *theirs, *roots)}:
        return False
    return bool(theirs) or (bool(own) and (bool(roots) or not key))


def _matching(documents: Documents, ask: Ask) -> list[dict[str, Any]]:
    return [each for document in documents for each in _list(document["Statement"]) if applies(each, ask)]


def applies(statement: dict[str, Any], ask: Ask) -> bool:
    asked = _covers(statement, "Action", ask.action, fold=True) and _covers(statement, "Resource", ask.resource)
    return asked and all(
        _holds(operator, key, _list(wanted), ask.context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def names(statement: dict[str, Any], principal: str) -> bool:
    """Whether the statement of a resource is about the principal."""
    named = statement["Principal"]
    return named == "*" or any(principal in _list(held) for held in named.values())


def _covers(statement: dict[str, Any], element: str, asked: str, *, fold: bool = False) -> bool:
    if f"Not{element}" in statement:
        return not _any_like(asked, _list(statement[f"Not{element}"]), fold=fold)
    # A trust policy names no resource: it is about the role that it is of.
    return element not in statement or _any_like(asked, _list(statement[element]), fold=fold)


def _holds(operator: str, key: str, wanted: list[Any], context: Mapping[str, str]) -> bool:
    held = {name.lower(): value for name, value in context.items()}.get(key.lower())
    if operator == "Null":
        return (held is None) == (str(wanted[0]).lower() == "true")
    name, optional = operator.removesuffix("IfExists"), operator.endswith("IfExists")
    if held is None:
        # A negated operator holds where the key is missing; any other does not.
        return optional or name in {"StringNotEquals", "ArnNotEquals", "ArnNotLike"}
    match name:
        case "StringEquals" | "ArnEquals" | "Bool":
            return held in [str(each) for each in wanted]
        case "StringLike" | "ArnLike":
            return _any_like(held, wanted)
        case "StringNotEquals" | "ArnNotEquals":
            return held not in wanted
        case "ArnNotLike":
            return not _any_like(held, wanted)
    raise AssertionError(operator)


def _any_like(text: str, patterns: list[str], *, fold: bool = False) -> bool:
    return any(_like(text, pattern, fold=fold) for pattern in patterns)


def _like(text: str, pattern: str, *, fold: bool) -> bool:
    form = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(form, text, re.DOTALL | (re.IGNORECASE if fold else 0)) is not None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
