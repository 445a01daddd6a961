"""What a channel costs, and in which words `show` tells what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from resolved import parse_template

from ci_tools.cli.infrastructure_text import Overview, changes_text, overview_text
from ci_tools.core.costs import monthly, prices, usage
from ci_tools.core.stack import ChangeKind, ResourceChange, StackChanges, StackDefinition, channel_lines, stack_name
from ci_tools.infrastructure import PRICES, WORDS, template

TABLE = prices(PRICES)
WANTED = StackDefinition(name="conda-acme", template="", parameters={"Channel": "acme"}, policy="")


def test_every_resource_of_the_template_is_told_of_and_nothing_else() -> None:
    told = [name for theme in WORDS.values() for name in theme]
    assert sorted(told) == sorted(parse_template(template())["Resources"])


def test_every_price_has_its_use_and_every_use_its_price() -> None:
    assert sorted(price.what for price in TABLE) == sorted(usage(15))
    assert str(PRICES["as_of"])[:2] == "20"


@given(st.integers(1, 100_000), st.integers(1, 100_000))
def test_more_users_never_cost_less(one: int, more: int) -> None:
    assert monthly(one, TABLE).usd <= monthly(one + more, TABLE).usd


def test_a_bill_is_the_sum_of_what_is_beyond_the_free_part() -> None:
    bill = monthly(500, TABLE)
    transfer = next(charge for charge in bill.charges if charge.service == "CloudFront to the internet")
    assert transfer.units == 5000
    assert transfer.usd == pytest.approx((5000 - 1024) * 0.085)
    assert bill.usd == pytest.approx(sum(charge.usd for charge in bill.charges))
    assert monthly(15, TABLE).usd < 15


def test_the_overview_names_the_resources_and_dates_the_prices() -> None:
    shown = overview_text(Overview.of(WANTED, (monthly(15, TABLE), monthly(500, TABLE)), PRICES), WORDS)
    assert all(name in shown for theme in WORDS.values() for name in theme)
    assert str(PRICES["as_of"]) in shown
    assert "15 users" in shown
    assert "500 users" in shown


def test_a_replacement_is_told_apart_from_a_change() -> None:
    changes = tuple(ResourceChange(name=k.value, type="T", kind=k) for k in ChangeKind)
    found = StackChanges(stack="s", is_new=False, changes=changes)
    assert [c.kind for c in found.destructive] == [ChangeKind.REPLACE, ChangeKind.REMOVE]
    assert [line.split()[0] for line in changes_text(found).splitlines()[1:]] == ["+", "~", "!", "-"]


def test_the_lines_for_channel_yaml_are_read_back() -> None:
    from ci_tools.config import CloudFrontConfig, parse_config  # noqa: PLC0415 (only here)

    arn = "arn:aws:cloudfront::123456789012:key-value-store/0123"
    outputs = {
        "Host": "d1.cloudfront.net", "Bucket": "acme-conda", "Region": "us-east-1", "Distribution": "E1ABC2DEF3GHIJ",
        "KeyGroup": "0123", "Tokens": arn, "OnlineKey": "awskms:alias/a", "PublisherKey": "awskms:alias/b",
        "LogKey": "awskms:alias/c",
    }  # fmt: skip
    text = "\n".join(("channel: acme", *channel_lines(outputs, "acme")))
    said = parse_config(text.encode(), "channel.yaml")
    assert isinstance(said.edge, CloudFrontConfig)
    assert said.edge.tokens == arn
    assert channel_lines({}, "acme") == ()


def test_a_stack_is_called_like_its_channel() -> None:
    assert stack_name("pr/1.x_y") == "conda-pr-1-x-y"
