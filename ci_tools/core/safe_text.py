"""Text from elsewhere, made fit to be shown: no control characters, no secrets."""

from __future__ import annotations

import re

# What secrets look like that a channel, or the clouds and code hosts around it, hand out.
SECRETS = {
    "a private key": re.compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:.*?-----END [A-Z0-9 ]*PRIVATE KEY-----|.*)", re.DOTALL
    ),
    "a token": re.compile(
        r"\b[0-9a-f]{12}-[0-9a-f]{40}\b"  # ours: access.md
        r"|\bgh[opusr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{22,}|\bglpat-[A-Za-z0-9_-]{20,}"
        r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"  # a JSON web token
    ),
    "an access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a password in a URL": re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),
}
OPTION = re.compile(r"(--[a-z-]*(?:token|secret|password|passphrase)[a-z-]*[= ])[^\s-]\S*")


def printable(text: str) -> str:
    """`text` with its control characters written out, so that a terminal does not obey them; newline and tab stay."""
    return "".join(c if c in "\n\t" or c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str) -> str:
    """`text` on one line: line ends and tabs are written out as well."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def secret_in(text: str) -> str:
    """What kind of secret `text` holds, as a noun; empty where it holds none that is known."""
    return next((kind for kind, pattern in SECRETS.items() if pattern.search(text)), "")


def masked(text: str) -> str:
    """`text` with every known kind of secret replaced by `***`."""
    for pattern in SECRETS.values():
        text = pattern.sub("***", text)
    return OPTION.sub(r"\1***", text)
