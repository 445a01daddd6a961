"""Verifies a channel's metadata, no package's bytes, in a repository: `python verifying.py ENDPOINT` writes JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ci_tools import wiring
from ci_tools.adapters.sources.stored import StoredSource
from ci_tools.config import read_config
from ci_tools.core.keyset import trust_material
from ci_tools.core.verification import VerifyPolicy
from ci_tools.flows.verify import verify

config = read_config(Path("channel.yaml"))
config = replace(config, store=replace(config.store, endpoint=sys.argv[1]))
material = trust_material(wiring.keystore(config, os.environ).published)
policy = VerifyPolicy(channel=config.base_url, trusted_root=material.trusted_root, sample=0)
began = time.monotonic()
source = StoredSource(wiring.object_store(config, dry_run=False), config.base_url)
report = verify(source, material.root, policy, datetime.now(UTC))
assert report.ok, report.findings[:3]
print(json.dumps({"wall": time.monotonic() - began, "records": report.checked.records}))
