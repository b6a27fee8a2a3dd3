"""What the statements of one evaluation see: one market view, one account, one position.

A `Scope` lives for one evaluation. Values are computed when a statement first reads them and kept until the position in
the scope changes.
"""

from __future__ import annotations

import math
import random as random_module
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from mesolive.language.decision import AccountState, LegState, PositionState
from mesolive.language.problems import MissingValueError
from mesolive.language.sandbox import LuaValue
from mesolive.market.contracts import Expiration, OptionContract
from mesolive.market.view import ChainSlice, MarketView

DAY = 86_400.0
WEIGHTED_VEGA_DAYS = 30.0


class BoundLeg:
    """A leg with the place of its contract in the chain.

    Parameters
    ----------
    qty
        Signed contracts; a leg of 0 (a marker leg, or one whose quantity is not known yet) shows values of one contract
        and does not count in the position's sums.
    chain, index
        Where the contract stands in the view; `None` when it is not listed there.
    entry_price
        Per unit of the underlying; `None` before there is a fill: then it counts as entered at the present mark.
    columns
        The slice's arrays as lists, shared by the many candidates of one scan.
    """

    __slots__ = (
        "_cache",
        "chain",
        "columns",
        "contract",
        "entry_price",
        "expiration_name",
        "index",
        "name",
        "now",
        "opened_at",
        "qty",
        "realized_pnl",
        "scale",
    )

    def __init__(
        self,
        name: str,
        contract: OptionContract,
        qty: float,
        now: datetime,
        chain: ChainSlice | None,
        index: int,
        *,
        entry_price: float | None = None,
        opened_at: datetime | None = None,
        realized_pnl: float = 0.0,
        expiration_name: str | None = None,
        columns: dict[str, list[float]] | None = None,
    ) -> None:
        self.name = name
        self.contract = contract
        self.qty = qty
        self.now = now
        self.chain = chain
        self.index = index
        self.entry_price = entry_price
        self.opened_at = opened_at
        self.realized_pnl = realized_pnl
        self.expiration_name = expiration_name
        self.columns = columns
        self.scale = (qty or 1.0) * float(contract.multiplier)
        self._cache: dict[str, float] = {}

    @classmethod
    def of(cls, leg: LegState, view: MarketView) -> BoundLeg:
        """Bind an open leg of a position to a view."""
        found = view.find(leg.contract)
        chain, index = found if found is not None else (None, 0)
        return cls(
            leg.name,
            leg.contract,
            float(leg.qty),
            view.now,
            chain,
            index,
            entry_price=None if leg.entry_price is None else float(leg.entry_price),
            opened_at=leg.opened_at,
            realized_pnl=float(leg.realized_pnl),
            expiration_name=leg.expiration_name,
        )

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
            realized_pnl=self.realized_pnl,
            expiration_name=self.expiration_name,
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
        """Return the slice in which the contract stands.

        Raises
        ------
        MissingValueError
            When the contract is not in the chain.
        """
        if self.chain is None:
            raise MissingValueError(f"leg '{self.name}': {self.contract} is not in the market's chain")
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
            When the element is NaN, or the contract is not in the chain.
        """
        value: float
        if self.columns is None:
            value = getattr(self.listed(), field).item(self.index)
        else:
            column = self.columns.get(field)
            if column is None:
                column = self.columns[field] = getattr(self.listed(), field).tolist()
            value = column[self.index]
        if math.isnan(value):
            raise MissingValueError(f"leg '{self.name}' ({self.contract.symbol}) has no {what}")
        return value

    def unrealized(self) -> float:
        """Return the result of what is still open, in account currency.

        Raises
        ------
        MissingValueError
            When there is no price.
        """
        price = self.value("price")
        return 0.0 if self.entry_price is None else self.scale * (price - self.entry_price)


def _weighted_vega(leg: BoundLeg) -> float:
    dte = leg.value("dte")
    if dte <= 0:
        raise MissingValueError(f"leg '{leg.name}' has no weighted vega: it has expired")
    return leg.value("vega") * math.sqrt(WEIGHTED_VEGA_DAYS / dte)


def _days_in_trade(leg: BoundLeg) -> float:
    return 0.0 if leg.opened_at is None else (leg.now - leg.opened_at).total_seconds() / DAY


LEG_FIELDS: Mapping[str, Callable[[BoundLeg], float]] = {
    "price": lambda leg: leg.market("mark", "price"),
    "bid": lambda leg: leg.market("bid", "bid"),
    "ask": lambda leg: leg.market("ask", "ask"),
    "qty": lambda leg: leg.qty,
    "strike": lambda leg: float(leg.contract.strike),
    "iv": lambda leg: 100.0 * leg.market("iv", "implied volatility"),
    "delta": lambda leg: leg.scale * leg.market("delta", "delta"),
    "gamma": lambda leg: leg.scale * leg.market("gamma", "gamma"),
    "theta": lambda leg: leg.scale * leg.market("theta", "theta"),
    "vega": lambda leg: leg.scale * leg.market("vega", "vega"),
    "wvega": _weighted_vega,
    "rho": lambda leg: leg.scale * leg.market("rho", "rho"),
    "pnl": lambda leg: leg.unrealized() + leg.realized_pnl,
    "dit": _days_in_trade,
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


class PositionTotals:
    """The sums of one of the account's positions.

    Parameters
    ----------
    position
        Its open legs count.
    view
        Where its legs are priced.
    """

    __slots__ = ("_legs", "_position", "_view")

    def __init__(self, position: PositionState, view: MarketView) -> None:
        self._position = position
        self._view = view
        self._legs: list[BoundLeg] | None = None

    def value(self, field: str) -> float:
        """Return the sum of `field` (`pnl`, `margin` or one of `SUMMED_FIELDS`).

        Raises
        ------
        MissingValueError
            When one of its legs has no value.
        """
        if field == "margin":
            return margin_of(self._position)
        if self._legs is None:
            self._legs = [BoundLeg.of(leg, self._view) for leg in self._position.legs if leg.closed_at is None]
        if field == "pnl":
            held = [leg.unrealized() for leg in self._legs if leg.qty]
            return math.fsum(held) + float(self._position.realized_pnl)
        return total(self._legs, field)


def margin_of(position: PositionState) -> float:
    """Return a position's margin.

    Raises
    ------
    MissingValueError
        When margin is not calculated.
    """
    if position.margin is None:
        raise MissingValueError("margin is not calculated for this position")
    return float(position.margin)


class AccountTotals:
    """The sums over an account's positions at one view; shared by all evaluations of that account at that view."""

    __slots__ = ("_account", "_sums", "_view", "positions")

    def __init__(self, account: AccountState, view: MarketView) -> None:
        self._account = account
        self._view = view
        self.positions = [PositionTotals(position, view) for position in account.positions]
        self._sums: dict[str, float] = {}

    def fits(self, account: AccountState, view: MarketView) -> bool:
        """Return whether these are the sums of this very account at this very view."""
        return self._account is account and self._view is view

    def value(self, field: str) -> float:
        """Return the sum of `field` over all positions.

        Raises
        ------
        MissingValueError
            When one of them has no value.
        """
        known = self._sums.get(field)
        if known is None:
            known = self._sums[field] = math.fsum([position.value(field) for position in self.positions])
        return known


