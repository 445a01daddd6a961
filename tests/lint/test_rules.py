"""Each rule finds what it is there for, at its place, and leaves alone what is in order."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from subjects import judged, recipe, rules, written

from ci_tools.core.edits import applied
from ci_tools.core.lint.rule import Beside, Level, Surroundings, Upstream
from ci_tools.core.lint.verdict import CHECKED, RULES
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.plan import Reason, Refusal
from ci_tools.core.recipe import Dialect, Output

V1, V0, BOA = Dialect.V1, Dialect.V0, Dialect.BOA
DIGEST, COMMIT = "0" * 64, "a" * 40
GOOD = f"""\
schema_version: 1
context:
  version: "1.2"
package:
  name: thing
  version: ${{{{ version }}}}
source:
  url: https://example.com/thing-${{{{ version }}}}.tar.gz
  sha256: {DIGEST}
build:
  number: 0
  noarch: generic
  script: make install
tests:
  - script: thing --version
about:
  license: MIT
  license_file: LICENSE
  summary: A thing
"""
GOOD_V0 = f"""\
{{% set version = "1.2" %}}
package:
  name: thing
  version: {{{{ version }}}}
source:
  url: https://example.com/thing-{{{{ version }}}}.tar.gz
  sha256: {DIGEST}
build:
  number: 0
test:
  commands:
    - thing --version
about:
  license: MIT
  license_file: LICENSE
  summary: A thing
