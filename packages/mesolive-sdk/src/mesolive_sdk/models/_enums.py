"""Every enum and every flag set of the contract.

Members are listed in the contract's order, which gives their integer values, and each enum ends with `Unknown`.
"""

from __future__ import annotations

from typing import ClassVar

from mesolive_sdk.models._base import WireEnum, WireFlags


class StatusCode(WireEnum):
    """How a call ended. Anything but `Success` is an exception in the SDK."""

    Success = "Success"
    DuplicateRequest = "DuplicateRequest"
    Conflict = "Conflict"
    ValidationError = "ValidationError"
    NotFound = "NotFound"
    Unauthorized = "Unauthorized"
    Forbidden = "Forbidden"
    NotSupported = "NotSupported"
    RateLimited = "RateLimited"
    ProviderUnavailable = "ProviderUnavailable"
    BrokerError = "BrokerError"
    Timeout = "Timeout"
    InternalError = "InternalError"
    Unknown = "Unknown"


class IdempotencyOperation(WireEnum):
    """Which idempotent method a key was used for."""

    StartPreparePositionEntry = "StartPreparePositionEntry"
    CancelPreparePositionEntry = "CancelPreparePositionEntry"
    StartPreparePositionExit = "StartPreparePositionExit"
    CancelPreparePositionExit = "CancelPreparePositionExit"
    StartPreparePositionAdjustment = "StartPreparePositionAdjustment"
    CancelPreparePositionAdjustment = "CancelPreparePositionAdjustment"
    ApplyPaperFills = "ApplyPaperFills"
    SendOrder = "SendOrder"
    CancelOrder = "CancelOrder"
    SetPositionClosed = "SetPositionClosed"
    AdjustLegPnL = "AdjustLegPnL"
    LiquidatePosition = "LiquidatePosition"
    AdoptPosition = "AdoptPosition"
    HaltTrading = "HaltTrading"
    ResumeTrading = "ResumeTrading"
    HaltAndFlatten = "HaltAndFlatten"
    RegroupExecPlan = "RegroupExecPlan"
    Unknown = "Unknown"


class HaltScope(WireEnum):
    """What a halt stops."""

    All = "All"
    Entries = "Entries"
    Unknown = "Unknown"


class AccessChange(WireEnum):
    """What happened to an API key or to a browser's session."""

    SignedIn = "SignedIn"
    SignedInAgain = "SignedInAgain"
    SessionEnded = "SessionEnded"
    SessionExpired = "SessionExpired"
    SignInRefused = "SignInRefused"
    KeyCreated = "KeyCreated"
    KeyRevoked = "KeyRevoked"
    Unknown = "Unknown"


class NotificationKind(WireEnum):
    """What a notification rule tells of."""

    Signals = "Signals"
    Fills = "Fills"
    Orders = "Orders"
    Positions = "Positions"
    Errors = "Errors"
    Agents = "Agents"
    Limits = "Limits"
    Halts = "Halts"
    Access = "Access"
    Unknown = "Unknown"


class NotificationState(WireEnum):
    """How a notification rule is doing."""

    Ready = "Ready"
    Quiet = "Quiet"
    Failing = "Failing"
    Disabled = "Disabled"
    Unknown = "Unknown"


class BacktestState(WireEnum):
    """How far a backtest has come."""

    Running = "Running"
    Completed = "Completed"
    Failed = "Failed"
    Cancelled = "Cancelled"
    Unknown = "Unknown"


class IdempotencyRecordStatus(WireEnum):
    """How far the operation behind a key has come."""

    Processing = "Processing"
    Completed = "Completed"
    Failed = "Failed"
    Unknown = "Unknown"


class PreparationStatus(WireEnum):
    """How far a preparation job has come; `Completed`, `Failed` and `Cancelled` are final."""

    Pending = "Pending"
    Running = "Running"
    Completed = "Completed"
    Failed = "Failed"
    Cancelled = "Cancelled"
    Unknown = "Unknown"

    @property
    def is_final(self) -> bool:
        """Whether the job will not change any more."""
        return self in {PreparationStatus.Completed, PreparationStatus.Failed, PreparationStatus.Cancelled}


class AgentStatus(WireEnum):
    """Whether an agent (a connection to a broker or a data provider) works."""

    Connected = "Connected"
    Disconnected = "Disconnected"
    Error = "Error"
    Unknown = "Unknown"


class AgentConnector(WireEnum):
    """What an agent connects to."""

    Ibkr = "Ibkr"
    TastyTrade = "TastyTrade"
    Simulated = "Simulated"
    Recorded = "Recorded"
    Unknown = "Unknown"


class BrokerType(WireEnum):
    """Who keeps an account; `MesoLive` keeps the paper accounts."""

    Ibkr = "Ibkr"
    TastyTrade = "TastyTrade"
    Simulated = "Simulated"
    Recorded = "Recorded"
    MesoLive = "MesoLive"
    Unknown = "Unknown"


class DataProviderType(WireEnum):
    """Where market data comes from."""

    Ibkr = "Ibkr"
    TastyTrade = "TastyTrade"
    Simulated = "Simulated"
    Recorded = "Recorded"
    Unknown = "Unknown"


class QuoteQuality(WireEnum):
    """What a quote is worth for a decision (extension)."""

    Live = "Live"
    Delayed = "Delayed"
    Frozen = "Frozen"
    Modelled = "Modelled"
    Unknown = "Unknown"


class ConnectorStateType(WireEnum):
    """How a configured connection is doing (extension)."""

    Disabled = "Disabled"
    Connecting = "Connecting"
    Connected = "Connected"
    Restricted = "Restricted"
    Disconnected = "Disconnected"
    ActionRequired = "ActionRequired"
    Unknown = "Unknown"


