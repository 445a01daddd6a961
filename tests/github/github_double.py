"""GitHub's API on localhost: it keeps what it is told, refuses what GitHub refuses, and notes what it was asked.

Every request is held to `github_routes.json`: the routes that we use, with the types of their bodies. They were
compared with GitHub's own OpenAPI description (@octokit/openapi 23.0.2: 26 operations, no difference). A request that
fits no route, or has a body of another shape, is a violation.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import threading
import zipfile
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import jsonschema
from nacl.public import PrivateKey, SealedBox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUTES = json.loads(Path(__file__).with_name("github_routes.json").read_text(encoding="utf-8"))
LONGEST_COMMENT = 65_536
Answer = tuple[int, Any]
JSON = dict[str, Any]


@dataclass(kw_only=True)
class Limit:
    """The next `times` requests are refused as GitHub does it, for `seconds` where it says for how long."""

    kind: str
    times: int = 1
    seconds: int = 1


@dataclass(kw_only=True)
class State:
    """What the double knows of one repository."""

    repository: str = "acme/recipes"
    pulls: dict[int, JSON] = field(default_factory=dict)
    files: dict[int, list[JSON]] = field(default_factory=dict)
    comments: dict[int, list[JSON]] = field(default_factory=lambda: defaultdict(list))
    checks: dict[int, JSON] = field(default_factory=dict)
    runs: dict[int, JSON] = field(default_factory=dict)
    artifacts: dict[int, JSON] = field(default_factory=dict)
    blobs: dict[int, bytes] = field(default_factory=dict)
    secrets: dict[tuple[str, str], str] = field(default_factory=dict)
    dispatches: list[JSON] = field(default_factory=list)
    objects: dict[str, JSON] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)  # operations that the token may not do
    key: PrivateKey = field(default_factory=PrivateKey.generate)
    url: str = ""
    ids: int = 1000

    def next_id(self) -> int:
        self.ids += 1
        return self.ids

    def add_pull(self, number: int, head: str, *, head_repository: str | None = "acme/recipes", state: str = "open",
                 files: tuple[str, ...] = (), merged: str = "", ref: str = "topic") -> None:  # fmt: skip
        repo = {"full_name": head_repository, "id": 2} if head_repository else None
        self.pulls[number] = {
            "number": number, "state": state, "title": "t", "body": "b",
            "merged_at": "2026-11-27T00:00:00Z" if merged else None,
            "merge_commit_sha": merged or None, "head": {"sha": head, "ref": ref, "repo": repo},
            "base": {"sha": "b" * 40, "ref": "main", "repo": {"full_name": self.repository, "id": 1}},
        }  # fmt: skip
        self.files[number] = [{"filename": name, "sha": "f" * 40, "status": "modified"} for name in files]

    def add_run(self, run: int, head: str, *, head_repository: str = "acme/recipes",
                path: str = ".github/workflows/pull-request.yml", event: str = "pull_request",
                conclusion: str = "success") -> None:  # fmt: skip
        self.runs[run] = {
            "id": run, "path": path, "event": event, "head_sha": head, "conclusion": conclusion, "run_attempt": 1,
            "status": "completed", "head_repository": {"full_name": head_repository, "id": 2},
            "repository": {"full_name": self.repository, "id": 1},
            "artifacts_url": f"{self.url}/repos/{self.repository}/actions/runs/{run}/artifacts",
        }  # fmt: skip

    def add_artifact(self, run: int, name: str, files: dict[str, bytes] | bytes, *, digest: str | None = None) -> int:
        body = files if isinstance(files, bytes) else zipped(files)
        number = self.next_id()
        found = digest if digest is not None else f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.blobs[number] = body
        self.artifacts[number] = {
            "id": number, "name": name, "size_in_bytes": len(body), "digest": found, "expired": False,
            "workflow_run": {"id": run, "head_sha": self.runs[run]["head_sha"]},
        }  # fmt: skip
        return number


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return buffer.getvalue()


@contextmanager
def github(state: State | None = None) -> Iterator[State]:
    """The double, for as long as the block runs; `state.url` is its base URL, as of an Enterprise server."""
    state = state or State()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"state": state}))
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/api/v3"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    state: State
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        if parts.path.startswith("/blob/"):
            return self.send_blob(int(parts.path.rpartition("/")[2]))
        path = unquote(parts.path).removeprefix("/api/v3")
        self.state.requests.append((self.command, path))
        if limit := next((limit for limit in self.state.limits if limit.times), None):
            limit.times -= 1
            return self.send_limit(limit)
        if self.headers.get("Authorization", "").partition(" ")[2] in {"", "bad"}:
            return self.send(401, {"message": "Bad credentials"})
        operation, arguments = self.route(path)
        payload = self.checked(operation, body)
        if not operation or operation in self.state.denied:
            return self.send(403 if operation else 404, {"message": "Resource not accessible by integration"})
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        status, value = OPERATIONS[operation](self.state, arguments, payload, query)
        return self.send(status, value, query, parts.path)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815 (http.server's names)

    def route(self, path: str) -> tuple[str, list[str]]:
        for operation, route in ROUTES.items():
            if route["method"] == self.command and (found := re.fullmatch(route["path"], path)):
                return operation, list(found.groups())
        self.state.violations.append(f"no such route: {self.command} {path}")
        return "", []

    def checked(self, operation: str, body: bytes) -> JSON:
        payload = json.loads(body) if body.strip() else {}
        schema = ROUTES.get(operation, {}).get("body", {"type": "object", "maxProperties": 0})
        for error in jsonschema.Draft202012Validator(schema).iter_errors(payload):
            self.state.violations.append(f"{operation}: {error.message}")
        return payload

    def send(self, status: int, value: Any, query: dict[str, str] | None = None, path: str = "") -> None:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if status == 302:
            headers["Location"] = value
            value = {}
        elif query is not None and paged(value):
            value, headers["Link"] = self.page(value, query, path)
        body = b"" if status == 204 else json.dumps(value).encode()
        self.send_response(status)
        for name, text in ({**headers, "Content-Length": str(len(body))}).items():
            if text:
                self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def page(self, value: Any, query: dict[str, str], path: str) -> tuple[Any, str]:
        size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        key = (
            next((key for key, inner in value.items() if isinstance(inner, list)), "")
            if isinstance(value, dict)
            else ""
        )
        items = value[key] if key else value
        more = "&".join(f"{n}={v}" for n, v in query.items() if n != "page")
        address = f"http://{self.headers['Host']}{path}?{more}&page={page + 1}"
        link = f'<{address}>; rel="next"' if len(items) > page * size else ""
        shown = items[(page - 1) * size : page * size]
        return ({**value, key: shown} if key else shown), link

    def send_limit(self, limit: Limit) -> None:
        secondary = {
            "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        }
        primary = {"message": "API rate limit exceeded for installation ID 1."}
        body = json.dumps(primary if limit.kind == "primary" else secondary).encode()
        self.send_response(500 if limit.kind == "error" else 403)
        if limit.kind == "retry-after":
            self.send_header("Retry-After", str(limit.seconds))
        if limit.kind == "primary":
            import time  # noqa: PLC0415 (only here)

            self.send_header("X-RateLimit-Reset", str(int(time.time()) + limit.seconds))
            self.send_header("X-RateLimit-Remaining", "0")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_blob(self, number: int) -> None:
        if self.headers.get("Authorization"):
            self.state.violations.append("the token was sent to the storage of artifacts")
        body = self.state.blobs[number]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def paged(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, dict) and "total_count" in value)


def listed(key: str, items: list[JSON]) -> Answer:
    return 200, {"total_count": len(items), key: items}


def found(items: dict[int, JSON], number: str) -> Answer:
    return (200, items[int(number)]) if int(number) in items else (404, {"message": "Not Found"})


def create_comment(state: State, at: list[str], body: JSON, _: JSON) -> Answer:
    if len(body["body"]) > LONGEST_COMMENT:
        return 422, {"message": "Validation Failed", "errors": [{"message": "body is too long"}]}
    made = {
        "id": state.next_id(),
        "body": body["body"],
        "user": {"login": "github-actions[bot]", "type": "Bot", "id": 1},
    }
    made["url"] = f"{state.url}/repos/{state.repository}/issues/comments/{made['id']}"
    state.comments[int(at[1])].append(made)
    return 201, made


def edit_comment(state: State, at: list[str], body: JSON, _: JSON) -> Answer:
    for comment in (c for comments in state.comments.values() for c in comments):
        if comment["id"] == int(at[1]):
            if len(body["body"]) > LONGEST_COMMENT:
                return 422, {"message": "Validation Failed"}
            comment["body"] = body["body"]
            return 200, comment
    return 404, {"message": "Not Found"}


def delete_comment(state: State, at: list[str], _: JSON, __: JSON) -> Answer:
    for comments in state.comments.values():
        comments[:] = [comment for comment in comments if comment["id"] != int(at[1])]
    return 204, None


def create_check(state: State, _: list[str], body: JSON, __: JSON) -> Answer:
    made = {"id": state.next_id(), **body, "annotations": list(body["output"].get("annotations", ()))}
    made["url"] = f"{state.url}/repos/{state.repository}/check-runs/{made['id']}"
    state.checks[made["id"]] = made
    return 201, made


def edit_check(state: State, at: list[str], body: JSON, _: JSON) -> Answer:
    check = state.checks[int(at[1])]
    check["annotations"] += body["output"].get("annotations", ())
    return 200, check


def put_secret(state: State, at: list[str], body: JSON, _: JSON) -> Answer:
    if body["key_id"] != "1":
        return 422, {"message": "unknown key"}
    box = SealedBox(state.key)
    is_new = (at[0], at[1]) not in state.secrets
    state.secrets[at[0], at[1]] = box.decrypt(base64.b64decode(body["encrypted_value"])).decode()
    return (201, {}) if is_new else (204, None)


def runs_of(state: State, at: list[str], _: JSON, query: JSON) -> Answer:
    path = f".github/workflows/{at[1]}"
    runs = [
        r for r in state.runs.values() if r["path"].partition("@")[0] == path and r["head_sha"] == query.get("head_sha")
    ]
    return listed("workflow_runs", [r for r in runs if r["event"] == query.get("event", r["event"])])


def dispatch(state: State, at: list[str], body: JSON, _: JSON) -> Answer:
    state.dispatches.append({"workflow": at[1], **body})
    return 204, None


def git_object(state: State, kind: str, content: JSON) -> Answer:
    sha = hashlib.sha1(json.dumps([kind, content], sort_keys=True).encode()).hexdigest()  # noqa: S324 (git's own)
    state.objects[sha] = {"sha": sha, "url": f"{state.url}/repos/{state.repository}/git/{kind}s/{sha}", **content}
    return 201, state.objects[sha]


def create_commit(state: State, _: list[str], body: JSON, __: JSON) -> Answer:
    return git_object(state, "commit", {
        "message": body["message"], "tree": {"sha": body["tree"]}, "parents": [{"sha": sha} for sha in body["parents"]],
    })  # fmt: skip


def ref(state: State, name: str) -> Answer:
    if name not in state.refs:
        return 404, {"message": "Not Found"}
    url = f"{state.url}/repos/{state.repository}/git/refs/{name}"
    return 200, {"ref": f"refs/{name}", "url": url, "object": {"sha": state.refs[name], "type": "commit"}}


def put_ref(state: State, name: str, sha: str, status: int) -> Answer:
    state.refs[name] = sha
    return status, ref(state, name)[1]


def create_pull(state: State, _: list[str], body: JSON, __: JSON) -> Answer:
    number = max(state.pulls, default=0) + 1
    state.add_pull(number, state.refs[f"heads/{body['head']}"], ref=body["head"])
    state.pulls[number] |= {"title": body["title"], "body": body["body"]}
    state.pulls[number]["url"] = f"{state.url}/repos/{state.repository}/pulls/{number}"
    return 201, state.pulls[number]


def edit_pull(state: State, at: list[str], body: JSON, _: JSON) -> Answer:
    state.pulls[int(at[1])] |= body
    return 200, state.pulls[int(at[1])]


def pulls(state: State, _: list[str], __: JSON, query: JSON) -> Answer:
    head = query.get("head", "").partition(":")[2]
    wanted = [p for p in state.pulls.values() if p["state"] == query.get("state", "open")]
    return 200, [p for p in wanted if not head or p["head"]["ref"] == head]


def pulls_of(state: State, at: list[str], _: JSON, __: JSON) -> Answer:
    return 200, [p for p in state.pulls.values() if at[1] in {p["merge_commit_sha"], p["head"]["sha"]}]


def blob(state: State, number: str) -> Answer:
    known = int(number) in state.blobs
    return (
        (302, f"{state.url.replace('127.0.0.1', 'localhost').removesuffix('/api/v3')}/blob/{number}")
        if known
        else (404, {})
    )


OPERATIONS: dict[str, Callable[[State, list[str], JSON, JSON], Answer]] = {
    "pulls/get": lambda state, at, _, __: found(state.pulls, at[1]),
    "pulls/list": pulls,
    "pulls/create": create_pull,
    "pulls/update": edit_pull,
    "pulls/list-files": lambda state, at, _, __: (200, state.files.get(int(at[1]), [])),
    "repos/list-pull-requests-associated-with-commit": pulls_of,
    "issues/list-comments": lambda state, at, _, __: (200, state.comments[int(at[1])]),
    "issues/create-comment": create_comment,
    "issues/update-comment": edit_comment,
    "issues/delete-comment": delete_comment,
    "checks/create": create_check,
    "checks/update": edit_check,
    "actions/get-workflow-run": lambda state, at, _, __: found(state.runs, at[1]),
    "actions/list-workflow-runs": runs_of,
    "actions/list-workflow-run-artifacts": lambda state, at, _, __: listed(
        "artifacts", [a for a in state.artifacts.values() if a["workflow_run"]["id"] == int(at[1])]
    ),
    "actions/download-artifact": lambda state, at, _, __: blob(state, at[1]),
    "actions/get-repo-public-key": lambda state, _, __, ___: (
        200, {"key_id": "1", "key": base64.b64encode(bytes(state.key.public_key)).decode()}
    ),
    "actions/create-or-update-repo-secret": put_secret,
    "actions/create-workflow-dispatch": dispatch,
    "git/get-ref": lambda state, at, _, __: ref(state, at[1]),
    "git/create-ref": lambda state, _, body, __: put_ref(state, body["ref"].removeprefix("refs/"), body["sha"], 201),
    "git/update-ref": lambda state, at, body, _: put_ref(state, at[1], body["sha"], 200),
    "git/get-commit": lambda state, at, _, __: (200, state.objects[at[1]]) if at[1] in state.objects else (404, {}),
    "git/create-commit": create_commit,
    "git/create-tree": lambda state, _, body, __: git_object(state, "tree", body),
    "git/create-blob": lambda state, _, body, __: git_object(state, "blob", body),
}  # fmt: skip
