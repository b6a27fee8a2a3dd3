"""The caller's session with the server, acknowledged errors, and the names that definitions may use.

These models are extensions: the published API does not have them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Timed, UtcDateTime


class GetSessionArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetSession`.

    Attributes
    ----------
    Symbol
        An underlying whose sessions are listed; null for the sessions of the stock exchange.
    BrokerAccountId
        An account, for `Symbol`: its market data and its settings decide; null for the server's.
    """

    Symbol: str | None = None
    BrokerAccountId: str | None = None


class GetSessionResult(Timed, kw_only=True):
    """Result of `GetSession`: who the caller is, and what the server is.

    Attributes
    ----------
    User, Role
        The user's name, and `trade` or `watch`.
    KeyId, SessionId
        The caller's API key or browser session; the other is null.
    ExpiresAt
        Until when that works, in real time; null for ever.
    Version
        Of the server.
    Market
        `live`, `simulated` or `recorded`.
    Speed
        Market seconds per real second.
    MarketTime, RealTime
        Now.
    SessionOpen, SessionClose
        The exchange session that runs, else the next one, in market time; early closes included. Of `Symbol`: the
        session in which strategies on it are evaluated.
    IsOpen
        Whether it runs.
    NextSessionOpen
        The opening that comes next: that of the session after the one that runs, else of `SessionOpen`.
    SignalsEverySeconds
        Market seconds between two evaluations.
    EnforceMaxAdjustments
        Whether a position is closed in place of an adjustment beyond `MaxAdjustmentCount`.
    DataProviders
        The market data providers that are there.
    Symbol
        The underlying that was asked for.
    OrdersOpen, OrdersClose
        The session in which orders on options of `Symbol` are taken that runs, else the next one.
    TakesOrders
        Whether such an order may be sent now; null without a `Symbol`.
    """

    times: ClassVar[tuple[str, ...]] = (
        "ExpiresAt",
        "MarketTime",
        "RealTime",
        "SessionOpen",
        "SessionClose",
        "NextSessionOpen",
        "OrdersOpen",
        "OrdersClose",
    )

    User: str
    Role: str
    KeyId: str | None = None
    SessionId: str | None = None
    ExpiresAt: UtcDateTime | None = None
    Version: str
    Market: str
    Speed: Decimal
    MarketTime: UtcDateTime
    RealTime: UtcDateTime
    SessionOpen: UtcDateTime
    SessionClose: UtcDateTime
    IsOpen: bool
    NextSessionOpen: UtcDateTime | None = None
    SignalsEverySeconds: Decimal
    EnforceMaxAdjustments: bool
    DataProviders: list[enums.DataProviderType]
    Symbol: str | None = None
    OrdersOpen: UtcDateTime | None = None
    OrdersClose: UtcDateTime | None = None
    TakesOrders: bool | None = None


class AcknowledgeErrorArgs(msgspec.Struct, kw_only=True):
    """Arguments of `AcknowledgeError`.

    Attributes
    ----------
    ErrorId
        An error of the caller that is active.
    """

    ErrorId: UUID


class ErrorAcknowledgement(Timed, kw_only=True):
    """A person has seen an error; it stays active until it ends.

    Attributes
    ----------
    ErrorId, EventSeqId
        Which error, and the event that began it: one that begins anew is not acknowledged.
    At
        When, in real time.
    By
        The API key, or `session:` and the id of the browser session.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    ErrorId: UUID
    EventSeqId: int
    At: UtcDateTime
    By: str


class ListErrorAcknowledgementsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListErrorAcknowledgements`: none."""


class ListErrorAcknowledgementsResult(msgspec.Struct, kw_only=True):
    """Result of `ListErrorAcknowledgements`.

    Attributes
    ----------
    Acknowledgements
        Of errors that are active.
    """

    Acknowledgements: list[ErrorAcknowledgement]


class ListVariablesArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListVariables`.

    Attributes
    ----------
    StrategyDefinition
        Its own names are listed too, also while it has problems; null for those of the language alone.
    """

    StrategyDefinition: dict[str, Any] | None = None


class DefinitionVariable(msgspec.Struct, kw_only=True):
    """A name that statements of a definition may read.

    Attributes
    ----------
    Name
        As it is written.
    Source
        `Language`, `Leg`, `Expiration`, `Position` (captured at entry) or `VarDefines`. The columns of external data
        are known once it was read and are not listed.
    Help
        What it is, with its unit.
    Type
        What statements get: `Number`, or `Integer` for one without fractions.
    """

    Name: str
    Source: str
    Help: str
    Type: str = "Number"


class ListVariablesResult(msgspec.Struct, kw_only=True):
    """Result of `ListVariables`.

    Attributes
    ----------
    Variables
        By source and name.
    Functions
        The functions that statements may call.
    """

    Variables: list[DefinitionVariable]
    Functions: list[str]
