"""What a definition must do: a plain interpreter of the documented rules, on one account with paper fills at the mark.

It knows definitions whose entry, exit and adjustments are scheduled, without margin. Of the option models it knows the
metrics `pnl` and `price`. The results of random draws are given to it: it knows when there is a draw, and that it is
one for each decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from mesolive_testkit.oracle.expressions import FailedError, holds, number_of
from mesolive_testkit.oracle.market import MULTIPLIER, NEW_YORK, Chain, Listed, Option
from mesolive_testkit.oracle.reader import (
    Holding,
    Inputs,
    Json,
    Leg,
    NothingError,
    Read,
    Reader,
    list_of,
    object_of,
)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PREFERRED = ("SPXW", "SPX")
TIE = 1e-9


class Trade(NamedTuple):
    """A fill: when, the leg's name, the contract, signed contracts."""

    at: datetime
    leg: str
    option: Option
    qty: float


def scheduled(schedule: Json, opening: datetime, close: datetime) -> list[datetime]:
    """Return the scheduled times of a session: minutes round to five, `5min` runs to the close or from the opening."""
    every = str(schedule.get("Every") or "day")
    weekday = WEEKDAYS[opening.astimezone(NEW_YORK).weekday()]
    if every not in {"day", "5min"} and weekday not in [word.strip() for word in every.split(",")]:
        return []
    after = schedule.get("AfterMarketOpenMinutes")
    step = timedelta(minutes=5)
    minutes = 5 * ((int(after if after is not None else schedule["BeforeMarketCloseMinutes"]) + 2) // 5)
    if after is not None:
        first = opening + timedelta(minutes=minutes)
        last = close - step if every == "5min" else first
    else:
        last = close - timedelta(minutes=minutes)
        first = opening if every == "5min" else last
    times: list[datetime] = []
    while first <= last:
        if opening <= first < close:
            times.append(first)
        first += step
    return times


class Oracle:
    """Carries a definition out at the moments that it is shown; `trades` are what it holds to be right.

    Parameters
    ----------
    definition
        Version 3, as JSON.
    cash
        What the account starts with.
    inputs
        External data and random draws.
    """

    def __init__(self, definition: Json, cash: float = 100_000.0, inputs: Inputs | None = None) -> None:
        self._cash, self._realized = cash, 0.0
        self._inputs = inputs or Inputs()
        self._definition = definition
        self._entry: Json = object_of(definition, "Entry")
        self._exit: Json = object_of(definition, "Exit")
        self._adjustment: Json = object_of(definition, "Adjustment")
        core = object_of(object_of(definition, "Settings"), "Core")
        self._constraint = core.get("LegSelectionConstraint")
        self._unique_expirations = core.get("ExpirationSelectionConstraint") == "AbortOnReuse"
        self.trades: list[Trade] = []
        self.holdings: list[Holding] = []
        self._last_entry: date | None = None
        self._last_exit: date | None = None
        self._settles_at: dict[tuple[str, date], datetime] = {}
        self._chain: Chain
        self._session: tuple[datetime, datetime]

    def step(self, chain: Chain, session: tuple[datetime, datetime]) -> None:
        """Do what is to be done at a moment."""
        self._chain, self._session = chain, session
        # What has settled is not listed any more.
        self._settles_at |= {(listed.root, listed.day): listed.settles_at for listed in chain.listed}
        self._settle()
        now = chain.now
        entering = now in self._times(self._entry) and self._may_enter()
        leaving: list[Holding] = []
        adjusting: list[tuple[Holding, list[tuple[str, Json]]]] = []
        for holding in [each for each in self.holdings if each.opened < now]:
            # All conditions see the same market and variables; then the variables are set, then it is traded.
            called = self._called(holding) if now in self._times(self._adjustment) else []
            if now in self._times(self._exit) and self._must_leave(holding):
                leaving.append(holding)
            adjusting.append((holding, called))
        for holding, called in adjusting:
            for _, actions in called:
                if list(actions) == ["UpdateVarsAdjustment"]:
                    self._define(holding, actions["UpdateVarsAdjustment"])
        if entering:
            self._enter()
        for holding, called in adjusting:
            if holding in leaving:
                self._close(holding)
                continue
            for _, actions in called:
                if list(actions) != ["UpdateVarsAdjustment"] and holding in self.holdings:
                    self._adjust(holding, actions)

    def _times(self, section: Json) -> list[datetime]:
        schedule = section.get("Schedule")
        return [] if schedule is None else scheduled(schedule, *self._session)

    def _reader(self, holding: Holding | None = None) -> Reader:
        account = {
            "nav": self._net_value,
            "initial_cash": lambda: self._cash,
            "pos_in_flight": lambda: float(len(self.holdings)),
        }
        return Reader(self._chain, self._session, holding, account, self._inputs)

    def _net_value(self) -> float:
        """Return the account's value: what there was, what was realised, and what is held at the marks."""
        value = sum(
            leg.qty * MULTIPLIER * (self._chain.quote(leg.option, "price") - leg.entry)
            for each in self.holdings
            for leg in each.legs.values()
            if leg.qty and leg.entry is not None
        )
        return self._cash + self._realized + sum(each.realized for each in self.holdings) + value

    # --- entry

    def _may_enter(self) -> bool:
        concurrency = object_of(self._entry, "Concurrency")
        today = self._chain.local.date()
        most, shift = (
            int(concurrency.get(name, other)) for name, other in (("MaxPositionsInFlight", 1), ("EntryShiftDays", 0))
        )
        reentry = int(self._entry.get("ReentryDays") or 0)
        if len(self.holdings) >= most:
            return False
        if self._last_entry is not None and (today - self._last_entry).days < shift:
            return False
        if self._last_exit is not None and (today - self._last_exit).days < reentry:
            return False
        return self._allows(list_of(self._entry, "Conditions"), self._reader())

    @staticmethod
    def _allows(conditions: Iterable[object], read: Read) -> bool:
        results = [holds(condition, read) for condition in conditions]
        return None not in results and (not results or any(results))

    def _enter(self) -> None:
        structure, reader = self._definition["Structure"], self._reader()
        try:
            self._choose_expirations(structure["Expirations"], reader)
            legs = self._choose_legs(structure["Legs"], reader, None)
            multiplier = number_of(self._entry.get("QtyMultiplier") or 1, reader)
        except (FailedError, NothingError):
            return
        for leg in legs:
            leg.qty *= multiplier
        preview = Holding(self._chain.now, {leg.name: leg for leg in legs})
        variables = self._fixed(preview)
        preview.variables = variables
        read = self._reader(preview)
        aborts = [holds(condition, read) for condition in list_of(self._entry, "AbortConditions")]
        if not self._allows(list_of(self._entry, "Conditions"), read) or any(abort is not False for abort in aborts):
            return
        self._open(preview, legs)
        preview.variables = self._fixed(preview)
        self.holdings.append(preview)
        self._last_entry = self._chain.local.date()

    def _fixed(self, holding: Holding) -> dict[str, float]:
        """Return VarDefines, then target, stop and days."""
        read = self._reader(Holding(holding.opened, holding.legs))
        named = (("profit_target", "ProfitTarget"), ("stop_loss", "StopLoss"), ("max_days_in_trade", "MaxDaysInTrade"))
        statements = list((object_of(self._entry, "VarDefines")).items())
        statements += [(name, self._exit[written]) for name, written in named if self._exit.get(written) is not None]
        for name, statement in statements:
            try:
                value = number_of(statement, read)
            except FailedError:
                continue
            read.variables[name] = abs(value) if name == "stop_loss" else value
        return read.variables

    # --- selection

    def _choose_expirations(self, rules: Iterable[Json], reader: Reader) -> None:
        for rule in rules:
            target = number_of(rule["DTE"], reader)
            low = number_of(rule["Min"], reader) if rule.get("Min") is not None else -1e9
            high = number_of(rule["Max"], reader) if rule.get("Max") is not None else 1e9
            roots = object_of(rule, "Roots")
            include, exclude = roots.get("Include"), list_of(roots, "Exclude")
            order = list(include or PREFERRED)
            fitting = [
                (
                    abs(days - target),
                    days,
                    order.index(listed.root) if listed.root in order else len(order),
                    listed.root,
                    listed,
                )
                for listed in self._chain.listed
                if low <= (days := self._chain.days_to(listed.day)) <= high
                and listed.root not in exclude
                and (not include or listed.root in include)
            ]
            if not fitting:
                raise NothingError(rule["Name"])
            chosen = min(fitting, key=lambda candidate: candidate[:4])[4]
            if self._unique_expirations and chosen in reader.chosen.values():
                raise NothingError(rule["Name"])
            reader.chosen[rule["Name"]] = chosen

    def _choose_legs(self, rules: Iterable[Json], reader: Reader, holding: Holding | None) -> list[Leg]:
        chosen: list[Leg] = []
        for rule in rules:
            alias = rule["ExpirationName"]
            leg = Leg(rule["Name"], Option("", date.min, 0, rule["OptionType"] == "Put"), 0.0, alias)
            option = self._choose(
                rule["StrikeSelector"], self._expiration(alias, reader), leg, reader, holding, chosen, rule["Qty"]
            )
            leg.option = option
            reader.legs[leg.name] = leg
            qty = number_of(rule["Qty"], reader)
            if qty != round(qty):
                raise NothingError(leg.name)
            leg.qty = qty
            chosen.append(leg)
        return chosen

    def _expiration(self, alias: str, reader: Reader) -> Listed:
        if alias in reader.chosen:
            return reader.chosen[alias]
        options = [leg.option for leg in reader.legs.values() if leg.alias == alias]
        if not options:
            rules = [rule for rule in self._definition["Structure"]["Expirations"] if rule["Name"] == alias]
            self._choose_expirations(rules, reader)
            return reader.chosen[alias]
        return next(
            listed for listed in self._chain.listed if (listed.root, listed.day) == (options[0].root, options[0].day)
        )

    def _choose(
        self,
        selector: Json,
        expiration: Listed,
        leg: Leg,
        reader: Reader,
        holding: Holding | None,
        beside: list[Leg],
        qty: object,
    ) -> Option:
        """Return the contract nearest to what is sought, of those that may be used."""
        taken = self._taken(holding, beside, leg.name)
        low = number_of(selector["Min"], reader) if selector.get("Min") is not None else -1e9
        high = number_of(selector["Max"], reader) if selector.get("Max") is not None else 1e9
        options = self._chain.strikes(expiration, is_put=leg.option.is_put)
        if selector.get("Complex") is not None:
            measured, target = self._tried(selector["Complex"], options, leg, reader, qty, taken)
        else:
            (kind,) = [
                name
                for name in ("Delta", "StrikePrice", "MidPrice", "BidPrice", "AskPrice")
                if selector.get(name) is not None
            ]
            target = number_of(selector[kind], reader)
            target = abs(target) if kind == "Delta" else target
            measured = [(option, value) for option in options if (value := self._measure(kind, option)) is not None]
        allowed = [
            (abs(value - target), option) for option, value in measured if low <= value <= high and option not in taken
        ]
        if not allowed:
            raise NothingError(leg.name)
        nearest = min(allowed)[0]
        tied = [option for distance, option in allowed if distance <= nearest + TIE * max(1.0, abs(target))]
        return min(tied) if leg.option.is_put else max(tied)

    def _measure(self, kind: str, option: Option) -> float | None:
        try:
            match kind:
                case "Delta":
                    return abs(self._chain.quote(option, "delta")) * 100.0
                case "StrikePrice":
                    return option.strike
                case "MidPrice":
                    bid, ask = self._chain.quote(option, "bid"), self._chain.quote(option, "ask")
                    return (bid + ask) / 2 if ask > 0 and ask >= bid else None
                case _:
                    return self._chain.quote(option, "bid" if kind == "BidPrice" else "ask")
        except FailedError:
            return None

    def _tried(
        self, rule: Json, options: list[Option], leg: Leg, reader: Reader, qty: object, taken: set[Option]
    ) -> tuple[list[tuple[Option, float]], float]:
        """Return what a Complex selector measures of each contract that fulfils its constraints, and its target."""
        measured: list[tuple[Option, float]] = []
        before = reader.legs.get(leg.name)
        for option in options:
            reader.legs[leg.name] = Leg(leg.name, option, 0.0, leg.alias)
            try:
                reader.legs[leg.name].qty = number_of(qty, reader)
                if all(holds(constraint, reader) for constraint in list_of(rule, "Constraints")):
                    measured.append((option, number_of(rule["Statement"], reader)))
            except FailedError:
                continue
        reader.legs.pop(leg.name)
        if before is not None:
            reader.legs[leg.name] = before
        return measured, number_of(rule["Target"], reader)

    def _taken(self, holding: Holding | None, beside: list[Leg], name: str) -> set[Option]:
        if self._constraint == "None":
            return set()
        own = [] if holding is None else [leg for leg in holding.legs.values() if leg.name != name]
        others = [leg for other in self.holdings if other is not holding for leg in other.legs.values()]
        return {leg.option for leg in (*own, *beside, *(others if self._constraint != "UniqueInPosition" else ()))}

    # --- exit

    def _must_leave(self, holding: Holding) -> bool:
        read = self._reader(holding)
        rules = [
            statement
            for written, statement in (
                ("ProfitTarget", "pos_pnl >= profit_target"),
                ("StopLoss", "pos_pnl <= -stop_loss"),
                ("MaxDaysInTrade", "days_in_trade >= max_days_in_trade"),
            )
            if self._exit.get(written) is not None
        ]
        return any(holds(rule, read) for rule in (*rules, *(list_of(self._exit, "Conditions"))))

    def _close(self, holding: Holding, names: Iterable[str] | None = None) -> None:
        for name in list(holding.legs if names is None else names):
            leg = holding.legs.pop(name)
            if leg.qty and leg.entry is not None:
                price = self._price(leg.option)
                holding.realized += leg.qty * MULTIPLIER * (price - leg.entry)
                self.trades.append(Trade(self._chain.now, leg.name, leg.option, -leg.qty))
        if not holding.legs:
            self._end(holding)

    def _end(self, holding: Holding) -> None:
        self.holdings.remove(holding)
        self._realized += holding.realized
        self._last_exit = self._chain.local.date()

    def _price(self, option: Option) -> float:
        """Return the paper fill: the mark, on the cent."""
        mark = Decimal(repr(round(self._chain.quote(option, "price"), 6)))
        return float(mark.quantize(Decimal("0.01"), ROUND_HALF_EVEN))

    def _open(self, holding: Holding, legs: Iterable[Leg]) -> None:
        for leg in legs:
            leg.entry, leg.opened = self._price(leg.option), self._chain.now
            holding.legs[leg.name] = leg
            if leg.qty:
                self.trades.append(Trade(self._chain.now, leg.name, leg.option, leg.qty))

    def _settle(self) -> None:
        """Let what has expired go: its result is its intrinsic value."""
        for holding in list(self.holdings):
            for leg in list(holding.legs.values()):
                if self._settles_at[leg.option.root, leg.option.day] > self._chain.now:
                    continue
                spot = self._chain.underlying("price")
                worth = max(leg.option.strike - spot if leg.option.is_put else spot - leg.option.strike, 0.0)
                holding.realized += leg.qty * MULTIPLIER * (worth - (leg.entry or 0.0))
                del holding.legs[leg.name]
                if leg.qty:
                    settled = self._settles_at[leg.option.root, leg.option.day]
                    self.trades.append(Trade(settled, leg.name, leg.option, -leg.qty))
            if not holding.legs:
                self._end(holding)

    # --- adjustments

    def _called(self, holding: Holding) -> list[tuple[str, Json]]:
        read = self._reader(holding)
        rules = sorted((object_of(self._adjustment, "ConditionalAdjustments")).items())
        written = [
            (text, {name: value for name, value in actions.items() if value is not None}) for text, actions in rules
        ]
        return [(text, actions) for text, actions in written if holds(text, read)]

    def _adjust(self, holding: Holding, actions: Json) -> None:
        most = self._adjustment.get("MaxAdjustmentCount")
        if most is not None and holding.adjustments >= int(most):
            self._close(holding)
            return
        counted = False
        for name, carry_out in (
            ("RemoveLegsAdjustment", self._remove),
            ("MoveLegAdjustment", self._move),
            ("AddLegsAdjustment", self._add),
        ):
            if actions.get(name) is None:
                continue
            try:
                carry_out(holding, actions[name])
            except (FailedError, NothingError):
                return
            if not counted:
                holding.adjustments, counted = holding.adjustments + 1, True
            if holding not in self.holdings:
                return
            self._define(holding, actions[name])
        if actions.get("UpdateVarsAdjustment") is not None:
            self._define(holding, actions["UpdateVarsAdjustment"])

    def _define(self, holding: Holding, action: Json) -> None:
        read = self._reader(holding)
        for name, statement in (object_of(action, "VarDefines")).items():
            try:
                read.variables[name] = holding.variables[name] = number_of(statement, read)
            except FailedError:
                continue

    def _remove(self, holding: Holding, action: Json) -> None:
        names = [name for name in action["LegNames"] if name in holding.legs]
        if not names:
            raise NothingError("RemoveLegs")
        self._close(holding, names)

    def _move(self, holding: Holding, action: Json) -> None:
        name = action["LegName"]
        leg = holding.legs.get(name)
        if leg is None:
            raise NothingError(name)
        reader = self._reader(holding)
        self._choose_expirations(list_of(action, "Expirations"), reader)
        alias = action.get("ExpirationName") or leg.alias
        present = next(
            listed for listed in self._chain.listed if (listed.root, listed.day) == (leg.option.root, leg.option.day)
        )
        expiration = self._expiration(alias, reader) if action.get("ExpirationName") else present
        option = self._choose(action["StrikeSelector"], expiration, leg, reader, holding, [], leg.qty)
        if option == leg.option:
            raise NothingError(name)
        others = {leg_name: other for leg_name, other in holding.legs.items() if leg_name != name}
        order = list(holding.legs)
        if leg.qty and leg.entry is not None:
            holding.realized += leg.qty * MULTIPLIER * (self._price(leg.option) - leg.entry)
            self.trades.append(Trade(self._chain.now, name, leg.option, -leg.qty))
        moved = Leg(name, option, leg.qty, alias)
        holding.legs = others
        self._open(holding, [moved])
        holding.legs = {leg_name: holding.legs[leg_name] for leg_name in order}

    def _add(self, holding: Holding, action: Json) -> None:
        if any(rule["Name"] in holding.legs for rule in action["Legs"]):
            raise NothingError("open already")
        reader = self._reader(holding)
        self._choose_expirations(list_of(action, "Expirations"), reader)
        legs = self._choose_legs(action["Legs"], reader, holding)
        if any(holds(condition, reader) is not False for condition in list_of(action, "AbortConditions")):
            raise NothingError("aborted")
        self._open(holding, legs)
