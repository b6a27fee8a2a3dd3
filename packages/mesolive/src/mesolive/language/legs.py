"""Leg variables on a market view, in the language's units (quantity x multiplier x value per unit)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from mesolive.language.decision import LegState
from mesolive.language.problems import MissingValueError
from mesolive.market.contracts import Expiration, OptionContract
from mesolive.market.quality import QuoteQuality
from mesolive.market.view import ChainSlice, MarketView, TradingCalendar

DAY = 86_400.0
WEIGHTED_VEGA_DAYS = 30.0
MAX_QUOTE_AGE_SECONDS = 60.0
"""A quote that its provider has not updated for longer is too old for a decision. One that is updated and does not
change has the age of the provider's last update."""


def exchange_days(calendar: TradingCalendar, start: datetime, end: datetime) -> float:
    """Return the days from one moment to another: exchange-local dates, and the local time of day as a fraction.

    From ten o'clock to ten o'clock of the next day is one day also when the clocks are changed between them: periods
    of 24 hours would make `days_in_trade >= 3` a day late in spring in a check that runs once a day.
    """
    local = calendar.local(end).replace(tzinfo=None) - calendar.local(start).replace(tzinfo=None)
    return local.total_seconds() / DAY


def outdated(view: MarketView) -> str | None:
    """Return why nothing may be read from a view's prices, or `None` while they are fresh.

    A provider that has fallen silent leaves its last prices behind; a stop that is compared with them would never fire.
    The same is true of delayed prices.
    """
    symbol = view.underlying.underlying.symbol
    if not view.stale:
        quality = view.underlying.quote.quality
        if quality <= view.accepted:
            return None
        age = "" if view.last_received_at is None else f" and {_seconds_since(view, view.last_received_at)} seconds old"
        return f"the quotes of {symbol} are {quality.word}{age}, and only {_wanted(view.accepted)} are used"
    if view.last_received_at is None:
        return f"no quotes of {symbol} have come in yet"
    return f"the quotes of {symbol} are {_seconds_since(view, view.last_received_at)} seconds old"


def _seconds_since(view: MarketView, moment: datetime) -> str:
    return f"{max((view.now - moment).total_seconds(), 0.0):.0f}"


def quote_problem(view: MarketView, contract: OptionContract) -> str | None:
    """Return why nothing may be decided on the quote of a contract, naming it and its age; `None` where one may.

    A contract without a quote has no problem of this kind: its values are missing.
    """
    result = view.find(contract)
    return outdated(view) or (None if result is None else _quality_problem(view, contract, *result))


def _quality_problem(view: MarketView, contract: OptionContract, chain: ChainSlice, index: int) -> str | None:
    if view.live_throughout:
        return None
    quote = chain.quote(index)
    age = quote.age(view.now)
    seconds = 0.0 if age is None else max(age.total_seconds(), 0.0)
    if quote.quality > view.accepted:
        old = "" if age is None else f" and {seconds:.0f} seconds old"
        return (
            f"the quote of {contract.symbol} is {quote.quality.word}{old}, and only {_wanted(view.accepted)} are used"
        )
    if seconds > MAX_QUOTE_AGE_SECONDS:
        return f"the quote of {contract.symbol} is {seconds:.0f} seconds old: the provider no longer updates it"
    return None


def _wanted(accepted: QuoteQuality) -> str:
    return "live quotes" if accepted is QuoteQuality.LIVE else f"live and {accepted.word} quotes"


