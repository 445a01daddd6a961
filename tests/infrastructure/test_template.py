"""What the template must have and cfn-lint does not know: each line here is a trap that somebody fell into."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from resolved import Resolved, resolved

from ci_tools.adapters.stacks.template import compact, parse_template
from ci_tools.errors import UsageError
from ci_tools.infrastructure import EDGE_FUNCTION, FROZEN, KEPT, LARGEST, PLUS_FUNCTION, stack_policy, template

THERE = resolved(readers=("acme/robots",))
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/x"
# The first x of a sentence's hashes that is on the curve; nobody chose it, so nobody knows its logarithm.
SENTENCE = b"channelsmith: nobody holds the private half of this key"
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def distribution(there: Resolved = THERE) -> dict[str, Any]:
    return there.properties("Distribution")["DistributionConfig"]


def test_the_functions_are_in_the_template_as_they_are_tested() -> None:
    assert THERE.properties("TokenFunction")["FunctionCode"] == EDGE_FUNCTION
    assert THERE.properties("PlusFunction")["FunctionCode"] == PLUS_FUNCTION


def test_the_template_needs_no_bucket_even_with_a_hundred_readers() -> None:
    readers = [f"acme/a-consumer-with-a-long-name-{number}" for number in range(10)]
    assert len(compact(template(readers))) < LARGEST


def test_the_default_is_the_locked_behaviour() -> None:
    assert distribution()["DefaultCacheBehavior"]["TrustedKeyGroups"] == ["cookiekeys"]
    assert "TrustedSigners" not in distribution()["DefaultCacheBehavior"]


def test_both_gates_are_behaviours_with_the_token_function_and_no_key_group() -> None:
    behaviours = {each["PathPattern"]: each for each in distribution()["CacheBehaviors"]}
    assert behaviours.keys() == {"/t/*", "/b/*"}
    for behaviour in behaviours.values():
        (function,) = behaviour["FunctionAssociations"]
        assert function["EventType"] == "viewer-request"
        assert function["FunctionARN"].startswith("TokenFunction")
        assert "TrustedKeyGroups" not in behaviour


def test_every_behaviour_has_a_function_or_it_would_lead_to_the_bucket_unchecked() -> None:
    for behaviour in (distribution()["DefaultCacheBehavior"], *distribution()["CacheBehaviors"]):
        assert behaviour["FunctionAssociations"]
        assert behaviour["ViewerProtocolPolicy"] == "https-only"  # a redirect loses credentials
        assert behaviour["AllowedMethods"] == ["GET", "HEAD"]
        assert behaviour["Compress"] is False  # the bytes that are signed are the bytes that are sent


def test_every_origin_is_read_with_the_signature_of_the_distribution() -> None:
    for origin in distribution()["Origins"]:
        assert origin["OriginAccessControlId"] == "OriginAccess.Id"
    held = THERE.properties("OriginAccess")["OriginAccessControlConfig"]
    assert (held["SigningBehavior"], held["SigningProtocol"]) == ("always", "sigv4")


def test_no_page_stands_in_for_an_error() -> None:
    for response in distribution()["CustomErrorResponses"]:
        assert response.keys() == {"ErrorCode", "ErrorCachingMinTTL"}
        assert response["ErrorCachingMinTTL"] <= 10


def test_the_cache_knows_no_query_no_cookie_and_no_header() -> None:
    key = THERE.properties("CachePolicy")["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
    assert key["QueryStringsConfig"]["QueryStringBehavior"] == "none"
    assert key["CookiesConfig"]["CookieBehavior"] == "none"
    assert key["HeadersConfig"]["HeaderBehavior"] == "none"


def test_no_log_has_a_token_or_a_cookie() -> None:
    fields = set(THERE.properties("LogDelivery")["RecordFields"])
    assert not fields & {"cs-uri-stem", "cs-uri-query", "cs(Cookie)", "cs(Referer)"}
    assert "viewer-request-log-data" in fields
    assert "Logging" not in distribution()


@pytest.mark.parametrize("bucket", ["Bucket", "LogBucket"])
def test_no_bucket_is_public(bucket: str) -> None:
    held = THERE.properties(bucket)
    assert set(held["PublicAccessBlockConfiguration"].values()) == {True}
    assert held["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_the_bucket_keeps_versions() -> None:
    assert THERE.properties("Bucket")["VersioningConfiguration"] == {"Status": "Enabled"}


def test_what_cannot_be_made_again_outlives_the_stack() -> None:
    for name in (*FROZEN, *KEPT):
        held = THERE.resources[name]
        assert (held["DeletionPolicy"], held["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name


def test_no_update_sets_the_cookie_keys_back() -> None:
    denied = {
        (action, resource)
        for statement in json.loads(stack_policy())["Statement"]
        if statement["Effect"] == "Deny"
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        for resource in statement["Resource"]
    }
    assert {("Update:*", f"LogicalResourceId/{name}") for name in FROZEN} <= denied
    assert {("Update:Replace", f"LogicalResourceId/{name}") for name in KEPT} <= denied


def test_nobody_has_the_first_key() -> None:
    pem = THERE.properties("Nobody")["PublicKeyConfig"]["EncodedKey"]
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, EllipticCurvePublicKey)
    x = y = 0
    for count in range(100):
        x = int.from_bytes(hashlib.sha256(SENTENCE + bytes([count])).digest(), "big") % P
        square = (x**3 - 3 * x + B) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            break
    numbers = key.public_numbers()
    assert (numbers.x, numbers.y) in {(x, y), (x, P - y)}


def test_a_domain_comes_with_its_certificate_and_modern_tls() -> None:
    named = distribution(resolved(Domain="conda.acme.example", Certificate=CERTIFICATE))
    assert named["Aliases"] == ["conda.acme.example"]
    assert named["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert "Aliases" not in distribution()


def test_something_rings_before_anything_ends() -> None:
    watched = resolved(Certificate=CERTIFICATE, Domain="conda.acme.example").of_type("AWS::CloudWatch::Alarm")
    assert {alarm["MetricName"] for alarm in watched.values()} == {
        "Invocations", "DaysToExpiry", "FunctionExecutionErrors",
    }  # fmt: skip
    assert watched["TimestampIsGettingOld"]["TreatMissingData"] == "breaching"
    assert all(alarm["AlarmActions"] for alarm in watched.values())


def test_in_another_region_only_what_lives_in_virginia_is_left_out() -> None:
    elsewhere = resolved(region="eu-west-1")
    assert resolved().resources.keys() - elsewhere.resources.keys() == {
        "LogBucket", "LogBucketPolicy", "LogSource", "LogDestination", "LogDelivery", "TokenFunctionFails",
    }  # fmt: skip


def test_an_account_that_knows_github_already_gets_no_second_provider() -> None:
    assert "Provider" not in resolved(OidcProvider="arn:aws:iam::123456789012:oidc-provider/x").resources


@pytest.mark.parametrize("text", ["- a list", "a: [", ""])
def test_what_is_no_template_is_said_to_be_none(text: str) -> None:
    with pytest.raises(UsageError):
        parse_template(text)
