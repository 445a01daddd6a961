"""Who may do what in the account, by evaluating the policies of the template: a list for each role."""

from __future__ import annotations

from typing import Any

import pytest
from iam import Ask, allows
from resolved import ACCOUNT, GITHUB, Resolved, resolved

from ci_tools.infrastructure import reader_role

READER = "acme/robots"
THERE = resolved(readers=(READER,))
ROLES = {name: f"{name.title()}Role" for name in ("channel", "maintain", "preview", "access")} | {
    "reader": reader_role(READER)
}
BUCKET, OBJECTS = "arn:aws:s3:::bucket", "arn:aws:s3:::bucket/"
PACKAGE, POINTER = f"{OBJECTS}acme/noarch/a-1-0.conda", f"{OBJECTS}acme/noarch/repodata.json"
TIMESTAMP, SIDECAR = f"{OBJECTS}acme/tuf/timestamp.json", f"{OBJECTS}acme/noarch/a-1-0.conda.sigs.{'0' * 64}"
DISTRIBUTION = f"arn:aws:cloudfront::{ACCOUNT}:distribution/distribution"
TOKENS = f"arn:aws:cloudfront::{ACCOUNT}:key-value-store/tokens"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:"
NEW = {"s3:if-none-match": "*", "s3:ObjectCreationOperation": "true"}
OVER = {"s3:if-match": '"e"', "s3:ObjectCreationOperation": "true"}
BLIND = {"s3:ObjectCreationOperation": "true"}
PART = {"s3:ObjectCreationOperation": "false"}
TLS = {"aws:SecureTransport": "true"}
KEYS = ("OnlineKey", "PublisherKey", "LogKey", "PreviewKey")
MISCHIEF = [
    "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration",
    "s3:PutObjectAcl",
    "s3:DeleteBucket", "s3:PutBucketPublicAccessBlock", "s3:BypassGovernanceRetention", "cloudfront:UpdateDistribution",
    "cloudfront:UpdateFunction", "cloudfront:PublishFunction", "cloudfront:DeleteKeyGroup", "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:CreateUser", "iam:UpdateAssumeRolePolicy", "sts:AssumeRole", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion",
    "kms:CreateGrant", "kms:DisableKey", "cloudformation:UpdateStack", "logs:DeleteLogGroup", "cloudwatch:DeleteAlarms",
    "cloudfront:CreateDistribution", "s3:ListAllMyBuckets", "secretsmanager:ListSecrets", "lambda:CreateFunction",
]  # fmt: skip


