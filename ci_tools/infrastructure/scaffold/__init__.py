"""What `channel init` writes into a new channel repository. `@@name@@` is filled in; nothing else is special."""

from __future__ import annotations

from importlib.resources import files

# Where a file goes -> the text it is made from. Those of MANAGED are ours: a later version may have another text.
MANAGED = {
    f".github/workflows/{name}.yml": f"workflows/{name}.yml"
    for name in ("pull-request", "comment", "preview", "publish", "index", "access", "health", "bump")
}
FIRST = {
    "channel.yaml": "channel.yaml",
    "README.md": "README.md",
    ".gitignore": "gitignore",
    ".github/CODEOWNERS": "CODEOWNERS",
    ".github/access.yaml": "access.yaml",
    ".github/dependabot.yml": "dependabot.yml",
    ".github/pins.yaml": "pins.yaml",
    "recipes/hello/recipe.yaml": "hello.yaml",
}


def text(name: str) -> str:
    """The text of one file of this folder."""
    return (files(__name__) / name).read_text(encoding="utf-8")
