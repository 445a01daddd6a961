"""What channel.yaml says of the AWS account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ci_tools.config.words import GitHubRepository, Line, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class InfrastructureConfig:
    """What `channel infrastructure deploy` makes in an AWS account. What is left out has the template's default."""

    stack: Annotated[str, Field(description="the CloudFormation stack; conda- and the channel's name if not said")] = ""
    region: Region = "us-east-1"
    repository: Annotated[GitHubRepository | None, Field(description="whose jobs may take the roles")] = None
    repository_id: Annotated[str, Field(description="its number, which no renamed repository takes over")] = ""
    branch: Annotated[Line, Field(description="the branch from which the channel is published")] = "main"
    workflow: Annotated[str, Field(description="the job_workflow_ref that jobs must have, with * for any text")] = ""
    oidc_provider: Annotated[str, Field(description="the ARN of the account's provider for GitHub, if it has one")] = ""
    bucket: Annotated[str, Field(description="the bucket's name; CloudFormation finds one if not said")] = ""
    certificate: Annotated[str, Field(description="the ARN, in us-east-1, of the certificate of `url`'s host")] = ""
    mail: Annotated[str, Field(description="who is told before something expires")] = ""
    readers: Annotated[
        tuple[GitHubRepository, ...],
        Field(description="repositories, OWNER/NAME, that read their token from Secrets Manager"),
    ] = ()
    secrets: Annotated[Line, Field(description="the first part of the names of the rotation's secrets")] = "conda"