class Scope:
    """Everything that a statement may read at one moment.

    Parameters
    ----------
    position
        The position concerned, or `None` before there is one (an entry is being prepared, or its signal evaluated).
    external
        Values of external data, by variable name.
    random
        Where `random()` draws from.
    totals
        The account's sums at this view, when they are already known.
    """

    def __init__(
        self,
        view: MarketView,
        account: AccountState,
        *,
        position: PositionState | None,
        external: Mapping[str, float],
        random: random_module.Random,
        totals: AccountTotals | None = None,
    ) -> None:
        self.view = view
        self.account = account
        self.position = position
        self.external = external
        self.random = random
        self.totals = totals if totals is not None else AccountTotals(account, view)
        self.local = view.calendar.local(view.now)
        self.today = self.local.date()
        self.memo: dict[str, LuaValue] = {}
        self.selected: dict[str, float] = {}
        self.expiration_days: dict[str, Expiration] = {}
        open_legs = () if position is None else (leg for leg in position.legs if leg.closed_at is None)
        self.legs: dict[str, BoundLeg] = {leg.name: BoundLeg.of(leg, view) for leg in open_legs}
        self.variables: dict[str, float] = {}
        if position is not None:
            self.variables = {name: float(value) for name, value in position.variables.items()}
        self._changed = False
        self._realized_extra = 0.0

    def put_leg(self, leg: BoundLeg) -> None:
        """Add a leg, or put it in the place of the one of its name; what depended on the legs is computed anew."""
        self.legs[leg.name] = leg
        self.memo.clear()
        self._changed = True

    def drop_leg(self, name: str) -> BoundLeg | None:
        """Take a leg out and return it; what depended on the legs is computed anew."""
        self.memo.clear()
        self._changed = True
        return self.legs.pop(name, None)

    def trying(self, name: str, alias: str | None, chain: ChainSlice) -> Trial:
        """Return what tries the contracts of a slice in the place of a leg.

        Parameters
        ----------
        name, alias
            The leg and its expiration's alias.
        """
        return Trial(self, name, alias, chain)

    def close_leg(self, name: str) -> None:
        """Take a leg out at its present price: what it has earned becomes realised.

        Without a price what was realised is unknown from now on, and statements that read it fail.
        """
        leg = self.drop_leg(name)
        if leg is None or not leg.qty:
            return
        try:
            self._realized_extra += leg.unrealized()
        except MissingValueError:
            self._realized_extra = math.nan

    def set_variable(self, name: str, value: float) -> None:
        """Give a user variable a value, seen by every statement evaluated from now on."""
        self.variables[name] = value
        self.memo.pop(name, None)

    def set_selected(self, name: str, value: float) -> None:
        """Give `expiration_*_dte`, `_min` or `_max` a value for the time of the selection."""
        self.selected[name] = value
        self.memo.pop(name, None)

    def calendar_days_to(self, expiration: Expiration) -> int:
        """Return the days from today's exchange-local date to the expiration's."""
        return (expiration.day - self.today).days

    def leg(self, name: str) -> BoundLeg:
        """Return an open leg.

        Raises
        ------
        MissingValueError
            When no leg of that name is open.
        """
        found = self.legs.get(name)
        if found is None:
            raise MissingValueError(f"leg '{name}' is not open")
        return found

    def sum_of_position(self, field: str) -> float:
        """Return `pos_<field>`: 0 before there are legs.

        Raises
        ------
        MissingValueError
            When one of the legs has no value.
        """
        if field == "margin":
            if self.position is None or self._changed:
                raise MissingValueError("margin is known of open positions only")
            return margin_of(self.position)
        if field == "pnl":
            return math.fsum([leg.unrealized() for leg in self.legs.values() if leg.qty]) + self.realized()
        return total(self.legs.values(), field)

    def realized(self) -> float:
        """Return what the position has realised, with what closing legs in this scope would add.

        Raises
        ------
        MissingValueError
            When a leg without a price was closed.
        """
        if math.isnan(self._realized_extra):
            raise MissingValueError("the result of a leg that is closed is unknown: it has no price")
        return self._realized_extra + (0.0 if self.position is None else float(self.position.realized_pnl))

    def sum_of_account(self, field: str) -> float:
        """Return `acc_<field>`: all positions, with the one in this scope as it stands here.

        Raises
        ------
        MissingValueError
            When one of the legs has no value.
        """
        if not self._changed:
            return self.totals.value(field)
        others = self.totals.value(field)
        if self.position is not None:
            for state, totals in zip(self.account.positions, self.totals.positions, strict=True):
                if state is self.position or state == self.position:
                    others -= totals.value(field)
                    break
        return others + self.sum_of_position(field)

    def expiration_dte(self, name: str) -> float:
        """Return `expiration_<name>_dte`: of the selection in progress, else of an open leg, else as stored.

        Raises
        ------
        MissingValueError
            When the alias has no expiration.
        """
        variable = f"expiration_{name}_dte"
        chosen = self.selected.get(variable)
        if chosen is not None:
            return chosen
        for leg in self.legs.values():
            if leg.expiration_name == name:
                return float((leg.contract.day - self.today).days)
        stored = self.variables.get(variable)
        if stored is None:
            raise MissingValueError(f"expiration '{name}' has not been chosen")
        return stored

    def known_dte(self, name: str) -> float | None:
        """Return `expiration_<name>_dte`, or `None` when the alias has no expiration."""
        try:
            return self.expiration_dte(name)
        except MissingValueError:
            return None

    def end_selection(self) -> None:
        """Forget the `expiration_*_min` and `_max`, which exist during selection only."""
        for name in [name for name in self.selected if not name.endswith("_dte")]:
            del self.selected[name]
            self.memo.pop(name, None)

    def user_value(self, name: str) -> float:
        """Return a variable of `VarDefines`, or of external data.

        Raises
        ------
        MissingValueError
            When neither has it.
        """
        value = self.variables.get(name)
        if value is None:
            value = self.external.get(name)
        if value is None:
            raise MissingValueError(f"'{name}' has no value")
        if not math.isfinite(value):
            raise MissingValueError(f"'{name}' is not a finite number")
        return value


