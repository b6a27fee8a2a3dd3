"""Inputs and outputs of strategy evaluation, as plain values: position and account state in, decisions out.

Inputs: `AccountState`, `PositionState` with its `LegState`s. Outputs: `EntrySelection`, `FrozenVariables`, `EntryGate`,
`ExitEvaluation`, `AdjustmentEvaluation`, `AdjustmentSelection`, made of `Evaluation` and `SelectionTrace`.
Money and quantities are `Decimal`; model numbers are floats.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec import field as struct_field

from mesolive.market.contracts import Expiration, OptionContract
from mesolive.pricing.margin import MarginRules

DISPLAY_DIGITS: Final = 12
"""Significant digits of a computed number that are shown: what is behind them is the noise of floats."""


def to_decimal(value: float) -> Decimal:
    """Return the shortest decimal that reads back as `value`; whole numbers without a fraction.

    So are variables kept: one that a condition compares with what it was computed from must be equal to it.
    """
    if abs(value) < 1e15 and value == int(value):
        return Decimal(int(value))
    return Decimal(repr(value))


def rounded(value: Decimal | float) -> Decimal:
    """Return a finite number rounded to `DISPLAY_DIGITS`."""
    return to_decimal(float(f"{value:.{DISPLAY_DIGITS}g}"))


def shown(variables: Mapping[str, Decimal | float]) -> dict[str, Decimal]:
    """Return variables as they are published: `rounded`; what is not a finite number is left out."""
    return {name: rounded(value) for name, value in variables.items() if math.isfinite(value)}


class Constraint(enum.Enum):
    """Which contracts that are already in use may be used again."""

    FULLY_UNIQUE = "FullyUnique"
    UNIQUE_IN_POSITION = "UniqueInPosition"
    NONE = "None"


class StatementKind(enum.Enum):
    """What a statement is for; the values are the wire's `ConditionType` names."""

    ENTRY = "Entry"
    ABORT = "Abort"
    EXIT = "Exit"
    PROFIT_TARGET = "ProfitTarget"
    STOP_LOSS = "StopLoss"
    MAX_DAYS_IN_TRADE = "MaxDaysInTrade"
    ADJUSTMENT = "Adjustment"
    VAR_DEFINE = "VarDefine"
    QTY_MULTIPLIER = "QtyMultiplier"
    EXPIRATION = "Expiration"
    STRIKE_SELECTOR = "StrikeSelector"
    LEG_QTY = "LegQty"
    LEG_GROUP = "LegGroup"


class Operation(enum.Enum):
    """The kinds of adjustment, in the order in which those of one condition are carried out."""

    REMOVE_LEGS = "RemoveLegs"
    MOVE_LEG = "MoveLeg"
    ADD_LEGS = "AddLegs"
    UPDATE_VARS = "UpdateVars"


class Evaluation(Struct, frozen=True):
    """One evaluated statement with its evidence; a struct, because one is made for every condition of every position.

    Attributes
    ----------
    result
        The condition's outcome, or `None` when it could not be evaluated (`error` then gives the reason).
    value
        The number that it yielded, where it yielded one.
    variables
        The variables that the statement read, with their values.
    """

    kind: StatementKind
    statement: str
    result: bool | None
    variables: Mapping[str, float] = struct_field(default_factory=dict[str, float])
    value: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class LegState:
    """A leg of a position as it is tracked.

    Attributes
    ----------
    qty
        Signed contracts; 0 is a marker leg.
    entry_price
        Average price per unit of the underlying, commission included; `None` for a leg that has no fill
        (a preview, or a marker leg: then the mark at selection).
    """

    name: str
    contract: OptionContract
    qty: Decimal
    opened_at: datetime | None = None
    entry_price: Decimal | None = None
    closed_at: datetime | None = None
    realized_pnl: Decimal = Decimal(0)
    leg_group_id: int = 0
    expiration_name: str | None = None


