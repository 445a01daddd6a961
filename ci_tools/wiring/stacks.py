"""What is deployed in an AWS account."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from ci_tools.config import ChannelConfig
    from ci_tools.core.stack import StackDefinition
    from ci_tools.ports.stacks import Stacks


def stacks(config: ChannelConfig) -> Stacks:
    """The account's stacks, as boto3's chain of credentials may speak to them."""
    from ci_tools.adapters.stacks.cloudformation import CloudFormation

    return CloudFormation(region=config.infrastructure.region)


def stack_definition(config: ChannelConfig) -> StackDefinition:
    """The stack that channel.yaml asks for. UsageError where it does not say enough."""
    from ci_tools.core.stack import StackDefinition, stack_name
    from ci_tools.infrastructure import stack_policy, template

    said = config.infrastructure
    if not said.repository:
        hint = "say whose jobs may take the roles: `infrastructure: {repository: OWNER/NAME}`"
        raise UsageError("channel.yaml has no `infrastructure.repository`", hint=hint)
    return StackDefinition(
        name=said.stack or stack_name(config.channel),
        template=template(said.readers),
        parameters=_parameters(config),
        policy=stack_policy(),
    )


def _parameters(config: ChannelConfig) -> dict[str, str]:
    """Only what differs from the template's defaults."""
    said = config.infrastructure
    values = {
        "Channel": config.channel, "Repository": said.repository, "RepositoryId": said.repository_id,
        "Branch": said.branch, "Workflow": said.workflow, "OidcProvider": said.oidc_provider,
        "Secrets": said.secrets, "Certificate": said.certificate, "AlarmMail": said.mail,
        "Domain": urlsplit(config.url).hostname if said.certificate else "", "BucketName": said.bucket,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value}
