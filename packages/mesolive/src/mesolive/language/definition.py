"""Strategy definition, version 3, as typed values; `mesolive.language.reading` parses them from JSON."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from mesolive.language.decision import Constraint, Operation
from mesolive.language.schedule import Schedule
from mesolive.language.statement import Statement
from mesolive.market.contracts import Right
from mesolive.pricing.margin import MarginRules


class SelectorKind(enum.Enum):
    """By which measure a strike is sought. Those after `COMPLEX` are of version 2 and kept as extensions."""

    BID_PRICE = "BidPrice"
    ASK_PRICE = "AskPrice"
    MID_PRICE = "MidPrice"
    DELTA = "Delta"
    STRIKE_PRICE = "StrikePrice"
    COMPLEX = "Complex"
    GAMMA = "Gamma"
    THETA = "Theta"
    VEGA = "Vega"
    WVEGA = "WVega"
    RHO = "Rho"
    IV = "IV"


V2_SELECTORS = frozenset(
    {
        SelectorKind.GAMMA,
        SelectorKind.THETA,
        SelectorKind.VEGA,
        SelectorKind.WVEGA,
        SelectorKind.RHO,
        SelectorKind.IV,
    }
)


class ExpirationConstraint(enum.Enum):
    """Whether two aliases may come to the same expiration."""

    ABORT_ON_REUSE = "AbortOnReuse"
    ALLOW_REUSE = "AllowReuse"


class ExpirationRule(Struct, frozen=True):
    """How an expiration is chosen.

    Attributes
    ----------
    include
        Roots that may be chosen, in the order of preference; `None` for all.
    exclude
        Roots that may not.
    """

    name: str
    dte: Statement
    minimum: Statement | None = None
    maximum: Statement | None = None
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()


class StrikeSelector(Struct, frozen=True):
    """How a strike is chosen.

    Attributes
    ----------
    target
        What is sought, in the unit of the kind; for `COMPLEX` the value that `statement` should come nearest to.
    minimum, maximum
        Bounds in the unit of the kind.
    statement, constraints
        For `COMPLEX` only: evaluated for every candidate.
    """

    kind: SelectorKind
    target: Statement
    minimum: Statement | None = None
    maximum: Statement | None = None
    statement: Statement | None = None
    constraints: tuple[Statement, ...] = ()


class LegRule(Struct, frozen=True):
    """How a leg is chosen and sized."""

    name: str
    qty: Statement
    right: Right
    expiration: str
    selector: StrikeSelector
    group: Statement | None = None


VarDefines = tuple[tuple[str, Statement], ...]
"""Variables in the order written, each with its expression."""


@dataclass(frozen=True, slots=True)
class EntryRules:
    """When a position may be entered, and what it is given on its way.

    Attributes
    ----------
    max_positions
        Maximum concurrent positions on one account: one, unless `Concurrency` sets more.
    limits_concurrency
        Whether `Concurrency` is written.
    limits_positions
        Whether its `MaxPositionsInFlight` is.
    """

    schedule: Schedule | None = None
    conditions: tuple[Statement, ...] = ()
    variables: VarDefines = ()
    abort_conditions: tuple[Statement, ...] = ()
    qty_multiplier: Statement | None = None
    reentry_days: int | None = None
    max_positions: int = 1
    shift_days: int = 0
    limits_concurrency: bool = False
    limits_positions: bool = False


class RemoveLegs(Struct, frozen=True):
    """Close legs."""

    legs: tuple[str, ...]
    variables: VarDefines = ()


class MoveLeg(Struct, frozen=True):
    """Close a leg and open it again, with another strike, another expiration or both."""

    leg: str
    selector: StrikeSelector
    expiration: str | None = None
    expirations: tuple[ExpirationRule, ...] = ()
    variables: VarDefines = ()


class AddLegs(Struct, frozen=True):
    """Open further legs."""

    legs: tuple[LegRule, ...]
    expirations: tuple[ExpirationRule, ...] = ()
    abort_conditions: tuple[Statement, ...] = ()
    variables: VarDefines = ()


class UpdateVars(Struct, frozen=True):
    """Set variables; nothing is traded."""

    variables: VarDefines


class ConditionalAdjustment(Struct, frozen=True):
    """A condition with what is done when it holds, in the order of `Operation`."""

    condition: Statement
    remove: RemoveLegs | None = None
    move: MoveLeg | None = None
    add: AddLegs | None = None
    update: UpdateVars | None = None

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The kinds of adjustment that are written, in the order in which they are carried out."""
        written = (
            (Operation.REMOVE_LEGS, self.remove),
            (Operation.MOVE_LEG, self.move),
            (Operation.ADD_LEGS, self.add),
            (Operation.UPDATE_VARS, self.update),
        )
        return tuple(operation for operation, action in written if action is not None)


@dataclass(frozen=True, slots=True)
class AdjustmentRules:
    """All adjustments, sorted by the full text of their conditions."""

    schedule: Schedule | None = None
    adjustments: tuple[ConditionalAdjustment, ...] = ()
    max_count: int | None = None


@dataclass(frozen=True, slots=True)
class ExitRules:
    """When a position is closed."""

    schedule: Schedule | None = None
    max_days_in_trade: Statement | None = None
    profit_target: Statement | None = None
    stop_loss: Statement | None = None
    conditions: tuple[Statement, ...] = ()
    variables: VarDefines = ()


class Indicator(Struct, frozen=True):
    """A technical indicator over the underlying's daily closes (an extension kept from version 2)."""

    name: str
    kind: str
    parameters: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class StrategyDefinition:
    """A checked definition.

    Attributes
    ----------
    leg_constraint, names_leg_constraint
        Which contracts in use may be used again, and whether that is written.
    margin
        How margin is calculated; `None` when it is not.
    source
        The JSON it was made from, version 3 (a version 2 definition converted).
    """

    name: str
    description: str | None
    version: str
    symbol: str
    expirations: tuple[ExpirationRule, ...]
    legs: tuple[LegRule, ...]
    entry: EntryRules = EntryRules()
    adjustment: AdjustmentRules = AdjustmentRules()
    exit: ExitRules = ExitRules()
    csv_url: str | None = None
    leg_constraint: Constraint = Constraint.FULLY_UNIQUE
    names_leg_constraint: bool = False
    expiration_constraint: ExpirationConstraint = ExpirationConstraint.ALLOW_REUSE
    margin: MarginRules | None = None
    indicators: tuple[Indicator, ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)
