"""The functions of the edge in a JavaScript of this machine: Node, and njs, which CloudFront's runtime stems from."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent
ENGINES = ("node", "njs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request to a function: `records` as the key-value store holds them, values as JSON values, or as raw text."""

    path: str
    method: str = "GET"
    headers: dict[str, Any] | None = None
    records: dict[str, Any] | None = None
    texts: dict[str, str] | None = None
    now: float = 1_800_000_000
    broken: bool = False
    unreadable: bool = False

    def document(self) -> dict[str, Any]:
        records = {key: json.dumps(record) for key, record in (self.records or {}).items()} | (self.texts or {})
        request = {"method": self.method, "uri": self.path, "headers": self.headers or {}, "querystring": {"x": {}}}
        kept = {"now": self.now, "broken": self.broken, "unreadable": self.unreadable, "records": records}
        return {"request": request, **kept}


def has(engine: str) -> bool:
    return shutil.which(engine) is not None


def run(engine: str, code: str, cases: Iterable[Case]) -> list[dict[str, Any]]:
    """What `code` makes of each case: `made` (a request, an answer, or what was thrown), `lines`, `reads`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = folder / "program.mjs"
        program.write_text(code + (HERE / "harness.js").read_text(), encoding="utf-8")
        (folder / "cases.json").write_text(json.dumps([case.document() for case in cases]), encoding="utf-8")
        module = folder / "node_modules/cloudfront"
        module.mkdir(parents=True)
        shutil.copy(HERE / "cloudfront.js", module / "index.mjs")
        (module / "package.json").write_text('{"main": "index.mjs"}')
        shutil.copy(HERE / "cloudfront.js", folder / "cloudfront")  # njs looks for exactly this name
        options = ["-p", str(folder)] if engine == "njs" else []
        ended = subprocess.run(
            [engine, *options, str(program), str(folder / "cases.json")],
            capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr or ended.stdout
        answers = (folder / "cases.json.answers").read_text(encoding="utf-8")
    return [json.loads(line) for line in answers.split("\n")]
