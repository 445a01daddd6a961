"""The JSON schema of channel.yaml, for editors and for reviews."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from ci_tools.config.reading import STRICT
from ci_tools.config.values import ChannelFile


def config_schema() -> str:
    """JSON Schema 2020-12, with sorted keys and a final newline."""
    whole = TypeAdapter(tuple[ChannelFile], config=STRICT).json_schema()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "channel.yaml",
        **whole["prefixItems"][0],
        "$defs": whole["$defs"],
    }
    return json.dumps(_untitled(schema), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _untitled(schema: Any) -> Any:  # noqa: ANN401 (JSON)
    """`schema` without the titles that pydantic makes of names, and with each docstring's first line alone."""
    match schema:
        case dict():
            kept = {key: value for key, value in schema.items() if key != "title" or value == "channel.yaml"}
            return {key: _untitled(value) for key, value in kept.items()}
        case list():
            return [_untitled(each) for each in schema]
        case _:
            return schema
