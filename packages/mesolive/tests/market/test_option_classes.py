"""The table of option classes: terms by root, and the page that shows them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mesolive.market.calendar import settlement_of
from mesolive.market.contracts import ExerciseStyle, Settlement
from mesolive.market.option_classes import (
    Delivery,
    MarginRate,
    TickRule,
    base_root,
    classes_table,
    index_classes,
    index_named,
    nonstandard,
    option_class,
    roots_of,
    underlying_of,
)
from mesolive.pricing.margin import rates_of
from mesolive.pricing.margin_regt import BROAD_INDEX
from mesolive_sdk.ticks import tick_of
from mesolive_testkit.paths import DOCS


@pytest.mark.parametrize(
    ("root", "underlying", "settlement"),
    [
        ("SPX", "SPX", Settlement.AM),
        ("SPXW", "SPX", Settlement.PM),
        ("NDX", "NDX", Settlement.AM),
        ("NDXP", "NDX", Settlement.PM),
        ("RUT", "RUT", Settlement.AM),
        ("RUTW", "RUT", Settlement.PM),
        ("MRUT", "MRUT", Settlement.PM),
        ("XSP", "XSP", Settlement.PM),
        ("XND", "XND", Settlement.PM),
        ("DJX", "DJX", Settlement.AM),
        ("VIX", "VIX", Settlement.AM),
        ("VIXW", "VIX", Settlement.AM),
        ("OEX", "OEX", Settlement.PM),
        ("XEO", "XEO", Settlement.PM),
    ],
)
def test_an_index_class_has_the_settlement_that_its_exchange_publishes(
    root: str, underlying: str, settlement: Settlement
) -> None:
    terms = option_class(root)
    assert (terms.underlying, terms.settlement, terms.delivery) == (underlying, settlement, Delivery.CASH)
    assert settlement_of(root) is settlement
    assert terms.source.startswith("http")
    assert terms.style is (ExerciseStyle.AMERICAN if root == "OEX" else ExerciseStyle.EUROPEAN)
    assert underlying_of(underlying).is_index


def test_any_other_root_is_on_a_hundred_shares() -> None:
    terms = option_class("SPY")
    assert (terms.underlying, terms.style, terms.settlement) == ("SPY", ExerciseStyle.AMERICAN, Settlement.PM)
    assert (terms.delivery, terms.margin, terms.multiplier) == (Delivery.SHARES, MarginRate.EQUITY, 100)
    assert not underlying_of("SPY").is_index
    assert list(roots_of("SPY")) == ["SPY"]


def test_margin_rates_are_those_of_the_table() -> None:
    for index in index_classes().values():
        broad = rates_of(index.symbol, is_index=True) is BROAD_INDEX
        assert {entry.margin is MarginRate.BROAD_INDEX for entry in index.classes} == {broad}, index.symbol


def test_the_ticks_of_orders_are_those_of_the_table() -> None:
    for index in index_classes().values():
        for entry in index.classes:
            below, above = (tick_of([entry.root], Decimal(price)) for price in ("2.50", "7.50"))
            if entry.tick is TickRule.PENNY:
                assert (below, above) == (Decimal("0.01"), Decimal("0.01")), entry.root
            elif entry.tick is TickRule.NICKEL:
                assert (below, above) == (Decimal("0.05"), Decimal("0.10")), entry.root


def test_roots_and_names_belong_to_one_index_each() -> None:
    roots = [entry.root for index in index_classes().values() for entry in index.classes]
    names = [name for index in index_classes().values() for name in index.names]
    assert len(set(roots)) == len(roots)
    assert len(set(names)) == len(names)
    assert index_named("S&P 500 INDEX") == "SPX"
    assert index_named("S&P 500 ETF") is None
    assert {entry.tick for index in index_classes().values() for entry in index.classes} <= set(TickRule)


def test_a_digit_in_a_root_marks_contracts_that_are_not_standard() -> None:
    assert (
        nonstandard("AMD1")
        == "options on AMD adjusted after a corporate action, whose deliverable the file does not state"
    )
    assert nonstandard("AMZN7") == "options on 10 shares of AMZN"
    assert (nonstandard("1AAPL") or "").startswith("FLEX or adjusted options on AAPL")
    assert nonstandard("AMD") is None
    assert [base_root(root) for root in ("AMD1", "1AAPL", "SPXW")] == ["AMD", "AAPL", "SPXW"]


def test_the_page_on_the_market_shows_the_table() -> None:
    shown = (DOCS / "market.md").read_text().partition("<!-- classes -->\n")[2].partition("<!-- /classes -->")[0]
    assert shown == classes_table()
