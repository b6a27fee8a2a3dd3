"""Variable scope of one evaluation: one market view, one account, one position.

A `Scope` lives for one evaluation. Values are computed when a statement first reads them and kept until the position in
the scope changes.
"""

from __future__ import annotations

import math
import random as random_module
from collections.abc import Mapping

from mesolive.language.decision import AccountState, PositionState
from mesolive.language.external import ExternalValues
from mesolive.language.legs import BoundLeg, total
from mesolive.language.margin import margin_of
from mesolive.language.problems import MissingValueError
from mesolive.language.sandbox import LuaValue
from mesolive.language.totals import AccountTotals
from mesolive.market.contracts import Expiration
from mesolive.market.view import ChainSlice, MarketView, UnderlyingState
from mesolive.pricing.margin import MarginRules


class Scope:
    """Everything that a statement may read at one moment.

    Parameters
    ----------
    position
        The position concerned, or `None` before there is one (an entry is being prepared, or its signal evaluated).
    external
        Values of external data, by variable name; `ExternalValues` where some are not to be had.
    random
        Where `random()` draws from; see `drawing`.
    totals
        The account's sums at this view, when they are already computed.
    margin_rules
        How the margin of the position concerned is calculated; `None` when it is not.
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
        margin_rules: MarginRules | None = None,
    ) -> None:
        self.view = view
        self.account = account
        self.position = position
        self.external = external
        self.random = random
        self.margin_rules = margin_rules
        self.totals = totals if totals is not None else AccountTotals(account, view)
        self.moment = self.totals.moment
        self.today = self.moment.today
        self.memo: dict[str, LuaValue] = {}
        self.selected: dict[str, float] = {}
        self.expiration_days: dict[str, Expiration] = {}
        self.outdated = self.moment.outdated
        self.legs: dict[str, BoundLeg] = {}
        self.variables: dict[str, float] = {}
        if position is not None:
            bind = self.moment.bind
            self.legs = {leg.name: bind(leg) for leg in position.legs if leg.closed_at is None}
            self.variables = {name: float(value) for name, value in position.variables.items()}
        self._changed = False
        self._realized_extra = 0.0
        self._seed: int | None = None

    def underlying(self) -> UnderlyingState:
        """Return the underlying's values.

        Raises
        ------
        MissingValueError
            When they are too old.
        """
        if self.outdated is not None:
            raise MissingValueError(self.outdated)
        return self.view.underlying

    def drawing(self, path: str, text: str) -> random_module.Random:
        """Return where a statement draws from: the same numbers whenever it is evaluated for the same decision.

        So what a signal has drawn is drawn again by the preparation that follows from it, whatever else was evaluated
        before. Nothing is taken from `random` for it.
        """
        if self._seed is None:
            source = random_module.Random()  # noqa: S311 - dice of a strategy, not a secret
            source.setstate(self.random.getstate())
            self._seed = source.getrandbits(64)
        return random_module.Random(f"{self._seed}/{path}/{text}")  # noqa: S311 - as above

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
        result = self.legs.get(name)
        if result is None:
            raise MissingValueError(f"leg '{name}' is not open")
        return result

    def sum_of_position(self, field: str) -> float:
        """Return `pos_<field>`: 0 before there are legs.

        Raises
        ------
        MissingValueError
            When one of the legs has no value.
        """
        if field == "margin":
            return float(margin_of(self.legs.values(), self.margin_rules, self.view))
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
        """Return `acc_<field>`: all positions, with the current state of the one in this scope.

        Raises
        ------
        MissingValueError
            When one of the legs has no value.
        """
        everything = self.totals.value(field)
        own = None if self.position is None else self.totals.place(self.position)
        if own is not None:
            if not self._changed:
                return everything
            everything -= self.totals.positions[own].value(field)
        return everything + self.sum_of_position(field)

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
        """Clear the `expiration_*_min` and `_max`, which exist during selection only."""
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
            why = self.external.why_missing(name) if isinstance(self.external, ExternalValues) else None
            raise MissingValueError(f"'{name}' has no value" + (f": {why}" if why else ""))
        if not math.isfinite(value):
            raise MissingValueError(f"'{name}' is not a finite number")
        return value


class Trial:
    """Tries one contract of a slice after the other as a leg of a scope; made by `Scope.trying`."""

    __slots__ = ("_alias", "_before", "_chain", "_changing", "_leg", "_name", "_scope")

    def __init__(self, scope: Scope, name: str, alias: str | None, chain: ChainSlice) -> None:
        self._scope = scope
        self._name = name
        self._alias = alias
        self._chain = chain
        self._before = scope.legs.get(name)
        self._changing = (f"leg_{name}_", "pos_", "acc_", "open_trades_cnt")
        self._leg: BoundLeg | None = None

    def place(self, index: int, qty: float) -> None:
        """Make `qty` of the contract at `index` the leg; values that do not depend on the leg stay cached."""
        scope, leg = self._scope, self._leg
        memo = scope.memo
        for name in [name for name in memo if name.startswith(self._changing)]:
            del memo[name]
        if leg is not None:
            leg.move(index, qty)
            return
        outside = dict(memo)
        self._leg = BoundLeg(
            self._name,
            None,
            qty,
            scope.view.now,
            self._chain,
            index,
            expiration_name=self._alias,
            columns={},
        )
        scope.put_leg(self._leg)
        memo.update(outside)

    def end(self) -> None:
        """Put the scope's leg back as it was before the trial."""
        if self._before is None:
            self._scope.drop_leg(self._name)
        else:
            self._scope.put_leg(self._before)
