"""How each client is told of a channel and its token: in the client's own credential store, never in a URL."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never
from urllib.parse import quote_plus, urlsplit

# The token is typed, not passed: it is in no command line, no history and no file but the client's own.
ASK = 'umask 077; printf "token: "; read -rs CHANNEL_TOKEN; export CHANNEL_TOKEN'
FORGET = "unset CHANNEL_TOKEN"


class Client(StrEnum):
    """The clients that are known here."""

    CONDA = "conda"
    MAMBA = "mamba"
    PIXI = "pixi"
    RATTLER_BUILD = "rattler-build"
    CONDA_LOCK = "conda-lock"
    CURL = "curl"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSetup:
    """What to do once on a machine. `file` is where the token ends up; `commands` are for bash or zsh."""

    client: Client
    file: str
    content: str  # what the file holds, with TOKEN for the token
    commands: tuple[str, ...]
    advice: str


def client_setup(client: Client, url: str) -> ClientSetup:
    """The set-up of `client` for the channel at `url`, the one without a token in it."""
    url = url.rstrip("/")
    match client:
        case Client.CONDA:
            return _conda(url)
        case Client.MAMBA:
            return _mamba(url)
        case Client.PIXI:
            return _rattler(url, client, f'in pixi.toml: channels = ["{url}"]')
        case Client.RATTLER_BUILD:
            return _rattler(url, client, f"rattler-build build --channel {url} --recipe …")
        case Client.CONDA_LOCK:
            return _conda_lock(url)
        case Client.CURL:
            return _curl(url)
        case _:
            assert_never(client)


def _conda(url: str) -> ClientSetup:
    file = f"~/.config/binstar/{quote_plus(url)}.token"
    return ClientSetup(
        client=Client.CONDA,
        file=file,
        content="TOKEN",
        commands=(
            ASK,
            f'mkdir -p ~/.config/binstar && printf %s "$CHANNEL_TOKEN" > {file}',  # conda wants no line end
            f"conda config --add channels {shlex.quote(url)}",
            FORGET,
        ),
        advice="macOS: ~/Library/Application Support/binstar; with BINSTAR_CONFIG_DIR set, its data/ folder",
    )


def _mamba(url: str) -> ClientSetup:
    parts = urlsplit(url)
    file, key = "~/.mamba/auth/authentication.json", f"{parts.netloc}{parts.path}"
    return ClientSetup(
        client=Client.MAMBA,
        file=file,
        content=f'{{"{key}": {{"type": "CondaToken", "token": "TOKEN"}}}}',
        commands=(
            ASK,
            _merge(file, f'{key!r}: {{"type": "CondaToken", "token": os.environ["CHANNEL_TOKEN"]}}'),
            f"mamba config append channels {shlex.quote(url)}",
            FORGET,
        ),
        advice="if your mamba loses tokens: type BasicHTTPAuthentication in the same file, and the /b/ address",
    )


def _rattler(url: str, client: Client, use: str) -> ClientSetup:
    """What is made of rattler looks for a token by host alone, in one store."""
    file, key = "~/.rattler/credentials.json", urlsplit(url).hostname or ""
    return ClientSetup(
        client=client,
        file=file,
        content=f'{{"{key}": {{"CondaToken": "TOKEN"}}}}',
        commands=(ASK, _merge(file, f'{key!r}: {{"CondaToken": os.environ["CHANNEL_TOKEN"]}}'), FORGET),
        advice=f"{use}; there is one token for each host",
    )


def _conda_lock(url: str) -> ClientSetup:
    """conda-lock has no store: it puts a variable of the environment into the address, and its name into the lock."""
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.netloc}/t/$CHANNEL_TOKEN{parts.path}"
    return ClientSetup(
        client=Client.CONDA_LOCK,
        file="no file: it stays in the environment, for as long as the shell lives",
        content=f"channels: ['{place}'] in environment.yml, as it is: the lock file keeps the variable's name",
        commands=(ASK, "conda-lock lock --file environment.yml", FORGET),
        advice="the variable's name has to end in TOKEN; what installs from the lock file is set up for itself",
    )


def _curl(url: str) -> ClientSetup:
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}/b{parts.path}"
    entry = '"${CHANNEL_TOKEN%%-*}" "${CHANNEL_TOKEN#*-}"'
    return ClientSetup(
        client=Client.CURL,
        file="~/.netrc",
        content=f"machine {parts.hostname} login ID password SECRET (the token is ID-SECRET)",
        commands=(
            ASK,
            f"printf 'machine %s login %s password %s\\n' {shlex.quote(parts.hostname or '')} {entry} >> ~/.netrc",
            FORGET,
            f"curl --netrc --fail {shlex.quote(f'{base}/noarch/repodata.json')}",
        ),
        advice="HTTP Basic has an address of its own, beginning with /b/",
    )


def _merge(file: str, pair: str) -> str:
    """Put one pair into a JSON file that may hold others."""
    program = (
        f'import json, os, pathlib; p = pathlib.Path("{file}").expanduser(); '
        "p.parent.mkdir(parents=True, exist_ok=True); "
        "d = json.loads(p.read_text()) if p.exists() else {}; "
        f"d.update({{{pair}}}); p.touch(0o600); p.write_text(json.dumps(d, indent=2))"
    )
    return f"python3 -c {shlex.quote(program)}"
