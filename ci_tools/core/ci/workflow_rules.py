"""Our own rules for workflow files: what the general linters do not know of them. One function a rule.

A rule looks at one file and yields its findings: where (a path of keys), what is so, what to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ci_tools.core.ci.workflow_file import Finding, Job, Step, WorkflowFile

TRIGGERS = {
    "pull_request_target": "it has secrets beside code of a fork: use `pull_request`, and `workflow_run` after it",
}
# Workflows that believe nothing of what the run before them left, each looked at for that.
AFTER_A_RUN = ("comment.yml", "preview.yml")
# The one secret outside an environment: a token that only reads, in steps that run no code of a recipe.
READING_TOKEN = "CHANNEL_TOKEN"  # noqa: S105 (the name of a secret)
READING_STEPS = ("channel ci published", "channel build --fetch", "channel ci rehearse", "channel ci health")
ONE_LINE = re.compile(r"(channel|make) [^\n;&|`$]*(\"\$[A-Z_]+\"[^\n;&|`$]*)*\n?")
# The one action of ours may prepare the command itself.
INSTALL = 'python "$GITHUB_ACTION_PATH/install.py"'
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
SECRET = re.compile(r"\bsecrets\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]*)|\[|\b)")
SHA = re.compile(r"[0-9a-f]{40}")
CACHES = re.compile(r"actions/cache(/|@|$)|mozilla-actions/sccache")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the rules go by: the table of pins (action -> version, sha), the local actions and workflows that exist."""

    pins: Mapping[str, tuple[str, str]]
    local: frozenset[str]  # folders of actions and paths of workflows, from the repository's top
    runners: frozenset[str] = field(default_factory=frozenset)


def pinned(file: WorkflowFile, house: House) -> Iterator[Finding]:
    """Every action is pinned by the commit that the table names, and its comment says that version."""
    for where, uses, line in file.uses():
        if uses.startswith(("$/", "./")):
            path = uses.partition("/")[2]
            if path not in house.local:
                yield Finding(where, f"`{uses}` is not in this repository", "correct the path")
            continue
        name, _, ref = uses.partition("@")
        action = "/".join(name.split("/")[:2])
        if not SHA.fullmatch(ref):
            yield Finding(where, f"`{uses}` is not pinned by a commit", "name it by its 40 digits, with `# version`")
        elif name.count("/") >= 2 and name.endswith((".yml", ".yaml")):  # noqa: PLR2004 (owner/repository/path)
            continue  # a workflow of the tool's own repository: what `channel init` wrote
        elif action not in house.pins:
            yield Finding(where, f"`{action}` is not in the table of pins", "add it to .github/pins.yaml, by review")
        elif (line.comment.split(" ")[0], ref) != house.pins[action]:
            version, _ = house.pins[action]
            yield Finding(where, f"`{action}` is not as in the table of pins ({version})", "channel ci check --adopt")


