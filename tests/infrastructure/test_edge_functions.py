"""The functions that run in CloudFront, held to the table of the edge and to their twin in Python."""

from __future__ import annotations

import json
import random
import re
from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from javascript import ENGINES, Case, has, run

from ci_tools.core.access import from_record
from ci_tools.core.edge_rule import Denied, EdgeRequest, edge_rule, refusal
from ci_tools.infrastructure import EDGE_FUNCTION, PLUS_FUNCTION

TABLE = json.loads((Path(__file__).parents[1] / "access/edge_vectors.json").read_text())
VECTORS = {vector["name"]: vector for vector in TABLE["vectors"]}
SIZE_LIMIT = 10 * 1024  # bytes; CloudFront's, and no quota that can be raised
TOKEN, SECRET = "0123456789ab-" + "a" * 39 + "1", "a" * 39 + "1"
PIECES = [
    "/", "/", "//", ".", "..", "%2e", "%2F", "%41", "%7f", "%", "+", "%2B", "!", "t", "b", "main", "tools", "pr/12",
    "a-1.0+x-0.conda", "\\", "\n", "é", "?", "#", TOKEN, TOKEN.upper(), TOKEN[:-1], "fedcba987654-" + "0f" * 20,
]  # fmt: skip
USERS = ["", "ann", "0123456789ab", TOKEN, SECRET, "é", "\n", "0123456789ab\n"]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    if not has(request.param):
        pytest.skip(f"NO {request.param} ON THIS MACHINE: the functions of CloudFront are not run in it")
    return str(request.param)


def case(vector: dict[str, Any]) -> Case:
    header = vector.get("authorization")
    return Case(
        path=vector["path"],
        method=vector["method"],
        headers={"authorization": {"value": header}} if header else {},
        records=vector.get("records", TABLE["records"]),
        now=vector.get("now", TABLE["now"]),
    )


@cache
def answers(engine: str) -> dict[str, dict[str, Any]]:
    return dict(zip(VECTORS, run(engine, EDGE_FUNCTION, map(case, VECTORS.values())), strict=True))


