"""What GitHub says of the present run, from the environment of a step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ci_tools.core.ci.occasion import Occasion, occasion
from ci_tools.errors import UsageError

LARGEST_PAYLOAD = 32 << 20  # bytes; GitHub stops at 25 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One attempt of one run."""

    repository: str  # owner/name
    event: str
    run: int
    attempt: int
    payload: Mapping[str, Any]

    @property
    def occasion(self) -> Occasion:
        """Why it runs."""
        return occasion(self.event, self.payload)


def run_facts(env: Mapping[str, str]) -> RunFacts:
    """What `env` says; UsageError where it is not that of a step."""
    event = env.get("GITHUB_EVENT_NAME", "")
    if not event:
        raise UsageError("GITHUB_EVENT_NAME is not set", hint="this verb is for a workflow; on a laptop: channel plan")
    return RunFacts(
        repository=env.get("GITHUB_REPOSITORY", ""),
        event=event,
        run=_number(env, "GITHUB_RUN_ID"),
        attempt=_number(env, "GITHUB_RUN_ATTEMPT"),
        payload=_payload(env.get("GITHUB_EVENT_PATH", "")),
    )


def _number(env: Mapping[str, str], name: str) -> int:
    text = env.get(name) or "1"
    if not text.isdigit():
        raise UsageError(f"{name} is no number: `{text[:40]}`")
    return int(text)


def _payload(where: str) -> Mapping[str, Any]:
    if not where:
        return {}
    try:
        path = Path(where)
        if path.stat().st_size > LARGEST_PAYLOAD:
            raise UsageError(f"the event's payload is longer than {LARGEST_PAYLOAD >> 20} MiB")
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise UsageError("the event's payload cannot be read", hint="see GITHUB_EVENT_PATH", detail=str(exc)) from exc
    if not isinstance(found, dict):
        raise UsageError("the event's payload is no JSON object")
    return found
