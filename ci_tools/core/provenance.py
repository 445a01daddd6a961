"""How a package was built, as SLSA provenance v1: beside the publish attestation, where channel.yaml asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.attestation import STATEMENT
from ci_tools.core.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

SLSA = "https://slsa.dev/provenance/v1"
# What the parameters mean is said in ci_tools/README.md; the type is ours, for a recipe is no GitHub workflow.
BUILD_TYPE = "https://channelsmith.example/buildtypes/recipe/v1"
IMPORT_TYPE = "https://channelsmith.example/buildtypes/import/v1"  # not built here: copied, and its digest compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a publish comes from. `builder` is who is trusted for the build, a URI; `run` one run of it."""

    builder: str
    repository: str
    commit: str
    ref: str = ""
    workflow: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What one package was made from: the recipe's folder in the repository, its input hash, the back end."""

    recipe: str
    input_hash: str
    backend: str
    source: str = ""  # the channel that it was imported from; then nothing else is known


def provenance(filename: str, sha256: str, origin: Origin, making: Making) -> bytes:
    """The in-toto statement: https://slsa.dev/spec/v1.0/provenance. What is not known is left out."""
    if making.source:
        return _imported(filename, sha256, origin, making)
    source = f"git+{origin.repository}" + (f"@{origin.ref}" if origin.ref else "")
    return canonical_json({
        "_type": STATEMENT,
        "subject": [{"name": filename, "digest": {"sha256": sha256}}],
        "predicateType": SLSA,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": _known({
                    "repository": origin.repository, "ref": origin.ref, "workflow": origin.workflow,
                    "recipe": making.recipe,
                }),
                "internalParameters": _known({"inputHash": making.input_hash, "backend": making.backend}),
                "resolvedDependencies": [{"uri": source, "digest": {"gitCommit": origin.commit}}],
            },
            "runDetails": {"builder": {"id": origin.builder}, "metadata": _known({"invocationId": origin.run})},
        },
    })  # fmt: skip


def origin_of(env: Mapping[str, str], channel: str, commit: str) -> Origin:
    """The origin that GitHub Actions tells its jobs in `env`, or a person at a machine of the channel's owner."""
    server, repository = env.get("GITHUB_SERVER_URL", ""), env.get("GITHUB_REPOSITORY", "")
    if not (server and repository and env.get("GITHUB_RUN_ID")):
        return Origin(builder=f"{channel}#somebody", repository=channel, commit=commit)
    base, workflow = f"{server}/{repository}", env.get("GITHUB_WORKFLOW_REF", "")
    attempt = env.get("GITHUB_RUN_ATTEMPT", "1")
    return Origin(
        builder=f"{server}/{workflow}" if workflow else base,
        repository=base,
        commit=commit,
        ref=env.get("GITHUB_REF", ""),
        workflow=workflow.removeprefix(f"{repository}/").partition("@")[0],
        run=f"{base}/actions/runs/{env['GITHUB_RUN_ID']}/attempts/{attempt}",
    )


def _imported(filename: str, sha256: str, origin: Origin, making: Making) -> bytes:
    """What is true of a package that came from another channel: where it was, and that its bytes are the same."""
    return canonical_json({
        "_type": STATEMENT,
        "subject": [{"name": filename, "digest": {"sha256": sha256}}],
        "predicateType": SLSA,
        "predicate": {
            "buildDefinition": {
                "buildType": IMPORT_TYPE,
                "externalParameters": {"channel": making.source},
                "internalParameters": {},
                "resolvedDependencies": [{"uri": making.source, "name": filename, "digest": {"sha256": sha256}}],
            },
            "runDetails": {"builder": {"id": origin.builder}, "metadata": _known({"invocationId": origin.run})},
        },
    })  # fmt: skip


def _known(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}