def verdict(vector: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """What the function said, in the words of the table."""
    made, (line,) = said["made"], said["lines"]
    if "statusCode" not in made:
        return {"status": 200, "path": made["uri"], "token": line.split(" ")[0]}
    detail = json.loads(made["body"])["detail"] if vector["method"] != "HEAD" else vector["expect"]["detail"]
    return {"status": made["statusCode"], "detail": detail, "token": line.split(" ")[0].strip("-")}


@pytest.mark.parametrize("name", VECTORS)
def test_the_table_of_the_edge_holds_for_the_function(engine: str, name: str) -> None:
    assert verdict(VECTORS[name], answers(engine)[name]) == VECTORS[name]["expect"]


def test_what_goes_on_has_neither_token_nor_query(engine: str) -> None:
    passed = [said for said in answers(engine).values() if "statusCode" not in said["made"]]
    assert len(passed) > 10
    for said in passed:
        assert said["made"]["querystring"] == {}
        assert "authorization" not in said["made"]["headers"]
        assert SECRET not in json.dumps(said["made"])


def test_a_refusal_is_a_problem_that_nobody_keeps(engine: str) -> None:
    for said in answers(engine).values():
        if "statusCode" in (made := said["made"]):
            headers = {name: held["value"] for name, held in made["headers"].items()}
            assert headers.pop("content-type") == "application/problem+json"
            assert headers.pop("cache-control") == "no-store"
            assert headers in ({}, {"allow": "GET, HEAD"}, {"www-authenticate": 'Basic realm="channel"'})
            assert made["statusDescription"] == json.loads(made["body"])["title"]


def test_no_secret_is_logged(engine: str) -> None:
    lines = "\n".join(line for said in answers(engine).values() for line in said["lines"])
    assert SECRET not in lines
    assert "0123456789ab /main/noarch/repodata.json" in lines
    twice = run(engine, EDGE_FUNCTION, [Case(path=f"/t/{TOKEN}/main/{TOKEN}/x", records=TABLE["records"])])
    assert twice[0]["lines"] == ["0123456789ab /main/0123456789ab-***/x"]
    long = run(engine, EDGE_FUNCTION, [Case(path=f"/t/{TOKEN}/main/{'x' * 5000}", records=TABLE["records"])])
    assert len(long[0]["lines"][0]) <= 800


def test_an_unknown_id_is_as_much_work_as_a_known_one(engine: str) -> None:
    paths = [f"/t/{TOKEN}/main/x", f"/t/{'9' * 12}-{SECRET}/main/x", f"/t/0123456789ab-{'b' * 40}/main/x", "/t/x/main"]
    reads = [
        said["reads"] for said in run(engine, EDGE_FUNCTION, [Case(path=p, records=TABLE["records"]) for p in paths])
    ]
    assert {tuple(read.split(" ")[0] for read in each) for each in reads} == {("exists", "get")}


@pytest.mark.parametrize("trouble", [{"broken": True}, {"unreadable": True}])
def test_a_store_that_fails_lets_nobody_in_and_is_no_revocation(engine: str, trouble: dict[str, bool]) -> None:
    (said,) = run(engine, EDGE_FUNCTION, [Case(path=f"/t/{TOKEN}/main/x", records=TABLE["records"], **trouble)])
    assert "thrown" in said["made"]


def test_a_record_that_is_no_json_lets_nobody_in(engine: str) -> None:
    texts = {"t:0123456789ab": '{"h": '}
    (said,) = run(engine, EDGE_FUNCTION, [Case(path=f"/t/{TOKEN}/main/x", texts=texts)])
    assert said["made"]["statusCode"] == 401


def test_two_authorizations_are_none_at_cloudfront(engine: str) -> None:
    proof = "Basic " + b64encode(TOKEN.replace("-", ":").encode()).decode()
    headers = [
        {"authorization": {"value": proof, "multiValue": [{"value": proof}] * count}} for count in (1, 2)
    ]  # fmt: skip
    cases = [Case(path="/b/main/x", headers=each, records=TABLE["records"]) for each in headers]
    assert [said["made"].get("statusCode") for said in run(engine, EDGE_FUNCTION, cases)] == [None, 401]


def odd_requests(count: int) -> list[dict[str, Any]]:
    chance = random.Random(6)  # noqa: S311 (the same requests in every run)
    made = []
    for _ in range(count):
        start = chance.choice(["", "/t/", f"/t/{TOKEN}/", f"/t/{TOKEN}/main/", "/b/main/", "/b/"])
        path = start + "".join(chance.choices(PIECES, k=chance.randrange(6)))
        proof = b64encode(":".join(chance.choices(USERS, k=chance.randrange(1, 4))).encode()).decode()
        header = chance.choice(["", "", "Basic ", "basic  ", "Bearer "]) + proof[: chance.choice([None, None, -1])]
        method = chance.choice(["GET", "GET", "GET", "HEAD", "POST"])
        made.append({"path": path, "method": method, "authorization": header if path.startswith("/b") else ""})
    return made


def python_status(request: dict[str, Any]) -> tuple[int, str]:
    said = edge_rule(
        EdgeRequest(**request),
        lambda grant_id: from_record(grant_id, TABLE["records"].get(f"t:{grant_id}")),
        datetime.fromtimestamp(TABLE["now"], UTC),
    )
    return (said.status, said.token) if isinstance(said, Denied) else (200, said.path)


def test_both_forms_of_the_rule_agree_on_three_thousand_odd_requests(engine: str) -> None:
    requests = odd_requests(3000)
    said = [each["made"] | {"line": each["lines"][0]} for each in run(engine, EDGE_FUNCTION, map(case, requests))]
    theirs = [
        (m["statusCode"], m["line"].split(" ")[0].strip("-")) if "statusCode" in m else (200, m["uri"]) for m in said
    ]
    ours = [python_status(request) for request in requests]
    assert {status for status, _ in ours} == {200, 400, 401, 403, 405}
    assert theirs == ours


def test_the_function_behind_the_cookies_refuses_the_same_paths(engine: str) -> None:
    paths = [each["path"] for each in odd_requests(2000)] + [vector["path"] for vector in VECTORS.values()]
    theirs = [said["made"] for said in run(engine, PLUS_FUNCTION, [Case(path=path) for path in paths])]
    for path, made in zip(paths, theirs, strict=True):
        if refusal(EdgeRequest(method="GET", path=path)):
            assert made["statusCode"] == 400
        else:
            assert (made["uri"], made["querystring"]) == (path.replace("+", "%2B"), {})


@pytest.mark.parametrize("code", [EDGE_FUNCTION, PLUS_FUNCTION])
def test_a_function_fits_into_cloudfront(code: str) -> None:
    assert len(code.encode()) < SIZE_LIMIT
    assert code.isascii()


@pytest.mark.parametrize("code", [EDGE_FUNCTION, PLUS_FUNCTION])
def test_a_function_keeps_to_the_dialect_of_cloudfront(code: str) -> None:
    """What njs 0.7.9 refuses and Node takes, so that a machine without njs notices, too."""
    bare = re.sub(r"//.*", "", code)
    for word in (
        r"\bclass\b",
        r"\?\.",
        r"\bfor *\([^;]*\bof\b",
        r"(?:const|let|var) *[\[{]",
        r"\(\s*await\b",
        r"\bPromise\b",
        r"=>",
    ):
        assert not re.search(word, bare), word
