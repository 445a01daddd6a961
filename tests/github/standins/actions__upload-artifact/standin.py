"""The rules of actions/upload-artifact that a workflow can break: names, duplicates, hidden files, the least folder."""

import glob
import os
import re
import shutil
import sys
from pathlib import Path

env = os.environ
store, name = Path(env["STANDIN_ARTIFACTS"]) / env["GITHUB_RUN_ID"], env["INPUT_NAME"]
if not name or re.search(r'[":<>|*?\r\n\\/]', name):
    sys.exit(f"::error::The artifact name is not valid: {name!r}")
if (store / name).exists():
    sys.exit(f"::error::Failed to CreateArtifact: Received non-retryable error: (409) Conflict: {name} already exists")
asked = [line.strip() for line in env["INPUT_PATH"].splitlines() if line.strip()]
found = [Path(p) for pattern in asked for p in sorted(glob.glob(pattern))]  # noqa: PTH207 (a pattern may be absolute)
files = [f for p in found for f in (sorted(p.rglob("*")) if p.is_dir() else [p]) if f.is_file()]
if env["INPUT_INCLUDE_HIDDEN_FILES"] != "true":
    files = [f for f in files if not any(part.startswith(".") for part in f.parts)]
if not files:
    message = f"No files were found with the provided path: {env['INPUT_PATH']!r}. No artifacts will be uploaded."
    if env["INPUT_IF_NO_FILES_FOUND"] == "error":
        sys.exit(f"::error::{message}")
    sys.exit(0)
base = found[0] if len(found) == 1 and found[0].is_dir() else Path(os.path.commonpath([str(f.parent) for f in files]))
for file in files:
    target = store / name / file.relative_to(base)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)  # modes are lost, as there
