"""What .condarc says: which channels are protected, by which root, and whether conda stops or warns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "channelsmith_trust"
MODES = ("enforce", "warn")
KEYS = {"root", "mode", "max_age", "trusted_root"}
TOKEN = re.compile(r"^/t/[^/]*/")
AGE = re.compile(r"([1-9][0-9]*)([hd])")
UNITS = {"h": "hours", "d": "days"}


class SettingsError(ValueError):
    """A line of .condarc that does not hold; a channel that was to be protected must not go unprotected."""


@dataclass(frozen=True)
class Protected:
    """A protected channel. `max_age` is how long a generation that was replaced may still be installed from.

    With `trusted_root`, the channel's exported file of that name, each package must be attested as well.
    """

    url: str
    root: Path
    enforce: bool = True
    max_age: timedelta = timedelta(days=7)
    trusted_root: Path | None = None

    def key(self, url: str) -> str:
        """`<subdir>/<file>` of a package below this channel, whatever credential is in the URL; empty: not below."""
        host, path = _place(url)
        own_host, own = _place(self.url)
        rest = path.removeprefix(f"{own}/")
        return rest if host == own_host and rest != path else ""


def protected_channels(settings: Mapping[str, Mapping[str, str]]) -> tuple[Protected, ...]:
    """The protected channels; SettingsError names the first line that does not hold."""
    return tuple(_protected(url, dict(said)) for url, said in settings.items())


def _protected(url: str, said: dict[str, str]) -> Protected:
    where = f"plugins: {{{NAME}: {{{url}: …}}}}"
    if unknown := sorted(said.keys() - KEYS):
        raise SettingsError(f"{where} has an unknown `{unknown[0]}`; known are {', '.join(sorted(KEYS))}")
    if not said.get("root"):
        raise SettingsError(f"{where} names no `root`: the path of the channel's 1.root.json")
    if said.get("mode", "enforce") not in MODES:
        raise SettingsError(f"{where} has the mode `{said['mode']}`; there are {' and '.join(MODES)}")
    if not urlsplit(url).netloc and urlsplit(url).scheme != "file":
        raise SettingsError(f"{where} names no URL; write the channel's base URL")
    trusted = said.get("trusted_root")
    return Protected(
        url=url.rstrip("/"),
        root=Path(said["root"]).expanduser(),
        enforce=said.get("mode", "enforce") == "enforce",
        max_age=_age(said.get("max_age", "7d"), where),
        trusted_root=Path(trusted).expanduser() if trusted else None,
    )


def _age(text: str, where: str) -> timedelta:
    found = AGE.fullmatch(str(text))
    if not found:
        raise SettingsError(f"{where} has the max_age `{text}`; write `12h` or `7d`")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return host.removesuffix(default) if default else host, TOKEN.sub("/", unquote(parts.path)).rstrip("/")
