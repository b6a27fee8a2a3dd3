"""Theta after hours: what a night costs, on chains whose index print is older than their options' quotes."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from mesolive.clock import ManualClock
from mesolive.market.book import QuoteBook
from mesolive.market.chain_slice import BookSlice
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import Right
from mesolive.market.providers.chain_files import read_export
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.market.view import FloatArray
from mesolive.pricing.black import greeks, values
from mesolive_testkit.market import CALENDAR, SHARED_DATA, needs_shared_data

STEP = 1e-3
"""Days to both sides over which the decay is measured."""

exports = pytest.mark.parametrize("name", ["spx-2023-09-14.csv", "spx-2022-02-04.csv"])


def view_of(name: str) -> BookView:
    export = read_export(SHARED_DATA / "cboe" / name)
    book = QuoteBook(export.listing, ManualClock(export.exported_at), CALENDAR)
    book.update(export.exported_at, slice(None), {"bid": export.bid, "ask": export.ask})
    book.set_underlying(export.exported_at, UnderlyingPrices(last=export.underlying_last))
    return book.view()


def month(view: BookView) -> list[tuple[BookSlice, float, float]]:
    """Return the slices that settle within 5 to 45 days, each with its days and its forward."""
    collected: list[tuple[BookSlice, float, float]] = []
    for expiration in view.expirations:
        days, forward = (expiration.settles_at - view.now) / timedelta(days=1), view.forward(expiration)
        if 5.0 < days < 45.0 and forward is not None:
            slices = [view.slice(expiration.root, expiration.day, right) for right in Right]
            collected += [(part, days, forward) for part in slices if part is not None]
    return collected


def decay(part: BookSlice, near: np.ndarray, days: float, forward: float, carry: float, discount: float) -> FloatArray:
    """Return what the model's values change by in a day, at the same spot and volatility, by differences.

    Parameters
    ----------
    carry
        Growth of the forward per day of time to its settlement.
    """

    def value(later: float) -> FloatArray:
        left = 1.0 - later / days
        moved = forward * np.exp(-carry * later)
        is_call = part.right is Right.CALL
        return values(is_call, moved, part.strikes[near], part.years() * left, part.iv[near], discount**left)

    return (value(STEP) - value(-STEP)) / (2.0 * STEP)


@needs_shared_data
@pytest.mark.shared_data
@exports
def test_theta_is_the_decay_of_the_models_value_at_the_spot_that_the_options_know(name: str) -> None:
    view = view_of(name)
    curve, spot = view.analytics.curve, view.underlying.quote.mark
    assert curve is not None
    assert spot is not None
    for part, days, forward in month(view):
        place = view.listing.position(part.expiration.root, part.expiration.day)
        assert place is not None
        known = curve.carried(place, spot, view.now).spot
        near = np.abs(part.strikes / forward - 1.0) < 0.02
        discount = view.discount(part.expiration)
        expected = decay(part, near, days, forward, float(np.log(forward / known)) / days, discount)
        assert part.theta[near] == pytest.approx(expected, rel=1e-4, abs=1e-4)


@needs_shared_data
@pytest.mark.shared_data
@exports
def test_theta_agrees_with_the_carry_between_the_forwards_where_the_print_does_not(name: str) -> None:
    """The carry is read off the forwards of a month, one against the next: no spot price of any kind is in it."""
    view = view_of(name)
    parts, spot = month(view), view.underlying.quote.mark
    assert len(parts) >= 20
    assert spot is not None
    carry = float(np.polyfit([days for _, days, _ in parts], [np.log(forward) for *_, forward in parts], 1)[0])
    ours: list[FloatArray] = []
    by_print: list[FloatArray] = []
    for part, days, forward in parts:
        near = np.abs(part.strikes / forward - 1.0) < 0.02
        discount = view.discount(part.expiration)
        expected = decay(part, near, days, forward, carry, discount)
        is_call, iv = part.right is Right.CALL, part.iv[near]
        printed = greeks(is_call, forward, part.strikes[near], part.years(), iv, discount, spot)
        ours.append(part.theta[near] / expected - 1.0)
        by_print.append(printed.theta / expected - 1.0)
    median, most = np.quantile(np.abs(np.concatenate(ours)), [0.5, 0.9])
    assert median < 0.02
    assert most < 0.06
    assert np.quantile(np.abs(np.concatenate(by_print)), 0.5) > 0.07