class Trial:
    """Tries one contract of a slice after the other as a leg of a scope; made by `Scope.trying`."""

    __slots__ = ("_alias", "_before", "_chain", "_changing", "_columns", "_kept", "_name", "_scope")

    def __init__(self, scope: Scope, name: str, alias: str | None, chain: ChainSlice) -> None:
        self._scope = scope
        self._name = name
        self._alias = alias
        self._chain = chain
        self._before = scope.legs.get(name)
        self._changing = (f"leg_{name}_", "pos_", "acc_", "open_trades_cnt")
        self._columns: dict[str, list[float]] = {}
        self._kept: dict[str, LuaValue] = {}

    def place(self, index: int, qty: float) -> None:
        """Make `qty` of the contract at `index` the leg; what does not depend on the leg stays known."""
        scope = self._scope
        for name, value in scope.memo.items():
            if name not in self._kept and not name.startswith(self._changing):
                self._kept[name] = value
        leg = BoundLeg(
            self._name,
            self._chain.contract(index),
            qty,
            scope.view.now,
            self._chain,
            index,
            expiration_name=self._alias,
            columns=self._columns,
        )
        scope.put_leg(leg)
        scope.memo.update(self._kept)

    def end(self) -> None:
        """Put the scope's leg back as it was before the trial."""
        if self._before is None:
            self._scope.drop_leg(self._name)
        else:
            self._scope.put_leg(self._before)


def to_decimal(value: float) -> Decimal:
    """Return the shortest decimal that reads back as `value`; whole numbers without a fraction."""
    if abs(value) < 1e15 and value == int(value):
        return Decimal(int(value))
    return Decimal(repr(value))
