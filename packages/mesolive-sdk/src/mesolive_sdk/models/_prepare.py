"""Preparation models: jobs that make the execution plan of an entry, an exit or an adjustment."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Id, IdempotencyKeyStr, Timed, UtcDateTime
from mesolive_sdk.models._common import ConditionEvaluation, LegGroupQtys, LiveGreeks, LivePrices, LiveUnderlying
from mesolive_sdk.models._positions import LiveLeg

PositionNameStr = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class PreparePositionEntryArgs(msgspec.Struct, kw_only=True):
    """Arguments of `StartPreparePositionEntry`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    PositionName
        What the new position shall be called.
    StrategyId
        The strategy that is entered.
    BrokerAccountId
        The account to enter on.
    LegSelectionConstraint
        Which contracts that are already in use may be used again.
    Underlying
        What is traded; the strategy's own underlying, or another.
    DataProvider
        Whose quotes to use; null for the server's default.
    """

    IdempotencyKey: IdempotencyKeyStr
    PositionName: PositionNameStr
    StrategyId: Id
    BrokerAccountId: str
    LegSelectionConstraint: enums.LiveLegSelectionConstraint
    Underlying: LiveUnderlying
    DataProvider: enums.DataProviderType | None = None


class PreparePositionExitArgs(msgspec.Struct, kw_only=True):
    """Arguments of `StartPreparePositionExit`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    PositionId
        The position to close.
    DataProvider
        Whose quotes to use; null for the server's default.
    """

    IdempotencyKey: IdempotencyKeyStr
    PositionId: Id
    DataProvider: enums.DataProviderType | None = None


class PreparePositionAdjustmentArgs(msgspec.Struct, kw_only=True):
    """Arguments of `StartPreparePositionAdjustment`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    PositionId
        The position to adjust.
    Operation
        Which of the condition's operations.
    Condition
        The key of the strategy's conditional adjustment.
    LegSelectionConstraint
        Which contracts that are already in use may be used again.
    DataProvider
        Whose quotes to use; null for the server's default.
    """

    IdempotencyKey: IdempotencyKeyStr
    PositionId: Id
    Operation: enums.PositionAdjustmentOperation
    Condition: str
    LegSelectionConstraint: enums.LiveLegSelectionConstraint
    DataProvider: enums.DataProviderType | None = None


class StartPreparationResult(msgspec.Struct, kw_only=True):
    """Result of the three `StartPreparePosition…` methods.

    Attributes
    ----------
    JobId
        What to ask the status with.
    """

    JobId: str


class JobArgs(msgspec.Struct, kw_only=True):
    """Base of the arguments of the three `GetPreparePosition…Status` methods.

    Attributes
    ----------
    JobId
        Which job.
    """

    JobId: str


class GetPreparePositionEntryStatusArgs(JobArgs, kw_only=True):
    """Arguments of `GetPreparePositionEntryStatus`."""


class GetPreparePositionExitStatusArgs(JobArgs, kw_only=True):
    """Arguments of `GetPreparePositionExitStatus`."""


class GetPreparePositionAdjustmentStatusArgs(JobArgs, kw_only=True):
    """Arguments of `GetPreparePositionAdjustmentStatus`."""


class CancelJobArgs(msgspec.Struct, kw_only=True):
    """Base of the arguments of the three `CancelPreparePosition…` methods.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    JobId
        Which job.
    """

    IdempotencyKey: IdempotencyKeyStr
    JobId: str


class CancelPreparePositionEntryArgs(CancelJobArgs, kw_only=True):
    """Arguments of `CancelPreparePositionEntry`."""


class CancelPreparePositionExitArgs(CancelJobArgs, kw_only=True):
    """Arguments of `CancelPreparePositionExit`."""


class CancelPreparePositionAdjustmentArgs(CancelJobArgs, kw_only=True):
    """Arguments of `CancelPreparePositionAdjustment`."""


class CancelPreparationResult(msgspec.Struct, kw_only=True):
    """Result of the three `CancelPreparePosition…` methods.

    Attributes
    ----------
    JobId
        The job.
    Status
        Where it now is.
    """

    JobId: str
    Status: enums.PreparationStatus


class PreparedPlan(msgspec.Struct, kw_only=True):
    """Base of what all three preparations find.

    Attributes
    ----------
    ExecPlanId
        The execution plan, by which orders or paper fills are booked.
    PositionName, StrategyId, StrategyName, BrokerAccountId
        What is traded, and where.
    LegGroups
        Group id to the names of its legs.
    LegGroupQtys
        Group id to its combo quantities.
    Vars
        The variables as they are now.
    LegGreeks, LegPrices
        By leg name.
    LegGroupGreeks, LegGroupPrices
        By group id.
    PositionGreeks, PositionPrice
        Of all legs together.
    UnderlyingPrice
        Of the underlying.
    """

    ExecPlanId: int
    PositionName: str
    StrategyId: int
    StrategyName: str
    BrokerAccountId: str
    LegGroups: dict[int, list[str]]
    LegGroupQtys: dict[int, LegGroupQtys]
    Vars: dict[str, Decimal]
    LegGreeks: dict[str, LiveGreeks]
    LegPrices: dict[str, LivePrices]
    LegGroupGreeks: dict[int, LiveGreeks]
    LegGroupPrices: dict[int, LivePrices]
    PositionGreeks: LiveGreeks
    PositionPrice: LivePrices
    UnderlyingPrice: LivePrices


class PreparePositionEntryResult(PreparedPlan, kw_only=True):
    """What preparing an entry found.

    Attributes
    ----------
    SelectedLegs
        The chosen legs by name, before `QtyMultiplier`.
    AbortConditions, EntryConditions
        Every condition with its outcome and evidence.
    EntryAllowed
        Whether the strategy allows the entry: any entry condition holds (or none is written), no abort condition does.
    QtyMultiplier
        By what the quantities are multiplied when the plan is executed, unless the operator says otherwise.
    """

    SelectedLegs: dict[str, LiveLeg]
    AbortConditions: list[ConditionEvaluation]
    EntryConditions: list[ConditionEvaluation]
    EntryAllowed: bool
    QtyMultiplier: Decimal


class PreparePositionExitResult(PreparedPlan, kw_only=True):
    """What preparing an exit found.

    Attributes
    ----------
    PositionId
        The position that is closed.
    PositionLegs
        Its open legs by name.
    """

    PositionId: int
    PositionLegs: dict[str, LiveLeg]


class PreparePositionAdjustmentResult(PreparedPlan, kw_only=True):
    """What preparing an adjustment found.

    Attributes
    ----------
    PositionId
        The position that is adjusted.
    OrderLegs
        What is to be traded, by leg name.
    Operation, Condition
        Which of the strategy's adjustments it is.
    QtyMultiplier
        By what the quantities of added legs are multiplied.
    AbortConditions
        Every abort condition with its outcome; null where none is written.
    AdjustmentAllowed
        Whether the strategy allows it; null where nothing gates it.
    """

    PositionId: int
    OrderLegs: dict[str, LiveLeg]
    Operation: enums.PositionAdjustmentOperation
    Condition: str
    QtyMultiplier: Decimal | None = None
    AbortConditions: list[ConditionEvaluation] | None = None
    AdjustmentAllowed: bool | None = None


class PreparationStatusResult(Timed, kw_only=True):
    """Base of the results of the three `GetPreparePosition…Status` methods.

    Attributes
    ----------
    JobId
        The job.
    Status
        How far it has come.
    Error
        Why it failed.
    CreatedAt, UpdatedAt
        Its start and its last change.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt", "UpdatedAt")

    JobId: str
    Status: enums.PreparationStatus
    Error: str | None = None
    CreatedAt: UtcDateTime
    UpdatedAt: UtcDateTime


class GetPreparePositionEntryStatusResult(PreparationStatusResult, kw_only=True):
    """Result of `GetPreparePositionEntryStatus`.

    Attributes
    ----------
    Result
        What was found, when the job is completed.
    """

    Result: PreparePositionEntryResult | None = None


class GetPreparePositionExitStatusResult(PreparationStatusResult, kw_only=True):
    """Result of `GetPreparePositionExitStatus`.

    Attributes
    ----------
    Result
        What was found, when the job is completed.
    """

    Result: PreparePositionExitResult | None = None


class GetPreparePositionAdjustmentStatusResult(PreparationStatusResult, kw_only=True):
    """Result of `GetPreparePositionAdjustmentStatus`.

    Attributes
    ----------
    Result
        What was found, when the job is completed.
    """

    Result: PreparePositionAdjustmentResult | None = None
