"""Rates kept for minutes and forwards fitted on read: what is fitted when, and that it follows the quotes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from mesolive.market import forward_curve
from mesolive.market.contracts import Right
from mesolive.market.forward_curve import FORWARDS_MAX_AGE, RATES_MAX_AGE, ForwardCurve
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.pricing.black import values
from mesolive.pricing.forwards import ImpliedForward, PairQuotes, ParityFit, fit_forwards, imply_forwards
from mesolive_testkit.market import Chain, expiration, flat_chain
from mesolive_testkit.market.chains import SPOT

DAYS = tuple(date(2024, 3, day) for day in (12, 13, 14, 15, 18, 19, 20, 21, 22, 25, 26))
MINUTE = FORWARDS_MAX_AGE.total_seconds()


class Fits:
    """Counts the expirations that are fitted: with the whole chain, and at rates that are known."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.whole: list[int] = []
        self.alone: list[int] = []
        monkeypatch.setattr(forward_curve, "imply_forwards", self._imply)
        monkeypatch.setattr(forward_curve, "fit_forwards", self._fit)

    def _imply(self, spot: float, expirations: Sequence[PairQuotes]) -> list[ImpliedForward]:
        self.whole.append(len(expirations))
        return imply_forwards(spot, expirations)

    def _fit(
        self, spot: float, expirations: Sequence[PairQuotes], rates: Sequence[float], carries: Sequence[float]
    ) -> list[ParityFit | None]:
        self.alone.append(len(expirations))
        return fit_forwards(spot, expirations, rates, carries)


def made() -> Chain:
    return flat_chain([expiration("SPXW", day) for day in DAYS], half_spread=0.0)


def requote(chain: Chain, now: datetime, spot: float, *, rate: float = 0.05, carry: float = 0.035) -> None:
    """Quote the chain as it is worth at a price of the underlying, a rate and a carry; the print stays."""
    listing = chain.listing
    years = np.repeat(
        [(item.settles_at - now) / timedelta(days=365) for item in listing.expirations],
        [end - start for start, _, end in listing.bounds],
    )
    forward = spot * np.exp(carry * years)
    value = values(listing.is_call, forward, listing.strikes, years, 0.2, np.exp(-rate * years))
    chain.book.update(now, slice(None), {"bid": value, "ask": value})


def curve_of(chain: Chain) -> ForwardCurve:
    curve = chain.book.view().analytics.curve
    assert curve is not None
    return curve


async def test_between_two_fits_of_the_chain_only_what_is_read_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    chain, fits = made(), Fits(monkeypatch)
    last = expiration("SPXW", DAYS[-1])
    assert chain.book.view().forward(last) is not None
    assert (fits.whole, fits.alone) == ([len(DAYS)], [])
    for _ in range(14):
        await chain.clock.advance(MINUTE)
        for _ in range(3):
            assert chain.book.view().forward(last) is not None
    nearest = forward_curve.MAX_NEAR
    assert (fits.whole, fits.alone) == ([len(DAYS)], [nearest + 1] * 14), "what is read, and the nearest for the spot"
    await chain.clock.advance(MINUTE)
    assert chain.book.view().forward(last) is not None
    assert len(fits.whole) == 2
    assert RATES_MAX_AGE / FORWARDS_MAX_AGE == 15


async def test_marks_of_sound_markets_need_no_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    chain, fits = made(), Fits(monkeypatch)
    chain.book.update(chain.clock.now(), slice(None), {"ask": chain.book.values("bid") + 0.1})
    puts = chain.book.view().slice("SPXW", DAYS[3], Right.PUT)
    assert puts is not None
    near = puts.index_of(chain.listing.strike(20))
    assert near is not None
    chain.book.update(chain.clock.now(), slice(None), {"mark": chain.book.values("bid") + 0.05})
    puts = chain.book.view().slice("SPXW", DAYS[3], Right.PUT)
    assert puts is not None
    assert puts.mark[near] == pytest.approx(puts.bid[near] + 0.05)
    assert (fits.whole, fits.alone) == ([], [])


async def test_a_forward_follows_its_quotes_within_a_minute_and_its_rate_within_a_quarter_of_an_hour() -> None:
    chain = made()
    front = expiration("SPXW", DAYS[-1])
    chain.book.view().warm()
    before = chain.book.view().discount(front)
    await chain.clock.advance(MINUTE)
    now = chain.clock.now()
    requote(chain, now, SPOT, rate=0.08, carry=0.02)
    years = (front.settles_at - now) / timedelta(days=365)
    view = chain.book.view()
    assert view.forward(front) == pytest.approx(SPOT * math.exp(0.02 * years), rel=3e-5)
    assert view.discount(front) == pytest.approx(before, rel=1e-5)
    await chain.clock.advance(RATES_MAX_AGE.total_seconds() - MINUTE)
    later = chain.clock.now()
    requote(chain, later, SPOT, rate=0.08, carry=0.02)
    years = (front.settles_at - later) / timedelta(days=365)
    assert chain.book.view().discount(front) == pytest.approx(math.exp(-0.08 * years), rel=1e-4)


@pytest.mark.parametrize("place", [1, len(DAYS) - 1], ids=["a near expiration", "a far one"])
async def test_after_hours_the_spot_of_the_options_is_followed_though_the_print_is_constant(place: int) -> None:
    chain = made()
    chain.book.view().warm()
    for move in (0.996, 1.004, 0.99):
        await chain.clock.advance(MINUTE)
        requote(chain, chain.clock.now(), SPOT * move)
        carried = curve_of(chain).carried(place, SPOT, chain.clock.now())
        assert carried.spot == pytest.approx(SPOT * move, rel=2e-5)
    assert chain.book.view().underlying.quote.mark == SPOT


async def test_what_is_fitted_is_what_the_whole_chain_implies_at_that_moment() -> None:
    chain = made()
    view = chain.book.view()
    view.warm()
    curve = curve_of(chain)
    bid, ask = view.columns.values["bid"], view.columns.values["ask"]
    quotes: list[PairQuotes] = []
    for place, item in enumerate(chain.listing.expirations):
        calls, puts = chain.listing.pairs(place)
        years = (item.settles_at - view.now) / timedelta(days=365)
        strikes = chain.listing.strikes[calls]
        quotes.append(PairQuotes(years, strikes, bid[calls], ask[calls], bid[puts], ask[puts]))
    for place, expected in enumerate(imply_forwards(SPOT, quotes)):
        result = curve.implied(place)
        assert result is not None
        assert (result.forward, result.discount, result.spot) == pytest.approx(
            (expected.forward, expected.discount, expected.spot), rel=1e-12
        )


async def test_the_print_of_another_moment_moves_a_forward_in_proportion() -> None:
    chain = made()
    view = chain.book.view()
    view.warm()
    before = view.forward(expiration("SPXW", DAYS[4]))
    assert before is not None
    await chain.clock.advance(1)
    chain.book.set_underlying(chain.clock.now(), UnderlyingPrices(last=SPOT * 1.002))
    after = chain.book.view().forward(expiration("SPXW", DAYS[4]))
    assert after == pytest.approx(before * 1.002, rel=1e-6)
