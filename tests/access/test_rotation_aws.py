"""A whole rotation through the adapters: doubles of CloudFront and GitHub over HTTP, Secrets Manager on moto."""

from __future__ import annotations

import json
import os
import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cloudfront_double import ARN, GROUP, CloudFront, cloudfront

from ci_tools.adapters.edges.cloudfront import CloudFrontEdge
from ci_tools.adapters.edges.cloudfront_keys import CloudFrontKeys
from ci_tools.adapters.forges.github import GitHubForge
from ci_tools.adapters.token_deliveries import TokenDeliveries
from ci_tools.adapters.vaults.secrets_manager import SecretsManager
from ci_tools.core.access import Grant, GrantKind, from_record
from ci_tools.core.cookie import cookie_refusal, parse_public_key
from ci_tools.core.cookie_rotation import CookiePolicy
from ci_tools.core.cookie_signing import CookieKeyType, new_cookie_key
from ci_tools.core.edge_rule import Denied, EdgeRequest, edge_rule
from ci_tools.core.secret import Secret
from ci_tools.core.token_rotation import TokenPolicy
from ci_tools.core.tokens import Token, parse_token
from ci_tools.flows.rotate_access import Rotation, rotate_access
from ci_tools.flows.rotate_cookies import Locksmith, issue_cookies
from ci_tools.flows.rotate_tokens import Desk
from ci_tools.flows.sync import Watch, sync
from ci_tools.ports.rotation import Answer

sys.path.append(str(Path(__file__).parents[1] / "github"))
from github_double import State, github

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import servers

URL = "https://conda.acme.example/main"
START = datetime(2030, 1, 1, tzinfo=UTC)
FIRST = Token(id="0" * 12, secret=Secret("a" * 40))
GRANT = Grant(
    id=FIRST.id, name="robots", owner="ops", channels=("main",), expires=START + timedelta(days=900), hash=FIRST.hash,
    kind=GrantKind.SERVICE, consumers=("acme/robots", "acme/web:CONDA", "vault:nightly"),
)  # fmt: skip


@dataclass
class Here:
    """The edge as a client sees it: its rules on what the double holds."""

    there: CloudFront
    now: datetime = START

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def moment(self) -> datetime:
        return self.now

    def with_token(self, token: Token, channel: str) -> Answer:
        def lookup(grant_id: str) -> Grant | None:
            text = self.there.values.get(f"t:{grant_id}")
            return from_record(grant_id, json.loads(text)) if text else None

        asked = EdgeRequest(method="GET", path=f"/t/{token.text.reveal()}/{channel}/noarch/repodata.json")
        said = edge_rule(asked, lookup, self.now)
        return Answer(status=said.status if isinstance(said, Denied) else 200, at=self.now)

    def with_cookies(self, cookies: Mapping[str, Secret]) -> Answer:
        pems = {key: parse_public_key(self.there.keys[key][1].encode()) for key in self.there.group if key[1].isdigit()}
        keys = {key: pem for key, pem in pems.items() if pem}
        plain = {name: value.reveal() for name, value in cookies.items()}
        refused = cookie_refusal(plain, keys, f"{URL}/noarch/repodata.json", "192.0.2.1", self.now)
        return Answer(status=403 if refused else 200, at=self.now)


class Registry:
    def __init__(self, *grants: Grant) -> None:
        self._grants = grants

    def grants(self) -> tuple[Grant, ...]:
        return self._grants


@pytest.fixture
def there() -> Iterator[CloudFront]:
    with cloudfront() as double:
        yield double


