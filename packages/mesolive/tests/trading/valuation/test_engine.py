"""What prices, greeks and PnL of legs, groups, positions and combos are."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.market.contracts import ExerciseStyle, OptionContract, Right
from mesolive.market.quality import QuoteQuality
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.pricing.black import greeks
from mesolive.pricing.business_time import calendar_years
from mesolive.records import replace
from mesolive.trading.valuation.engine import Wanted, value, value_all
from mesolive.trading.valuation.quotes import locate, read_quotes, solve_greeks
from mesolive.trading.valuation.subjects import Entry, Spot, Subject, of_combo, of_legs
from mesolive.trading.valuation.wire_items import EXACT, combo_fields, position_fields, single_fields
from mesolive_sdk import models
from mesolive_testkit.market import Chain, expiration, flat_chain
from mesolive_testkit.streams import contract, field

CALL, PUT = contract(Right.CALL, 5100), contract(Right.PUT, 4900)
WING_CALL, WING_PUT = contract(Right.CALL, 5200), contract(Right.PUT, 4800)
BASES = ("Bid", "Ask", "Last", "Mark")


@pytest.fixture
def chain() -> Chain:
    return flat_chain()


def quote(chain: Chain, traded: OptionContract, **prices: float) -> None:
    index = chain.listing.find(traded)
    assert index is not None
    chain.book.update(chain.clock.now(), index, prices)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - names of fields


def valued(
    chain: Chain, *entries: Entry, realized: str = "0", wanted: Wanted | None = None
) -> models.PositionDataEntry:
    """Return a position's item with all its blocks."""
    subject = of_legs(entries, realized=Decimal(realized))
    valuation = value(subject, chain.book.view(), wanted or Wanted())
    return models.PositionDataEntry(**position_fields(subject, valuation, 7, 7, 7)(EXACT))


def condor(chain: Chain) -> list[Entry]:
    """Two short condors with quotes that are easy to add up, entered at round prices."""
    quotes = {CALL: (10.0, 10.4), WING_CALL: (4.0, 4.2), PUT: (12.0, 12.6), WING_PUT: (6.0, 6.2)}
    for traded, (bid, ask) in quotes.items():
        quote(chain, traded, bid=bid, ask=ask, last=bid + 0.1)
    sides = {CALL: -2, WING_CALL: 2, PUT: -2, WING_PUT: 2}
    return [
        Entry(number, traded, Decimal(qty), cost=Decimal(qty) * 8 * 100, group=1)
        for number, (traded, qty) in enumerate(sides.items(), 1)
    ]


def test_leg_prices_are_the_contracts_own(chain: Chain) -> None:
    valuation = valued(chain, *condor(chain))
    assert [field(valuation, f"LegPrices.1.{base}") for base in BASES] == [
        Decimal("10.0"),
        Decimal("10.4"),
        Decimal("10.1"),
        Decimal("10.2"),
    ]


def test_the_quality_of_a_sum_is_that_of_its_worst_part_and_live_quotes_state_none(chain: Chain) -> None:
    entries = condor(chain)
    index = chain.listing.find(PUT)
    assert index is not None
    live = valued(chain, *entries)
    assert field(live, "LegPrices.1.Quality") is None
    assert field(live, "PositionPrices.Quality") is None
    chain.book.grade(chain.clock.now(), index, QuoteQuality.FROZEN)
    other = entries[0].contract
    assert isinstance(other, OptionContract)
    place = chain.listing.find(other)
    assert place is not None
    chain.book.grade(chain.clock.now(), place, QuoteQuality.DELAYED)
    valuation = valued(chain, *entries)
    qualities = {entry.contract: field(valuation, f"LegPrices.{entry.key}.Quality") for entry in entries}
    assert qualities == {
        CALL: models.QuoteQuality.Delayed,
        WING_CALL: None,
        PUT: models.QuoteQuality.Frozen,
        WING_PUT: None,
    }
    for name in ("PositionPrices", "PositionGreeks", "PositionPnLs", "LegGroupPrices.1"):
        assert field(valuation, f"{name}.Quality") is models.QuoteQuality.Frozen


