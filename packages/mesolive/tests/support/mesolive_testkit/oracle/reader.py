"""What the oracle's statements read: prices, legs, variables, columns and draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mesolive_testkit.oracle.expressions import FailedError
from mesolive_testkit.oracle.market import MULTIPLIER, NEW_YORK, PER_SHARE, Chain, Listed, Option
from mesolive_testkit.oracle.models import ModelledLeg, Models

Json = Any
Read = Callable[[str], float]


def object_of(value: Json, name: str) -> Json:
    """Return an object's member of this name; an empty object where there is none."""
    member: Json = value.get(name)
    empty: Json = {}
    return empty if member is None else member


def list_of(value: Json, name: str) -> list[Json]:
    """Return an object's list of this name; an empty list where there is none."""
    member: Json = value.get(name)
    return [] if member is None else list(member)


class NothingError(Exception):
    """Nothing can be traded: no expiration or strike fits, or a statement that selection needs fails."""


@dataclass
class Leg:
    name: str
    option: Option
    qty: float
    alias: str
    entry: float | None = None
    opened: datetime | None = None


@dataclass
class Holding:
    """A position: its open legs, variables, and what was realised."""

    opened: datetime
    legs: dict[str, Leg]
    variables: dict[str, float] = field(default_factory=dict[str, float])
    realized: float = 0.0
    adjustments: int = 0


def exchange_days(start: datetime, end: datetime) -> float:
    """Return the difference of exchange-local dates and times of day, in days."""
    difference = end.astimezone(NEW_YORK).replace(tzinfo=None) - start.astimezone(NEW_YORK).replace(tzinfo=None)
    return difference / timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What comes from outside of definition and market.

    Attributes
    ----------
    rows
        External data: from when on a row counts, and its columns; in the order of time.
    draws
        What statements with a random draw yield, by moment and text.
    """

    rows: Sequence[tuple[datetime, Mapping[str, float]]] = ()
    draws: Mapping[tuple[datetime, str], float] = field(default_factory=dict[tuple[datetime, str], float])

    def column(self, name: str, now: datetime) -> float:
        """Return a column of the latest row that counts, if it is no older than five days."""
        counting = [(since, row) for since, row in self.rows if since <= now]
        if not counting or now - counting[-1][0] > timedelta(days=5) or name not in counting[-1][1]:
            raise FailedError(f"there is no {name}")
        return counting[-1][1][name]


class Reader:
    """What statements read: a chain, the legs of a position (or of a selection in progress), and variables."""

    def __init__(
        self,
        chain: Chain,
        session: tuple[datetime, datetime],
        holding: Holding | None,
        account: Mapping[str, Callable[[], float]],
        inputs: Inputs,
    ) -> None:
        self.chain = chain
        self.session = session
        self.legs: dict[str, Leg] = {} if holding is None else dict(holding.legs)
        self.variables: dict[str, float] = {} if holding is None else dict(holding.variables)
        self.realized = 0.0 if holding is None else holding.realized
        self.opened = None if holding is None else holding.opened
        self.chosen: dict[str, Listed] = {}
        self.account = account
        self.inputs = inputs
        self.options = Models(self._modelled, lambda: chain.underlying("price"), self.realized)

    def drawn(self, statement: str) -> float:
        """Return what a statement with a random draw yields now."""
        draw = self.inputs.draws.get((self.chain.now, statement))
        if draw is None:
            raise FailedError(f"no draw is given for {statement}")
        return draw

    def _modelled(self, name: str | None) -> dict[str, ModelledLeg]:
        legs = (
            {name_of_leg: leg for name_of_leg, leg in self.legs.items() if leg.qty}
            if name is None
            else {name: self.legs[name]}
        )
        result: dict[str, ModelledLeg] = {}
        for leg_name, leg in legs.items():
            years, forward, discount = self.chain.modelled(leg.option)
            paid = self.chain.quote(leg.option, "price") if leg.entry is None else leg.entry
            result[leg_name] = ModelledLeg(
                leg.option.strike,
                leg.option.is_put,
                (leg.qty or 1.0) * MULTIPLIER,
                paid,
                self.chain.quote(leg.option, "iv"),
                years,
                self.of_leg(leg, "dte"),
                forward,
                discount,
            )
        return result

    def __call__(self, name: str) -> float:
        if name in self.variables:
            return self.variables[name]
        chain, legs = self.chain, self.legs
        if name.startswith("underlying_"):
            return chain.underlying(name.removeprefix("underlying_"))
        if name.startswith("leg_"):
            leg, _, what = name.removeprefix("leg_").rpartition("_")
            if leg not in legs:
                raise FailedError(f"{leg} is not open")
            return self.of_leg(legs[leg], what)
        if name.startswith("pos_") and name != "pos_in_flight":
            what = name.removeprefix("pos_")
            total = sum(self.of_leg(leg, what) for leg in legs.values() if leg.qty)
            return total + (self.realized if what == "pnl" else 0.0)
        if name.startswith("expiration_") and name.endswith("_dte"):
            alias = name.removeprefix("expiration_").removesuffix("_dte")
            days = [self.chosen[alias].day] if alias in self.chosen else []
            days += [leg.option.day for leg in legs.values() if leg.alias == alias]
            if not days:
                raise FailedError(f"{alias} has not been chosen")
            return float(chain.days_to(days[0]))
        readers = {
            "minutes_after_open": lambda: (chain.now - self.session[0]) / timedelta(minutes=1) // 5 * 5,
            "minutes_before_close": lambda: (self.session[1] - chain.now) / timedelta(minutes=1) // 5 * 5,
            "days_in_trade": lambda: 0.0 if self.opened is None else exchange_days(self.opened, chain.now),
            "open_trades_cnt": lambda: float(sum(1 for leg in legs.values() if leg.qty)),
            "day_of_week": lambda: float(chain.local.isoweekday()),
            "day": lambda: float(chain.local.day),
            "month": lambda: float(chain.local.month),
            "year": lambda: float(chain.local.year),
            **self.account,
        }.get(name)
        if readers is None:
            return self.inputs.column(name, chain.now)
        return readers()

    def of_leg(self, leg: Leg, what: str) -> float:
        scale = (leg.qty or 1.0) * MULTIPLIER
        match what:
            case "qty":
                return leg.qty
            case "strike":
                return leg.option.strike
            case "iv":
                return 100.0 * self.chain.quote(leg.option, "iv")
            case "pnl":
                price = self.chain.quote(leg.option, "price")
                return 0.0 if leg.entry is None else scale * (price - leg.entry)
            case "dit":
                return 0.0 if leg.opened is None else exchange_days(leg.opened, self.chain.now)
            case "dte":
                return (self.chain.settles_at(leg.option) - self.chain.now) / timedelta(days=1)
            case "wvega":
                return self.of_leg(leg, "vega") * (30.0 / self.of_leg(leg, "dte")) ** 0.5
            case _:
                return self.chain.quote(leg.option, what) * (scale if what in PER_SHARE else 1.0)