@dataclass(frozen=True, slots=True)
class PositionState:
    """A position: its open legs, its frozen variables, what it has realised.

    Attributes
    ----------
    realized_pnl
        Everything realised so far, that of open legs included.
    margin_rules
        How its margin is calculated; `None` when it is not. Equality of states ignores it.
    """

    legs: tuple[LegState, ...] = ()
    variables: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    opened_at: datetime | None = None
    realized_pnl: Decimal = Decimal(0)
    qty_multiplier: Decimal = Decimal(1)
    adjustment_count: int = 0
    margin_rules: MarginRules | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AccountState:
    """The account at the moment of evaluation.

    Attributes
    ----------
    nav
        Net liquidation value in account currency.
    initial_cash
        Cash with which the account (or the strategy's plan) began.
    positions
        All open positions of the account, the evaluated one included.
    strategy_positions
        How many of them belong to the evaluated strategy.
    last_entry_at, last_exit_at
        When the strategy last entered and exited on this account.
    """

    nav: Decimal
    initial_cash: Decimal
    positions: tuple[PositionState, ...] = ()
    strategy_positions: int = 0
    last_entry_at: datetime | None = None
    last_exit_at: datetime | None = None


class SelectionTrace(Struct, frozen=True):
    """How a contract or an expiration was chosen: enough to explain it to its owner.

    Attributes
    ----------
    candidates
        How many were considered.
    target, value
        What was sought, and the measure of the one chosen.
    passed_over
        Nearer candidates that were refused, each with its reason, nearest first; at most 10.
    """

    what: str
    candidates: int
    target: float | None
    value: float | None
    passed_over: tuple[tuple[str, str], ...] = ()


class SelectedLeg(Struct, frozen=True):
    """A leg as selection proposes it, before `QtyMultiplier`."""

    name: str
    contract: OptionContract
    qty: Decimal
    leg_group_id: int
    expiration_name: str
    trace: SelectionTrace


class EntrySelection(Struct, frozen=True):
    """The whole result of preparing an entry.

    Attributes
    ----------
    legs
        In the definition's order, quantities before `qty_multiplier`.
    allowed
        Conditions hold (any, or none written), no abort condition does, and each of them could be evaluated.
    variables
        `VarDefines`, `profit_target`, `stop_loss`, `max_days_in_trade` and `expiration_*_dte` as the preview has them.
        They are evaluated again, and frozen, when the fills are recorded.
    """

    legs: tuple[SelectedLeg, ...]
    expirations: Mapping[str, Expiration]
    qty_multiplier: Decimal
    conditions: tuple[Evaluation, ...]
    abort_conditions: tuple[Evaluation, ...]
    definitions: tuple[Evaluation, ...]
    variables: Mapping[str, Decimal]
    allowed: bool
    traces: tuple[SelectionTrace, ...] = ()


class FrozenVariables(Struct, frozen=True):
    """What is fixed when a position is entered or adjusted.

    Attributes
    ----------
    variables
        The new values, to be merged into the position's; one whose statement failed is not among them.
    evaluations
        Each evaluated statement with its evidence; `error` gives the reason of a failure.
    """

    variables: Mapping[str, Decimal]
    evaluations: tuple[Evaluation, ...]


class EntryGate(Struct, frozen=True):
    """Whether a strategy may enter now, before there are legs.

    Attributes
    ----------
    schedule_ok
        Its schedule is due (or none is written and the market is open).
    concurrency_ok
        Fewer positions than `MaxPositionsInFlight`, and `EntryShiftDays` since the last entry.
    scheduled_at
        The scheduled time that is due; `None` when none is, and without a schedule.
    reentry_ok
        `ReentryDays` since the last exit.
    next_entry_at
        The next moment after now at which the schedule is due and the waiting days are over; `None` without a schedule
        or when none lies within the next weeks.
    """

    schedule_ok: bool
    concurrency_ok: bool
    reentry_ok: bool
    conditions: tuple[Evaluation, ...]
    entry_allowed: bool
    next_entry_at: datetime | None
    scheduled_at: datetime | None = None


