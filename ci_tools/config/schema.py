"""The JSON schema of channel.yaml, for editors and for reviews."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from ci_tools.config.reading import STRICT
from ci_tools.config.values import ChannelFile
from ci_tools.core.quantities import duration_text, exact_size_text


def config_schema() -> str:
    """JSON Schema 2020-12, with sorted keys and a final newline."""
    whole = TypeAdapter(tuple[ChannelFile], config=STRICT).json_schema(schema_generator=_Generator)
    schema = {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "channel.yaml",
        **whole["prefixItems"][0],
        "$defs": {name: _plain(definition) for name, definition in whole["$defs"].items()},
    }
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Says defaults as people write them, and no titles that are made of names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 (pydantic's signature)
        return False

    def encode_default(self, dft: Any) -> Any:  # noqa: ANN401 (the same)
        return duration_text(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def _plain(definition: dict[str, Any]) -> dict[str, Any]:
    """`definition` with `kind` required where alternatives are told apart by it, as the reader does."""
    known = definition.get("properties", {})
    for each in known.values():
        if each.get("type") == "string" and isinstance(each.get("default"), int):
            each["default"] = exact_size_text(each["default"])
    required = {"required": sorted({*definition.get("required", ()), "kind"})} if "kind" in known else {}
    return {key: value for key, value in definition.items() if key != "title"} | required