def role_arn(role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{ROLES[role].lower()}"


def may(role: str, action: str, resource: str, context: dict[str, str] | None = None, there: Resolved = THERE) -> bool:
    """Whether the role may, by its own policies and those of bucket and keys."""
    own = [policy["PolicyDocument"] for policy in there.properties(ROLES[role])["Policies"]]
    known = {**TLS, "aws:PrincipalArn": role_arn(role), **(context or {})}
    ask = Ask(action=action, resource=resource, principal=role_arn(role), context=known)
    bucket = [there.properties("BucketPolicy")["PolicyDocument"]] if resource.startswith(BUCKET) else []
    return allows(ask, own, bucket, key=[there.properties(key)["KeyPolicy"] for key in KEYS if resource == key])


ALLOWED = [
    ("channel", "s3:PutObject", PACKAGE, NEW),
    ("channel", "s3:PutObject", PACKAGE, PART),
    ("channel", "s3:PutObject", SIDECAR, NEW),
    ("channel", "s3:PutObject", POINTER, OVER),
    ("channel", "s3:PutObject", POINTER, BLIND),
    ("channel", "s3:PutObject", TIMESTAMP, OVER),
    ("channel", "s3:PutObject", f"{PACKAGE}.sigs", OVER),
    ("channel", "s3:GetObject", PACKAGE, {}),
    ("channel", "s3:ListBucket", BUCKET, {"s3:prefix": "acme/"}),
    ("channel", "s3:AbortMultipartUpload", PACKAGE, {}),
    ("channel", "cloudfront:CreateInvalidation", DISTRIBUTION, {}),
    *[("channel", "kms:Sign", key, {"kms:SigningAlgorithm": "ECDSA_SHA_256"}) for key in KEYS[:3]],
    ("channel", "kms:GetPublicKey", "OnlineKey", {}),
    ("maintain", "s3:DeleteObject", PACKAGE, {}),
    ("maintain", "s3:PutObject", PACKAGE, NEW),
    ("maintain", "kms:Sign", "OnlineKey", {"kms:SigningAlgorithm": "ECDSA_SHA_256"}),
    ("preview", "s3:PutObject", f"{OBJECTS}pr/12/noarch/a-1-0.conda", NEW),
    ("preview", "s3:DeleteObject", f"{OBJECTS}pr/12/noarch/a-1-0.conda", {}),
    ("preview", "s3:GetObject", f"{OBJECTS}pr/12/tuf/timestamp.json", {}),
    ("preview", "s3:ListBucket", BUCKET, {"s3:prefix": "pr/12/"}),
    ("preview", "s3:ListBucket", BUCKET, {}),  # what S3 asks itself when a read finds nothing: so it is a 404
    ("preview", "kms:Sign", "PreviewKey", {"kms:SigningAlgorithm": "ECDSA_SHA_256"}),
    *[("access", f"cloudfront-keyvaluestore:{verb}", TOKENS, {}) for verb in ("DescribeKeyValueStore", "UpdateKeys")],
    *[("access", f"cloudfront:{verb}", "*", {}) for verb in ("UpdateKeyGroup", "CreatePublicKey", "DeletePublicKey")],
    *[("access", f"secretsmanager:{v}", f"{SECRET}conda/x-AbCdEf", {}) for v in ("CreateSecret", "PutSecretValue")],
    ("reader", "secretsmanager:GetSecretValue", f"{SECRET}conda/readers/acme/robots-AbCdEf", {}),
]  # fmt: skip
DENIED = [
    ("channel", "s3:PutObject", PACKAGE, BLIND),
    ("channel", "s3:PutObject", PACKAGE, OVER),
    ("channel", "s3:PutObject", PACKAGE.replace(".conda", ".tar.bz2"), BLIND),
    ("channel", "s3:PutObject", SIDECAR, BLIND),
    ("channel", "s3:PutObject", f"{OBJECTS}acme/tuf/7.targets.json", OVER),
    ("channel", "s3:PutObject", f"{OBJECTS}acme/tuf/7.snapshot.json", BLIND),
    ("channel", "s3:PutObject", f"{OBJECTS}acme/tuf/1.root.json", BLIND),
    ("channel", "s3:PutObject", f"{OBJECTS}acme/noarch/shards/{'0' * 64}.msgpack.zst", BLIND),
    ("channel", "s3:PutObject", f"{OBJECTS}acme/receipts/7.json", BLIND),
    ("channel", "s3:PutObject", POINTER, {**OVER, "aws:SecureTransport": "false"}),
    ("channel", "s3:DeleteObject", PACKAGE, {}),
    ("channel", "s3:DeleteObject", f"{OBJECTS}pr/12/x", {}),
    ("channel", "kms:Sign", "PreviewKey", {"kms:SigningAlgorithm": "ECDSA_SHA_256"}),
    ("channel", "kms:Sign", "OnlineKey", {"kms:SigningAlgorithm": "ECDSA_SHA_512"}),
    ("channel", "secretsmanager:GetSecretValue", f"{SECRET}conda/x-AbCdEf", {}),
    ("channel", "cloudfront-keyvaluestore:UpdateKeys", TOKENS, {}),
    ("channel", "cloudfront:UpdateKeyGroup", "*", {}),
    ("channel", "s3:PutObject", "arn:aws:s3:::other/acme/noarch/repodata.json", OVER),
    ("maintain", "s3:DeleteObjectVersion", PACKAGE, {}),
    ("maintain", "s3:PutObject", PACKAGE, BLIND),
    ("maintain", "kms:Sign", "PublisherKey", {"kms:SigningAlgorithm": "ECDSA_SHA_256"}),
    ("maintain", "secretsmanager:GetSecretValue", f"{SECRET}conda/x-AbCdEf", {}),
    ("preview", "s3:PutObject", PACKAGE, NEW),
    ("preview", "s3:PutObject", f"{OBJECTS}prx/noarch/a-1-0.conda", NEW),
    ("preview", "s3:PutObject", f"{OBJECTS}pr/12/noarch/a-1-0.conda", BLIND),
    ("preview", "s3:GetObject", POINTER, {}),
    ("preview", "s3:DeleteObject", PACKAGE, {}),
    ("preview", "s3:DeleteObjectVersion", f"{OBJECTS}pr/12/noarch/a-1-0.conda", {}),
    ("preview", "s3:ListBucket", BUCKET, {"s3:prefix": "acme/"}),
    *[("preview", "kms:Sign", key, {"kms:SigningAlgorithm": "ECDSA_SHA_256"}) for key in KEYS[:3]],
    ("preview", "cloudfront-keyvaluestore:PutKey", TOKENS, {}),
    *[("access", action, PACKAGE, NEW) for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")],
    ("access", "s3:ListBucket", BUCKET, {}),
    ("access", "cloudfront-keyvaluestore:UpdateKeys", TOKENS + "x", {}),
    ("access", "cloudfront:CreateInvalidation", DISTRIBUTION, {}),
    ("access", "cloudfront:CreateKeyGroup", "*", {}),
    ("access", "secretsmanager:GetSecretValue", f"{SECRET}payroll-AbCdEf", {}),
    ("access", "secretsmanager:GetSecretValue", f"{SECRET}condax-AbCdEf", {}),
    *[("access", "kms:Sign", key, {"kms:SigningAlgorithm": "ECDSA_SHA_256"}) for key in KEYS],
    ("reader", "secretsmanager:GetSecretValue", f"{SECRET}conda/readers/acme/web-AbCdEf", {}),
    ("reader", "secretsmanager:GetSecretValue", f"{SECRET}conda/readers/acme/robots-old-AbCdEf", {}),
    ("reader", "secretsmanager:GetSecretValue", f"{SECRET}conda/cookie-key-AbCdEf", {}),
    ("reader", "secretsmanager:PutSecretValue", f"{SECRET}conda/readers/acme/robots-AbCdEf", {}),
    ("reader", "s3:GetObject", PACKAGE, {}),
]  # fmt: skip


@pytest.mark.parametrize(("role", "action", "resource", "context"), ALLOWED)
def test_a_role_may_do_its_work(role: str, action: str, resource: str, context: dict[str, str]) -> None:
    assert may(role, action, resource, context)


@pytest.mark.parametrize(("role", "action", "resource", "context"), DENIED)
def test_a_role_may_do_nothing_else(role: str, action: str, resource: str, context: dict[str, str]) -> None:
    assert not may(role, action, resource, context)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", MISCHIEF)
def test_no_role_can_change_what_holds_it(role: str, action: str) -> None:
    targets = ["*", BUCKET, PACKAGE, DISTRIBUTION, TOKENS, role_arn("maintain"), *KEYS, f"{SECRET}conda/x-AbCdEf"]
    assert not any(may(role, action, target, NEW) for target in targets)


def test_no_policy_of_the_account_can_give_the_right_to_sign() -> None:
    admin = [{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]
    for name in KEYS:
        policy = [THERE.properties(name)["KeyPolicy"]]
        who = f"arn:aws:iam::{ACCOUNT}:role/admin"
        assert not allows(Ask(action="kms:Sign", resource=name, principal=who), admin, key=policy)
        assert allows(Ask(action="kms:PutKeyPolicy", resource=name, principal=who), admin, key=policy)


def anybody(action: str, resource: str, context: dict[str, str]) -> bool:
    ask = Ask(action=action, resource=resource, context={**TLS, **context})
    return allows(ask, [], [THERE.properties("BucketPolicy")["PolicyDocument"]])


def test_the_bucket_is_read_by_our_distribution_alone() -> None:
    def edge(action: str, resource: str, distribution: str) -> bool:
        ask = Ask(
            action=action,
            resource=resource,
            principal="cloudfront.amazonaws.com",
            context={**TLS, "AWS:SourceArn": distribution},
        )
        return allows(ask, [], [THERE.properties("BucketPolicy")["PolicyDocument"]])

    assert edge("s3:GetObject", PACKAGE, DISTRIBUTION)
    assert edge("s3:ListBucket", BUCKET, DISTRIBUTION)  # without it a missing object answers 403
    assert not edge("s3:GetObject", PACKAGE, DISTRIBUTION + "2")
    assert not edge("s3:PutObject", POINTER, DISTRIBUTION)
    assert not anybody("s3:GetObject", PACKAGE, {})
    assert not anybody("s3:ListBucket", BUCKET, {})


def test_not_even_an_administrator_replaces_or_removes_a_package_by_mistake() -> None:
    admin = [{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]
    policy = [THERE.properties("BucketPolicy")["PolicyDocument"]]
    who = {**TLS, "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/admin"}
    for action, context in (("s3:PutObject", BLIND), ("s3:DeleteObject", {}), ("s3:DeleteObjectVersion", {})):
        assert not allows(Ask(action=action, resource=PACKAGE, context={**who, **context}), admin, policy)
    assert allows(Ask(action="s3:PutObject", resource=PACKAGE, context={**who, **NEW}), admin, policy)


def trusts(role: str, there: Resolved = THERE, **claims: str) -> bool:
    """Whether a job with these claims may take the role."""
    provider = there.properties(ROLES[role])["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Federated"]
    context = {f"{GITHUB}:{name}": value for name, value in claims.items()}
    ask = Ask(action="sts:AssumeRoleWithWebIdentity", resource="", principal=provider, context=context)
    return allows(ask, [], [there.properties(ROLES[role])["AssumeRolePolicyDocument"]])


def job(environment: str = "channel", **changed: str) -> dict[str, str]:
    claims = {
        "aud": "sts.amazonaws.com", "sub": f"repo:acme/recipes:environment:{environment}", "ref": "refs/heads/main",
        "repository": "acme/recipes", "repository_id": "1",
        "job_workflow_ref": "acme/recipes/.github/workflows/publish.yml@refs/heads/main",
    }  # fmt: skip
    return {**claims, **changed}


@pytest.mark.parametrize("role", ["channel", "maintain", "preview", "access"])
def test_a_job_takes_the_role_of_its_own_environment_alone(role: str) -> None:
    assert {env for env in ("channel", "maintain", "preview", "access") if trusts(role, **job(env))} == {role}


STRANGERS: dict[str, dict[str, str]] = {
    "a pull request": {"sub": "repo:acme/recipes:pull_request", "ref": "refs/pull/7/merge"},
    "a fork": {"sub": "repo:mallory/recipes:environment:channel", "repository": "mallory/recipes"},
    "a repository with a longer name": {"sub": "repo:acme/recipes-old:environment:channel"},
    "another environment": {"sub": "repo:acme/recipes:environment:channel2"},
    "a branch and no environment": {"sub": "repo:acme/recipes:ref:refs/heads/main"},
    "another branch": {"ref": "refs/heads/feature"},
    "a tag called like the branch": {"ref": "refs/tags/main"},
    "a pull request in the environment": {"ref": "refs/pull/7/merge"},
    "another audience": {"aud": "https://github.com/acme"},
}


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize("role", ["channel", "maintain", "access"])
def test_nobody_else_takes_a_role(role: str, who: str) -> None:
    stranger = {key: value.replace(":channel", f":{role}") for key, value in STRANGERS[who].items()}
    assert not trusts(role, **job(role, **stranger))


def test_a_claim_that_is_missing_is_a_claim_that_does_not_hold() -> None:
    for missing in ("aud", "sub", "ref"):
        assert not trusts("channel", **{name: value for name, value in job().items() if name != missing})


def test_the_preview_role_is_taken_by_pull_requests_and_their_ends() -> None:
    assert trusts("preview", **job("preview", ref="refs/pull/7/merge"))
    assert trusts("preview", **job("preview", ref="refs/heads/main"))
    assert not trusts("preview", **job("preview", ref="refs/heads/feature"))
    assert not trusts("preview", **job("preview", sub="repo:mallory/recipes:environment:preview"))


def test_a_consumer_takes_its_own_role_from_branches_and_not_from_pull_requests() -> None:
    ours: dict[str, Any] = {"aud": "sts.amazonaws.com"}
    assert trusts("reader", sub="repo:acme/robots:ref:refs/heads/main", **ours)
    assert trusts("reader", sub="repo:acme/robots:environment:test", **ours)
    assert not trusts("reader", sub="repo:acme/robots:pull_request", **ours)
    assert not trusts("reader", sub="repo:acme/robots2:ref:refs/heads/main", **ours)


def test_a_repository_may_be_held_to_its_number_and_its_workflow() -> None:
    there = resolved(RepositoryId="1", Workflow="acme/recipes/.github/workflows/*@refs/heads/main")
    for role in ("channel", "maintain", "access"):
        assert trusts(role, there, **job(role))
        assert not trusts(role, there, **job(role, repository_id="2"))
        assert not trusts(
            role, there, **job(role, job_workflow_ref="acme/other/.github/workflows/x.yml@refs/heads/main")
        )


def test_the_secrets_of_the_roles_follow_their_prefix() -> None:
    there = resolved(Secrets="tools/conda")
    assert may("access", "secretsmanager:GetSecretValue", f"{SECRET}tools/conda/x-AbCdEf", there=there)
    assert not may("access", "secretsmanager:GetSecretValue", f"{SECRET}conda/x-AbCdEf", there=there)
