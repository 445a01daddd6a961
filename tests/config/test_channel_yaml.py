"""channel.yaml: what it comes to, and what it says of every mistake."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.config import (
    ChannelFile,
    CloudFrontConfig,
    LocalEdgeConfig,
    LocalStoreConfig,
    S3StoreConfig,
    parse_config,
    read_config,
)
from ci_tools.config.schema import config_schema
from ci_tools.core.package import Subdir
from ci_tools.errors import Problem, UsageError

OWN = Path(__file__).parents[2] / "channel.yaml"
CLOUD = """\
channel: acme/stable
url: https://conda.acme.example/acme/stable
store: {kind: s3, bucket: acme-conda, region: eu-west-1}
edge:
  kind: cloudfront
  distribution: E1ABC2DEF3GHIJ
  key_group: 01234567-89ab-cdef-0123-456789abcdef
  tokens: arn:aws:cloudfront::123456789012:key-value-store/01234567-89ab-cdef-0123-456789abcdef
publish: {what: all, largest: 5GB}
"""


def parse(text: str) -> ChannelFile:
    return parse_config(text.encode("utf-8", "surrogatepass"), "channel.yaml")


def mistakes(text: str) -> list[str]:
    """`line:column message | hint`, in the file's order."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert {problem.path for problem in caught.value.problems} == {"channel.yaml"}
    return [f"{p.line}:{p.column} {p.message} | {p.hint}" for p in caught.value.problems]


def test_a_file_that_only_names_the_channel_is_a_laptops(tmp_path: Path) -> None:
    (tmp_path / "channel.yaml").write_text("channel: acme\n")
    config = read_config(tmp_path / "channel.yaml")
    assert config.store == LocalStoreConfig(path=".channel")
    assert config.edge == LocalEdgeConfig()
    assert config.trust.root == "file:.keys/root.pem"
    assert config.base_url == "http://127.0.0.1:8400/acme"
    assert config.path(config.trust.public) == tmp_path / ".keys/public"
    assert config.build.runner(Subdir.LINUX_64) == "ubuntu-24.04"


def test_the_same_file_with_other_kinds_is_the_cloud() -> None:
    said = parse(CLOUD)
    assert said.store == S3StoreConfig(kind="s3", bucket="acme-conda", region="eu-west-1")
    assert isinstance(said.edge, CloudFrontConfig)
    assert said.publish.largest == 5_000_000_000
    assert said.access.cookie == timedelta(hours=12)


def test_our_own_file_says_what_the_defaults_are() -> None:
    own, default = read_config(OWN), parse("channel: acme")
    assert (own.store, own.edge, own.trust, own.recipes) == (
        default.store,
        default.edge,
        default.trust,
        default.recipes,
    )
    assert (own.subdirs, own.publish, own.access) == (default.subdirs, default.publish, default.access)


