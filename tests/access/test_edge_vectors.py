"""The table that holds both forms of the edge's rule, here run against the Python one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ci_tools.core.access import from_record
from ci_tools.core.edge_rule import Allowed, Denied, EdgeRequest, edge_rule

TABLE = json.loads(Path(__file__).with_name("edge_vectors.json").read_text())


def answer(vector: dict[str, Any]) -> Allowed | Denied:
    records = vector.get("records", TABLE["records"])
    request = EdgeRequest(method=vector["method"], path=vector["path"], authorization=vector.get("authorization", ""))
    return edge_rule(
        request,
        lambda grant_id: from_record(grant_id, records.get(f"t:{grant_id}")),
        datetime.fromtimestamp(vector.get("now", TABLE["now"]), UTC),
    )


@pytest.mark.parametrize("vector", TABLE["vectors"], ids=lambda vector: vector["name"])
def test_the_table_of_the_edge_holds(vector: dict[str, Any]) -> None:
    match answer(vector):
        case Allowed(path=path, token=token):
            assert vector["expect"] == {"status": 200, "path": path, "token": token}
        case Denied(status=status, detail=detail, token=token):
            assert vector["expect"] == {"status": status, "detail": detail, "token": token}


def test_no_answer_shows_a_secret() -> Allowed | Denied:
    secrets = {path.split("/")[2][13:] for path in (v["path"] for v in TABLE["vectors"]) if path.startswith("/t/0")}
    for vector in TABLE["vectors"]:
        verdict = answer(vector)
        assert isinstance(verdict, Allowed) or not any(s in verdict.detail for s in secrets if len(s) > 8)
