"""Deployments through CloudFormation's API, on moto, of what it can make."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from ci_tools.adapters.stacks.cloudformation import CloudFormation
from ci_tools.cli import answer
from ci_tools.core.stack import StackDefinition
from ci_tools.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    import servers

ONE = """
Parameters: {Name: {Type: String, Default: ""}}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Name}}
Outputs:
  Who: {Value: !Ref Name}
"""
TWO = ONE.replace("Outputs:", "  Queue: {Type: AWS::SQS::Queue}\nOutputs:")


@pytest.fixture
def stacks(moto: servers.S3Server) -> CloudFormation:
    return CloudFormation(region="us-east-1", endpoint=moto.endpoint, session=moto.session(), every=0.01)


def definition(name: str, template: str = ONE, **parameters: str) -> StackDefinition:
    policy = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"Update:*","Resource":"*"}]}'
    return StackDefinition(name=name, template=template, parameters=parameters, policy=policy)


def client(moto: servers.S3Server) -> Any:
    return moto.session().client("cloudformation", endpoint_url=moto.endpoint)


def parameters(moto: servers.S3Server, name: str) -> dict[str, str]:
    """What the server holds of the stack; moto gives no outputs of one that a change set made."""
    (stack,) = client(moto).describe_stacks(StackName=name)["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


@pytest.fixture
def name() -> str:
    return f"conda-{uuid.uuid4().hex[:8]}"


def test_what_would_change_is_said_and_nothing_is_changed(stacks: CloudFormation, name: str) -> None:
    found = stacks.changes(definition(name, Name="ann"))
    assert (found.is_new, [c.name for c in found.changes]) == (True, ["Topic"])
    assert stacks.outputs(name) == {}
    assert stacks.changes(definition(name)).is_new


def test_a_deployment_makes_it_so(stacks: CloudFormation, moto: servers.S3Server, name: str) -> None:
    assert stacks.deploy(definition(name, Name="ann")).is_new
    assert parameters(moto, name) == {"Name": "ann"}


def test_what_a_stack_says_of_itself_is_read(stacks: CloudFormation, moto: servers.S3Server, name: str) -> None:
    parameter = {"ParameterKey": "Name", "ParameterValue": "ann"}
    client(moto).create_stack(StackName=name, TemplateBody=ONE, Parameters=[parameter])
    assert stacks.outputs(name) == {"Who": "ann"}
    assert stacks.outputs(name + "x") == {}


def test_a_second_deployment_adds_what_is_new(stacks: CloudFormation, moto: servers.S3Server, name: str) -> None:
    stacks.deploy(definition(name, Name="ann"))
    found = stacks.changes(definition(name, TWO, Name="ann"))
    assert not found.is_new
    assert "Queue" in [c.name for c in found.changes]
    stacks.deploy(definition(name, TWO, Name="bob"))
    assert parameters(moto, name) == {"Name": "bob"}


def test_a_template_that_is_too_long_is_refused_before_anything_is_asked(stacks: CloudFormation, name: str) -> None:
    long = ONE + "Description: " + "x" * 60_000
    with pytest.raises(StoreError, match="longer than"):
        stacks.deploy(definition(name, long))


def test_the_command_says_what_a_deployment_makes_and_costs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = tmp_path / "channel.yaml"
    said.write_text("channel: acme\ninfrastructure: {repository: acme/recipes}\n")
    assert answer(["--config", str(said), "infrastructure", "show"], {}) == 0
    out = capsys.readouterr().out
    assert "conda-acme" in out
    assert "acme/recipes" in out
    assert answer(["--config", str(said), "infrastructure", "show", "--json", "--users", "40"], {}) == 0
    assert '"users": 40' in capsys.readouterr().out


def test_without_a_repository_nobody_could_take_the_roles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "channel.yaml").write_text("channel: acme\n")
    assert answer(["--config", str(tmp_path / "channel.yaml"), "infrastructure", "show"], {}) == 2
    assert "hint: say whose jobs" in capsys.readouterr().err


def test_who_is_not_logged_in_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "channel.yaml").write_text("channel: acme\ninfrastructure: {repository: acme/recipes}\n")
    assert answer(["--config", str(tmp_path / "channel.yaml"), "infrastructure", "diff"], {}) == 6
    assert "there are no AWS credentials" in capsys.readouterr().err