def test_all_mistakes_are_told_at_once_each_with_its_place() -> None:
    text = """\
channel: acme
url: https://bob@conda.acme.example/acme
subdirs: [noarch, linux-46, linux-64, linux-64]
recipes: {path: ../x, backend: atuo, upstream: conda-forge}
build: {timeout: 60, runners: {linux-46: x}}
store: {kind: s3, bukket: acme-conda, prefix: /acme}
trust: {root: "gpg:x"}
publish: {what: al, promote: yes, largest: 5}
edge: {kind: cloudfrnt}
acess: {token: 90d}
access: {token: 90d, token: 80d, 3: 4, overlap: 5x}
"""
    assert [line.split(" | ")[0] for line in mistakes(text)] == [
        "2:6 `url` holds a credential",
        "3:19 `subdirs[1]` is none of the known ones: `linux-46`",
        "4:17 `recipes.path` is not a path in this repository: `../x`",
        "4:32 `recipes.backend` is none of the known ones: `atuo`",
        "4:48 `recipes.upstream` is a list, not `conda-forge`",
        "5:18 `build.timeout` is a duration, not the number 60",
        "5:32 `build.runners.linux-46` is none of the known ones: `linux-46`",
        "6:1 `store.bucket` is missing",
        "6:19 `store.bukket` is not known",
        "6:47 `store.prefix` is not a prefix: `/acme`",
        "7:15 `trust.root` is not where a key is: `gpg:x`",
        "8:17 `publish.what` is none of the known ones: `al`",
        "8:30 `publish.promote` is `true` or `false`, not `yes`",
        "8:44 `publish.largest` is a size, not the number 5",
        "9:14 `edge.kind` is none of the known ones: `cloudfrnt`",
        "10:1 `acess` is not known",
        "11:22 `access.token` is said twice",
        "11:34 a key is text, not the number 3",
        "11:49 `access.overlap` is not a duration: `5x`",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stroe: {}", "did you mean `store`?"),
        ("subdirs: [linux-x64]", "did you mean `linux-64`?"),
        ("store: {kind: S3}", "did you mean `s3`?"),
        ("store: {path: x}", "say `kind: …`, one of `local`, `s3`"),
        ("edge: {kind: local, prot: 1}", "did you mean `port`?"),
        ("publish: {what: everything}", "known: `passed`, `all`"),
        ("build: {timeout: 1.5h}", "write a number and a unit of s, m, h, d, w: `60m`, `90d`, `1h30m`"),
        ("access: {token: 0s}", "write a number and a unit of s, m, h, d, w: `60m`, `90d`, `1h30m`"),
        ("subdirs: []", "name at least one, or leave the line out"),
        ("build: {runners: {noarch: x}}", "packages for noarch are built on the machine of another subdir"),
        ("build: {runners: {win-64: x}}", "add it to `subdirs`, or leave it out here"),
        ("url: https://conda.acme.example/other", "the edge finds a channel by its name: end it in `/acme`"),
        ("url: https://conda.acme.example/acme/", "end it in a path: no slash, no `?`, no `#`"),
        ("url: ftp://conda.acme.example/acme", "write https://host/path"),
        ("access: {token: 7d}", "an old token must end before its successor does"),
        ("trust: {online: secret.pem}", "write `file:PATH` or `awskms:KEY` (an alias or an ARN)"),
        ("store: {kind: local, path: 7}", "put it in quotes"),
        ("store: {kind: local, path: }", "say something, or leave the line out"),
        ("store: {kind: local, path: [x]}", "write it on one line"),
        ("store: [local]", "write `{key: value}`, or indented lines of `key: value`"),
    ],
)
def test_a_hint_says_what_to_do(text: str, said: str) -> None:
    (only,) = mistakes(f"channel: acme\n{text}\n")
    assert only.split(" | ")[1] == said


@pytest.mark.parametrize("name", ["acme", "acme/stable", "a.b_c-d", "pr/12", "tt", "team/t"])
def test_a_channel_may_have_several_segments(name: str) -> None:
    assert parse(f"channel: {name}").channel == name


@pytest.mark.parametrize(
    "name", ["t", "b/x", "t/acme", "Acme", "a//b", "/a", "a/", "a b", "a..b", "-a", "é", "''", "12"]
)
def test_a_channels_name_leaves_the_gates_alone(name: str) -> None:
    (only,) = mistakes(f"channel: {name}")
    assert only.startswith("1:10 `channel` ")


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("-----BEGIN EC PRIVATE KEY-----", "a private key"),
        (f"{'ab' * 6}-{'cd' * 20}", "a token"),
        (f"ghp_{'a' * 36}", "a token"),
        (f"AKIA{'B' * 16}", "an access key"),
        ("https://anna:pw@host/acme", "a password in a URL"),
    ],
)
@pytest.mark.parametrize("line", ["trust: {{online: '{}'}}", "# {}", "'{}': x"])
def test_a_secret_is_refused_and_not_repeated(written: str, what: str, line: str) -> None:
    (only,) = mistakes(f"channel: acme\n{line.format(written)}\n")
    assert only.startswith("2:")
    assert f"this looks like {what}" in only
    assert written not in only


