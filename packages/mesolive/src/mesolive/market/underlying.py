"""The underlying in a view: prices at hand, volatilities computed when somebody reads them."""

# pyright: reportIncompatibleVariableOverride=false
# A field that is computed on first read is what overriding it with a cached property is for.

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cached_property

from mesolive.market.history import DailySeries
from mesolive.market.view import UnderlyingState


class LazyUnderlyingState(UnderlyingState):
    """An `UnderlyingState` whose volatilities are computed when they are first read, and then kept."""

    _history: DailySeries
    _today: date
    _solve_iv: Callable[[], float | None]

    @classmethod
    def of(
        cls, state: UnderlyingState, history: DailySeries, today: date, solve_iv: Callable[[], float | None]
    ) -> LazyUnderlyingState:
        """Return `state` with volatilities to be computed.

        Parameters
        ----------
        state
            The prices.
        history
            The underlying's days.
        today
            The exchange-local date.
        solve_iv
            Returns the volatility that the options imply; called once at most.
        """
        lazy = cls.__new__(cls)
        lazy.__dict__.update(
            underlying=state.underlying,
            quote=state.quote,
            today_open=state.today_open,
            previous_close=state.previous_close,
            _history=history,
            _today=today,
            _solve_iv=solve_iv,
        )
        return lazy

    @cached_property
    def hv(self) -> float | None:
        """Historical volatility of the last thirty days."""
        return self._history.historical_volatility(self._today)

    @cached_property
    def iv(self) -> float | None:
        """Implied volatility at the money, thirty days ahead."""
        return self._solve_iv()

    @cached_property
    def iv_rank(self) -> float | None:
        """Where `iv` lies in the range of a year."""
        return None if self.iv is None else self._history.iv_rank(self.iv, self._today)

    @cached_property
    def iv_percentile(self) -> float | None:
        """On how many days of a year the volatility was lower."""
        return None if self.iv is None else self._history.iv_percentile(self.iv, self._today)