def test_a_groups_price_is_that_of_one_combo_and_a_positions_of_all_of_it(chain: Chain) -> None:
    valuation = valued(chain, *condor(chain))
    # To sell one condor that is short the inner strikes: buy those at 10.4 + 12.6, sell the wings at 4.0 + 6.0.
    assert field(valuation, "LegGroupPrices.1.Bid") == Decimal("-13.0")
    assert field(valuation, "LegGroupPrices.1.Ask") == Decimal("-11.6")
    assert field(valuation, "LegGroupPrices.1.Mark") == Decimal("-12.3")
    assert [field(valuation, f"PositionPrices.{base}") for base in BASES] == [
        2 * field(valuation, f"LegGroupPrices.1.{base}") for base in BASES
    ]


def test_running_pnl_is_price_times_quantity_times_multiplier_less_cost_on_each_basis(chain: Chain) -> None:
    entries = condor(chain)
    valuation = valued(chain, *entries, realized="12.34")
    for base in BASES:
        for entry in entries:
            price = field(valuation, f"LegPrices.{entry.key}.{base}")
            assert entry.cost is not None
            assert field(valuation, f"LegPnLs.{entry.key}.{base}") == price * entry.qty * 100 - entry.cost
        cost = sum(entry.cost or 0 for entry in entries)
        assert field(valuation, f"PositionPnLs.{base}") == field(valuation, f"PositionPrices.{base}") * 100 - cost
        assert field(valuation, f"LegGroupPnLs.1.{base}") == field(valuation, f"PositionPnLs.{base}")
    assert field(valuation, "PositionPnLs.Realized") == Decimal("12.34")


def test_pnl_at_the_bid_is_what_closing_the_position_at_its_bid_would_leave(chain: Chain) -> None:
    entries = condor(chain)  # two, sold at no credit: each leg is entered at 8
    valuation = valued(chain, *entries)
    # Shorts are bought back at 10.4 and 12.6, wings are sold at 4.0 and 6.0: 2 * 100 * -13.0.
    assert field(valuation, "PositionPnLs.Bid") == Decimal(-2600)
    assert field(valuation, "PositionPnLs.Ask") == Decimal(-2320)
    bid, mark, ask = (field(valuation, f"PositionPnLs.{base}") for base in ("Bid", "Mark", "Ask"))
    assert bid < mark < ask, "who closes pays the spread"
    assert sum(field(valuation, f"LegPnLs.{entry.key}.Mark") for entry in entries) == mark


@pytest.mark.parametrize("printed", [5000.0, 4975.0], ids=["the print is fresh", "the print fell behind"])
def test_greeks_are_quantity_times_multiplier_times_the_models_and_iv_is_in_percent(
    chain: Chain, printed: float
) -> None:
    chain.book.set_underlying(chain.clock.now(), UnderlyingPrices(last=printed))
    valuation = valued(chain, Entry(1, PUT, Decimal(-3)))
    view = chain.book.view()
    listed = next(item for item in view.expirations if item.root == "SPXW" and item.day == PUT.day)
    forward = view.forward(listed)
    assert forward is not None
    years = calendar_years(view.now, listed.settles_at)
    model = greeks(False, forward, 4900.0, years, chain.volatility, view.discount(listed), 5000.0)
    mark = field(valuation, "LegGreeks.1.Mark")
    assert float(mark.Delta) == pytest.approx(-300 * float(model.delta), rel=1e-4)
    assert float(mark.Gamma) == pytest.approx(-300 * float(model.gamma), rel=1e-4)
    assert float(mark.Theta) == pytest.approx(-300 * float(model.theta), rel=1e-3)
    assert float(mark.Vega) == pytest.approx(-300 * float(model.vega), rel=1e-4)
    assert float(mark.Rho) == pytest.approx(-300 * float(model.rho), rel=1e-4)
    assert float(mark.WVega) == pytest.approx(float(mark.Vega) * math.sqrt(30 / (years * 365)), rel=1e-6)
    assert float(mark.IV) == pytest.approx(20.0, abs=1e-3)


