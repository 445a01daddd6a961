"""What is deployed, as data: the CloudFormation template, the functions of the edge in JavaScript, prices."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EDGE_FUNCTION = (files(__name__) / "edge.js").read_text(encoding="utf-8")
PLUS_FUNCTION = (files(__name__) / "plus.js").read_text(encoding="utf-8")
PRICES: Mapping[str, object] = json.loads((files(__name__) / "prices.json").read_text(encoding="utf-8"))
# What each resource of the template is, in words, by theme.
WORDS: Mapping[str, Mapping[str, str]] = json.loads((files(__name__) / "words.json").read_text(encoding="utf-8"))
LARGEST = 51_200  # bytes; what CloudFormation takes of a template that is in no bucket
# What no update may touch: the rotation owns the keys of the group, and an update of either would set them back.
FROZEN = ("Nobody", "CookieKeys")
# What no update may replace or remove, for its contents would be gone.
KEPT = ("Bucket", "Tokens", "OnlineKey", "PublisherKey", "LogKey", "PreviewKey")


def template(readers: Iterable[str] = ()) -> str:
    """The CloudFormation template as YAML, with a role for each of `readers`, GitHub repositories as `owner/name`."""
    text = (files(__name__) / "channel.yaml").read_text(encoding="utf-8")
    for name, code in (("edge.js", EDGE_FUNCTION), ("plus.js", PLUS_FUNCTION)):
        text = text.replace(f"FunctionCode: {name}\n", f"FunctionCode: |\n{_indented(code, 8)}")
    return text.replace("READERS\n", "".join(_reader(each) for each in sorted(set(readers))) + "\n")


def reader_role(repository: str) -> str:
    """The logical name of the role of a consumer, in the template and in the outputs of the stack."""
    letters = re.sub(r"[^A-Za-z0-9]", "", repository.title())
    return f"Reader{letters}{hashlib.sha256(repository.encode()).hexdigest()[:6]}"


def stack_policy() -> str:
    """What updates of the stack may not do, as JSON for CloudFormation."""
    statements = [
        {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "Update:*", "Resource": _logical(FROZEN)},
        {"Effect": "Deny", "Principal": "*", "Action": ["Update:Replace", "Update:Delete"], "Resource": _logical(KEPT)},
    ]
    return json.dumps({"Statement": statements})


def _logical(names: Iterable[str]) -> list[str]:
    return [f"LogicalResourceId/{name}" for name in names]


def _reader(repository: str) -> str:
    owner, _, name = repository.partition("/")
    text = (files(__name__) / "reader.yaml").read_text(encoding="utf-8")
    return text.replace("OWNER/NAME", f"{owner}/{name}").replace("READER:", f"{reader_role(repository)}:")


def _indented(code: str, width: int) -> str:
    return "".join(" " * width + line if line.strip() else line for line in code.splitlines(keepends=True))
