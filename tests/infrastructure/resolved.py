"""The template as CloudFormation would resolve it: parameters put in, conditions decided, ARNs made up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ci_tools.adapters.stacks.template import parse_template
from ci_tools.infrastructure import template

ACCOUNT, STACK = "123456789012", "conda-acme"
GITHUB = "token.actions.githubusercontent.com"
ABSENT = object()  # AWS::NoValue
ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::IAM::Role": "arn:aws:iam::123456789012:role/{}",
    "AWS::IAM::OIDCProvider": f"arn:aws:iam::123456789012:oidc-provider/{GITHUB}",
    "AWS::CloudFront::KeyValueStore": "arn:aws:cloudfront::123456789012:key-value-store/{}",
    "AWS::KMS::Key": "arn:aws:kms:us-east-1:123456789012:key/{}",
    "AWS::Logs::LogGroup": "arn:aws:logs:us-east-1:123456789012:log-group:{}:*",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What would be there: `resources` by logical name, without those whose condition does not hold."""

    resources: dict[str, Any]
    outputs: dict[str, Any]

    def properties(self, name: str) -> dict[str, Any]:
        return self.resources[name]["Properties"]

    def of_type(self, kind: str) -> dict[str, Any]:
        return {name: held["Properties"] for name, held in self.resources.items() if held["Type"] == kind}


def resolved(readers: tuple[str, ...] = (), region: str = "us-east-1", **parameters: str) -> Resolved:
    found = parse_template(template(readers))
    given = {"Channel": "acme", "Repository": "acme/recipes", **parameters}
    values = {name: given.get(name, held.get("Default")) for name, held in found["Parameters"].items()}
    pseudo = {"Region": region, "AccountId": ACCOUNT, "Partition": "aws", "StackName": STACK, "NoValue": ABSENT}
    values |= {f"AWS::{name}": value for name, value in pseudo.items()}
    maker = _Maker(found, values)
    there = {n: r for n, r in found["Resources"].items() if maker.holds(r.get("Condition"))}
    return Resolved(resources=maker.made(there), outputs=maker.made(found["Outputs"]))


@dataclass
class _Maker:
    template: dict[str, Any]
    values: dict[str, Any]

    def holds(self, condition: str | None) -> bool:
        return condition is None or bool(self.made(self.template["Conditions"][condition]))

    def made(self, value: Any) -> Any:  # noqa: C901, PLR0911 (a function of CloudFormation a line)
        match value:
            case {"Ref": name, **rest} if not rest:
                return self.reference(name)
            case {"Condition": str(name), **rest} if not rest:
                return self.holds(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self.attribute(name, attribute)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([\w:.]+)\}", lambda found: str(self.named(found[1])), text)
            case {"Fn::If": [condition, yes, no]}:
                return self.made(yes if self.holds(condition) else no)
            case {"Fn::Equals": [one, other]}:
                return self.made(one) == self.made(other)
            case {"Fn::Not": [one]}:
                return not self.made(one)
            case {"Fn::And": several}:
                return all(self.made(one) for one in several)
            case dict():
                assert not any(key.startswith("Fn::") for key in value), value
                made = {key: self.made(held) for key, held in value.items()}
                return {key: held for key, held in made.items() if held is not ABSENT}
            case list():
                return [held for held in map(self.made, value) if held is not ABSENT]
            case _:
                return value

    def named(self, name: str) -> Any:
        return self.attribute(*name.split(".", 1)) if "." in name else self.reference(name)

    def reference(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        kind = self.template["Resources"][name]["Type"]
        return ARNS[kind] if kind == "AWS::IAM::OIDCProvider" else name.lower()

    def attribute(self, name: str, attribute: str) -> Any:
        kind = self.template["Resources"][name]["Type"]
        return ARNS[kind].format(name.lower()) if attribute == "Arn" and kind in ARNS else f"{name}.{attribute}"