@pytest.mark.parametrize("style", list(ExerciseStyle))
def test_on_the_mark_greeks_are_those_that_the_chain_shows(style: ExerciseStyle) -> None:
    """What a preparation selects by and what a stream shows are the same numbers, with early exercise too."""
    listed = replace(expiration("SPXW", CALL.day), style=style)
    chain = flat_chain([listed, replace(expiration("SPXW", date(2024, 3, 15)), style=style)])
    view = chain.book.view()
    entries = [
        Entry(f"{right.value}{strike}", contract(right, strike), Decimal(1))
        for right in Right
        for strike in (4500, 4800, 5000, 5200, 5500)
    ]
    valuation = valued(chain, *entries)
    assert sum(item.Mark is not None for item in (valuation.LegGreeks or {}).values()) >= 6
    for entry in entries:
        assert isinstance(entry.contract, OptionContract)
        at = view.find(entry.contract)
        assert at is not None
        shown, place = at
        mark = (valuation.LegGreeks or {})[entry.key].Mark  # type: ignore[index] # pyright: ignore[reportArgumentType] - keys are names here
        if mark is None:  # below the value of immediate exercise: no volatility, here and there
            assert math.isnan(float(shown.iv[place]))
            continue
        for name, array in (("Delta", shown.delta), ("Theta", shown.theta), ("Vega", shown.vega), ("IV", shown.iv)):
            assert float(getattr(mark, name)) == pytest.approx(100 * float(array[place]), abs=1e-4)


def test_half_a_tick_minutes_before_the_end_makes_no_theta() -> None:
    """A hundred calls, 0 x 0.05 fifteen minutes before their settlement: all that can decay is 250."""
    end = expiration("SPXW", date(2024, 3, 15))
    chain = flat_chain([end], half_spread=0.0, now=end.settles_at - timedelta(minutes=15))
    sold = replace(contract(Right.CALL, 5125), day=end.day)
    quote(chain, sold, bid=0.0, ask=0.05)
    valuation = valued(chain, Entry(1, sold, Decimal(-100)))
    assert field(valuation, "LegPrices.1.Mark") == Decimal("0.025")
    mark = field(valuation, "LegGreeks.1.Mark")
    assert abs(float(mark.Theta)) / 96 < 250.0
    assert abs(float(mark.Theta)) < 1.0
    assert abs(float(mark.Delta)) < 1.0


def test_each_basis_has_the_volatility_that_its_own_price_implies(chain: Chain) -> None:
    quote(chain, PUT, bid=40.0, ask=60.0, last=50.0)
    valuation = valued(chain, Entry(1, PUT, Decimal(1)))
    bid, ask, last, mark = (field(valuation, f"LegGreeks.1.{base}.IV") for base in BASES)
    assert bid < mark < ask
    assert last == mark


def test_sums_of_greeks_are_plain_and_have_no_volatility(chain: Chain) -> None:
    entries = condor(chain)
    valuation = valued(chain, *entries)
    for name in ("Delta", "Gamma", "Theta", "Vega", "WVega", "Rho"):
        legs = sum(field(valuation, f"LegGreeks.{entry.key}.Mark.{name}") for entry in entries)
        assert field(valuation, f"PositionGreeks.Mark.{name}") == pytest.approx(legs, abs=Decimal("0.00001"))
    assert field(valuation, "PositionGreeks.Mark.IV") is None


def test_a_marker_leg_is_valued_as_one_contract_and_belongs_to_no_sum(chain: Chain) -> None:
    real = Entry(1, PUT, Decimal(-1), cost=Decimal(-3000))
    alone = valued(chain, real)
    marked = valued(chain, real, Entry(2, CALL, Decimal(0), cost=Decimal(2000)))
    one = valued(chain, Entry(2, CALL, Decimal(1), cost=Decimal(2000)))
    assert field(marked, "LegGreeks.2") == field(one, "LegGreeks.2")
    assert field(marked, "LegPnLs.2") == field(one, "LegPnLs.2")
    assert marked.PositionGreeks == alone.PositionGreeks
    assert marked.PositionPrices == alone.PositionPrices
    assert marked.PositionPnLs == alone.PositionPnLs


def test_a_leg_without_a_quote_has_no_value_and_neither_has_a_sum_with_it(chain: Chain) -> None:
    quote(chain, CALL, bid=float("nan"), ask=float("nan"))
    entries = [Entry(1, CALL, Decimal(1), cost=Decimal(0)), Entry(2, PUT, Decimal(1), cost=Decimal(0))]
    valuation = valued(chain, *entries)
    for whose in ("LegPrices.1", "PositionPrices"):
        assert field(valuation, f"{whose}.Bid") is None
        assert field(valuation, f"{whose}.BidAgeMs") is None
    assert field(valuation, "LegGreeks.1.Bid") is None
    assert field(valuation, "PositionPnLs.Bid") is None
    assert field(valuation, "LegPrices.2.Bid") is not None
    assert field(valuation, "LegPnLs.2.Bid") is not None