"""
GOOD_BOA = GOOD.replace("schema_version: 1\n", "").replace("${{", "{{").replace("tests:", "test:")


@pytest.mark.parametrize(
    "condition",
    ["linux", "not win", "cuda", "python == 'linxu'", "osx and arm64", "vc >= 14", "os.environ.get('unixx')"],
)
def test_a_name_of_ones_own_is_no_slip(condition: str) -> None:
    text = GOOD_V0.replace("number: 0", f"number: 0  # [{condition}]")
    assert "unknown-selector" not in rules(judged(text, V0))


@pytest.mark.parametrize(("text", "dialect"), [(GOOD, V1), (GOOD_V0, V0)])
def test_a_good_recipe_has_no_finding(text: str, dialect: Dialect) -> None:
    assert judged(text, dialect).findings == ()


# The build number comes from a template.
BY_NAME = GOOD.replace("number: 0", "number: ${{ b }}").replace("context:\n", "context:\n  b: 0 # x\n")
BY_NAME_V0 = "{% set b = 0 %}\n" + GOOD_V0.replace("number: 0", "number: {{ b }}")


@dataclass(frozen=True, kw_only=True)
class Case:
    rule: str
    old: str
    new: str
    line: int
    text: str = GOOD
    dialect: Dialect = V1


PINS = "source:\n  git: https://example.com/thing.git\n"
CASES = [
    Case(rule="unpinned-source", old=f"  sha256: {DIGEST}\n", new="", line=8),
    Case(rule="unpinned-source", old=f"  sha256: {DIGEST}\n", new="", line=6, text=GOOD_V0, dialect=V0),
    Case(rule="unpinned-source", old="  url: https", new="  branch: main\n  git: https", line=9),
    Case(
        rule="unpinned-source",
        old="  url: https",
        new="  git_rev: master\n  git_url: https",
        line=7,
        text=GOOD_V0,
        dialect=V0,
    ),
    Case(rule="unpinned-source", old="  url: https", new="  hg_url: https", line=6, text=GOOD_V0, dialect=V0),
    Case(rule="weak-checksum", old=f"sha256: {DIGEST}", new="md5: 0123", line=9),
    Case(rule="movable-tag", old="  url: https", new="  tag: v${{ version }}\n  git: https", line=8),
    Case(rule="moving-url", old="/thing-${{ version }}", new="/archive/refs/heads/main", line=8),
    Case(rule="insecure-source", old="https:", new="http:", line=8),
    Case(rule="ssh-source", old="url: https://example.com/", new=f"rev: {COMMIT}\n  git: git@example.com:", line=9),
    Case(rule="missing-license", old="  license: MIT\n", new="", line=16),
    Case(rule="missing-license", old="  license: MIT\n", new="", line=13, text=GOOD_V0, dialect=V0),
    Case(rule="unknown-license", old="license: MIT", new="license: Do what you like", line=17),
    Case(rule="missing-license-file", old="  license_file: LICENSE\n", new="", line=17),
    Case(rule="missing-summary", old="  summary: A thing\n", new="", line=16),
    Case(rule="missing-tests", old="tests:\n  - script: thing --version\n", new="", line=5),
    Case(
        rule="missing-tests",
        old="test:\n  commands:\n    - thing --version\n",
        new="",
        line=3,
        text=GOOD_V0,
        dialect=V0,
    ),
    Case(
        rule="missing-run-exports",
        old="  noarch: generic\n",
        line=5,
        new="requirements:\n  build:\n  - ${{ compiler('c') }}\ntests:\n- package_contents: {lib: [thing]}\nx:\n",
    ),
    Case(
        rule="noarch-compiler",
        old="build:\n",
        new="requirements:\n  build:\n  - ${{ compiler('c') }}\nbuild:\n",
        line=12,
    ),
    Case(
        rule="host-compiler", old="build:\n", new="requirements:\n  host:\n  - ${{ compiler('c') }}\nbuild:\n", line=12
    ),
    Case(rule="pip-dependencies", old="make install", new="pip install .", line=13),
    Case(rule="build-secrets", old="script: make install", new="script: {secrets: [TOKEN], content: make}", line=13),
    Case(rule="unknown-key", old="about:", new="extra: {channel: {need: [cc]}}\nabout:", line=16),
    Case(rule="unknown-need", old="about:", new="extra: {channel: {needs: [ccc]}}\nabout:", line=16),
    Case(rule="number-version", old='"1.2"', new="1.20", line=3),
    Case(rule="unknown-selector", old="noarch: generic", new="skip: [not (linxu or osx)]", line=12),
    Case(
        rule="unknown-selector", old="script: make", new="script:\n    - if: unix and osxx\n      then: make", line=15
    ),
    Case(rule="unknown-selector", old="number: 0", new="number: 0  # [wni64]", line=9, text=GOOD_V0, dialect=V0),
    Case(rule="unknown-selector", old="make install", new="[sel(linx): make]", line=12, text=GOOD_BOA, dialect=BOA),
    Case(rule="boa-dialect", old="", new="", line=1, text=GOOD_BOA, dialect=BOA),
    Case(rule="unreadable", old="about:", new="about: [", line=18),
    Case(rule="credentials", old="A thing", new="of ghp_" + "a1" * 18, line=19),
    Case(
        rule="skip-without-reason", old="about:", new="extra: {channel: {skip-lints: [missing-tests]}}\nabout:", line=16
    ),
    Case(
        rule="unknown-lint",
        old="about:",
        new="extra: {channel: {skip-lints: [{id: nonsense, reason: a}]}}\nabout:",
        line=16,
    ),
    Case(
        rule="unneeded-skip",
        old="about:",
        new="extra: {channel: {skip-lints: [{id: missing-tests, reason: a}]}}\nabout:",
        line=16,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.dialect}")
def test_a_rule_finds_what_it_is_there_for(case: Case) -> None:
    assert case.old in case.text
    found = judged(case.text.replace(case.old, case.new, 1), case.dialect)
    assert [f.line for f in found.findings if f.rule == case.rule] == [case.line], found.findings
    assert all(f.hint or f.rule == "unreadable" for f in found.findings)


def made(name: str = "thing", version: str = "1.2", number: int = 0, **more: object) -> Output:
    return Output(
        recipe=recipe(), filename=Filename.parse(f"{name}-{version}-h1_{number}.conda"), subdir=Subdir.NOARCH,
        build_number=number, **more,
    )  # fmt: skip


def held(*builds: tuple[str, int], **more: object) -> Surroundings:
    return Surroundings(published={"thing": builds}, **more)


@pytest.mark.parametrize(
    ("rule", "output", "around"),
    [
        ("version-goes-down", made(version="1.9"), held(("1.10", 0))),
        ("version-goes-down", made(version="1.0"), held(("1.0", 0), ("1!0.1", 0))),
        ("number-goes-down", made(number=1), held(("1.2", 2))),
        ("number-not-reset", made(version="1.3", number=2), held(("1.2", 2))),
        ("owned-elsewhere", made(), Surroundings(makers={"thing": {recipe().file, "recipes/other/recipe.yaml"}})),
        ("shadows-upstream", made(), Surroundings(upstream=Upstream(names={"thing"}, where="elsewhere"))),
        (
            "unknown-requirement",
            made(host=("pythn 3.12.*",), run=("__unix", "python", "defaults::other")),
            held(upstream=Upstream(names={"python"}, where="elsewhere", is_all=True)),
        ),
    ],
)
def test_a_rule_finds_what_does_not_go_with_the_channel(rule: str, output: Output, around: Surroundings) -> None:
    assert rules(judged(GOOD, outputs=(output,), around=around)) == {rule}


def test_a_channel_that_holds_the_same_or_less_is_fine() -> None:
    for builds in ([], [("1.2", 0)], [("1.1", 7)], [("1.2", 0), ("1.0", 0)]):
        assert judged(GOOD, outputs=(made(),), around=held(*builds)).findings == ()


def test_a_channel_that_was_not_asked_holds_nothing_against_a_recipe() -> None:
    around = Surroundings(published=None, upstream=Upstream(names={"x"}, is_all=True))
    assert judged(GOOD, outputs=(made(run=("nobody",)),), around=around).findings == ()


def refused(number: int = 0) -> Surroundings:
    refusal = Refusal(
        recipe="recipes/thing", what="thing-1.2-h1_0.conda", reason=Reason.NOT_BUMPED,
        because="`thing-1.2-h1_0.conda` is published from other inputs", hint="",
    )  # fmt: skip
    return held(("1.2", number), refusals={"recipes/thing": (refusal,)})


@pytest.mark.parametrize(
    ("text", "dialect", "old", "new"),
    [
        (GOOD, V1, "number: 0", "number: 5"),
        (GOOD_V0, V0, "number: 0", "number: 5"),
        (BY_NAME, V1, "b: 0", "b: 5"),
        (BY_NAME_V0, V0, "b = 0", "b = 5"),
    ],
)
def test_what_is_not_bumped_gets_the_next_free_number(text: str, dialect: Dialect, old: str, new: str) -> None:
    found = judged(text, dialect, outputs=(made(),), around=refused(4))
    assert rules(found) == {"not-bumped"}
    assert applied(text, found.edits) == text.replace(old, new)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("mit", "MIT"),
        ('"Apache 2.0"', '"Apache-2.0"'),
        ("GPL (>= 3)", "GPL-3.0-or-later"),
        ("'mit or isc'", "'MIT OR ISC'"),
    ],
)
def test_a_licence_that_can_only_mean_one_thing_is_mended_in_its_quotes(said: str, meant: str) -> None:
    text = GOOD.replace("license: MIT", f"license: {said}  # ours")
    found = judged(text)
    assert rules(found) == {"unknown-license"}
    after = applied(text, found.edits)
    assert after == GOOD.replace("license: MIT", f"license: {meant}  # ours")
    assert judged(after).findings == ()


@pytest.mark.parametrize("said", ["GPL", "BSD", "Apache-2.0 OR", "custom", "1.0"])
def test_a_licence_that_can_mean_two_things_is_left_to_people(said: str) -> None:
    found = judged(GOOD.replace("license: MIT", f"license: {said}"))
    assert (rules(found), found.edits) == ({"unknown-license"}, ())


@pytest.mark.parametrize("said", ["MIT", "Apache-2.0 OR MIT", "LicenseRef-Acme", "${{ license }}"])
def test_a_licence_in_spdx_or_in_a_template_is_fine(said: str) -> None:
    assert judged(GOOD.replace("license: MIT", f"license: {said}")).findings == ()


@given(st.sampled_from([case for case in CASES if RULES[case.rule].fixes]))
def test_what_is_mended_is_found_no_more(case: Case) -> None:
    text = case.text.replace(case.old, case.new, 1)
    found = judged(text, case.dialect)
    mended = applied(text, found.edits)
    again = judged(mended, case.dialect)
    fixable = {f.rule for f in found.findings if f.fixable}
    assert not fixable & rules(again)
    assert rules(again) == rules(found) - fixable
    assert mended.splitlines()[0] == text.splitlines()[0]


SECRETS = [
    "-----BEGIN RSA " + "PRIVATE KEY-----\nabc",
    "AKIA" + "ABCDEFGH12345678",
    "https://user:hunter2@" + "example.com/x",
    "xoxb-" + "1234567890-abc",
    "npm_" + "a" * 36,
    "aws_secret_access_key = " + "aB3" * 13 + "z",
    "https://example.com/t/ab-" + "12345678-1234-1234-1234-123456789012/channel",
    'password: "' + 'tr0ub4dor&3-x"',
    "API_KEY='" + "0123456789abcdef'",
    "ab" * 6 + "-" + "cd" * 20,
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_credential_is_found_in_the_recipe_and_beside_it_and_never_shown(secret: str) -> None:
    text = GOOD.replace("A thing", "|\n    a\n    " + secret.replace("\n", "\n    "))
    beside = (Beside(path="recipes/thing/build.sh", size=9, text=f"\n\nx {secret}\n"),)
    found = [f for f in judged(text, beside=beside).findings if f.rule == "credentials"]
    assert [(f.path.rpartition("/")[2], f.line) for f in found] == [("build.sh", 3), ("recipe.yaml", 21)]
    assert all(secret[-8:] not in f.message + f.hint for f in found)


@pytest.mark.parametrize(
    "fine",
    [
        "password: ${PASSWORD_OF_2}",
        "token: '{{ environ_token_1 }}'",
        "https://user:$PASS@example.com",
        f"sha256: {DIGEST}",
        "tokenizer: 'abc123def456ghi'",
        "password: 'example-password-1'",
        "secret = '<your-secret-1>'",
    ],
)
def test_what_only_looks_like_one_is_no_credential(fine: str) -> None:
    beside = (Beside(path="recipes/thing/build.sh", size=9, text=fine),)
    assert "credentials" not in rules(judged(GOOD, beside=beside))


def test_what_is_no_yaml_is_still_searched_for_credentials() -> None:
    assert rules(judged("a: [\n# AKIA" + "ABCDEFGH12345678\n")) == {"unreadable", "credentials"}


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("pip install . --no-deps -vv\n", []),
        ("# pip install .\n", []),
        ("$PYTHON -m pip install . $PIP_ARGS\n", []),
        ("make\npip3 install --no-build-isolation .\n", [2]),
        ("pip install \\\n  --no-deps .\n", []),
        ("pip install \\\n  -vv .\npip install x; echo --no-deps\n", [1, 3]),
    ],
)
def test_pip_is_told_to_fetch_nothing(script: str, lines: list[int]) -> None:
    beside = (Beside(path="recipes/thing/build.sh", size=9, text=script),)
    assert [f.line for f in judged(GOOD, beside=beside).findings] == lines


def test_files_beside_a_recipe_count() -> None:
    large = Beside(path="recipes/thing/data.bin", size=2_000_000)
    assert rules(judged(GOOD, beside=(large,))) == {"large-file"}
    untested = GOOD_V0.replace("test:\n  commands:\n    - thing --version\n", "")
    assert judged(untested, V0, beside=(Beside(path="recipes/thing/run_test.sh", size=1, text="x"),)).findings == ()


def test_each_output_is_looked_at() -> None:
    text = f"""\
