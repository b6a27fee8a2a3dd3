"""Backtests that the server runs: started, watched, read, compared.

These models are extensions: the published API does not have them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Id, Timed, UtcDateTime

PageSize = Annotated[int, msgspec.Meta(ge=1, le=500)]
"""How many rows one answer may hold."""


class ListBacktestMarketsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListBacktestMarkets`: none."""


class ListBacktestMarketsResult(msgspec.Struct, kw_only=True):
    """Result of `ListBacktestMarkets`.

    Attributes
    ----------
    Recordings
        Names of recordings that the operator has put into the folder of recordings.
    """

    Recordings: list[str]


class StartBacktestArgs(msgspec.Struct, kw_only=True):
    """Arguments of `StartBacktest`. What is null is taken from the definition, or is the default of `mesolive replay`.

    Attributes
    ----------
    Name
        What people call the run; null for the strategy's name.
    StrategyId, StrategyDefinition
        What is replayed: one of the caller's strategies, or a definition. One of them.
    Recording
        The name of a recording; null for the simulated market.
    From, To
        First and last day, `YYYY-MM-DD`.
    Seed
        Of the simulated market, and of the strategy's own dice.
    EverySeconds
        Market seconds between evaluations, 10 to 23,400.
    Orders
        Whether fills come by orders at a simulated venue; else a paper account fills by `FillModel`.
    FillModel
        `AtMidPrice` or `AtBidAsk`.
    LegSlippage
        Paid on paper by each leg, per unit of the underlying.
    Cash, Commission
        What the account starts with, and what is paid per contract.
    """

    Name: Annotated[str, msgspec.Meta(max_length=120)] | None = None
    StrategyId: Id | None = None
    StrategyDefinition: dict[str, Any] | None = None
    Recording: str | None = None
    From: str | None = None
    To: str | None = None
    Seed: int = 1
    EverySeconds: int = 300
    Orders: bool = False
    FillModel: str | None = None
    LegSlippage: Decimal | None = None
    Cash: Decimal | None = None
    Commission: Decimal | None = None


class BacktestArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetBacktest`, `CancelBacktest`, `DeleteBacktest` and `GetBacktestResult`.

    Attributes
    ----------
    BacktestId
        One of the caller's backtests.
    """

    BacktestId: str


class BacktestInfo(Timed, kw_only=True):
    """A backtest.

    Attributes
    ----------
    BacktestId, Name, StrategyName
        Which backtest, of which strategy.
    Market, From, To
        What it runs on: `simulated` or the name of a recording, and the days that were asked for.
    Asked
        What `StartBacktest` was asked for, without the definition: what starts the same again.
    State
        Whether it runs, or how it ended.
    Progress
        Percent of the days that are done.
    Day
        The day that is replayed now, `YYYY-MM-DD`.
    StartedAt, EndedAt
        Real times.
    Message
        Why it failed, or what it warns of.
    PnL, Percent, MaxDrawdown
        Of one that is completed; null where that is not known.
    """

    times: ClassVar[tuple[str, ...]] = ("StartedAt", "EndedAt")

    BacktestId: str
    Name: str
    StrategyName: str
    Market: str
    From: str | None = None
    To: str | None = None
    State: enums.BacktestState
    Progress: int
    Day: str | None = None
    StartedAt: UtcDateTime
    EndedAt: UtcDateTime | None = None
    Message: str | None = None
    PnL: Decimal | None = None
    Percent: Decimal | None = None
    MaxDrawdown: Decimal | None = None
    Asked: StartBacktestArgs | None = None


class ListBacktestsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListBacktests`: none."""


class ListBacktestsResult(msgspec.Struct, kw_only=True):
    """Result of `ListBacktests`.

    Attributes
    ----------
    Backtests
        The caller's, the newest first.
    """

    Backtests: list[BacktestInfo]


class BacktestDrawdown(Timed, kw_only=True):
    """The largest fall of the account's value from a peak.

    Attributes
    ----------
    Amount, Percent
        How far it fell; percent of the peak.
    PeakAt, TroughAt, RecoveredAt
        When it began, where it was deepest, and when the peak was reached again; null when it was not.
    Days
        Calendar days from the peak to the recovery, or to the end.
    """

    times: ClassVar[tuple[str, ...]] = ("PeakAt", "TroughAt", "RecoveredAt")

    Amount: Decimal
    Percent: Decimal
    PeakAt: UtcDateTime
    TroughAt: UtcDateTime
    RecoveredAt: UtcDateTime | None = None
    Days: Decimal


class BacktestMonth(msgspec.Struct, kw_only=True):
    """One calendar month.

    Attributes
    ----------
    Month
        `YYYY-MM`.
    PnL, Percent
        What the account gained.
    Closed, Won
        Positions that were closed, and those with a gain.
    """

    Month: str
    PnL: Decimal
    Percent: Decimal | None = None
    Closed: int
    Won: int


class BacktestPosition(Timed, kw_only=True):
    """The result of one position.

    Attributes
    ----------
    Id, Name
        Which position.
    OpenedAt, ClosedAt, Days
        Its life; `ClosedAt` is null while it is open.
    PnL, Commission
        After commissions, and these.
    Fills, Adjustments
        How many.
    Ended
        Why it was closed: the exit rules that held, `settled`, or what else closed it.
    """

    times: ClassVar[tuple[str, ...]] = ("OpenedAt", "ClosedAt")

    Id: int
    Name: str
    OpenedAt: UtcDateTime
    ClosedAt: UtcDateTime | None = None
    Days: Decimal
    PnL: Decimal | None = None
    Commission: Decimal
    Fills: int
    Adjustments: int
    Ended: str


class BacktestResults(msgspec.Struct, kw_only=True):
    """The results of a whole backtest, in account currency, after commissions.

    Attributes
    ----------
    Start, End, PnL, Percent, Commissions
        The account's value, and what it gained; null when a held leg had no price at the end.
    Trades, StillOpen, Won, Lost
        Positions that were closed, those that are open, and gains and losses of the closed ones.
    WinRate, ProfitFactor, AverageWin, AverageLoss, LargestWin, LargestLoss
        Of the closed ones; the rate in percent.
    Exposure
        Percent of the session time in which a position was held.
    MaxDrawdown
        The largest fall; null when the value never fell.
    Months, Positions
        By month, and by position.
    """

    Start: Decimal
    End: Decimal | None = None
    PnL: Decimal | None = None
    Percent: Decimal | None = None
    Commissions: Decimal
    Trades: int
    StillOpen: int
    Won: int
    Lost: int
    WinRate: Decimal | None = None
    ProfitFactor: Decimal | None = None
    AverageWin: Decimal | None = None
    AverageLoss: Decimal | None = None
    LargestWin: Decimal | None = None
    LargestLoss: Decimal | None = None
    Exposure: Decimal | None = None
    MaxDrawdown: BacktestDrawdown | None = None
    Months: list[BacktestMonth]
    Positions: list[BacktestPosition]


class BacktestPoint(Timed, kw_only=True):
    """The account at a moment of a backtest; null is not known.

    Attributes
    ----------
    At
        In market time.
    Value, Drawdown
        Its value, and how far that is below the highest so far (never above zero).
    Underlying
        The underlying's price.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    At: UtcDateTime
    Value: Decimal | None = None
    Drawdown: Decimal | None = None
    Underlying: Decimal | None = None


