"""`channel access rotate` and `channel access cookie` as people type them, on an edge of this machine."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import servers

from ci_tools.cli import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = re.compile(r"[0-9a-f]{12}-[0-9a-f]{40}")
Told = tuple[int, str, str]


class Laptop:
    """A channel on this machine, and what `channel` says there."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys, self.told = folder, capsys, ""
        (self.port,) = servers.free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}/acme"
        (folder / "channel.yaml").write_text(
            f"channel: acme\nurl: {self.url}\nedge: {{kind: local, port: {self.port}}}\n"
        )
        (folder / ".channel/noarch").mkdir(parents=True)
        (folder / ".channel/noarch/repodata.json").write_text("{}")

    def channel(self, *words: str, **env: str) -> Told:
        code = answer(["--config", str(self.folder / "channel.yaml"), *words], env)
        out, err = self.capsys.readouterr()
        self.told += err
        return code, out, err

    def service(self, *consumers: str) -> str:
        """A service's first token, at the edge, with those who are to be handed the next."""
        _, out, _ = self.channel(
            "access", "grant", "robots", "--owner", "ops", "--kind", "service", "--expires", "900d",
            *(f"--consumer={consumer}" for consumer in consumers),
        )  # fmt: skip
        return out.strip()

    def handed(self, name: str = "nightly") -> str:
        return (self.folder / f".edge/secrets/readers/{name}").read_text()

    def serve(self) -> Iterator[None]:
        argv = [Path(sys.executable).with_name("channel"), "serve", "--for", "60", "--quiet"]
        with subprocess.Popen(argv, cwd=self.folder, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            process.stdout.readline()
            try:
                yield
            finally:
                process.terminate()

    def ask(self, token: str) -> int:
        return httpx.get(f"http://127.0.0.1:{self.port}/t/{token}/acme/noarch/repodata.json").status_code


@pytest.fixture
def laptop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Laptop:
    return Laptop(tmp_path, capsys)


@pytest.fixture
def served(laptop: Laptop) -> Iterator[Laptop]:
    for _ in laptop.serve():
        yield laptop


def test_a_service_is_handed_a_new_token_and_the_old_one_opens_for_a_while(served: Laptop) -> None:
    first = served.service("vault:nightly")
    code, out, _ = served.channel("access", "rotate", "robots")
    assert code == 0
    assert out.splitlines()[0] == "robots"
    second = served.handed()
    assert TOKEN.fullmatch(second)
    assert second != first
    assert (served.ask(first), served.ask(second)) == (200, 200)
    assert first[13:] not in out
    assert second[13:] not in out + served.told


def test_what_is_not_due_is_said_to_be_so(laptop: Laptop) -> None:
    laptop.service("vault:nightly")
    assert laptop.channel("access", "rotate")[0] == 0
    code, out, _ = laptop.channel("access", "rotate")
    assert (code, out.splitlines()[0]) == (0, "nothing due")
    assert re.search(r"robots: the old secret still opens, until \d{4}-", out)
    assert re.search(r"the cookie key: nothing due, until \d{4}-", out)


def test_a_leaked_token_is_refused_once_everybody_has_another(served: Laptop) -> None:
    first = served.service("vault:nightly")
    served.channel("access", "rotate", "robots", "--leaked")
    assert (served.ask(first), served.ask(served.handed())) == (401, 200)
    second = served.handed()
    served.channel("access", "rotate", "robots", "--leaked")
    assert (served.ask(second), served.ask(served.handed())) == (401, 200)


def test_a_sync_leaves_the_secrets_of_a_service_alone(served: Laptop) -> None:
    served.service("vault:nightly")
    served.channel("access", "rotate", "robots")
    assert served.channel("access", "sync")[1].startswith("nothing to do")
    assert served.ask(served.handed()) == 200


def test_a_sync_that_would_lock_its_own_job_out_is_refused(laptop: Laptop) -> None:
    own = laptop.channel("access", "grant", "ci", "--owner", "ops")[1].strip()
    laptop.channel("access", "grant", "ann", "--owner", "ann")
    registry = laptop.folder / ".github/access.yaml"
    kept = registry.read_text()
    start, end = kept.index(f'- id: "{own[:12]}"'), kept.rindex("- id:")
    registry.write_text(kept[:start] + kept[end:])
    code, _, err = laptop.channel("access", "sync", CHANNEL_TOKEN=own)
    assert code == 2
    assert "lock the running job out" in err
    assert own[13:] not in err
    assert laptop.channel("access", "sync", "--force", CHANNEL_TOKEN=own)[0] == 0


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_cookies_open_the_channel_for_curl_and_nothing_else(served: Laptop, kind: str) -> None:
    assert served.channel("access", "rotate", "cookie-key", "--key-type", kind)[0] == 0
    jar = served.folder / "jar"
    assert served.channel("access", "cookie", "--for", "1h", "--out", str(jar))[0] == 0
    assert stat.S_IMODE(jar.stat().st_mode) == 0o600
    _, header, _ = served.channel("access", "cookie", "--as", "header")
    name, _, value = header.strip().partition(": ")
    there = f"{served.url}/noarch/repodata.json"
    assert httpx.get(there, headers={name: value}).status_code == 200
    assert httpx.get(there.replace("/acme/", "/other/"), headers={name: value}).status_code == 403
    assert httpx.get(there).status_code == 403
    if curl := shutil.which("curl"):
        argv = [curl, "--silent", "--fail", "--cookie", str(jar), there]
        assert subprocess.run(argv, capture_output=True, check=True, timeout=20).stdout == b"{}"


def test_the_key_of_cookies_is_changed_while_old_cookies_open(served: Laptop) -> None:
    served.channel("access", "rotate", "cookie-key")
    old = json.loads(served.channel("access", "cookie", "--as", "json")[1])["cookies"]
    assert served.channel("access", "rotate", "cookie-key", "--now")[0] == 0
    new = json.loads(served.channel("access", "cookie", "--as", "json")[1])["cookies"]
    there = f"{served.url}/noarch/repodata.json"

    def ask(cookies: dict[str, str]) -> int:
        return httpx.get(there, headers={"cookie": "; ".join(f"{n}={v}" for n, v in cookies.items())}).status_code

    assert old["CloudFront-Key-Pair-Id"] != new["CloudFront-Key-Pair-Id"]
    assert (ask(old), ask(new)) == (200, 200)
    served.channel("access", "rotate", "cookie-key", "--leaked")
    newest = json.loads(served.channel("access", "cookie", "--as", "json")[1])["cookies"]
    assert (ask(old), ask(new), ask(newest)) == (403, 403, 200)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("grant", "x", "--owner", "o", "--consumer", "acme/robots"), "only a service has consumers"),
        (("grant", "x", "--owner", "o", "--kind", "service", "--consumer", "?"), "`?` is no consumer"),
        (("rotate", "nobody"), "nothing called `nobody` rotates"),
        (("rotate", "--now"), "need a name"),
        (("rotate", "--dry-run"), "cannot be tried without doing it"),
        (("cookie",), "no key that signs cookies yet"),
        (("cookie", "--for", "90d"), "cookies last for 12h at most"),
        (("cookie", "--for", "soon"), "`soon` is not a duration"),
    ],
)
def test_a_clumsy_person_is_told_what_to_do(laptop: Laptop, words: tuple[str, ...], said: str) -> None:
    code, _, err = laptop.channel("access", *words)
    assert code == 2
    assert said in err


