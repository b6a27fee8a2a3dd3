"""Event Hub events of jobs: preparations, and variable updates that the server carries out by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from mesolive_sdk.models._event_base import MesoLiveEvent
from mesolive_sdk.models._prepare import (
    PreparePositionAdjustmentResult,
    PreparePositionEntryResult,
    PreparePositionExitResult,
)


class PreparationEvent(MesoLiveEvent, kw_only=True):
    """Base of the events of preparation jobs.

    Attributes
    ----------
    JobId, StrategyId, StrategyName, BrokerAccountId
        Which job.
    """

    JobId: str
    StrategyId: int
    StrategyName: str
    BrokerAccountId: str | None = None


class PositionEntryPreparationCompletedEvent(PreparationEvent, kw_only=True):
    """Preparing an entry is completed.

    Attributes
    ----------
    Result
        What was found.
    """

    callback: ClassVar[str] = "OnPositionEntryPreparationCompleted"

    Result: PreparePositionEntryResult


class PositionExitPreparationCompletedEvent(PreparationEvent, kw_only=True):
    """Preparing an exit is completed.

    Attributes
    ----------
    Result
        What was found.
    """

    callback: ClassVar[str] = "OnPositionExitPreparationCompleted"

    Result: PreparePositionExitResult


class PositionAdjustmentPreparationCompletedEvent(PreparationEvent, kw_only=True):
    """Preparing an adjustment is completed.

    Attributes
    ----------
    Result
        What was found.
    """

    callback: ClassVar[str] = "OnPositionAdjustmentPreparationCompleted"

    Result: PreparePositionAdjustmentResult


class PositionEntryPreparationFailedEvent(PreparationEvent, kw_only=True):
    """Preparing an entry has failed.

    Attributes
    ----------
    Error
        Why.
    """

    callback: ClassVar[str] = "OnPositionEntryPreparationFailed"

    Error: str


class PositionExitPreparationFailedEvent(PreparationEvent, kw_only=True):
    """Preparing an exit has failed.

    Attributes
    ----------
    Error
        Why.
    """

    callback: ClassVar[str] = "OnPositionExitPreparationFailed"

    Error: str


class PositionAdjustmentPreparationFailedEvent(PreparationEvent, kw_only=True):
    """Preparing an adjustment has failed.

    Attributes
    ----------
    Error
        Why.
    """

    callback: ClassVar[str] = "OnPositionAdjustmentPreparationFailed"

    Error: str


class AutoUpdateVarsEvent(MesoLiveEvent, kw_only=True):
    """Base of the events of variable updates that the server carries out by itself.

    Attributes
    ----------
    JobId
        The same in all events of one update.
    StrategyId, StrategyName, PositionId, PositionName, BrokerAccountId
        Which position.
    Condition
        The key of the strategy's conditional adjustment.
    """

    JobId: str
    StrategyId: int
    StrategyName: str
    PositionId: int
    PositionName: str
    BrokerAccountId: str | None = None
    Condition: str


class AutoUpdateVarsAdjustmentStartedEvent(AutoUpdateVarsEvent, kw_only=True):
    """The server begins to update variables."""

    callback: ClassVar[str] = "OnAutoUpdateVarsAdjustmentStarted"


class AutoUpdateVarsAdjustmentCompletedEvent(AutoUpdateVarsEvent, kw_only=True):
    """The server has updated variables.

    Attributes
    ----------
    UpdatedVars
        Those that changed, with their new values.
    """

    callback: ClassVar[str] = "OnAutoUpdateVarsAdjustmentCompleted"

    UpdatedVars: dict[str, Decimal]


class AutoUpdateVarsAdjustmentFailedEvent(AutoUpdateVarsEvent, kw_only=True):
    """The server could not update variables.

    Attributes
    ----------
    Error
        Why.
    """

    callback: ClassVar[str] = "OnAutoUpdateVarsAdjustmentFailed"

    Error: str