class GetBacktestResultResult(msgspec.Struct, kw_only=True):
    """Result of `GetBacktestResult`.

    Attributes
    ----------
    Backtest
        Which backtest.
    Definition
        What was replayed.
    Settings
        The terms of the replay, in words.

    Warnings
    --------
        What the check of the definition warned of, and settings that were not used.
    BooksBalance
        Whether fills, cash and positions agree to the cent.
    Results
        The results.
    Equity
        At most 1,000 points, oldest first.
    Command
        The command that does the same on a terminal, given the definition as `strategy.json`.
    """

    Backtest: BacktestInfo
    Definition: dict[str, Any]
    Settings: dict[str, str]
    Warnings: list[str]
    BooksBalance: bool
    Results: BacktestResults
    Equity: list[BacktestPoint]
    Command: str | None = None


class GetBacktestTradesArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetBacktestTrades`.

    Attributes
    ----------
    BacktestId
        One of the caller's backtests.
    Position
        Only trades of the position of this name; null for all.
    Offset, Limit
        How many to leave out, and how many to return.
    """

    BacktestId: str
    Position: str | None = None
    Offset: Id = 0
    Limit: PageSize = 100


class BacktestTrade(Timed, kw_only=True):
    """A fill or a settlement.

    Attributes
    ----------
    At
        In market time.
    Position, Leg, Contract
        What was traded, of which position.
    Qty, Price, Commission
        Signed contracts, per unit of the underlying, and what was paid.
    Settled
        Whether it is a settlement.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    At: UtcDateTime
    Position: str
    Leg: str
    Contract: str
    Qty: Decimal
    Price: Decimal
    Commission: Decimal
    Settled: bool


class GetBacktestTradesResult(msgspec.Struct, kw_only=True):
    """Result of `GetBacktestTrades`.

    Attributes
    ----------
    Total
        How many there are.
    Trades
        Oldest first.
    """

    Total: int
    Trades: list[BacktestTrade]


class GetBacktestDecisionsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetBacktestDecisions`.

    Attributes
    ----------
    BacktestId
        One of the caller's backtests.
    Position, Decision
        Only of the position of this name, and of this kind: `entry`, `exit` or `adjustment`; null for all.
    OnlyDone
        Whether to leave out decisions of which nothing came.
    Offset, Limit
        How many to leave out, and how many to return.
    """

    BacktestId: str
    Position: str | None = None
    Decision: str | None = None
    OnlyDone: bool = False
    Offset: Id = 0
    Limit: PageSize = 100


class GetBacktestDecisionsResult(msgspec.Struct, kw_only=True):
    """Result of `GetBacktestDecisions`.

    Attributes
    ----------
    Total
        How many there are.
    Decisions
        Lines of the decision log, oldest first: see docs/backtest.md.
    """

    Total: int
    Decisions: list[dict[str, Any]]


class CompareBacktestsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `CompareBacktests`.

    Attributes
    ----------
    First, Second
        Ids of two completed backtests of the caller.
    """

    First: str
    Second: str


class ComparedFigure(msgspec.Struct, kw_only=True):
    """One figure of two backtests.

    Attributes
    ----------
    Name
        A field of `BacktestResults`.
    First, Second, Difference
        Its values, and the second less the first; null for no value.
    """

    Name: str
    First: Decimal | None = None
    Second: Decimal | None = None
    Difference: Decimal | None = None


class ComparedField(msgspec.Struct, kw_only=True):
    """A place where two definitions differ.

    Attributes
    ----------
    Path
        Such as `Exit.ProfitTarget`.
    First, Second
        As JSON; null where it is not there.
    """

    Path: str
    First: str | None = None
    Second: str | None = None


class CompareBacktestsResult(msgspec.Struct, kw_only=True):
    """Result of `CompareBacktests`.

    Attributes
    ----------
    First, Second
        The backtests.
    Figures
        What came of each.
    Definition, Settings
        Where definitions and terms differ.
    """

    First: BacktestInfo
    Second: BacktestInfo
    Figures: list[ComparedFigure]
    Definition: list[ComparedField]
    Settings: list[ComparedField]