class ConnectorCheck(WireEnum):
    """Outcome of one line of a connection test (extension)."""

    Ok = "Ok"
    Warning = "Warning"
    Failed = "Failed"
    Unknown = "Unknown"


class LivePositionState(WireEnum):
    """The life of a position."""

    Opening = "Opening"
    Open = "Open"
    Closing = "Closing"
    Closed = "Closed"
    Unknown = "Unknown"


class LegStatus(WireEnum):
    """The life of a leg."""

    Opening = "Opening"
    Open = "Open"
    Closing = "Closing"
    Closed = "Closed"
    Unknown = "Unknown"


class PositionStatus(WireEnum):
    """The reason of a `PositionUpdateEvent`."""

    Created = "Created"
    Closed = "Closed"
    Adjusted = "Adjusted"
    RealizedPnLChanged = "RealizedPnLChanged"
    Unknown = "Unknown"


class LiveLegSelectionConstraint(WireEnum):
    """Which contracts that are already in use a new leg may use again; `None_` is `None` on the wire."""

    FullyUnique = "FullyUnique"
    UniqueInPosition = "UniqueInPosition"
    None_ = "None"
    Unknown = "Unknown"


class PositionAdjustmentOperation(WireEnum):
    """What an adjustment does to a position."""

    AddLegs = "AddLegs"
    RemoveLegs = "RemoveLegs"
    MoveLeg = "MoveLeg"
    UpdateVars = "UpdateVars"
    Unknown = "Unknown"


class MesoContractType(WireEnum):
    """What kind of instrument a contract is."""

    Stock = "Stock"
    Index = "Index"
    Options = "Options"
    Futures = "Futures"
    FuturesOptions = "FuturesOptions"
    Unknown = "Unknown"


class MesoOptionType(WireEnum):
    """Which side an option is."""

    Call = "Call"
    Put = "Put"
    Unknown = "Unknown"


class OrderType(WireEnum):
    """How an order is priced."""

    Market = "Market"
    Limit = "Limit"
    Stop = "Stop"
    StopLimit = "StopLimit"
    Unknown = "Unknown"


class TimeInForce(WireEnum):
    """How long an order stays at the venue."""

    Day = "Day"
    Gtc = "Gtc"
    Unknown = "Unknown"


class OrderState(WireEnum):
    """The life of an order; `Filled`, `Cancelled`, `Rejected`, `Expired` and `Replaced` are final."""

    PendingSubmit = "PendingSubmit"
    Submitted = "Submitted"
    PartiallyFilled = "PartiallyFilled"
    Filled = "Filled"
    PendingCancel = "PendingCancel"
    Cancelled = "Cancelled"
    Rejected = "Rejected"
    Expired = "Expired"
    Replaced = "Replaced"
    Unknown = "Unknown"

    @property
    def is_final(self) -> bool:
        """Whether the order will not change any more."""
        return self in {
            OrderState.Filled,
            OrderState.Cancelled,
            OrderState.Rejected,
            OrderState.Expired,
            OrderState.Replaced,
        }


class ConditionType(WireEnum):
    """What a statement of a strategy is for."""

    Entry = "Entry"
    Abort = "Abort"
    Exit = "Exit"
    ProfitTarget = "ProfitTarget"
    StopLoss = "StopLoss"
    MaxDaysInTrade = "MaxDaysInTrade"
    Adjustment = "Adjustment"
    VarDefine = "VarDefine"
    QtyMultiplier = "QtyMultiplier"
    Expiration = "Expiration"
    StrikeSelector = "StrikeSelector"
    LegQty = "LegQty"
    LegGroup = "LegGroup"
    Unknown = "Unknown"


class SignalState(WireEnum):
    """Whether a signal begins or ends."""

    On = "On"
    Off = "Off"
    Unknown = "Unknown"


class ErrorState(WireEnum):
    """Whether an error begins or ends."""

    Active = "Active"
    Resolved = "Resolved"
    Unknown = "Unknown"


class LiveQuoteFields(WireFlags):
    """Which bases of a price, greek or PnL are wanted: `None_` 0, `Bid` 1, `Ask` 2, `Last` 4, `Mark` 8, `All` 15."""

    __slots__ = ()

    _names = ("Bid", "Ask", "Last", "Mark")
    None_: ClassVar[LiveQuoteFields]
    Bid: ClassVar[LiveQuoteFields]
    Ask: ClassVar[LiveQuoteFields]
    Last: ClassVar[LiveQuoteFields]
    Mark: ClassVar[LiveQuoteFields]
    All: ClassVar[LiveQuoteFields]


class LiveDataInclude(WireFlags):
    """Which blocks of live data are wanted: `None_` 0, `Prices` 1, `Greeks` 2, `PnL` 4, `All` 7."""

    __slots__ = ()

    _names = ("Prices", "Greeks", "PnL")
    None_: ClassVar[LiveDataInclude]
    Prices: ClassVar[LiveDataInclude]
    Greeks: ClassVar[LiveDataInclude]
    PnL: ClassVar[LiveDataInclude]
    All: ClassVar[LiveDataInclude]


LiveQuoteFields.None_ = LiveQuoteFields(0)
LiveQuoteFields.Bid = LiveQuoteFields(1)
LiveQuoteFields.Ask = LiveQuoteFields(2)
LiveQuoteFields.Last = LiveQuoteFields(4)
LiveQuoteFields.Mark = LiveQuoteFields(8)
LiveQuoteFields.All = LiveQuoteFields(15)

LiveDataInclude.None_ = LiveDataInclude(0)
LiveDataInclude.Prices = LiveDataInclude(1)
LiveDataInclude.Greeks = LiveDataInclude(2)
LiveDataInclude.PnL = LiveDataInclude(4)
LiveDataInclude.All = LiveDataInclude(7)
