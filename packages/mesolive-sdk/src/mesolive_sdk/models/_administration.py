"""Administration: halting and resuming, account limits and creation, API keys, sessions, connections, order history.

These models are extensions: the published API does not have them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._actions import TradingHalt
from mesolive_sdk.models._base import Id, IdempotencyKeyStr, ReasonStr, Timed, UtcDateTime


class HaltTradingArgs(msgspec.Struct, kw_only=True):
    """Arguments of `HaltTrading`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    BrokerAccountId
        The account; null for all of the caller's, those that come later included.
    Scope
        What is stopped: everything, or entries alone.
    Reason
        Why; refused orders tell it.
    """

    IdempotencyKey: IdempotencyKeyStr
    BrokerAccountId: str | None = None
    Scope: enums.HaltScope = enums.HaltScope.All
    Reason: ReasonStr


class ResumeTradingArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ResumeTrading`.

    Attributes
    ----------
    IdempotencyKey
        Makes a retry safe.
    BrokerAccountId
        The account whose halts end; null for all of the caller's.
    """

    IdempotencyKey: IdempotencyKeyStr
    BrokerAccountId: str | None = None


class ResumeTradingResult(msgspec.Struct, kw_only=True):
    """Result of `ResumeTrading`.

    Attributes
    ----------
    Lifted
        How many halts ended.
    Halts
        Those that are still in force, such as the operator's.
    """

    Lifted: int
    Halts: list[TradingHalt]


class CreateAccountArgs(msgspec.Struct, kw_only=True):
    """Arguments of `CreateAccount`.

    Attributes
    ----------
    BrokerAccountId
        Its id: `ML` (paper) or `SIM` (simulated) and capital letters or digits.
    BrokerType
        `MesoLive` for a paper account, `Simulated` for one at the simulated venue.
    Cash
        What it begins with.
    Currency
        Three capital letters.
    """

    BrokerAccountId: str
    BrokerType: enums.BrokerType
    Cash: Decimal
    Currency: str = "USD"


class GetAccountLimitsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetAccountLimits`.

    Attributes
    ----------
    BrokerAccountId
        The account.
    """

    BrokerAccountId: str


class AccountLimits(msgspec.Struct, kw_only=True):
    """What an account may send.

    Attributes
    ----------
    BrokerAccountId
        The account.
    AllowLive
        Whether orders of real money may leave.
    MaxContracts
        Contracts of one order, all legs together.
    MaxPremium, MaxNotional, MaxLoss
        Premiums, notional, and largest loss at expiration of one order, in account currency.
    MaxOrdersPerMinute
        Orders and replacements in any minute.
    PriceBand
        How far beyond the mark an order may pay, as a fraction of it.
    AllowUnlimitedLoss
        Whether calls may be sold that nothing covers.
    StaleExits
        Which exits leave while prices cannot be judged: `Refuse`, `LimitOnly` or `Allow`.
    QueueOrders
        Whether orders may be sent outside of the sessions of their classes, and wait for them at the broker.
    NightSessions
        Whether the account trades in the night and curb sessions of index options (SPX, XSP, VIX): its strategies are
        evaluated and its orders are taken there too.
    """

    BrokerAccountId: str
    AllowLive: bool
    MaxContracts: Decimal
    MaxPremium: Decimal
    MaxNotional: Decimal
    MaxLoss: Decimal
    MaxOrdersPerMinute: int
    PriceBand: Decimal
    AllowUnlimitedLoss: bool
    StaleExits: str
    QueueOrders: bool = False
    NightSessions: bool = False


class SetAccountLimitsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `SetAccountLimits`: null leaves a limit as it is.

    Attributes
    ----------
    BrokerAccountId
        The account.
    AllowLive, MaxContracts, MaxPremium, MaxNotional, MaxLoss, MaxOrdersPerMinute, PriceBand, AllowUnlimitedLoss,
    QueueOrders, NightSessions
        As in `AccountLimits`.
    StaleExits
        `Refuse`, `LimitOnly` or `Allow`.
    """

    BrokerAccountId: str
    AllowLive: bool | None = None
    MaxContracts: Decimal | None = None
    MaxPremium: Decimal | None = None
    MaxNotional: Decimal | None = None
    MaxLoss: Decimal | None = None
    MaxOrdersPerMinute: int | None = None
    PriceBand: Decimal | None = None
    AllowUnlimitedLoss: bool | None = None
    StaleExits: str | None = None
    QueueOrders: bool | None = None
    NightSessions: bool | None = None


class ListApiKeysArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListApiKeys`: none."""


class ApiKeyInfo(Timed, kw_only=True):
    """An API key without its token.

    Attributes
    ----------
    KeyId
        Its id; safe to show.
    Label
        What it is for.
    Role
        `trade`, or `watch` for one that reads only.
    CreatedAt, ExpiresAt, RevokedAt, LastUsedAt
        Real times; null where it never was.
    LastAddress
        From where a connection was made with it last; null where that is not known.
    Connections
        How many connections are open with it now, over all hubs.
    Sessions
        How many browsers are signed in that began with it: they end with it.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt", "ExpiresAt", "RevokedAt", "LastUsedAt")

    KeyId: str
    Label: str | None = None
    Role: str
    CreatedAt: UtcDateTime
    ExpiresAt: UtcDateTime | None = None
    RevokedAt: UtcDateTime | None = None
    LastUsedAt: UtcDateTime | None = None
    LastAddress: str | None = None
    Connections: int = 0
    Sessions: int = 0