class BoundLeg:
    """A leg with the place of its contract in the chain.

    Parameters
    ----------
    contract
        `None` for the one at `index` of `chain`: made when it is read, because most candidates of a scan are not.
    qty
        Signed contracts; a leg of 0 (a marker leg, or one whose quantity is not set yet) shows values of one contract
        and does not count in the position's sums.
    chain, index
        Index of the contract in the view; `None` when it is not listed there.
    entry_price
        Per unit of the underlying; `None` before there is a fill: then it counts as entered at the present mark.
    columns
        The slice's arrays as lists, shared by the many candidates of one scan.
    outdated
        Why the chain's prices may not be read, where they are too old (`outdated`).
    opened_at, calendar
        When the leg was opened, `None` before there is a fill, and the exchange's calendar, by which its days count.
    """

    __slots__ = (
        "_cache",
        "_contract",
        "calendar",
        "chain",
        "columns",
        "entry_price",
        "expiration_name",
        "index",
        "name",
        "now",
        "opened_at",
        "outdated",
        "qty",
        "realized_pnl",
        "scale",
    )

    def __init__(
        self,
        name: str,
        contract: OptionContract | None,
        qty: float,
        now: datetime,
        chain: ChainSlice | None,
        index: int,
        *,
        entry_price: float | None = None,
        opened_at: datetime | None = None,
        calendar: TradingCalendar | None = None,
        realized_pnl: float = 0.0,
        expiration_name: str | None = None,
        columns: dict[str, list[float]] | None = None,
        outdated: str | None = None,
    ) -> None:
        self.name = name
        self._contract = contract
        self.qty = qty
        self.now = now
        self.chain = chain
        self.index = index
        self.entry_price = entry_price
        self.opened_at = opened_at
        self.calendar = calendar
        self.realized_pnl = realized_pnl
        self.expiration_name = expiration_name
        self.columns = columns
        self.outdated = outdated
        self.scale = (qty or 1.0) * float((contract or self.listed().expiration).multiplier)
        self._cache: dict[str, float] = {}

    @classmethod
    def of(cls, leg: LegState, view: MarketView) -> BoundLeg:
        """Bind an open leg of a position to a view."""
        return cls.on(leg, view, outdated(view))

    @classmethod
    def on(cls, leg: LegState, view: MarketView, why_outdated: str | None) -> BoundLeg:
        """Bind an open leg of a position to a view of which it is known why its prices may not be read.

        Parameters
        ----------
        why_outdated
            The view's `outdated`.
        """
        result = view.find(leg.contract)
        chain, index = result if result is not None else (None, 0)
        return cls(
            leg.name,
            leg.contract,
            float(leg.qty),
            view.now,
            chain,
            index,
            entry_price=None if leg.entry_price is None else float(leg.entry_price),
            opened_at=leg.opened_at,
            calendar=view.calendar,
            realized_pnl=float(leg.realized_pnl),
            expiration_name=leg.expiration_name,
            outdated=why_outdated or (None if chain is None else _quality_problem(view, leg.contract, chain, index)),
        )

    def move(self, index: int, qty: float) -> None:
        """Make it `qty` of the contract at another index of its slice."""
        self.scale = (qty or 1.0) * float(self.listed().expiration.multiplier)
        self.qty = qty
        self.index = index
        self._contract = None
        self._cache.clear()

    @property
    def contract(self) -> OptionContract:
        """Its contract."""
        if self._contract is None:
            self._contract = self.listed().contract(self.index)
        return self._contract

    def with_qty(self, qty: float) -> BoundLeg:
        """Return the same leg with another quantity."""
        return BoundLeg(
            self.name,
            self.contract,
            qty,
            self.now,
            self.chain,
            self.index,
            entry_price=self.entry_price,
            opened_at=self.opened_at,
            calendar=self.calendar,
            realized_pnl=self.realized_pnl,
            expiration_name=self.expiration_name,
            outdated=self.outdated,
        )

    @property
    def expiration(self) -> Expiration:
        """The expiration of its contract.

        Raises
        ------
        MissingValueError
            When the contract is not in the chain.
        """
        return self.listed().expiration

    def listed(self) -> ChainSlice:
        """Return the contract's slice.

        Raises
        ------
        MissingValueError
            When the contract is not in the chain.
        """
        if self.chain is None:
            raise MissingValueError(f"leg '{self.name}': {self._contract} is not in the market's chain")
        return self.chain

    def value(self, field: str) -> float:
        """Return the leg's variable `field`, such as `delta`, in the language's units.

        Raises
        ------
        MissingValueError
            When the market has no value for it.
        """
        known = self._cache.get(field)
        if known is None:
            known = self._cache[field] = LEG_FIELDS[field](self)
        return known

    def market(self, field: str, what: str) -> float:
        """Return the leg's element of the slice's array `field`.

        Raises
        ------
        MissingValueError
            When the element is NaN or too old, or the contract is not in the chain.
        """
        if self.outdated is not None:
            raise MissingValueError(self.outdated)
        value: float
        if self.columns is None:
            value = getattr(self.listed(), field).item(self.index)
        else:
            value = self._column(self.columns, field)[self.index]
        if math.isnan(value):
            raise MissingValueError(f"leg '{self.name}' ({self.contract.symbol}) has no {what}")
        return value

    def strike(self) -> float:
        """Return the strike of its contract."""
        if self._contract is None and self.columns is not None:
            return self._column(self.columns, "strikes")[self.index]
        return float(self.contract.strike)

    def _column(self, columns: dict[str, list[float]], field: str) -> list[float]:
        """Return the slice's array `field` as a list."""
        column = columns.get(field)
        if column is None:
            column = columns[field] = getattr(self.listed(), field).tolist()
        return column

    def unrealized(self) -> float:
        """Return the result of what is still open, in account currency.

        Raises
        ------
        MissingValueError
            When there is no price.
        """
        price = self.value("price")
        return 0.0 if self.entry_price is None else self.scale * (price - self.entry_price)


