"""Event Hub events: one model per callback; those of jobs are in `_job_events`."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import ZERO, Timed, UtcDateTime
from mesolive_sdk.models._common import ConditionEvaluation, LiveContract
from mesolive_sdk.models._event_base import MesoLiveEvent
from mesolive_sdk.models._job_events import (
    AutoUpdateVarsAdjustmentCompletedEvent,
    AutoUpdateVarsAdjustmentFailedEvent,
    AutoUpdateVarsAdjustmentStartedEvent,
    PositionAdjustmentPreparationCompletedEvent,
    PositionAdjustmentPreparationFailedEvent,
    PositionEntryPreparationCompletedEvent,
    PositionEntryPreparationFailedEvent,
    PositionExitPreparationCompletedEvent,
    PositionExitPreparationFailedEvent,
)
from mesolive_sdk.models._orders import OrderRejectionInfo


class EntrySignalsResult(Timed, kw_only=True):
    """Everything that gates an entry.

    Attributes
    ----------
    ScheduleOk, ConcurrencyOk, ReentryOk
        Whether the schedule, the number of positions and the days since the last exit allow it.
    Conditions
        Every condition with its outcome and evidence.
    EntryAllowed
        Whether all of it holds.
    NextEntryAt
        The next instant of the schedule.
    """

    times: ClassVar[tuple[str, ...]] = ("NextEntryAt",)

    ScheduleOk: bool
    ConcurrencyOk: bool
    ReentryOk: bool
    Conditions: list[ConditionEvaluation]
    EntryAllowed: bool
    NextEntryAt: UtcDateTime | None = None


class ExitSignalsResult(msgspec.Struct, kw_only=True):
    """Every exit check; what the strategy does not say is null.

    Attributes
    ----------
    ScheduleOk
        Whether the exit schedule's window is open.
    MaxDaysInTrade, ProfitTarget, StopLoss
        Each check with its outcome and evidence.
    Conditions
        Every exit condition with its outcome and evidence.
    """

    ScheduleOk: bool
    MaxDaysInTrade: ConditionEvaluation | None = None
    ProfitTarget: ConditionEvaluation | None = None
    StopLoss: ConditionEvaluation | None = None
    Conditions: list[ConditionEvaluation]


class EntrySignalEvent(MesoLiveEvent, kw_only=True):
    """A strategy may be entered, or may not any more.

    Attributes
    ----------
    State
        Whether the signal begins or ends.
    StrategyId, StrategyName, BrokerAccountId
        Which strategy, on which account.
    EntrySignalResult
        Every check behind it.
    """

    callback: ClassVar[str] = "OnEntrySignal"

    State: enums.SignalState
    StrategyId: int
    StrategyName: str
    BrokerAccountId: str
    EntrySignalResult: EntrySignalsResult | None = None


class ExitSignalEvent(MesoLiveEvent, kw_only=True):
    """A position should be closed, or should not any more.

    Attributes
    ----------
    State
        Whether the signal begins or ends.
    StrategyId, StrategyName, PositionId, PositionName, BrokerAccountId
        Which position.
    ExitSignalResult
        Every check behind it.
    """

    callback: ClassVar[str] = "OnExitSignal"

    State: enums.SignalState
    StrategyId: int
    StrategyName: str
    PositionId: int
    PositionName: str
    BrokerAccountId: str | None = None
    ExitSignalResult: ExitSignalsResult | None = None


class AdjustmentSignalEvent(MesoLiveEvent, kw_only=True):
    """A position should be adjusted, or should not any more.

    Attributes
    ----------
    State
        Whether the signal begins or ends.
    StrategyId, StrategyName, PositionId, PositionName, BrokerAccountId
        Which position.
    AdjustmentTimeOk
        Whether the adjustment schedule's window is open.
    Condition
        The conditional adjustment, with its outcome and evidence.
    """

    callback: ClassVar[str] = "OnAdjustmentSignal"

    State: enums.SignalState
    StrategyId: int
    StrategyName: str
    PositionId: int
    PositionName: str
    BrokerAccountId: str | None = None
    AdjustmentTimeOk: bool
    Condition: ConditionEvaluation


class OrderUpdateEvent(MesoLiveEvent, kw_only=True):
    """An order has changed.

    Attributes
    ----------
    OrderId, BrokerAccountId, ExecPlanId, LegGroupId, StrategyId, StrategyName
        Which order.
    State
        Where it now is.
    FilledQty, RemainingQty
        Signed combos.
    FillPrice, AvgFillPrice
        Of the last fill, and of all so far.
    Rejection
        Why it was rejected.
    """

    callback: ClassVar[str] = "OnOrderUpdate"

    OrderId: int
    BrokerAccountId: str | None = None
    ExecPlanId: int | None = None
    LegGroupId: int | None = None
    StrategyId: int
    StrategyName: str
    State: enums.OrderState
    FilledQty: Decimal | None
    RemainingQty: Decimal | None
    FillPrice: Decimal | None
    AvgFillPrice: Decimal | None
    Rejection: OrderRejectionInfo | None = None


class PositionUpdateEvent(MesoLiveEvent, kw_only=True):
    """A position was created, closed or adjusted, or its realised PnL changed.

    Attributes
    ----------
    PositionId, StrategyId, StrategyName, PositionName, BrokerAccountId
        Which position.
    Status
        What happened.
    RealizedPnL
        In account currency, after it.
    """

    callback: ClassVar[str] = "OnPositionUpdate"

    PositionId: int
    StrategyId: int
    StrategyName: str
    PositionName: str
    BrokerAccountId: str
    Status: enums.PositionStatus
    RealizedPnL: Decimal = ZERO


class LegUpdateEvent(MesoLiveEvent, kw_only=True):
    """A leg has changed.

    Attributes
    ----------
    BrokerAccountId, PositionId, PositionName, StrategyId, StrategyName, LegId, LegName
        Which leg.
    Contract
        What is held.
    Status
        Where it is in its life.
    Qty
        Signed contracts, after the change.
    RealizedPnL
        In account currency, after the change.
    """

    callback: ClassVar[str] = "OnLegUpdate"

    BrokerAccountId: str
    PositionId: int
    PositionName: str
    StrategyId: int
    StrategyName: str
    LegId: int
    LegName: str
    Contract: LiveContract
    Status: enums.LegStatus
    Qty: Decimal = ZERO
    RealizedPnL: Decimal = ZERO


class AgentStatusEvent(MesoLiveEvent, kw_only=True):
    """An agent's status has changed.

    Attributes
    ----------
    Status
        Whether it works.
    Message
        What it has to say.
    Connector
        What it connects to.
    """

    callback: ClassVar[str] = "OnAgentStatusChange"

    Status: enums.AgentStatus
    Message: str
    Connector: enums.AgentConnector | None = None


class HaltChangeEvent(MesoLiveEvent, kw_only=True):
    """Trading was halted or resumed.

    Attributes
    ----------
    BrokerAccountId
        The account; null for all of the user's.
    Scope
        What is stopped or goes on: everything, or entries alone.
    Halted
        Whether it is halted now.
    Reason
        Why it was halted.
    """

    callback: ClassVar[str] = "OnHaltChange"

    BrokerAccountId: str | None = None
    Scope: enums.HaltScope
    Halted: bool
    Reason: str


class OrderRefusedEvent(MesoLiveEvent, kw_only=True):
    """A halt or a risk limit of an account did not let an order leave.

    Attributes
    ----------
    BrokerAccountId, ExecPlanId, LegGroupId, StrategyId, StrategyName
        Which order.
    Code
        Which limit, such as `LossTooLarge` or `Halted`.
    Message
        Why, in words.
    """

    callback: ClassVar[str] = "OnOrderRefused"

    BrokerAccountId: str
    ExecPlanId: int
    LegGroupId: int
    StrategyId: int | None = None
    StrategyName: str | None = None
    Code: str
    Message: str


class AccessEvent(MesoLiveEvent, kw_only=True):
    """A browser signed in, was refused or was signed out, or an API key was created or revoked.

    Attributes
    ----------
    Change
        What happened. `SignedInAgain`: a browser that is signed in has presented a key again. With a revoked key the
        sessions end that began with it. `SessionExpired`: the time of a session was over, or it was not used for
        long. `SignInRefused`: wrong codes or keys, or pages of other origins; at most one event a minute.
    At
        When, by real time; `EventTime` is market time.
    Role
        What the key or the session may do: `trade`, `watch` or `agent`; empty for refused sign-ins.
    KeyId, KeyLabel
        The key that was created or revoked, or that the session began with; null for a session that began with a code.
    SessionId, Address, UserAgent
        The session, and the browser as it was at sign-in; of refused sign-ins the address of the last.
    By
        The key, or `session:` and the session, that did it; null for the command line and for the server itself.
    Attempts
        How many sign-ins were refused since the event before; null for everything else.
    """

    times: ClassVar[tuple[str, ...]] = ("EventTime", "At")
    callback: ClassVar[str] = "OnAccessEvent"

    Change: enums.AccessChange
    At: UtcDateTime
    Role: str
    KeyId: str | None = None
    KeyLabel: str | None = None
    SessionId: str | None = None
    Address: str | None = None
    UserAgent: str | None = None
    By: str | None = None
    Attempts: int | None = None


class ErrorEvent(MesoLiveEvent, kw_only=True):
    """Something that needs attention began or ended.

    Attributes
    ----------
    State
        Whether it begins or ends.
    ErrorId
        The same when it begins and when it ends.
    StrategyId, StrategyName, PositionId, PositionName, BrokerAccountId
        What it concerns.
    Message
        What is wrong.
    ConditionType, Statement
        The statement that failed.
    """

    callback: ClassVar[str] = "OnError"

    State: enums.ErrorState
    ErrorId: UUID
    StrategyId: int | None = None
    StrategyName: str | None = None
    PositionId: int | None = None
    PositionName: str | None = None
    BrokerAccountId: str | None = None
    Message: str | None = None
    ConditionType: enums.ConditionType | None = None
    Statement: str | None = None


EVENT_MODELS: MappingProxyType[str, type[MesoLiveEvent]] = MappingProxyType(
    {
        model.callback: model
        for model in (
            EntrySignalEvent,
            ExitSignalEvent,
            AdjustmentSignalEvent,
            OrderUpdateEvent,
            PositionUpdateEvent,
            LegUpdateEvent,
            AgentStatusEvent,
            HaltChangeEvent,
            OrderRefusedEvent,
            AccessEvent,
            ErrorEvent,
            PositionEntryPreparationCompletedEvent,
            PositionExitPreparationCompletedEvent,
            PositionAdjustmentPreparationCompletedEvent,
            PositionEntryPreparationFailedEvent,
            PositionExitPreparationFailedEvent,
            PositionAdjustmentPreparationFailedEvent,
            AutoUpdateVarsAdjustmentStartedEvent,
            AutoUpdateVarsAdjustmentCompletedEvent,
            AutoUpdateVarsAdjustmentFailedEvent,
        )
    }
)
"""Callback name (also the envelope's `EventType`) to the model that it carries."""