class ListApiKeysResult(msgspec.Struct, kw_only=True):
    """Result of `ListApiKeys`.

    Attributes
    ----------
    Keys
        The caller's keys, newest first.
    """

    Keys: list[ApiKeyInfo]


class CreateApiKeyArgs(msgspec.Struct, kw_only=True):
    """Arguments of `CreateApiKey`.

    Attributes
    ----------
    Label
        What it is for.
    ExpiresDays
        How many days it works.
    Role
        `trade`, or `watch` for one that reads only.
    """

    Label: str | None = None
    ExpiresDays: int = 90
    Role: str = "trade"


class CreateApiKeyResult(msgspec.Struct, kw_only=True):
    """Result of `CreateApiKey`.

    Attributes
    ----------
    Key
        The key.
    Token
        What clients present; it is shown this once.
    """

    Key: ApiKeyInfo
    Token: str


class RevokeApiKeyArgs(msgspec.Struct, kw_only=True):
    """Arguments of `RevokeApiKey`.

    Attributes
    ----------
    KeyId
        One of the caller's keys.
    """

    KeyId: str


class ListSessionsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListSessions`: none."""


class BrowserSession(Timed, kw_only=True):
    """A browser that is signed in.

    Attributes
    ----------
    SessionId
        Its id; safe to show.
    Role
        `trade`, or `watch`.
    KeyId
        The key that it began with; null for a one-time link.
    UserAgent, Address
        The browser and its address at sign-in.
    Current
        Whether it is the caller's own.
    CreatedAt, LastUsedAt, ExpiresAt
        Real times.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt", "LastUsedAt", "ExpiresAt")

    SessionId: str
    Role: str
    KeyId: str | None = None
    UserAgent: str
    Address: str
    Current: bool
    CreatedAt: UtcDateTime
    LastUsedAt: UtcDateTime
    ExpiresAt: UtcDateTime


class ListSessionsResult(msgspec.Struct, kw_only=True):
    """Result of `ListSessions`.

    Attributes
    ----------
    Sessions
        The caller's sessions, those used last first.
    """

    Sessions: list[BrowserSession]


class EndSessionArgs(msgspec.Struct, kw_only=True):
    """Arguments of `EndSession`.

    Attributes
    ----------
    SessionId
        One of the caller's sessions.
    """

    SessionId: str


class ListConnectionsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListConnections`: none."""


class HubConnection(Timed, kw_only=True):
    """Open connections of one key or session to one hub, from one address.

    Attributes
    ----------
    Hub
        `control`, `data` or `event`.
    KeyId, SessionId
        By which key or session; the other is null.
    Label
        Of the key, or the browser of the session.
    Role
        `trade`, or `watch`.
    Count
        How many connections.
    Since
        When the first of them that is open began, by real time.
    Address
        Where they come from.
    """

    times: ClassVar[tuple[str, ...]] = ("Since",)

    Hub: str
    KeyId: str | None = None
    SessionId: str | None = None
    Label: str | None = None
    Role: str
    Count: int
    Since: UtcDateTime | None = None
    Address: str | None = None


class ListConnectionsResult(msgspec.Struct, kw_only=True):
    """Result of `ListConnections`.

    Attributes
    ----------
    Connections
        The caller's open connections.
    """

    Connections: list[HubConnection]


class GetOrderHistoryArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetOrderHistory`.

    Attributes
    ----------
    LiveOrderId
        One of the caller's orders.
    """

    LiveOrderId: Id


class OrderHistoryEntry(Timed, kw_only=True):
    """One entry of an order's history.

    Attributes
    ----------
    At
        When, in market time.
    What
        The request, or the kind of a report.
    Who
        The id of a key or session, a part of the server, or `venue`.
    Change
        The states before and after, where it changed.
    Detail
        The request or the report as received.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    At: UtcDateTime
    What: str
    Who: str
    Change: str
    Detail: str


class GetOrderHistoryResult(Timed, kw_only=True):
    """Result of `GetOrderHistory`.

    Attributes
    ----------
    LiveOrderId
        The order.
    PositionId, ReplacesOrderId, ReplacedByOrderId
        What it belongs to; null for none.
    UnresolvedSince
        Since when the venue has not said what became of it; null where that is known.
    Reason
        Why it was rejected or cancelled.
    Entries
        Oldest first.
    """

    times: ClassVar[tuple[str, ...]] = ("UnresolvedSince",)

    LiveOrderId: int
    PositionId: int | None = None
    ReplacesOrderId: int | None = None
    ReplacedByOrderId: int | None = None
    UnresolvedSince: UtcDateTime | None = None
    Reason: str | None = None
    Entries: list[OrderHistoryEntry]