def test_a_marker_leg_without_a_quote_takes_no_value_from_the_position(chain: Chain) -> None:
    quote(chain, CALL, bid=float("nan"), ask=float("nan"))
    valuation = valued(chain, Entry(1, CALL, Decimal(0)), Entry(2, PUT, Decimal(1), cost=Decimal(0)))
    assert field(valuation, "PositionPrices.Bid") is not None
    assert field(valuation, "PositionGreeks.Mark") is not None


@pytest.mark.parametrize(
    ("bid", "ask"),
    [
        pytest.param(0.0, 900.0, id="no buyer"),
        pytest.param(50.0, 40.0, id="crossed"),
        pytest.param(1.0, 2.0, id="below intrinsic"),
        pytest.param(9000.0, 9001.0, id="above the underlying"),
        pytest.param(float("nan"), float("nan"), id="empty"),
    ],
)
def test_an_absurd_quote_gives_no_greeks_and_no_exception(chain: Chain, bid: float, ask: float) -> None:
    deep = contract(Right.CALL, 4500)
    quote(chain, deep, bid=bid, ask=ask)
    valuation = valued(chain, Entry(1, deep, Decimal(1), cost=Decimal(0)))
    assert field(valuation, "LegGreeks.1.Bid") is None


def test_a_deep_contract_below_its_intrinsic_value_takes_its_volatility_from_the_other_right(chain: Chain) -> None:
    """Its middle is below the intrinsic value though the market embraces it."""
    deep = contract(Right.CALL, 4500)
    quote(chain, deep, bid=490.0, ask=530.0)
    valuation = valued(chain, Entry(1, deep, Decimal(1)))
    assert float(field(valuation, "LegGreeks.1.Mark.IV")) == pytest.approx(20.0, abs=0.5)


def test_ages_count_from_the_change_of_each_side_and_a_sum_is_as_old_as_its_oldest_part(chain: Chain) -> None:
    chain.clock._now = chain.clock.now().replace(second=10)
    quote(chain, CALL, bid=10.0)
    chain.clock._now = chain.clock.now().replace(second=12)
    valuation = valued(chain, Entry(1, CALL, Decimal(1)), Entry(2, PUT, Decimal(1)))
    assert field(valuation, "LegPrices.1.BidAgeMs") == 2000
    assert field(valuation, "LegPrices.1.AskAgeMs") == 12000
    assert field(valuation, "LegPrices.1.MarkAgeMs") == 2000
    assert field(valuation, "PositionPrices.BidAgeMs") == 12000
    quote(chain, CALL, ask=10.7)
    assert field(valued(chain, Entry(1, CALL, Decimal(1))), "LegPrices.1.MarkAgeMs") == 0
    assert field(valuation, "LegPrices.1.LastAgeMs") is None


def test_only_what_is_wanted_has_values(chain: Chain) -> None:
    valuation = valued(chain, *condor(chain), wanted=Wanted(prices=8, greeks=0, pnl=1))
    assert field(valuation, "LegPrices.1.Bid") is None
    assert field(valuation, "LegPrices.1.BidAgeMs") is None
    assert field(valuation, "LegPrices.1.Mark") is not None
    assert field(valuation, "LegGreeks.1.Mark") is None
    assert field(valuation, "PositionPnLs.Bid") is not None
    assert field(valuation, "PositionPnLs.Mark") is None


def test_a_position_without_open_legs_has_its_realised_pnl_only(chain: Chain) -> None:
    valuation = valued(chain, realized="55.5")
    assert field(valuation, "PositionPnLs.Realized") == Decimal("55.5")
    assert field(valuation, "PositionPnLs.Mark") is None
    assert field(valuation, "PositionPrices.Mark") is None
    assert valuation.LegPrices == {}


def test_a_contract_that_is_not_listed_has_no_values(chain: Chain) -> None:
    valuation = valued(chain, Entry(1, contract(Right.CALL, 5111), Decimal(1), cost=Decimal(0)))
    assert field(valuation, "LegPrices.1.Mark") is None
    assert field(valuation, "LegPnLs.1.Mark") is None


