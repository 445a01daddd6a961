"""Stacks in AWS CloudFormation, by change sets: what is shown is what is carried out."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ci_tools.adapters.aws import client, code, translated
from ci_tools.adapters.stacks.template import compact
from ci_tools.core.stack import ChangeKind, ResourceChange, StackChanges
from ci_tools.errors import RemoteError, StoreError
from ci_tools.infrastructure import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import boto3

    from ci_tools.core.stack import StackDefinition

NOTHING = ("didn't contain changes", "No updates are to be performed", "no changes")
# What is left of a stack whose first deployment failed: nothing is in it, and nothing can be done with it.
EMPTY, BROKEN = "REVIEW_IN_PROGRESS", {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"}
KINDS = {"Add": ChangeKind.ADD, "Remove": ChangeKind.REMOVE, "Modify": ChangeKind.MODIFY}
RIGHT = "the deployer's rights: CloudFormation, and everything that the template makes"
BOUND = 45 * 60.0  # seconds; a distribution takes a quarter of an hour


class CloudFormation:
    """The stacks of `region`. `endpoint` is a server other than AWS, `every` the seconds between two looks."""

    def __init__(
        self, *, region: str = "", endpoint: str = "", session: boto3.Session | None = None, every: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        with translated("CloudFormation", RIGHT):
            self._client = client("cloudformation", region=region, endpoint=endpoint, session=session)
        self._every, self._sleep = every, sleep

    def changes(self, wanted: StackDefinition) -> StackChanges:
        with translated(f"the stack `{wanted.name}`", RIGHT):
            made, found = self._proposed(wanted)
            self._withdraw(wanted.name, made, is_new=found.is_new)
            return found

    def deploy(self, wanted: StackDefinition) -> StackChanges:
        with translated(f"the stack `{wanted.name}`", RIGHT):
            made, found = self._proposed(wanted)
            if not found.changes:
                self._withdraw(wanted.name, made, is_new=found.is_new)
            else:
                # Before an update, so that it is held to it; a stack that is not there yet has nothing to keep.
                if not found.is_new:
                    self._client.set_stack_policy(StackName=wanted.name, StackPolicyBody=wanted.policy)
                self._client.execute_change_set(StackName=wanted.name, ChangeSetName=made)
                self._wait_for_stack(wanted.name)
            self._client.set_stack_policy(StackName=wanted.name, StackPolicyBody=wanted.policy)
            return found

    def outputs(self, name: str) -> Mapping[str, str]:
        with translated(f"the stack `{name}`", RIGHT):
            stack = self._stack(name)
            return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])} if stack else {}

    def _proposed(self, wanted: StackDefinition) -> tuple[str, StackChanges]:
        """The name of a change set that says what would happen, and what it says."""
        body = compact(wanted.template)
        if len(body.encode()) > LARGEST:
            raise StoreError(f"the template is longer than {LARGEST} bytes", hint="name fewer `readers`")
        stack = self._stack(wanted.name)
        status = stack["StackStatus"] if stack else EMPTY
        if status in BROKEN:
            hint = f"its first deployment failed: delete the stack `{wanted.name}` by hand, then deploy again"
            raise StoreError(f"the stack `{wanted.name}` is in {status}", hint=hint)
        made, is_new = f"channel-{uuid.uuid4().hex[:12]}", status == EMPTY
        self._client.create_change_set(
            StackName=wanted.name, ChangeSetName=made, ChangeSetType="CREATE" if is_new else "UPDATE",
            TemplateBody=body, Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in sorted(wanted.parameters.items())],
        )  # fmt: skip
        found = tuple(sorted(self._said(wanted.name, made), key=lambda change: change.name))
        return made, StackChanges(stack=wanted.name, is_new=is_new, changes=found)

    def _said(self, name: str, made: str) -> list[ResourceChange]:
        answer = self._until_ready(name, made)
        found = [_change(each["ResourceChange"]) for each in answer.get("Changes", [])]
        while token := answer.get("NextToken"):
            answer = self._client.describe_change_set(StackName=name, ChangeSetName=made, NextToken=token)
            found += [_change(each["ResourceChange"]) for each in answer.get("Changes", [])]
        return found

    def _until_ready(self, name: str, made: str) -> dict[str, Any]:
        for _ in self._looks():
            answer: dict[str, Any] = self._client.describe_change_set(StackName=name, ChangeSetName=made)
            if answer["Status"] == "CREATE_COMPLETE":
                return answer
            if answer["Status"] == "FAILED":
                if any(each in answer.get("StatusReason", "") for each in NOTHING):
                    return {**answer, "Changes": []}
                raise StoreError("CloudFormation refuses the template", detail=answer.get("StatusReason", ""))
        raise RemoteError("CloudFormation did not say what would change", hint="try again")

    def _withdraw(self, name: str, made: str, *, is_new: bool) -> None:
        self._client.delete_change_set(StackName=name, ChangeSetName=made)
        if is_new:  # a first change set leaves a stack without anything in it
            self._client.delete_stack(StackName=name)

    def _wait_for_stack(self, name: str) -> None:
        for _ in self._looks():
            stack = self._stack(name)
            status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
            if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
                return
            if not status.endswith("IN_PROGRESS"):
                raise StoreError(f"the deployment ended in {status}", hint=self._why(name))
        raise RemoteError("the deployment goes on for longer than it should", hint="look at it in the AWS console")

    def _why(self, name: str) -> str:
        events = self._client.describe_stack_events(StackName=name)["StackEvents"]
        failed = [e for e in events if e["ResourceStatus"].endswith("_FAILED") and e.get("ResourceStatusReason")]
        first = failed[-1:] or [{"LogicalResourceId": name, "ResourceStatusReason": "CloudFormation does not say why"}]
        return "; ".join(f"{e['LogicalResourceId']}: {e['ResourceStatusReason']}" for e in first)

    def _stack(self, name: str) -> dict[str, Any] | None:
        try:
            (stack,) = self._client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as exc:
            if code(exc) == "ValidationError" and "does not exist" in str(exc):
                return None
            raise
        return dict(stack)

    def _looks(self) -> Iterator[None]:
        """Turns of a loop with pauses between them, until the bound is reached."""
        for _ in range(int(BOUND / max(self._every, 0.01))):
            yield
            self._sleep(self._every)


def _change(said: dict[str, Any]) -> ResourceChange:
    kind = KINDS.get(said["Action"], ChangeKind.MODIFY)
    if kind is ChangeKind.MODIFY and said.get("Replacement") in {"True", "Conditional"}:
        kind = ChangeKind.REPLACE
    return ResourceChange(name=said["LogicalResourceId"], type=said["ResourceType"], kind=kind)
