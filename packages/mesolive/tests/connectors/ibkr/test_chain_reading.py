"""Chains from IB's answers: what is asked for, what is listed, the contract cache, and the terms of ticks."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.connectors.ibkr.chain_cache import CachedChain, ChainCache, UnreadableCacheError
from mesolive.connectors.ibkr.chain_reading import (
    ListedContract,
    SliceKey,
    contract_of_details,
    listing_of,
    slices_to_ask,
)
from mesolive.connectors.ibkr.data_codes import LineOutcome, line_outcome
from mesolive.connectors.ibkr.data_conditions import shared_lines
from mesolive.connectors.ibkr.line_ticks import ASK, BID, MODEL, LineTicks
from mesolive.connectors.ibkr.tws_messages import Contract, ContractDetails, OptionParameters
from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.option_classes import underlying_of, unknown_classes
from mesolive.market.quality import QuoteQuality

SPX, ES = underlying_of("SPX"), underlying_of("ES")
KEY = SliceKey("20261218", "SPXW", "C", "100")


def parameters(exchange: str, root: str, *days: str, multiplier: str = "100") -> OptionParameters:
    return OptionParameters(
        exchange=exchange,
        under_con_id=1,
        trading_class=root,
        multiplier=multiplier,
        expirations=days,
        strikes=(Decimal(6800),),
    )


def details(local_symbol: str, last_trade: str, real_expiration: str = "") -> ContractDetails:
    contract = Contract(
        con_id=7,
        symbol="SPX",
        sec_type="OPT",
        last_trade=last_trade,
        strike=Decimal(6800),
        right="C",
        multiplier="100",
        local_symbol=local_symbol,
        trading_class=local_symbol.split(maxsplit=1)[0],
    )
    return ContractDetails(contract=contract, min_tick=Decimal("0.05"), real_expiration=real_expiration)


def ticks() -> LineTicks:
    return LineTicks(lambda _: None, lambda _, __, ___: None, lambda _: None)


def test_one_exchange_of_each_class_is_asked_for_and_adjusted_classes_are_not() -> None:
    rows = [
        parameters("CBOE", "SPXW", "20261218", "20261221"),
        parameters("SMART", "SPXW", "20261218"),
        parameters("SMART", "2SPX", "20261218"),
        parameters("SMART", "SPX", "20261217", multiplier="10"),
        parameters("IBUSOPT", "SPX", "20261217"),
    ]
    assert slices_to_ask(SPX, rows) == [
        SliceKey("20261218", "SPXW", "C", "100"),
        SliceKey("20261218", "SPXW", "P", "100"),
    ]


@pytest.mark.parametrize(
    ("symbol", "roots", "stated"),
    [
        ("SPX", ["SPX", "SPXW", "2SPX", "SPX7"], ""),
        ("AAPL", ["AAPL", "2AAPL", "AAPL1"], ""),
        ("ES", ["EW", "E1A", "EW3", "ES"], ""),
        ("SPX", ["SPXW", "SPXQ"], "the terms of SPXQ on SPX are not known, so their contracts are left out"),
        (
            "SPX",
            ["NDXP", "A" * 50],
            "the terms of AAAAAAAA, NDXP on SPX are not known, so their contracts are left out",
        ),
    ],
)
def test_classes_whose_terms_are_not_known_are_named_and_adjusted_ones_are_not(
    symbol: str, roots: list[str], stated: str
) -> None:
    assert unknown_classes(symbol, roots) == stated


def test_options_on_several_futures_are_all_asked_for() -> None:
    rows = [
        parameters("CME", "EW", "20261130", multiplier="50"),
        parameters("CME", "EW", "20261231", multiplier="50"),
    ]
    assert [key.last_trade for key in slices_to_ask(ES, rows)] == ["20261130"] * 2 + ["20261231"] * 2


@pytest.mark.parametrize("last_trade", ["20261218", "20261219 05:00:00 Asia/Shanghai", "20261217"])
def test_the_date_of_an_option_is_that_of_its_occ_symbol(last_trade: str) -> None:
    contract = contract_of_details(details("SPXW  261218C06800000", last_trade, "20261219"))
    assert contract is not None
    assert (contract.root, contract.day) == ("SPXW", date(2026, 12, 18))


def test_what_has_settled_is_not_listed_and_conids_follow_the_order_of_the_listing() -> None:
    contracts = [
        ListedContract(number, OptionContract("SPX", root, day, right, Decimal(strike)))
        for number, (root, day, right, strike) in enumerate(
            [
                ("SPXW", date(2026, 12, 18), Right.PUT, 6800),
                ("SPXW", date(2026, 12, 18), Right.CALL, 6900),
                ("SPX", date(2026, 12, 18), Right.CALL, 6900),
                ("SPXW", date(2026, 11, 27), Right.CALL, 6900),
            ],
            1,
        )
    ]
    listing, ids = listing_of(SPX, contracts, datetime(2026, 11, 30, 15, tzinfo=UTC), us_options_calendar())
    known = {item.contract: item.con_id for item in contracts}
    assert [known[listing.contract(place)] for place in range(len(listing))] == list(ids)
    assert 4 not in ids
    assert [item.root for item in listing.expirations] == ["SPX", "SPXW"]


class TestCache:
    def test_what_was_saved_is_loaded_with_its_day(self, tmp_path: Path) -> None:
        chain, cache = CachedChain("SPX"), ChainCache(tmp_path)
        contract = OptionContract("SPX", "SPXW", date(2026, 12, 18), Right.CALL, Decimal("6802.5"))
        chain.put(KEY, date(2026, 11, 30), [ListedContract(7, contract)])
        cache.save(chain)
        loaded = cache.load("SPX")
        assert list(loaded.contracts()) == [ListedContract(7, contract)]
        assert loaded.read_on(KEY) == date(2026, 11, 30)
        assert not list(tmp_path.glob("*.new"))

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ('{"version": 2, "symbol": "SPX", "slices": []}', "expected version 1, got 2"),
            ('{"version": 1, "symbol": "SPY", "slices": []}', "expected contracts of SPX, got those of SPY"),
            ('{"version": 1, "sym', "not a contract cache"),
            ('{"version": 1, "symbol": "SPX", "slices": [{"root": 5}]}', "not a contract cache"),
        ],
    )
    def test_a_file_that_cannot_be_used_is_named_with_its_fault(self, tmp_path: Path, content: str, words: str) -> None:
        (tmp_path / "chain-SPX.json").write_text(content)
        with pytest.raises(UnreadableCacheError, match=words) as raised:
            ChainCache(tmp_path).load("SPX")
        assert "chain-SPX.json" in str(raised.value)
        assert not list(ChainCache(tmp_path).load_or_forget("SPX").contracts())

    def test_expired_contracts_are_forgotten_after_a_week(self) -> None:
        chain = CachedChain("SPX")
        chain.put(KEY, date(2026, 12, 18), [])
        chain.forget_expired(date(2026, 12, 25))
        assert chain.read_on(KEY) is not None
        chain.forget_expired(date(2026, 12, 26))
        assert chain.read_on(KEY) is None


class TestTicks:
    def test_minus_one_is_no_price_and_no_bid_beside_an_offer_is_a_bid_of_zero(self) -> None:
        line = ticks()
        line.tick_price(BID, -1.0, 0)
        line.tick_price(ASK, 0.05, 20)
        assert line.option_quote[:2] == (0.0, 0.05)
        line.tick_price(ASK, -1.0, 0)
        assert all(math.isnan(value) for value in line.option_quote[:2])

    def test_a_price_of_size_zero_is_no_quote_until_its_size_comes(self) -> None:
        line = ticks()
        line.tick_price(BID, 1.0, 3)
        line.tick_price(ASK, 1.2, 0)
        bid, ask, *_ = line.option_quote
        assert bid == 1.0
        assert math.isnan(ask)
        line.tick_size(3, 5)
        assert line.option_quote == (1.0, 1.2, 3, 5)

    @pytest.mark.parametrize("price", [math.nan, math.inf, 1.7976931348623157e308])
    def test_a_number_that_is_none_is_no_price(self, price: float) -> None:
        line = ticks()
        line.tick_price(BID, price, 1)
        assert math.isnan(line.bid)

    @pytest.mark.parametrize(
        ("data_type", "quality"),
        [(1, QuoteQuality.LIVE), (2, QuoteQuality.FROZEN), (3, QuoteQuality.DELAYED), (4, QuoteQuality.FROZEN)],
    )
    def test_the_quality_is_that_of_the_requests_market_data_type(self, data_type: int, quality: QuoteQuality) -> None:
        line = ticks()
        line.data_type(data_type)
        line.tick_price(66 if data_type > 2 else BID, 1.0, 3)
        assert (line.quality, line.bid) == (quality, 1.0)

    def test_delayed_ticks_without_a_word_on_the_type_are_delayed_and_a_halt_is_frozen(self) -> None:
        line = ticks()
        line.tick_price(67, 1.0, 3)
        assert line.quality is QuoteQuality.DELAYED
        line = ticks()
        line.tick_generic(49, 1)
        assert line.quality is QuoteQuality.FROZEN

    def test_figures_of_the_option_model_that_are_not_computed_are_no_numbers(self) -> None:
        line = ticks()
        line.tick_computation(MODEL, (-1.0, -2.0, -1.0, -1.0, -2.0, -2.0, -2.0, -1.0))
        assert line.greeks is not None
        assert math.isnan(line.greeks.volatility)
        assert math.isnan(line.greeks.delta)

    @given(st.lists(st.tuples(st.integers(0, 100), st.floats(), st.floats()), max_size=30))
    def test_whatever_ticks_come_a_quote_is_a_price_or_none(self, given_ticks: list[tuple[int, float, float]]) -> None:
        line = ticks()
        for kind, price, size in given_ticks:
            line.tick_price(kind, price, size)
            line.tick_size(kind, size)
        bid, ask, *_ = line.option_quote
        assert math.isnan(bid) or 0.0 <= bid < math.inf
        assert math.isnan(ask) or 0.0 < ask < math.inf


class TestLineBudget:
    @given(st.integers(0, 200), st.lists(st.integers(0, 150), min_size=1, max_size=6))
    def test_no_line_is_given_twice_and_pinned_contracts_come_first(self, total: int, pinned: list[int]) -> None:
        shares = shared_lines(total, pinned)
        assert sum(shares) == total
        if sum(pinned) <= total:
            assert all(share >= wish for share, wish in zip(shares, pinned, strict=True))


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (101, LineOutcome.NO_LINE),
        (200, LineOutcome.UNKNOWN),
        (354, LineOutcome.NO_PERMISSION),
        (10090, LineOutcome.CONTINUES),
        (10167, LineOutcome.CONTINUES),
        (10168, LineOutcome.NO_PERMISSION),
        (10182, LineOutcome.AGAIN),
        (10197, LineOutcome.COMPETING),
        (2119, LineOutcome.CONTINUES),
        (99999, LineOutcome.DEAD),
    ],
)
def test_a_code_says_what_becomes_of_a_line(code: int, outcome: LineOutcome) -> None:
    assert line_outcome(code) is outcome
