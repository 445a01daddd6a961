"""The rules of actions/download-artifact: one name lies flat, a pattern makes a folder for each artifact."""

import os
import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path

env = os.environ
store, to = Path(env["STANDIN_ARTIFACTS"]) / env["GITHUB_RUN_ID"], Path(env["INPUT_PATH"] or ".")
there = sorted(p.name for p in store.glob("*")) if store.is_dir() else []
if name := env["INPUT_NAME"]:
    if name not in there:
        sys.exit(f"::error::Unable to download artifact(s): Artifact not found for name: {name}")
    shutil.copytree(store / name, to, dirs_exist_ok=True)
else:
    for each in (n for n in there if fnmatch(n, env["INPUT_PATTERN"] or "*")):
        shutil.copytree(store / each, to if env["INPUT_MERGE_MULTIPLE"] == "true" else to / each, dirs_exist_ok=True)