def _days_open(leg: BoundLeg) -> float:
    """Return the exchange days since the leg was opened (`exchange_days`); 0 before there is a fill."""
    if leg.opened_at is None or leg.calendar is None:
        return 0.0
    return exchange_days(leg.calendar, leg.opened_at, leg.now)


def _weighted_vega(leg: BoundLeg) -> float:
    dte = leg.value("dte")
    if dte <= 0:
        raise MissingValueError(f"leg '{leg.name}' has no weighted vega: it has expired")
    return leg.value("vega") * math.sqrt(WEIGHTED_VEGA_DAYS / dte)


LEG_FIELDS: Mapping[str, Callable[[BoundLeg], float]] = {
    "price": lambda leg: leg.market("mark", "price"),
    "bid": lambda leg: leg.market("bid", "bid"),
    "ask": lambda leg: leg.market("ask", "ask"),
    "qty": lambda leg: leg.qty,
    "strike": BoundLeg.strike,
    "iv": lambda leg: 100.0 * leg.market("iv", "implied volatility"),
    "delta": lambda leg: leg.scale * leg.market("delta", "delta"),
    "gamma": lambda leg: leg.scale * leg.market("gamma", "gamma"),
    "theta": lambda leg: leg.scale * leg.market("theta", "theta"),
    "vega": lambda leg: leg.scale * leg.market("vega", "vega"),
    "wvega": _weighted_vega,
    "rho": lambda leg: leg.scale * leg.market("rho", "rho"),
    "pnl": lambda leg: leg.unrealized() + leg.realized_pnl,
    "dit": _days_open,
    "dte": lambda leg: (leg.expiration.settles_at - leg.now).total_seconds() / DAY,
}
"""The variables of a leg, `leg_NAME_<field>`, in the language's units."""

SUMMED_FIELDS = ("delta", "gamma", "theta", "vega", "wvega", "rho")
"""The variables that positions and accounts sum over legs, besides `pnl`."""


def total(legs: Iterable[BoundLeg], field: str) -> float:
    """Return the sum of a variable over the legs that are held (marker legs count nothing).

    Raises
    ------
    MissingValueError
        When one of them has no value.
    """
    return math.fsum([leg.value(field) for leg in legs if leg.qty])
