"""Forwards and discount factors that quotes imply."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.pricing import american
from mesolive.pricing.black import values
from mesolive.pricing.forwards import ForwardSource, PairQuotes, imply_forwards

SPOT = 4500.0


def quotes(
    years: float,
    *,
    rate: float = 0.05,
    carry: float = 0.015,
    spot: float = SPOT,
    half_spread: float = 0.5,
    noise: float = 0.0,
    seed: int = 1,
    count: int = 81,
    european: bool = True,
) -> PairQuotes:
    """Return a generated expiration whose midpoints miss the model by up to `noise`."""
    strikes = np.linspace(0.8 * spot, 1.2 * spot, count)
    forward, discount = spot * math.exp((rate - carry) * years), math.exp(-rate * years)
    random = np.random.default_rng(seed)
    call, put = (
        values(right, forward, strikes, years, 0.2, discount) + random.uniform(-noise, noise, count) + 50 * half_spread
        for right in (True, False)
    )
    # Both sides raised alike: parity only sees the difference, and no bid is zero.
    return PairQuotes(
        years, strikes, call - half_spread, call + half_spread, put - half_spread, put + half_spread, european
    )


def without_quotes(years: float) -> PairQuotes:
    empty = np.full(5, np.nan)
    return PairQuotes(years, np.linspace(4400.0, 4600.0, 5), empty, empty, empty, empty)


def test_clean_quotes_give_forward_rate_and_spot_exactly() -> None:
    times = (0.05, 0.25, 1.0, 2.0)
    for years, time in zip(times, imply_forwards(4490.0, [quotes(years) for years in times]), strict=True):
        assert time.source is ForwardSource.PARITY
        assert time.pairs == 81
        assert time.forward == pytest.approx(SPOT * math.exp(0.035 * years), rel=1e-9)
        assert time.discount == pytest.approx(math.exp(-0.05 * years), rel=1e-9)
        assert time.spot == pytest.approx(SPOT, rel=1e-6)
        assert np.abs(time.residuals).max() < 1e-6


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.08), st.floats(-0.01, 0.04))
def test_noise_within_the_spread_moves_the_forward_by_less_than_the_noise(seed: int, rate: float, carry: float) -> None:
    times = (0.01, 0.1, 0.5, 1.0)
    chain = [quotes(years, rate=rate, carry=carry, noise=0.3, seed=seed + at) for at, years in enumerate(times)]
    for years, time in zip(times, imply_forwards(SPOT, chain), strict=True):
        assert time.forward == pytest.approx(SPOT * math.exp((rate - carry) * years), abs=0.3)
        # A day's discount factor is known to a hundredth of a percent, a year's to a tenth.
        assert -math.log(time.discount) == pytest.approx(rate * years, abs=0.0003 + 0.001 * years)


def test_stale_pairs_do_not_bend_the_line_and_show_in_the_residuals() -> None:
    sound = quotes(0.5)
    stale = np.arange(81) % 8 == 3
    shifted = PairQuotes(
        0.5,
        sound.strikes,
        sound.call_bid + 25.0 * stale,
        sound.call_ask + 25.0 * stale,
        sound.put_bid,
        sound.put_ask,
    )
    (forwards,) = imply_forwards(SPOT, [shifted])
    assert forwards.forward == pytest.approx(SPOT * math.exp(0.0175), abs=0.6)
    np.testing.assert_allclose(forwards.residuals[stale], 25.0, atol=1.0)
    np.testing.assert_allclose(forwards.residuals[~stale], 0.0, atol=1.0)


def test_one_sided_crossed_and_empty_quotes_are_left_out() -> None:
    sound = quotes(0.5)
    call_bid, call_ask, put_bid = sound.call_bid.copy(), sound.call_ask.copy(), sound.put_bid.copy()
    call_bid[10] = 0.0
    call_bid[11] = call_ask[11] + 5.0
    call_ask[12] = np.nan
    put_bid[13] = np.nan
    broken = PairQuotes(0.5, sound.strikes, call_bid, call_ask, put_bid, sound.put_ask)
    (forwards,) = imply_forwards(SPOT, [broken])
    assert forwards.pairs == 77
    assert np.flatnonzero(np.isnan(forwards.residuals)).tolist() == [10, 11, 12, 13]
    assert forwards.forward == pytest.approx(SPOT * math.exp(0.0175), rel=1e-9)


def test_an_expiration_without_quotes_follows_its_neighbours() -> None:
    forwards = imply_forwards(4490.0, [quotes(0.25), without_quotes(0.3), quotes(0.5), quotes(0.75)])
    assert [entry.source for entry in forwards] == [
        ForwardSource.PARITY,
        ForwardSource.NEIGHBOURS,
        ForwardSource.PARITY,
        ForwardSource.PARITY,
    ]
    assert forwards[1].forward == pytest.approx(SPOT * math.exp(0.035 * 0.3), rel=1e-6)
    assert forwards[1].discount == pytest.approx(math.exp(-0.05 * 0.3), rel=1e-6)
    assert forwards[1].pairs == 0
    assert np.isnan(forwards[1].residuals).all()


@pytest.mark.parametrize("chain", [[], [without_quotes(0.3)]])
def test_a_chain_without_quotes_falls_back_to_the_spot(chain: Sequence[PairQuotes]) -> None:
    for forward in imply_forwards(SPOT, chain):
        assert (forward.forward, forward.discount, forward.source) == (SPOT, 1.0, ForwardSource.SPOT)


def test_the_rate_of_a_few_days_comes_from_the_certain_rates_behind_it() -> None:
    """A box of 900 points over two days pays 0.25: the noise of the quotes is as large, a neighbour knows better."""
    for seed in range(10):
        chain = [
            quotes(2 / 365, noise=0.4, seed=seed),
            *(quotes(years, noise=0.05, seed=100 + seed) for years in (0.08, 0.17, 0.25, 0.5)),
        ]
        forwards = imply_forwards(SPOT, chain)
        assert -math.log(forwards[0].discount) * 365 / 2 == pytest.approx(0.05, abs=0.005)


def american_quotes(
    years: float,
    *,
    rate: float = 0.05,
    dividends: float = 0.006,
    volatility: float = 0.25,
    spot: float = 360.0,
    half_spread: float = 0.02,
    noise: float = 0.0,
    seed: int = 1,
) -> PairQuotes:
    """Return a stock's expiration, priced with early exercise; midpoints are whole cents, as a market's are."""
    strikes = np.arange(0.8 * spot, 1.2 * spot + 1.0, 5.0)
    forward, discount = spot * math.exp((rate - dividends) * years), math.exp(-rate * years)
    random = np.random.default_rng(seed)
    call, put = (
        np.round(american.values(right, spot, strikes, years, volatility, discount, forward), 2)
        + random.uniform(-noise, noise, strikes.size)
        for right in (True, False)
    )
    return PairQuotes(
        years, strikes, call - half_spread, call + half_spread, put - half_spread, put + half_spread, european=False
    )


def test_american_quotes_imply_the_forward_and_rate_that_priced_them() -> None:
    times = (0.09, 0.26, 0.5, 1.0)
    for years, time in zip(times, imply_forwards(360.0, [american_quotes(years) for years in times]), strict=True):
        assert time.source is ForwardSource.PARITY
        assert time.forward == pytest.approx(360.0 * math.exp(0.044 * years), abs=0.02)
        assert -math.log(time.discount) / years == pytest.approx(0.05, abs=5e-4)
        assert np.nanmax(np.abs(time.residuals)) < 0.02


@pytest.mark.parametrize(
    ("rate", "dividends"), [(0.05, 0.0), (0.02, 0.05), (0.04, 0.04), (0.0, 0.03), (0.0, 0.0)], ids=str
)
def test_call_and_put_of_a_strike_have_one_volatility_at_what_american_quotes_imply(
    rate: float, dividends: float
) -> None:
    times = (0.1, 0.4, 1.0)
    chain = [american_quotes(years, rate=rate, dividends=dividends) for years in times]
    for quotes_, result in zip(chain, imply_forwards(360.0, chain), strict=True):
        near = np.abs(quotes_.strikes / 360.0 - 1.0) < 0.08
        for right, bid, ask in (
            (True, quotes_.call_bid, quotes_.call_ask),
            (False, quotes_.put_bid, quotes_.put_ask),
        ):
            middle = 0.5 * (bid + ask)[near]
            solved = american.implied_volatility(
                middle, right, 360.0, quotes_.strikes[near], quotes_.years, result.discount, result.forward
            )
            # A cent at the money is a tenth of a volatility point for a month.
            np.testing.assert_allclose(solved, 0.25, atol=5e-4)


def test_stale_pairs_do_not_bend_what_american_quotes_imply() -> None:
    sound = american_quotes(0.5)
    stale = np.arange(sound.strikes.size) % 8 == 3
    shifted = PairQuotes(
        0.5,
        sound.strikes,
        sound.call_bid + 2.0 * stale,
        sound.call_ask + 2.0 * stale,
        sound.put_bid,
        sound.put_ask,
        european=False,
    )
    (forwards,) = imply_forwards(360.0, [shifted, *(american_quotes(years) for years in (0.3, 1.0))])[:1]
    assert forwards.forward == pytest.approx(360.0 * math.exp(0.022), abs=0.15)


def test_a_rate_that_american_quotes_do_not_imply_is_the_growth_of_their_forward() -> None:
    """A week with quotes a dollar wide: nothing says more than that shares rise by interest and fall by dividends."""
    (rising,) = imply_forwards(360.0, [american_quotes(0.02, rate=0.08, dividends=0.0, half_spread=0.5)])
    assert rising.discount == pytest.approx(360.0 / rising.forward, abs=2e-4)
    (falling,) = imply_forwards(360.0, [american_quotes(0.02, rate=0.0, dividends=0.08, half_spread=0.5)])
    assert falling.forward < 360.0
    assert falling.discount == pytest.approx(1.0, abs=2e-4)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.08), st.floats(0.0, 0.06))
def test_noise_within_the_spread_of_american_quotes_moves_the_forward_by_less_than_the_noise(
    seed: int, rate: float, dividends: float
) -> None:
    times = (0.1, 0.5, 1.0)
    chain = [
        american_quotes(years, rate=rate, dividends=dividends, noise=0.05, half_spread=0.05, seed=seed + at)
        for at, years in enumerate(times)
    ]
    for years, time in zip(times, imply_forwards(360.0, chain), strict=True):
        assert time.forward == pytest.approx(360.0 * math.exp((rate - dividends) * years), abs=0.15)


def test_a_settled_expiration_is_the_spot() -> None:
    forwards = imply_forwards(SPOT, [without_quotes(-0.001), quotes(0.25), quotes(0.5), quotes(0.75)])
    assert (forwards[0].forward, forwards[0].discount) == (SPOT, 1.0)
