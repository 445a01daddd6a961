"""What is attested besides the publish: how a package was built, and its bill of materials; clients accept the lot."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from channel_tree import Tree
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packages import make_package
from publishing import CHANNEL, TODAY, publishing
from served import served
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.adapters.installed import installed, pinned
from ci_tools.core.attestation import STATEMENT
from ci_tools.core.attester import ChannelAttester
from ci_tools.core.lock import LockedPackage
from ci_tools.core.package import Subdir
from ci_tools.core.provenance import SLSA, Making, Origin, origin_of, provenance
from ci_tools.core.sbom import Bill, Component, SbomFormat, bill_statement, component_of, package_bill, sbom
from ci_tools.core.sidecar import bundles
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from ci_tools.core.package import Artifact

GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/channel", "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "2", "GITHUB_REF": "refs/heads/main",
    "GITHUB_WORKFLOW_REF": "acme/channel/.github/workflows/publish.yml@refs/heads/main",
}  # fmt: skip
MAKING = Making(recipe="recipes/data", input_hash="a" * 64, backend="rattler-build 1")


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    path = make_package(tmp_path, "data", depends=("tool >=1", "__unix", "other"), license="MIT")
    return ArchiveReader().read(path, Subdir.NOARCH)


def said(artifact: Artifact, _: Making, *, form: SbomFormat) -> bytes:
    component = component_of(artifact.record, f"{CHANNEL}/noarch/{artifact.filename}")
    return bill_statement(str(artifact.filename), artifact.record.sha256, package_bill(component, TODAY), form)


def built(artifact: Artifact, making: Making) -> bytes:
    return provenance(str(artifact.filename), artifact.record.sha256, origin_of(GITHUB, CHANNEL, "1" * 40), making)


def attested(artifact: Artifact) -> tuple[bytes, ChannelAttester]:
    ours = publishing()
    further = (built, *(partial(said, form=form) for form in SbomFormat))
    attester = ChannelAttester(ours.publisher, ours.trusted_root, TODAY, further)
    return attester.attest(artifact, MAKING), attester


def statements(sidecar: bytes) -> list[dict[str, Any]]:
    return [json.loads(b64decode(json.loads(each)["dsseEnvelope"]["payload"])) for each in bundles(sidecar)]


def test_every_statement_is_a_bundle_about_the_same_package(artifact: Artifact) -> None:
    sidecar, attester = attested(artifact)
    assert attester.accepts(sidecar, artifact.filename, artifact.record.sha256)
    found = statements(sidecar)
    subject = [{"name": "data-1.0-0.conda", "digest": {"sha256": artifact.record.sha256}}]
    assert all(each["_type"] == STATEMENT and each["subject"] == subject for each in found)
    assert [each["predicateType"].partition("://")[2] for each in found] == [
        "schemas.conda.org/attestations-publish-1.schema.json", "slsa.dev/provenance/v1",
        "spdx.dev/Document/v2.3", "cyclonedx.org/bom/v1.6",
    ]  # fmt: skip


def test_a_further_statement_alone_vouches_for_nothing(artifact: Artifact) -> None:
    sidecar, attester = attested(artifact)
    alone = b"[" + list(bundles(sidecar))[1] + b"]"
    assert not attester.accepts(alone, artifact.filename, artifact.record.sha256)


def test_provenance_says_who_built_what_from_where(artifact: Artifact) -> None:
    found = json.loads(built(artifact, MAKING))
    assert found["predicateType"] == SLSA
    definition, run = found["predicate"]["buildDefinition"], found["predicate"]["runDetails"]
    assert definition["externalParameters"] == {
        "repository": "https://github.com/acme/channel", "ref": "refs/heads/main",
        "workflow": ".github/workflows/publish.yml", "recipe": "recipes/data",
    }  # fmt: skip
    assert definition["internalParameters"] == {"inputHash": "a" * 64, "backend": "rattler-build 1"}
    assert definition["resolvedDependencies"] == [
        {"uri": "git+https://github.com/acme/channel@refs/heads/main", "digest": {"gitCommit": "1" * 40}}
    ]
    assert run["builder"]["id"] == "https://github.com/acme/channel/.github/workflows/publish.yml@refs/heads/main"
    assert run["metadata"]["invocationId"] == "https://github.com/acme/channel/actions/runs/77/attempts/2"


def test_a_laptop_claims_no_workflow() -> None:
    assert origin_of({}, CHANNEL, "1") == Origin(builder=f"{CHANNEL}#somebody", repository=CHANNEL, commit="1")


def test_py_rattler_takes_a_sidecar_with_further_bundles(tmp_path: Path) -> None:
    with served(tmp_path / "channel") as url:
        ours = publishing(url)
        tree = Tree(tmp_path / "channel", ours)
        attester = ChannelAttester(ours.publisher, ours.trusted_root, TODAY, (built,))

        def attest(filename: str, sha256: str) -> bytes:
            path = make_package(tmp_path / sha256, filename.partition("-")[0])
            return attester.attest(ArchiveReader().read(path, Subdir.NOARCH), MAKING)

        object.__setattr__(tree, "publishing", _With(attest))
        tree.publish("data")
        (tmp_path / "root.json").write_bytes(ours.trusted_root)
        script = Path(__file__).with_name("rattler_attestations.py")
        argv = [sys.executable, script, url, tmp_path / "root.json", "data"]
        ended = subprocess.run(argv, capture_output=True, check=True, timeout=60)
    assert json.loads(ended.stdout) == {"data-1.0-0.conda": "verified"}


class _With:
    def __init__(self, attest: object) -> None:
        self.attest = attest


COMPONENTS = (
    Component(name="data", version="1.0", build="0", subdir="noarch", url=f"{CHANNEL}/noarch/data-1.0-0.conda",
              sha256="a" * 64, license="MIT", depends=("tool >=1", "__unix", "python")),
    Component(name="tool", version="2!1.0+x", build="h1_0", subdir="linux-64", license="Acme proprietary, see EULA"),
    Component(name="odd", version="1", license="LicenseRef-Acme"), Component(name="bare"),
    Component(name="both", version="1", license="MIT OR Apache-2.0", depends=("both >1", "tool")),
)  # fmt: skip
BILLS = [
    Bill(name="env", namespace="https://x.example/1", components=COMPONENTS, made=TODAY),
    Bill(name="empty", namespace="https://x.example/2", components=(), made=TODAY),
    package_bill(COMPONENTS[0], TODAY),
]


@pytest.mark.parametrize("bill", BILLS, ids=lambda bill: bill.name)
def test_spdx_tools_finds_nothing_wrong(bill: Bill) -> None:
    document = JsonLikeDictParser().parse(sbom(bill, SbomFormat.SPDX))
    messages = [message.validation_message for message in validate_full_spdx_document(document)]
    # Nothing is there to be described in an empty environment.
    assert [m for m in messages if bill.every or "DESCRIBES" not in m] == [], messages
    assert len(document.packages) == len(bill.every)


@pytest.mark.parametrize("bill", BILLS, ids=lambda bill: bill.name)
def test_cyclonedx_finds_nothing_wrong(bill: Bill) -> None:
    text = json.dumps(sbom(bill, SbomFormat.CYCLONEDX))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_equal_bills_are_equal_documents() -> None:
    turned = Bill(name="env", namespace="https://x.example/1", components=COMPONENTS[::-1], made=TODAY)
    for form in SbomFormat:
        assert json.dumps(sbom(turned, form)) == json.dumps(sbom(BILLS[0], form))


def test_an_environment_tells_what_it_holds_and_no_token(tmp_path: Path) -> None:
    meta = tmp_path / "conda-meta"
    meta.mkdir()
    record = {
        "name": "data", "version": "1.0", "build": "0", "subdir": "noarch", "license": "MIT", "sha256": "a" * 64,
        "url": "https://me:pw@conda.acme.example/t/abc-secret/acme/noarch/data-1.0-0.conda", "depends": ["tool"],
    }  # fmt: skip
    (meta / "data-1.0-0.json").write_text(json.dumps(record))
    (found,) = installed(tmp_path)
    assert (found.url, found.depends) == (f"{CHANNEL}/noarch/data-1.0-0.conda", ("tool",))
    assert found.purl == ("pkg:conda/data@1.0?build=0&channel=https%3A%2F%2Fconda.acme.example%2Facme&subdir=noarch")
    (meta / "data-1.0-0.json").write_text("{")
    with pytest.raises(UsageError, match="no package's record"):
        installed(tmp_path)
    with pytest.raises(UsageError, match="is no environment"):
        installed(meta)


def test_a_lock_tells_what_it_pins() -> None:
    (found,) = pinned([LockedPackage(url=f"{CHANNEL}/noarch/data-1.0-0.conda", sha256="a" * 64)])
    assert (found.name, found.version, found.subdir) == ("data", "1.0", "noarch")
    with pytest.raises(UsageError, match="which is no package"):
        pinned([LockedPackage(url="https://x.example/x.whl")])
