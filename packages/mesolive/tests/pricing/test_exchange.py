"""Our figures against those that the exchange publishes beside the same quotes.

The export of 2023 agrees in everything. In that of 2022 deltas agree, volatilities do not: they were solved by the
exchange with another underlying. The tests below show that from the file itself; `docs/pricing.md` tells it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from mesolive.clock import ManualClock
from mesolive.market.calendar import NEW_YORK, us_options_calendar
from mesolive.market.contracts import Right
from mesolive.market.providers.chain_files import read_export
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.pricing.black import values
from mesolive.pricing.business_time import BUSINESS, CALENDAR, years_to
from mesolive.pricing.forwards import ForwardSource
from mesolive.pricing.implied import implied_volatility
from mesolive_testkit.pricing import EXPORTS, Figures, Published, chain_export, compare
from mesolive_testkit.pricing.exchange import SHARED_DATA

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the recorded market data is not beside the checkout"),
]


@pytest.mark.parametrize("name", EXPORTS)
def test_deltas_agree_with_the_exchanges(name: str) -> None:
    result = compare(chain_export(name))
    assert result.delta.size > 11_000
    assert not np.isnan(result.delta).any()
    assert Figures.median(result.delta) <= 0.003
    assert Figures.high(result.delta) <= 0.015


def test_volatilities_agree_with_the_exchanges() -> None:
    result = compare(chain_export("spx-2023-09-14"))
    assert Figures.median(result.iv) <= 0.0005
    assert Figures.high(result.iv) <= 0.003


def test_the_exchange_counts_weekends_in_full() -> None:
    """Its volatilities and the quotes beside them tell its time: that of the calendar, to the settlement."""
    export = chain_export("spx-2023-09-14")
    off_calendar: list[float] = []
    off_business: list[float] = []
    for expiration in export.expirations:
        near = np.abs(np.log(expiration.strikes / expiration.implied.forward)) < 0.02
        near &= (
            (expiration.call.iv > 0.0)
            & (expiration.put.iv > 0.0)
            & (expiration.call.bid > 0.05)
            & (expiration.put.bid > 0.05)
        )
        if not 1 <= expiration.days <= 35 or np.count_nonzero(near) < 3:
            continue
        # Total volatilities do not depend on time; divided by the published ones they give its root.
        forward, discount, strikes = expiration.implied.forward, expiration.implied.discount, expiration.strikes[near]
        call, put = (
            implied_volatility(side.middle[near], right, forward, strikes, 1.0, discount)
            for right, side in ((True, expiration.call), (False, expiration.put))
        )
        published = 0.5 * (expiration.call.iv + expiration.put.iv)[near]
        days = 365.0 * float(np.nanmedian((0.5 * (call + put) / published) ** 2))
        for result, weights in ((off_calendar, CALENDAR), (off_business, BUSINESS)):
            ours = 365.0 * years_to(us_options_calendar(), export.at, expiration.settles_at, weights)
            result.append(abs(days - ours))
    assert len(off_calendar) > 20
    assert max(off_calendar) < 0.2
    assert float(np.median(off_calendar)) < 0.05
    assert float(np.median(off_business)) > 0.3


def test_in_2022_the_exchanges_volatilities_break_parity_and_ours_do_not() -> None:
    """A call and a put of one strike have one volatility, whatever the model: of them one can build the forward."""

    def gap(one: Published, call: np.ndarray, put: np.ndarray) -> float:
        near = np.abs(one.strikes / one.implied.forward - 1.0) < 0.03
        near &= (one.call.iv > 0.0) & (one.put.iv > 0.0)
        return float(np.nanmedian(np.abs(call - put)[near]))

    for name, theirs_low, theirs_high in (("spx-2022-02-04", 0.03, 1.0), ("spx-2023-09-14", 0.0, 0.002)):
        export = chain_export(name)
        months = [expiration for expiration in export.expirations if 7 <= expiration.days <= 60]
        ours: list[float] = []
        theirs: list[float] = []
        for month in months:
            years = (month.settles_at - export.at).total_seconds() / 86400 / 365
            forward, discount = month.implied.forward, month.implied.discount
            call, put = (
                implied_volatility(side.middle, right, forward, month.strikes, years, discount)
                for right, side in ((True, month.call), (False, month.put))
            )
            ours.append(gap(month, call, put))
            theirs.append(gap(month, month.call.iv, month.put.iv))
        assert max(ours) < 0.002
        assert theirs_low <= float(np.median(theirs)) <= theirs_high


def test_in_2022_the_exchanges_volatilities_are_those_of_a_forward_28_points_lower_on_friday_at_the_close() -> None:
    """One offset for all expirations and both rights explains 13,000 volatilities; without it they are far away."""
    export = chain_export("spx-2022-02-04")
    close = datetime(2022, 2, 4, 16, 0, tzinfo=NEW_YORK)

    # Where their solver found nothing it says 0.02.
    def solved(side: object) -> np.ndarray:
        return np.asarray(side.iv > 0.02)  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue] - a Side

    shifted = compare(export, at=close, offset=-28.0, keep=solved)
    assert Figures.median(shifted.iv) <= 0.003
    assert Figures.high(shifted.iv) <= 0.02
    assert Figures.median(compare(export, keep=solved).iv) > 5 * Figures.median(shifted.iv)


@pytest.mark.parametrize("name", EXPORTS)
def test_the_middles_of_all_expirations_obey_parity_within_their_spreads(name: str) -> None:
    """The median pair of a year's expirations misses the line by a third of its own spread at most."""
    for expiration in chain_export(name).expirations:
        if not 2 <= expiration.days <= 365:
            continue
        assert expiration.implied.source is ForwardSource.PARITY
        near = np.abs(expiration.strikes / expiration.implied.forward - 1.0) < 0.1
        spread = (expiration.call.ask - expiration.call.bid + expiration.put.ask - expiration.put.bid)[near]
        residual = np.abs(expiration.implied.residuals[near])
        assert float(np.nanmedian(residual / spread)) < 1 / 3, (expiration.root, expiration.day)


