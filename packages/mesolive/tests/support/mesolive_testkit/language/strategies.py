"""Short ways to write definitions, and to ask the language about them, in tests."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from mesolive.language import CompiledStrategy, compile_strategy, parse_definition, select_entry
from mesolive.language.decision import AccountState, Constraint, EntrySelection, LegState, PositionState
from mesolive.language.sandbox import Sandbox
from mesolive.language.scope import Scope
from mesolive.language.statement import CompiledStatement, Statement, compile_statement
from mesolive.market.contracts import OptionContract, Right
from mesolive_testkit.language.market import PlainView, generated

Json = dict[str, Any]

ACCOUNT = AccountState(nav=Decimal(120_000), initial_cash=Decimal(100_000))


def seeded(seed: int) -> random.Random:
    """Return a source of random numbers that is the same in every run."""
    return random.Random(seed)  # noqa: S311  # reproducible on purpose; nothing secret depends on it


def leg(name: str, qty: object = -1, side: str = "Put", expiration: str = "e", **selector: Any) -> Json:
    """Return a leg; the selector is given by keywords, such as `Delta=16, Min=8`."""
    return {
        "Name": name,
        "Qty": qty,
        "OptionType": side,
        "ExpirationName": expiration,
        "StrikeSelector": selector or {"Delta": 20},
    }


def expiration(name: str = "e", dte: object = 30, **more: Any) -> Json:
    return {"Name": name, "DTE": dte, **more}


def definition(legs: Sequence[Json] | None = None, expirations: Sequence[Json] | None = None, **sections: Any) -> Json:
    """Return a definition: one short put in 30 days, unless something else is given."""
    return {
        "Symbol": "SPX",
        "Structure": {
            "Expirations": [expiration()] if expirations is None else list(expirations),
            "Legs": [leg("a")] if legs is None else list(legs),
        },
        **sections,
    }


def strategy(raw: Mapping[str, object]) -> CompiledStrategy:
    return compile_strategy(parse_definition(raw))


def select(
    raw: Mapping[str, object],
    view: PlainView | None = None,
    account: AccountState = ACCOUNT,
    *,
    constraint: Constraint = Constraint.FULLY_UNIQUE,
    external: Mapping[str, float] | None = None,
    seed: int = 1,
) -> EntrySelection:
    """Select an entry on a generated chain, or on the view given."""
    return select_entry(
        strategy(raw),
        view if view is not None else generated(),
        account,
        constraint=constraint,
        external={} if external is None else external,
        random=seeded(seed),
    )


def strikes(selection: EntrySelection) -> dict[str, float]:
    """Return the selected strikes by leg."""
    return {selected.name: float(selected.contract.strike) for selected in selection.legs}


def contract(
    view: PlainView, strike: float, side: Right = Right.PUT, days: int = 30, root: str = "SPXW"
) -> OptionContract:
    """Return a contract of a view's chain, `days` calendar days ahead."""
    day = view.calendar.local(view.now).date() + timedelta(days=days)
    part = view.slice(root, day, side)
    assert part is not None
    index = part.index_of(Decimal(repr(strike)))
    assert index is not None
    return part.contract(index)


def open_leg(
    name: str,
    of: OptionContract,
    qty: int,
    *,
    price: float | None = None,
    opened_at: datetime | None = None,
    alias: str | None = "e",
) -> LegState:
    """Return an open leg."""
    entry = None if price is None else Decimal(repr(price))
    return LegState(name, of, Decimal(qty), opened_at, entry, expiration_name=alias)


def position(*legs: LegState, opened_at: datetime | None = None, **more: Any) -> PositionState:
    return PositionState(legs=legs, opened_at=opened_at, **more)


def scope(
    view: PlainView | None = None,
    of: PositionState | None = None,
    account: AccountState = ACCOUNT,
    external: Mapping[str, float] | None = None,
    seed: int = 1,
) -> Scope:
    """Return a scope on a generated chain, or on the view given."""
    return Scope(
        view if view is not None else generated(),
        account,
        position=of,
        external={} if external is None else external,
        random=seeded(seed),
        margin_rules=None if of is None else of.margin_rules,
    )


def compiled(text: str) -> CompiledStatement:
    return compile_statement(Statement(text), Sandbox())


def value(text: str, within: Scope | None = None) -> object:
    """Return what an expression yields."""
    result, _ = compiled(text).evaluate(within if within is not None else scope())
    return result