recipe: {{name: things, version: "1"}}
source: {{url: "https://example.com/a", sha256: {DIGEST}}}
outputs:
  - staging: {{name: built}}
  - package: {{name: libthing}}
    requirements: {{build: ["${{{{ compiler('c') }}}}"]}}
    tests: [{{script: [a]}}]
    about: {{license: MIT, license_file: L, summary: A thing}}
  - package: {{name: thing-tools}}
    about: {{license: MIT, license_file: L}}
    source: {{url: "https://example.com/b"}}
"""
    found = judged(text)
    assert [(f.rule, f.line) for f in found.findings] == [
        ("missing-run-exports", 5), ("missing-tests", 9), ("unpinned-source", 11),
    ]  # fmt: skip


@given(st.text(max_size=400), st.sampled_from(Dialect))
def test_no_rule_falls_over_any_text(text: str, dialect: Dialect) -> None:
    found = judged(text, dialect, outputs=(made(),), around=refused())
    assert all(f.line >= 1 and f.rule in RULES for f in found.findings)


def shuffled(lines: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(lines), max_size=12).map("\n".join)


@given(st.one_of(shuffled(GOOD.splitlines()), shuffled(GOOD_V0.splitlines())), st.sampled_from(Dialect))
def test_no_rule_falls_over_a_recipe_with_its_lines_in_another_order(text: str, dialect: Dialect) -> None:
    assert all(f.path == written(text, dialect).recipe.file for f in judged(text, dialect).findings)


def test_every_rule_says_what_why_and_how() -> None:
    assert len(RULES) == len(CHECKED) + 3
    for rule in RULES.values():
        assert rule.why.endswith((".", "."))
        assert rule.how.endswith((".", "`.", "."))
        assert not rule.title.endswith(".")
        assert rule.level in Level