@pytest.mark.parametrize("name", EXPORTS)
def test_morning_and_afternoon_expirations_of_one_day_imply_the_same_forward_and_rate(name: str) -> None:
    by_day: dict[object, list[Published]] = {}
    for expiration in chain_export(name).expirations:
        if 2 <= expiration.days <= 365:
            by_day.setdefault(expiration.day, []).append(expiration)
    pairs = [(both[0].implied, both[1].implied) for both in by_day.values() if len(both) == 2]
    assert len(pairs) >= 4
    for morning, afternoon in pairs:
        assert morning.forward == pytest.approx(afternoon.forward, abs=0.3)
        assert morning.discount == pytest.approx(afternoon.discount, abs=0.0004)


@pytest.mark.parametrize(("name", "rate"), [("spx-2022-02-04", 0.0095), ("spx-2023-09-14", 0.0565)])
def test_a_years_rate_is_that_of_the_day(name: str, rate: float) -> None:
    """Money for a year cost about 0.9 % in February 2022 and 5.4 % in September 2023; boxes pay a little more."""
    export = chain_export(name)
    one = min(export.expirations, key=lambda one: abs(one.days - 360))
    years = (one.settles_at - export.at).total_seconds() / 86400 / 365
    assert -np.log(one.implied.discount) / years == pytest.approx(rate, abs=0.0025)


@pytest.mark.parametrize("name", EXPORTS)
def test_volatilities_price_the_quotes_that_they_came_from(name: str) -> None:
    export = chain_export(name)
    for expiration in export.expirations:
        years = (expiration.settles_at - export.at).total_seconds() / 86400 / 365
        forward, discount = expiration.implied.forward, expiration.implied.discount
        for right, side in ((True, expiration.call), (False, expiration.put)):
            solved = implied_volatility(side.middle, right, forward, expiration.strikes, years, discount)
            priced = values(right, forward, expiration.strikes, years, solved, discount)
            known = ~np.isnan(solved)
            np.testing.assert_allclose(priced[known], side.middle[known], rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("name", EXPORTS)
async def test_a_view_of_the_market_gives_the_same_figures(name: str) -> None:
    """What clients see goes through the quote book: same forwards, same volatilities."""
    data = read_export(SHARED_DATA / "cboe" / f"{name}.csv")
    provider = SimulatedProvider.from_export(data, ManualClock(data.exported_at.astimezone(UTC)))
    market = Market([provider])
    await market.start()
    try:
        view = market.view("SPX")
        export = chain_export(name)
        for expiration in export.expirations:
            chain = view.slice(expiration.root, expiration.day, Right.PUT)
            if not 2 <= expiration.days <= 365 or chain is None:
                continue
            forward = view.forward(chain.expiration)
            assert forward == pytest.approx(expiration.implied.forward, abs=0.01)
            years = (expiration.settles_at - export.at).total_seconds() / 86400 / 365
            solved = implied_volatility(
                expiration.put.middle,
                False,
                expiration.implied.forward,
                expiration.strikes,
                years,
                expiration.implied.discount,
            )
            # The middle of nothing and the smallest offer says nothing: the view takes the neighbours' there.
            both = ~np.isnan(solved) & ~np.isnan(chain.iv) & (expiration.put.bid > 0.0)
            assert np.count_nonzero(both) > 20
            np.testing.assert_allclose(chain.iv[both], solved[both], atol=2e-5)
    finally:
        await market.stop()
