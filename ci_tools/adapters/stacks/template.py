"""A CloudFormation template as plain values: `!Ref` and its like in their long form."""

from __future__ import annotations

import json
from typing import Any

import yaml

from ci_tools.errors import UsageError


class _Loader(yaml.SafeLoader):
    """Knows the short forms of CloudFormation's functions."""


def _function(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
        case _:
            value = None  # YAML knows no fourth kind of node
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _function)


def parse_template(text: str) -> dict[str, Any]:
    """The template that `text`, YAML or JSON, is. UsageError where it is none."""
    try:
        found = yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as exc:
        raise UsageError("this is not a template", detail=str(exc)) from exc
    if not isinstance(found, dict):
        raise UsageError("this is not a template")
    return found


def compact(text: str) -> str:
    """The same template in fewer bytes, as JSON: CloudFormation takes 51,200 of one that is in no bucket."""
    return json.dumps(parse_template(text), separators=(",", ":"), default=str)