class ExitEvaluation(Struct, frozen=True):
    """Which reasons for closing the position hold; `None` where the strategy has no such rule.

    Attributes
    ----------
    schedule_ok, scheduled_at
        Whether the exit schedule is due, and which of its times; `None` without a schedule.
    """

    schedule_ok: bool
    max_days_in_trade: Evaluation | None
    profit_target: Evaluation | None
    stop_loss: Evaluation | None
    conditions: tuple[Evaluation, ...]
    scheduled_at: datetime | None = None

    @property
    def rules(self) -> tuple[Evaluation, ...]:
        """Every reason that the strategy has."""
        thresholds = (self.max_days_in_trade, self.profit_target, self.stop_loss)
        return (*(rule for rule in thresholds if rule is not None), *self.conditions)

    @property
    def holds(self) -> bool | None:
        """Whether any reason holds, the schedule aside; `None` when none does and one could not be evaluated."""
        results = [rule.result for rule in self.rules]
        return True if True in results else (None if None in results else False)

    @property
    def triggered(self) -> bool:
        """Whether any reason holds, the schedule aside."""
        return self.holds is True


class AdjustmentEvaluation(Struct, frozen=True):
    """Whether one conditional adjustment is called for.

    Attributes
    ----------
    condition
        The key in the definition, which names the adjustment.
    operations
        What it does, in the order in which it is carried out.
    schedule_ok, scheduled_at
        Whether the adjustment schedule is due, and which of its times; `None` without a schedule.
    liquidates
        `MaxAdjustmentCount` is reached: carrying it out closes the position instead.
    automatic
        It sets variables only: nothing is traded, so the server may carry it out by itself.
    """

    condition: str
    evaluation: Evaluation
    operations: tuple[Operation, ...]
    schedule_ok: bool
    liquidates: bool
    automatic: bool
    scheduled_at: datetime | None = None


class AdjustmentSelection(Struct, frozen=True):
    """What carrying out one operation of an adjustment would trade.

    Attributes
    ----------
    closing
        Open legs to be closed, marker legs too.
    opening
        Legs to be opened, with their final quantities: no multiplier is applied.
    expirations
        Those chosen for the adjustment, by alias.
    definitions, variables
        `VarDefines` as they would be with the adjustment carried out.
    allowed
        No abort condition holds, and each could be evaluated.
    liquidates
        The position is closed instead (`MaxAdjustmentCount`).
    """

    condition: str
    operation: Operation
    closing: tuple[LegState, ...]
    opening: tuple[SelectedLeg, ...]
    expirations: Mapping[str, Expiration]
    abort_conditions: tuple[Evaluation, ...]
    definitions: tuple[Evaluation, ...]
    variables: Mapping[str, Decimal]
    allowed: bool
    liquidates: bool = False
    traces: tuple[SelectionTrace, ...] = ()


class SelectionError(Exception):
    """Nothing could be selected: no expiration or strike fits, or a statement that selection needs failed.

    Attributes
    ----------
    what
        The leg or expiration concerned, such as `leg 'short_put'`.
    evaluation
        The failed statement, where one failed.
    """

    def __init__(self, what: str, reason: str, evaluation: Evaluation | None = None) -> None:
        super().__init__(f"{what}: {reason}")
        self.what = what
        self.reason = reason
        self.evaluation = evaluation


class UnreadExpirationError(SelectionError):
    """The expiration that fits best is listed, and the provider has not read its contracts yet.

    Another one that is read already is no answer: the definition asks for the nearest of all.

    Attributes
    ----------
    expiration
        What must be read before anything can be chosen.
    """

    def __init__(self, what: str, expiration: Expiration) -> None:
        super().__init__(what, f"the contracts of {expiration.root} {expiration.day} are not read yet")
        self.expiration = expiration