def one_line(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """A step is one line of `channel` or `make`, that also runs on a laptop."""
    for job in file.jobs():
        for step in job.steps:
            if step.run is not None and not ONE_LINE.fullmatch(step.run) and step.run.strip() != INSTALL:
                yield Finding(
                    (*step.where, "run"), "a step is one `channel` or `make` line", "move logic into the tool"
                )


def no_expression_in_run(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """No expression is pasted into a shell's line: a branch or a title can be written as a command."""
    for job in file.jobs():
        for step in job.steps:
            if step.run is not None and "${{" in step.run:
                yield Finding((*step.where, "run"), "an expression in `run`", 'hand it over by `env`, as `"$NAME"`')


def bounded(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """Every job that has steps has a time limit."""
    for job in file.jobs():
        minutes = job.body.get("timeout-minutes")
        if job.steps and not file.is_action and not (isinstance(minutes, int) and 0 < minutes <= 360):  # noqa: PLR2004 (a hosted machine's)
            yield Finding(job.where, f"job `{job.id}` has no `timeout-minutes`", "say how long it may take at most")


def least_rights(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """Nothing on top, and each right of a job with its reason behind it."""
    if file.is_action:
        return
    if file.body.get("permissions") != {}:
        yield Finding(("permissions",), "the workflow does not say `permissions: {}`", "grant in the jobs, by reason")
    for job in file.jobs():
        granted = job.body.get("permissions")
        if not isinstance(granted, Mapping):
            yield Finding(job.where, f"job `{job.id}` does not say its permissions", "say them, or `{}`")
            continue
        for scope in granted:
            if not file.comment((*job.where, "permissions", scope)):
                where = (*job.where, "permissions", scope)
                yield Finding(where, f"no reason for `{scope}`", "say it on that line: `# because`")


def identity_needs_an_environment(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """A job that can become a cloud role has an environment, which says who may start it."""
    for job in file.jobs():
        rights = job.body.get("permissions") or {}
        if job.steps and rights.get("id-token") == "write" and not job.body.get("environment"):
            yield Finding(job.where, f"job `{job.id}` has `id-token: write` and no environment", "name its environment")


def secrets_need_an_environment(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """A secret is read in a job with an environment; the token that only reads in its own steps alone."""
    if "secrets" in str(file.body.get("env")):
        yield Finding(("env",), "a secret in the environment of every job", "hand it to the one step that needs it")
    for job in file.jobs():
        if job.body.get("secrets") == "inherit":
            yield Finding((*job.where, "secrets"), "every secret is handed on", "name those that are needed")
        elif job.body.get("uses"):
            continue
        yield from _secrets_of(job)


def _secrets_of(job: Job) -> Iterator[Finding]:
    outside = {key: value for key, value in job.body.items() if key != "steps"}
    for name in _secrets_in(outside):
        yield Finding(job.where, f"`secrets.{name}` for a whole job", "hand it to the one step that needs it")
    for step in job.steps:
        for name in _secrets_in(step.body):
            reads = name == READING_TOKEN and (step.run or "").startswith(READING_STEPS)
            if not reads and not (job.body.get("environment") and name != READING_TOKEN):
                what = f"`secrets.{name}` in a step that may not have it"
                yield Finding(step.where, what, "only a job with an environment, or a step that only reads the channel")


def _secrets_in(value: Any) -> Iterator[str]:  # noqa: ANN401 (a YAML value)
    match value:
        case str():
            for expression in EXPRESSION.findall(value):
                yield from (found[1] or "*" for found in SECRET.finditer(expression))
        case Mapping():
            for each in value.values():
                yield from _secrets_in(each)
        case list():
            for each in value:
                yield from _secrets_in(each)


def unique_artifacts(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """An artifact's name is its own for each cell and each attempt: GitHub keeps the first and refuses the second."""
    seen: dict[str, str] = {}
    for job in file.jobs():
        for step in _using(job, "actions/upload-artifact"):
            name = str((step.body.get("with") or {}).get("name", "artifact"))
            if "github.run_attempt" not in name:
                yield Finding(
                    step.where, f"the artifact `{name}` has no attempt in its name", "add `github.run_attempt`"
                )
            if "strategy" in job.body and "matrix." not in name:
                yield Finding(step.where, f"each cell uploads `{name}`", "add what tells the cells apart: `matrix.id`")
            # The jobs of two matrices of one plan have ids of their own.
            place = f"{name} {(job.body.get('strategy') or {}).get('matrix')}"
            if place in seen:
                yield Finding(step.where, f"job `{seen[place]}` uploads `{name}`, too", "give them names of their own")
            seen.setdefault(place, job.id)


def known_triggers(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """Nothing runs with rights beside code of strangers, but where that was looked at."""
    for event in file.events():
        if event in TRIGGERS:
            yield Finding(("on", event), f"`{event}` is not used", TRIGGERS[event])
        if event == "workflow_run" and file.name not in AFTER_A_RUN:
            yield Finding(("on", event), "`workflow_run` has rights that the run before it had not", "only in "
                          + " and ".join(AFTER_A_RUN))  # fmt: skip


def no_credentials_left(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """A checkout leaves no credential for the code that runs after it."""
    for job in file.jobs():
        for step in _using(job, "actions/checkout"):
            if (step.body.get("with") or {}).get("persist-credentials") is not False:
                yield Finding(step.where, "the checkout leaves its token in .git/config", "persist-credentials: false")


def known_runners(file: WorkflowFile, house: House) -> Iterator[Finding]:
    """A machine that does not change by itself: no `-latest`, and one that GitHub has."""
    for job in file.jobs():
        for each in _labels(job):
            if each.endswith("-latest"):
                yield Finding((*job.where, "runs-on"), f"`{each}` is another machine some day", "name its version")
            elif each and "${{" not in each and house.runners and each not in house.runners:
                yield Finding((*job.where, "runs-on"), f"`{each}` is no machine that is known", "correct the label")


def _labels(job: Job) -> Iterator[str]:
    """What the job names as its machine, and what its own matrix lists where it takes the machine from there."""
    label = str(job.body.get("runs-on", ""))
    yield label
    axis = re.search(r"matrix\.([A-Za-z0-9_-]+)", label)
    cells = (job.body.get("strategy") or {}).get("matrix")
    if axis and isinstance(cells, Mapping):
        yield from map(str, cells.get(axis[1], ()))


def guarded_matrix(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """A matrix made by another job: no cells is an error on GitHub, and one that fails must not end the others."""
    for job in file.jobs():
        strategy = job.body.get("strategy") or {}
        if not isinstance(strategy.get("matrix"), str):
            continue
        if strategy.get("fail-fast") is not False:
            yield Finding((*job.where, "strategy"), "a failed cell ends the others", "fail-fast: false")
        if "== 'true'" not in str(job.body.get("if", "")):
            yield Finding(job.where, "the matrix may be empty", "if: needs.plan.outputs.any == 'true'")


def no_cache_where_one_signs(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """A cache is written by others: nothing of one reaches a job that signs or changes something."""
    for job in file.jobs():
        for step in job.steps:
            uses, with_ = step.uses or "", step.body.get("with") or {}
            if CACHES.match(uses) or with_.get("cache") or with_.get("cache-environment") is True:
                yield Finding(step.where, "a cache", "leave it out: the tool is installed from hashes in a minute")


def one_at_a_time(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """What writes the channel is never cancelled half way, and no run that waits is lost."""
    concurrency = file.body.get("concurrency")
    writes = any((job.body.get("permissions") or {}).get("id-token") == "write" for job in file.jobs())
    if file.is_action or "workflow_call" in file.events():
        return
    if not isinstance(concurrency, Mapping):
        yield Finding((), "two runs at once are not spoken of", "say `concurrency:`")
    elif writes and concurrency.get("cancel-in-progress") is not False:
        yield Finding(("concurrency",), "a run that writes may be cancelled", "cancel-in-progress: false")


def dependencies_exist(file: WorkflowFile, _: House) -> Iterator[Finding]:
    """A job needs jobs that there are, and looks at outputs of none but those."""
    known = {job.id for job in file.jobs()}
    for job in file.jobs():
        needed = job.body.get("needs") or []
        names = {needed} if isinstance(needed, str) else set(needed)
        for name in sorted(names - known):
            yield Finding((*job.where, "needs"), f"there is no job `{name}`", f"known: {', '.join(sorted(known))}")
        for name in sorted(set(re.findall(r"\bneeds\.([A-Za-z0-9_-]+)", str(job.body))) - names):
            yield Finding(job.where, f"job `{job.id}` looks at `{name}` and does not need it", "add it to `needs`")


def _using(job: Job, action: str) -> Iterator[Step]:
    return (step for step in job.steps if (step.uses or "").startswith(f"{action}@"))


RULES: Mapping[str, Callable[[WorkflowFile, House], Iterator[Finding]]] = {
    "pins": pinned,
    "one-line": one_line,
    "expression-in-run": no_expression_in_run,
    "timeout": bounded,
    "permissions": least_rights,
    "id-token": identity_needs_an_environment,
    "secrets": secrets_need_an_environment,
    "artifact-names": unique_artifacts,
    "triggers": known_triggers,
    "credentials": no_credentials_left,
    "runners": known_runners,
    "matrix": guarded_matrix,
    "cache": no_cache_where_one_signs,
    "concurrency": one_at_a_time,
    "needs": dependencies_exist,
}
