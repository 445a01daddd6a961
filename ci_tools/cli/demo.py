"""`channel demo`: the whole job on this machine, a script of real `channel` commands with a real client at its end."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools.adapters import machine
from ci_tools.adapters.process import Command, Ended, alongside, attend, capture
from ci_tools.core.tokens import TOKEN
from ci_tools.errors import BuildError, ExitCode, UsageError

if TYPE_CHECKING:
    from ci_tools.cli.run import Run

WATCHED = (("build",), ("publish",), ("verify",))  # what shows bars where somebody watches
TIMEOUT = 120.0  # seconds for one command
SERVED_FOR = 600  # seconds after which the demo's server stops by itself
RECIPES = "recipes"
CHANNEL_YAML = """\
channel: acme
subdirs: [noarch, {subdir}]
url: http://127.0.0.1:{port}/acme
edge: {{kind: local, port: {port}}}
"""
AUTHOR = {
    "GIT_AUTHOR_NAME": "demo", "GIT_AUTHOR_EMAIL": "demo@acme.example", "GIT_COMMITTER_NAME": "demo",
    "GIT_COMMITTER_EMAIL": "demo@acme.example", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip


@click.command(short_help="The whole job on this machine, in a scratch folder")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to work, new or empty [a temporary folder]")
@click.pass_obj
def command(run: Run, folder: Path | None) -> None:
    """Plan, build, sign, publish, serve, install, revoke, verify: all of it, for real, on this machine.

    The recipes are those of the repository you stand in. Nothing outside the scratch folder is touched.
    """
    with ExitStack() as servers:
        demo = Demo.at(folder or Path(tempfile.mkdtemp(prefix="channel-demo-")), run, servers)
        for act in ACTS:
            act(demo)


@dataclass(kw_only=True)
class Demo:
    """The scratch repository, and what one act leaves for the next."""

    folder: Path
    origin: Path
    env: Mapping[str, str]
    port: int
    servers: ExitStack
    watched: bool
    started: float = field(default_factory=time.monotonic)
    act: int = 0
    token: str = ""

    @classmethod
    def at(cls, folder: Path, run: Run, servers: ExitStack) -> Demo:
        """A demo in `folder`, on a port that nobody else listens on."""
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"`{folder}` is not empty", hint="name a new folder, or leave --folder out")
        if not (run.root / RECIPES).is_dir():
            raise UsageError(f"there is no `{RECIPES}` here", hint="run it at the top of the repository")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        env = {k: v for k, v in run.env.items() if not k.startswith(("CHANNEL_", "GIT_", "AWS_", "GITHUB_"))}
        return cls(
            folder=folder.resolve(),
            origin=run.root,
            env=env | AUTHOR,
            port=port,
            servers=servers,
            watched=sys.stderr.isatty(),
        )

    @property
    def url(self) -> str:
        """What the consumer configures: the channel with the token in front."""
        return f"http://127.0.0.1:{self.port}/t/{self.token}/acme"

    def title(self, text: str) -> None:
        """Begin the next act."""
        self.act += 1
        click.secho(f"\n{self.act:2}. {text}", bold=True)

    def channel(self, *words: str, expect: ExitCode = ExitCode.DONE) -> Ended:
        """One `channel` command, shown as a person types it; a demo in which it ends otherwise has failed."""
        return self._shown("channel", (sys.executable, "-m", "ci_tools.cli", *words), words, expect)

    def client(self, *words: str, expect: ExitCode = ExitCode.DONE) -> Ended:
        """One call of the conda client, which knows nothing of this project."""
        return self._shown("client", (sys.executable, "-m", "ci_tools.adapters.consumer", *words), words, expect)

    def git(self, *words: str) -> None:
        """One git command, not worth showing."""
        ended = capture(Command(argv=("git", *words), cwd=self.folder, env=self.env, timeout=TIMEOUT))
        if ended.returncode:
            raise BuildError(f"git {words[0]} failed", detail=ended.stderr.decode(errors="replace"))

    def program(self, path: Path, *words: str) -> None:
        """Run what was installed."""
        self._shown(path.name, (str(path), *words), words, ExitCode.DONE)

    def _shown(self, name: str, argv: tuple[str, ...], words: tuple[str, ...], expect: ExitCode) -> Ended:
        click.secho(f"    $ {name} {self._short(' '.join(words))}", fg="cyan")
        program = Command(argv=argv, cwd=self.folder, env=self.env, timeout=TIMEOUT, merged=True)
        ended = attend(program) if self.watched and words[:1] in WATCHED else capture(program)
        for line in ended.stdout.decode(errors="replace").splitlines():
            click.echo(f"      {self._short(line)}")
        if ended.returncode != expect:
            raise BuildError(
                f"`{name} {words[0]}` ended with {ended.returncode}, the demo expected {int(expect)}",
                hint=f"look into {self.folder}",
            )
        return ended

    def _short(self, text: str) -> str:
        return TOKEN.sub(r"\1-…", text.replace(str(self.folder), "."))


def prepare(demo: Demo) -> None:
    """A repository with recipes, and its keys."""
    demo.title("A channel repository: recipes, channel.yaml, keys")
    shutil.copytree(demo.origin / RECIPES, demo.folder / RECIPES)
    (demo.folder / "channel.yaml").write_text(CHANNEL_YAML.format(port=demo.port, subdir=machine.subdir()))
    (demo.folder / ".gitignore").write_text("/.channel/\n/.edge/\n/.keys/\n/dist/\n/prefix*/\n/*.json\n/tampered/\n")
    demo.git("init", "--quiet", "--initial-branch=main")
    demo.git("add", ".")
    demo.git("commit", "--quiet", "--message", "Add the first recipes")
    demo.channel("keys", "init")


def publish_all(demo: Demo) -> None:
    """The first push: everything is planned, built, signed, indexed."""
    demo.title("What would be built? plan.json says it, with the reasons")
    demo.channel("plan", "--missing", "--out", "plan.json")
    demo.title("Build and test, in order; each package can use those before it")
    demo.channel("build", "--plan", "plan.json", "--out", "dist")
    demo.title("Publish: check, sign, upload, index, and one write that makes it true")
    demo.channel("publish", "--plan", "plan.json", "dist")
    demo.title("Again? Then there is nothing to do")
    demo.channel("plan", "--missing", "--out", "plan.json")
    demo.channel("publish", "--plan", "plan.json")


def consume(demo: Demo) -> None:
    """A colleague gets access and installs with an ordinary client."""
    demo.title("A colleague gets a token; the registry keeps only its hash")
    granted = demo.channel("access", "grant", "anna", "--owner", "anna@acme.example", "--channel", "acme")
    demo.token = _token(granted.stdout.decode())
    demo.git("add", ".github")
    demo.git("commit", "--quiet", "--message", "Let Anna in")
    argv = (sys.executable, "-m", "ci_tools.cli", "serve", "--for", str(SERVED_FOR))
    demo.servers.enter_context(alongside(Command(argv=argv, cwd=demo.folder, env=demo.env, timeout=SERVED_FOR)))
    _until_served(demo.port)
    demo.title("She installs with an ordinary conda client, through the token")
    demo.client(demo.url, "prefix", "howmuch")
    demo.program(demo.folder / "prefix" / "bin" / "howmuch", "26.2", "mi", "km")


def verify(demo: Demo) -> None:
    """The chain from the pinned root to the bytes."""
    demo.title("She checks the chain: root, generation, index, signatures, bytes")
    demo.channel("verify", demo.url)


def change(demo: Demo) -> None:
    """Changed but not bumped is refused; bumped, it is published."""
    demo.title("A recipe changes but its build number does not: refused")
    recipe = demo.folder / RECIPES / "howmuch" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("on the command line", "on the command line, at once"))
    demo.channel("plan", "--base", "HEAD", "--out", "plan.json", expect=ExitCode.RECIPE)
    demo.title("With the build number raised it is published, and clients get it")
    recipe.write_text(recipe.read_text().replace("number: 0", "number: 1"))
    demo.git("commit", "--quiet", "--all", "--message", "Convert units at once")
    demo.channel("plan", "--base", "HEAD~1", "--out", "plan.json")
    demo.channel("build", "--plan", "plan.json", "--out", "dist")
    demo.channel("publish", "--plan", "plan.json", "dist")
    demo.client(demo.url, "prefix-2", "howmuch")


def revoke(demo: Demo) -> None:
    """The token is rotated, then taken back."""
    demo.title("Her token is rotated: a new one, and the old one dies")
    old = demo.token
    renewed = demo.channel("access", "grant", "anna-2", "--owner", "anna@acme.example", "--channel", "acme")
    demo.token = _token(renewed.stdout.decode())
    demo.channel("access", "revoke", "anna", "--now")
    demo.client(demo.url, "prefix-3", "howmuch")
    demo.token, new = old, demo.token
    demo.client(demo.url, "prefix-4", "howmuch", expect=ExitCode.BUG)
    demo.token = new


def tamper(demo: Demo) -> None:
    """Somebody who can write to the store changes a package, then an index."""
    demo.title("Somebody swaps a package's bytes in the store: caught")
    copy = demo.folder / "tampered"
    shutil.copytree(demo.folder / ".channel", copy)
    package = next((copy / "noarch").glob("howmuch-*.conda"))
    body = package.read_bytes()
    package.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))
    demo.channel("verify", "tampered", expect=ExitCode.TRUST)
    package.write_bytes(body)
    demo.title("Somebody edits the index: caught")
    repodata = copy / "noarch" / "repodata.json"
    repodata.write_bytes(repodata.read_bytes().replace(b'"unit-table >=2026.1"', b'"unit-table-evil"'))
    demo.channel("verify", "tampered", expect=ExitCode.TRUST)


def summary(demo: Demo) -> None:
    """What was made and where to look."""
    seconds = time.monotonic() - demo.started
    click.secho(f"\nDone in {seconds:.0f} s. Everything is in {demo.folder}:", bold=True)
    for path, what in (
        (".channel/", "the channel: packages, sidecars, index, generations"),
        (".channel/receipts/1.json", "what the first publish did, signed"),
        (".keys/public/", "what clients are given to trust"),
        (".github/access.yaml", "who may read it until when; hashes only"),
        ("plan.json, dist/", "what travelled between the jobs"),
        ("prefix/", "what the client installed"),
    ):
        click.echo(f"    {path:26} {what}")
    click.echo(f"\nTry it yourself:  cd {demo.folder} && channel index status")


ACTS = (prepare, publish_all, consume, verify, change, revoke, tamper, summary)


def _token(text: str) -> str:
    """The one word in `text` that is a token."""
    found = TOKEN.search(text)
    if not found:
        raise BuildError("`channel access grant` printed no token")
    return found.group()


def _until_served(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise BuildError("`channel serve` did not start within 10 seconds")