def test_tokens_and_the_cookie_key_go_round_in_aws_and_github(there: CloudFront, moto: servers.S3Server) -> None:
    edge = CloudFrontEdge(distribution="E1ABC2DEF3GHIJ", store=ARN, prefix="main", session=there.session())
    vault = SecretsManager(
        prefix=f"conda-{uuid.uuid4().hex[:8]}", region="us-east-1", endpoint=moto.endpoint, session=moto.session()
    )
    here = Here(there)
    watch = Watch(doorbell=here, pause=here.pause, random_bytes=os.urandom)
    policy = Rotation(
        tokens=TokenPolicy(lifetime=timedelta(days=90), overlap=timedelta(days=7)),
        cookies=CookiePolicy(lifetime=timedelta(days=90), cookie=timedelta(hours=12)),
    )
    with github(State(repository="acme/recipes")) as hub:
        forge = GitHubForge("acme/recipes", Secret("t" * 40), api=hub.url, pause=0.0)
        desk = Desk(
            edge=edge, vault=vault, doorbell=here, deliveries=TokenDeliveries(forge=lambda: forge, vault=vault),
            random_bytes=os.urandom, pause=here.pause,
        )  # fmt: skip
        smith = Locksmith(
            keys=CloudFrontKeys(group=GROUP, session=there.session()),
            new_key=lambda: new_cookie_key(CookieKeyType.EC), url=URL,
        )  # fmt: skip
        assert sync(Registry(GRANT), edge, START, watch=watch).admit == (GRANT,)
        assert list(there.values) == [f"t:{GRANT.id}"]  # no canary is left
        done = rotate_access(Registry(GRANT), desk, smith, policy)  # type: ignore[arg-type]
        assert not done.failures
        for repository, name in (("acme/robots", "CHANNEL_TOKEN"), ("acme/web", "CONDA")):
            handed = parse_token(hub.secrets[repository, name])
            assert handed is not None
            assert here.with_token(handed, "main").is_in
        kept = vault.read("readers/nightly")
        assert kept is not None
        assert kept.text.reveal() == hub.secrets["acme/web", "CONDA"]
        assert here.with_token(FIRST, "main").is_in
        assert here.with_cookies(issue_cookies(vault, URL, here.now + timedelta(hours=1)).cookies).is_in
        assert not rotate_access(Registry(GRANT), desk, smith, policy).changed  # type: ignore[arg-type]
        here.pause(8 * 86400)
        assert rotate_access(Registry(GRANT), desk, smith, policy).changed  # type: ignore[arg-type]
        assert not here.with_token(FIRST, "main").is_in
        here.pause(83 * 86400)
        old = issue_cookies(vault, URL, here.now + timedelta(hours=12)).cookies
        assert not rotate_access(Registry(GRANT), desk, smith, policy).failures  # type: ignore[arg-type]
        assert here.with_cookies(old).is_in
        here.pause(86400)
        rotate_access(Registry(GRANT), desk, smith, policy)  # type: ignore[arg-type]
        assert not here.with_cookies(old).is_in
        assert len(there.group) == 2
        assert not hub.violations


def test_a_revocation_while_a_sync_runs_is_seen_and_honoured(there: CloudFront) -> None:
    edge = CloudFrontEdge(distribution="E1ABC2DEF3GHIJ", store=ARN, prefix="main", session=there.session())
    here = Here(there)

    def somebody(double: CloudFront) -> None:
        double.values[f"t:{GRANT.id}"] = '{"h":"","c":[],"e":0}'
        double.version += 1

    there.interlopers = [somebody]
    watch = Watch(doorbell=here, pause=here.pause, random_bytes=os.urandom)
    plan = sync(Registry(GRANT), edge, START, watch=watch)
    assert plan.held_back == (GRANT.id,)
    assert not here.with_token(FIRST, "main").is_in


def test_a_canary_that_a_dead_run_left_is_taken_out_and_is_nobody(there: CloudFront) -> None:
    edge = CloudFrontEdge(distribution="E1ABC2DEF3GHIJ", store=ARN, prefix="main", session=there.session())
    stray = Grant(
        id="f" * 12, name="", owner="", channels=(f"canary-{'f' * 12}",), expires=GRANT.expires, hash="a" * 64
    )
    edge.admit([stray])
    here = Here(there)
    watch = Watch(doorbell=here, pause=here.pause, random_bytes=os.urandom)
    sync(Registry(), edge, START, watch=watch)
    assert not there.values
