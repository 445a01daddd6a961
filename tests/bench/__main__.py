"""Every bench, or those named: `make bench`, `make bench ONLY=edge`. A table as it comes, then JSON in .bench/.

A module of this folder is a bench where it has `figures() -> Iterator[Figure]`. Figures are of one machine in one run:
compare ratios, not runs. Nothing here fails: what does not hold is said, and the tests do not time.
"""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
OUT = HERE.parents[1] / ".bench"


def benches() -> dict[str, str]:
    """Name -> module, of what can be measured."""
    modules = sorted(path.stem for path in HERE.glob("*.py") if "\ndef figures(" in path.read_text(encoding="utf-8"))
    return {name: f"tests.bench.{name}" for name in modules}


def main(only: list[str]) -> None:
    """Measure, print and keep."""
    OUT.mkdir(exist_ok=True)
    known = benches()
    if unknown := set(only) - known.keys():
        raise SystemExit(f"no such bench: {', '.join(sorted(unknown))}\nthere are: {', '.join(known)}")
    for name in only or known:
        print(f"\n{name}")
        kept = []
        for figure in import_module(known[name]).figures():
            print(f"  {figure}", flush=True)
            kept.append(asdict(figure) | {"holds": figure.holds})
        run = {"bench": name, "at": datetime.now(UTC).isoformat(), "machine": platform.platform(), "figures": kept}
        (OUT / f"{name}.json").write_text(json.dumps(run, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