def test_a_combo_is_priced_from_its_contracts_by_ratio(chain: Chain) -> None:
    condor(chain)
    subject = of_combo([(CALL, Decimal(-1)), (WING_CALL, Decimal(2))])
    result = models.ComboContractsDataEntry(**combo_fields(value(subject, chain.book.view()), 7)(EXACT))
    assert field(result, "ComboPrices.Bid") == Decimal("-2.4")  # 2 * 4.0 - 10.4
    assert field(result, "ComboPrices.Ask") == Decimal("-1.6")  # 2 * 4.2 - 10.0
    assert field(result, "ContractPrices.1.Ask") == Decimal("4.2")
    delta = [field(result, f"ContractGreeks.{place}.Mark.Delta") for place in (0, 1)]
    assert field(result, "ComboGreeks.Mark.Delta") == pytest.approx(2 * delta[1] - delta[0], abs=Decimal("0.00001"))


def test_a_contract_is_valued_as_one_long_contract_without_pnl(chain: Chain) -> None:
    subject = Subject(entries=(Entry(0, PUT, Decimal(1)),))
    fields = single_fields(subject, value(subject, chain.book.view()), 7, pnl=False)(EXACT)
    result = models.ContractDataEntry(**fields)
    assert field(result, "Greeks.Mark.Delta") < 0
    assert set(fields) == {"Prices", "Greeks"}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=1, max_size=6), st.integers(1, 7))
def test_the_combos_of_a_group_are_the_largest_common_divisor_of_its_quantities(ratios: list[int], combos: int) -> None:
    traded = [contract(Right.CALL, 4500 + 25 * place) for place in range(len(ratios))]
    entries = [
        Entry(place, item, Decimal(combos * ratio), group=4)
        for place, (item, ratio) in enumerate(zip(traded, ratios, strict=True))
    ]
    common = math.gcd(*(combos * ratio for ratio in ratios)) or 1
    (group,) = of_legs(entries).groups.values()
    assert list(group.ratios) == [Decimal(combos * ratio) / common for ratio in ratios]


def test_fractions_of_contracts_make_combos_too() -> None:
    entries = [Entry(1, CALL, Decimal("0.5"), group=1), Entry(2, PUT, Decimal("-0.75"), group=1)]
    assert of_legs(entries).groups[1].ratios == (2, -3)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 163), st.integers(-5, 5)), min_size=1, max_size=8), st.integers(0, 15))
def test_values_are_never_nan(places: list[tuple[int, int]], bits: int) -> None:
    """Whatever is asked, what is said is a finite decimal or nothing."""
    chain = flat_chain()
    random = np.random.default_rng(bits)
    for place, _ in places:
        bid, ask = random.choice([0.0, 0.05, 10.0, 3000.0, float("nan")], 2)
        chain.book.update(chain.clock.now(), place, {"bid": float(bid), "ask": float(ask)})
    entries = [
        Entry(number, chain.listing.contract(place), Decimal(qty), cost=Decimal(0), group=1)
        for number, (place, qty) in enumerate(places)
    ]
    valuation = valued(chain, *entries, wanted=Wanted(bits, bits, bits))
    for number in valuation.LegPrices or {}:
        for base in BASES:
            for whose in (f"LegPrices.{number}.{base}", f"LegPnLs.{number}.{base}"):
                number_or_none = field(valuation, whose)
                assert number_or_none is None or number_or_none.is_finite()


def test_subjects_valued_together_have_the_values_of_each_alone_whatever_each_wants(chain: Chain) -> None:
    entries = condor(chain)
    view = chain.book.view()
    subjects = [of_legs(entries, realized=Decimal(1)), of_legs(()), of_legs(entries[1:3]), of_legs(entries[:1])]
    wanted = [Wanted(), Wanted(8, 8, 8), Wanted(3, 8, 15), Wanted(8, 0, 4)]
    contracts = [entry.contract for entry in entries]
    table = read_quotes(view, locate(view.listing, [each for each in contracts if not isinstance(each, Spot)]))
    unit = solve_greeks(view, table, np.arange(len(contracts)), np.ones(4, dtype=np.bool_))
    rows = [np.array([contracts.index(entry.contract) for entry in each.entries], dtype=np.intp) for each in subjects]
    together = value_all(subjects, rows, wanted, table, unit)
    assert len(together) == 4
    for index, (subject, want) in enumerate(zip(subjects, wanted, strict=True)):
        alone = value(subject, view, want)
        # Not-a-number is not equal to itself, its text is.
        assert repr(together[index]) == repr(alone)
    assert repr(list(together)) == repr(together[:])
    with pytest.raises(IndexError):
        together[4]
