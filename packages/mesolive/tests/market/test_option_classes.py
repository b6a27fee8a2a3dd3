"""The table of option classes: terms by root, and the page that shows them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mesolive.language.margin import NAKED_RATES
from mesolive.market.calendar import settlement_of
from mesolive.market.contracts import ExerciseStyle, Settlement, UnderlyingKind
from mesolive.market.option_classes import (
    Delivery,
    MarginRate,
    TickRule,
    base_root,
    classes_table,
    index_classes,
    index_named,
    listed_underlyings,
    margin_rate_of,
    nonstandard,
    option_class,
    roots_of,
    underlying_of,
    why_adjusted,
)
from mesolive.pricing.margin_regt import BROAD_INDEX, EQUITY, NakedRates
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


@pytest.mark.parametrize(
    ("symbol", "kind", "rates"),
    [
        ("SPX", UnderlyingKind.INDEX, BROAD_INDEX),
        ("NQX", UnderlyingKind.INDEX, BROAD_INDEX),
        ("MYINDEX", UnderlyingKind.INDEX, BROAD_INDEX),  # a file calls it an index
        ("VIX", UnderlyingKind.INDEX, EQUITY),
        ("OVX", UnderlyingKind.INDEX, EQUITY),
        ("SPY", UnderlyingKind.STOCK, EQUITY),
        ("AAPL", UnderlyingKind.STOCK, EQUITY),
        ("ES", UnderlyingKind.FUTURES, BROAD_INDEX),
    ],
)
def test_margin_percentages_follow_from_the_table(symbol: str, kind: UnderlyingKind, rates: NakedRates) -> None:
    assert NAKED_RATES[margin_rate_of(symbol, kind)] == rates


@pytest.mark.parametrize(
    ("root", "price", "step"),
    [
        ("SPXW", "2.99", "0.05"),
        ("SPXW", "3.00", "0.10"),
        ("XSP", "7.50", "0.01"),
        ("DJX", "2.99", "0.01"),
        ("DJX", "3.00", "0.05"),
        ("SPY", "7.50", "0.01"),
        ("AAPL", "2.99", "0.05"),
        ("AAPL", "-3.00", "0.10"),
        ("E3C", "5.00", "0.05"),
        ("E3C", "5.01", "0.25"),
        ("EX", "-12.00", "0.25"),
    ],
)
def test_the_tick_of_a_class_is_that_of_its_table(root: str, price: str, step: str) -> None:
    assert tick_of([root], Decimal(price)) == Decimal(step)


@pytest.mark.parametrize(
    ("root", "style", "settlement"),
    [
        ("ES", ExerciseStyle.AMERICAN, Settlement.AM),
        ("EYC", ExerciseStyle.EUROPEAN, Settlement.PM),
        ("EW", ExerciseStyle.EUROPEAN, Settlement.PM),
        ("EW3", ExerciseStyle.EUROPEAN, Settlement.PM),
        ("E2B", ExerciseStyle.EUROPEAN, Settlement.PM),
    ],
)
def test_a_class_on_a_future_delivers_it_and_has_its_multiplier(
    root: str, style: ExerciseStyle, settlement: Settlement
) -> None:
    terms = option_class(root)
    assert (terms.underlying, terms.style, terms.settlement) == ("ES", style, settlement)
    assert (terms.delivery, terms.multiplier) == (Delivery.FUTURE, 50)
    assert underlying_of("ES").is_future
    assert option_class("MES").multiplier == 5


@pytest.mark.parametrize(
    ("symbol", "root", "multiplier", "standard"),
    [
        ("SPX", "SPXW", 100, True),
        ("ES", "EW1", 50, True),  # a digit in a root of the table is no adjustment
        ("MES", "X5D", 5, True),
        ("AAPL", "AAPL", 100, True),
        ("AMD", "AMD1", 100, False),
        ("SPY", "2SPY", 100, False),
        ("AAPL", "AAPL", 150, False),
        ("AMZN", "AMZN7", 10, False),
        ("ES", "EW1", 100, False),
        ("BTCUSD", "BTCD", 1, True),
    ],
)
def test_contracts_of_another_size_or_root_are_adjusted(
    symbol: str, root: str, multiplier: int, standard: bool
) -> None:
    assert (why_adjusted(symbol, root, Decimal(multiplier)) is None) == standard


def test_roots_and_names_belong_to_one_index_each() -> None:
    roots = [entry.root for item in listed_underlyings().values() for entry in item.classes]
    names = [name for item in listed_underlyings().values() for name in item.names]
    assert len(set(roots)) == len(roots)
    assert len(set(names)) == len(names)
    assert index_named("S&P 500 INDEX") == "SPX"
    assert index_named("S&P 500 ETF") is None
    assert {entry.tick for item in listed_underlyings().values() for entry in item.classes} <= set(TickRule)
    assert "SPX" in index_classes()


def test_a_digit_in_a_root_marks_contracts_that_are_not_standard() -> None:
    assert nonstandard("AMD1") == "options on AMD adjusted after a corporate action, whose deliverable is not known"
    assert nonstandard("AMZN7") == "options on 10 shares of AMZN"
    assert (nonstandard("1AAPL") or "").startswith("FLEX or adjusted options on AAPL")
    assert nonstandard("AMD") is None
    assert [base_root(root) for root in ("AMD1", "1AAPL", "SPXW")] == ["AMD", "AAPL", "SPXW"]


def test_the_page_on_the_market_shows_the_table() -> None:
    shown = (DOCS / "market.md").read_text().partition("<!-- classes -->\n")[2].partition("<!-- /classes -->")[0]
    assert shown == classes_table()