def test_what_fails_for_one_does_not_stop_the_others(laptop: Laptop) -> None:
    laptop.service("acme/robots")  # and there is no GitHub here
    code, out, err = laptop.channel("access", "rotate")
    assert code == 2
    assert "GITHUB_REPOSITORY is not set" in err
    assert "cookies are signed by the new key" in out


def test_no_secret_is_anywhere_but_where_it_belongs(laptop: Laptop) -> None:
    """Every command with secrets that are known: what it says, what it writes, how it fails, who may read it."""
    given = laptop.service("vault:nightly", "acme/robots")
    said = []
    for words in (
        ("access", "rotate", "-v"), ("access", "list", "--json"), ("access", "list"), ("access", "sync", "-v"),
        ("access", "revoke", given), ("access", "revoke", given, "--now"), ("access", "setup", given),
        ("access", "setup", "conda"), ("access", "rotate", given, "-v"), ("access", given), (given,),
        ("access", "rotate", "--json", "cookie-key"), ("access", "rotate", "robots", "--leaked", "-v"),
        ("serve", "--port", given), ("access", "cookie", "--for", given), ("config", "check", "-v"),
        ("--config", given, "access", "list"), ("access", "cookie", "--out", str(laptop.folder / "jar")),
    ):  # fmt: skip
        said += list(laptop.channel(*words, CHANNEL_TOKEN=given)[1:])
    kept = [p for p in laptop.folder.rglob("*") if p.is_file() and "secrets" in p.parts]
    texts = [path.read_text() for path in kept if path.name != ".lock"]
    secrets = {given[13:], *re.findall(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])", " ".join(texts))}
    secrets |= {line for text in texts for line in text.replace("\\n", "\n").splitlines() if len(line) == 64}
    secrets |= set(re.findall(r"CloudFront-Signature\t(\S+)", (laptop.folder / "jar").read_text()))
    assert len(secrets) > 4
    open_to_all = [p for p in laptop.folder.rglob("*") if p.is_file() and p not in kept and p.name != "jar"]
    assert open_to_all
    for secret in secrets:
        assert not [text for text in said if secret in text], "in what was said"
        assert not [p for p in open_to_all if secret in p.read_text(errors="replace")], "in a file"
    for path in (*kept, laptop.folder / "jar", laptop.folder / ".edge/state.json"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_no_command_line_shows_a_secret(laptop: Laptop) -> None:
    """The rotation starts no other program, and takes no secret as an argument."""
    laptop.service("vault:nightly")
    program = (
        "import os, sys\nstarted = {'subprocess.Popen', 'os.exec'}\n"
        "sys.addaudithook(lambda event, _: os._exit(99) if event in started else None)\n"
        "from ci_tools.cli import answer; sys.exit(answer(sys.argv[1:], dict(os.environ)))"
    )
    for words in (("rotate",), ("cookie",), ("sync",), ("list",)):
        argv = [sys.executable, "-c", program, "access", *words]
        ended = subprocess.run(argv, cwd=laptop.folder, capture_output=True, text=True, check=False, timeout=60)
        assert ended.returncode == 0, ended.stderr