@pytest.mark.parametrize("word", ["on", "no", "1.10", "12:30", "2026-01-01", "0x10", "1e3", "007", "1_000", ".inf"])
def test_a_word_stays_what_was_typed(word: str) -> None:
    said = parse(f"channel: acme\nstore: {{kind: local, path: {word}}}\nrecipes: {{upstream: [{word}]}}")
    assert isinstance(said.store, LocalStoreConfig)
    assert (said.store.path, said.recipes.upstream) == (word, (word,))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file says nothing"),
        ("# only a comment", "the file says nothing"),
        ("- acme", "the file is a mapping, not a list"),
        ("channel: acme\n---\nchannel: acme", "expected a single document"),
        ("channel: [a", "while parsing a flow sequence"),
        ("a: &x [1]\nb: *x", "an alias (`*name`) is not used here"),
        ("channel: !!python/name:os.system x", "a tag (`tag:yaml.org,2002:python/name:os.system`) is not used here"),
        ("channel: acme\n<<: {subdirs: [noarch]}", "`<<` is not known"),
        ("channel: " + "[" * 5000, "this is nested too deeply"),
        ('channel: "\\UFFFFFFFF"', "there is an escape that stands for no character"),
        ("channel: a\x00b", "there is a control character"),
        ("channel: acme\nurl: |\n  two\n  lines", "this text has a line break or a control character in it"),
        ("x" * 300_000, "the file has 300000 bytes"),
    ],
)
def test_what_yaml_can_do_beyond_a_plain_file_is_refused(text: str, said: str) -> None:
    assert any(f" {said}" in line for line in mistakes(text))


def test_text_that_is_not_utf_8_is_told_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"channel\.yaml:2: the text is not UTF-8"):
        parse_config(b"channel: acme\nurl: \xff", "channel.yaml")


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no"):
        read_config(tmp_path / "channel.yaml")
    with pytest.raises(UsageError, match="cannot be read"):
        read_config(tmp_path)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates()
keys = st.sampled_from(["channel", "store", "kind", "edge", "subdirs", "build", "runners", "url", "access"]) | scalars
words = st.sampled_from(["acme", "local", "s3", "noarch", "90d", "https://h/acme", "true", "cloudfront"]) | scalars
trees = st.recursive(words, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6))


def config_or_usage_error(body: bytes) -> None:
    problems: tuple[Problem, ...] = (Problem(message="none", hint="none"),)
    try:
        parse_config(body, "channel.yaml")
    except UsageError as exc:
        problems = exc.problems
    assert problems
    assert all(problem.message and problem.hint for problem in problems)


@given(st.text() | st.text(alphabet="channel: -{}[]&*!|>'\"%@`#,?\n\t\\xU0 "))
def test_any_text_is_a_config_or_a_usage_error(text: str) -> None:
    config_or_usage_error(text.encode("utf-8", "surrogatepass"))


@given(st.binary())
def test_any_bytes_are_a_config_or_a_usage_error(body: bytes) -> None:
    config_or_usage_error(body)


@given(trees)
def test_any_yaml_is_a_config_or_a_usage_error(tree: Any) -> None:
    config_or_usage_error(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass"))


@given(st.data())
def test_a_file_that_was_damaged_is_a_config_or_a_usage_error(data: st.DataObject) -> None:
    own = OWN.read_text()
    at = data.draw(st.integers(0, len(own)))
    until = data.draw(st.integers(at, min(at + 20, len(own))))
    config_or_usage_error((own[:at] + data.draw(st.text(max_size=5)) + own[until:]).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("text", [OWN.read_text(), CLOUD, "channel: acme"])
def test_the_schema_takes_what_the_reader_takes(text: str) -> None:
    jsonschema.validate(yaml.safe_load(text), json.loads(config_schema()))


@pytest.mark.parametrize("text", ["{}", "chanel: a", "channel: a\nstore: {path: x}", "channel: a\nbuild: {timeout: 3}"])
def test_the_schema_refuses_what_the_reader_refuses(text: str) -> None:
    assert mistakes(text)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), json.loads(config_schema()))
