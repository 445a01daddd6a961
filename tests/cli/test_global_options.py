"""The options that every verb takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Channel = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def channel_yaml(tmp_path: Path) -> None:
    (tmp_path / "channel.yaml").write_text("channel: acme\n")


def test_they_mean_the_same_before_and_after_the_verb(channel: Channel) -> None:
    first, *others = (
        channel("--json", "config", "check"),
        channel("config", "--json", "check"),
        channel("config", "check", "--json"),
    )
    assert others == [first, first]
    assert json.loads(first[1])["channel"] == "acme"


def test_data_is_on_stdout_and_narration_is_not(channel: Channel) -> None:
    _, out, err = channel("config", "check", "--json")
    assert (json.loads(out)["format"], err) == ("channel-config/1", "")
    _, out, err = channel("config", "schema")
    assert (out, err) == ("", "wrote .github/channel.schema.json\n")


def test_quiet_says_nothing_but_errors(channel: Channel) -> None:
    assert channel("config", "schema", "-q") == (0, "", "")
    code, _, err = channel("-q", "config", "check", "--config", "none.yaml")
    assert (code, err.splitlines()[0]) == (2, "error: there is no `none.yaml`")


def test_a_dry_run_writes_nothing(channel: Channel, tmp_path: Path) -> None:
    assert channel("config", "schema", "--dry-run")[2] == "would write .github/channel.schema.json\n"
    assert [path.name for path in tmp_path.iterdir()] == ["channel.yaml"]


def test_a_schema_that_is_not_up_to_date_is_exit_8(
    channel: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    code, _, err = channel("config", "schema", "--check")
    assert (code, err.splitlines()[-1]) == (8, "hint: run: channel config schema")
    assert channel("config", "schema")[0] == 0
    assert channel("config", "schema", "--check")[0] == 0
    (tmp_path / ".github/channel.schema.json").write_text("{}")
    assert channel("config", "schema", "--check")[0] == 8
