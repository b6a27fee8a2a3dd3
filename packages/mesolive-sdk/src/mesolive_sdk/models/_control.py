"""Control Hub models: agents, accounts, strategies and idempotency records, with the arguments of their methods."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Id, IdempotencyKeyStr, JsonObject, PageArgs, PageResult, Timed, UtcDateTime
from mesolive_sdk.models._common import GreekValues
from mesolive_sdk.models._envelope import MesoLiveApiError

StrategyNameStr = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class IdempotencyRecord(Timed, kw_only=True):
    """The outcome of the operation behind an idempotency key.

    Attributes
    ----------
    IdempotencyKey
        The client's key.
    Operation
        The method it was used for.
    Status
        How far the operation has come.
    CreatedAt, UpdatedAt
        First use and last change.
    RequestHash
        Hash of the request, by which a different request under the same key is refused.
    LiveExecPlanId
        The execution plan concerned.
    LiveOrderIds
        The orders that came of it.
    ErrorMessage
        Why it failed.
    JobId, JobStatus, JobResult, JobErrorMessage
        The preparation job that was started, and what came of it.
    ResponseStatus, ResponseMessage, ResponseError
        The captured answer.
    ResponseData
        The captured answer's data, as raw JSON text.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt", "UpdatedAt")

    IdempotencyKey: str
    Operation: enums.IdempotencyOperation
    Status: enums.IdempotencyRecordStatus
    CreatedAt: UtcDateTime
    UpdatedAt: UtcDateTime
    RequestHash: str | None = None
    LiveExecPlanId: int | None = None
    LiveOrderIds: list[int] | None = None
    ErrorMessage: str | None = None
    JobId: str | None = None
    JobStatus: enums.PreparationStatus | None = None
    JobResult: Any = None
    JobErrorMessage: str | None = None
    ResponseStatus: enums.StatusCode | None = None
    ResponseMessage: str | None = None
    ResponseError: MesoLiveApiError | None = None
    ResponseData: str | None = None


class GetIdempotencyRecordArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetIdempotencyRecord`.

    Attributes
    ----------
    IdempotencyKey
        The key that was used.
    """

    IdempotencyKey: IdempotencyKeyStr


class AgentInfo(Timed, kw_only=True):
    """An agent: a connection to a broker or a data provider.

    Attributes
    ----------
    AgentId, Name
        Its identity, and what people call it.
    Status
        Whether it works.
    Connector
        What it connects to.
    DataProvider
        The market data that it brings, if any.
    BrokerAccountIds
        The accounts that it serves.
    ConnectedAt
        Since when it is connected.
    LastSnapshotAt
        When it last brought data.
    Message
        What it has to say about its status.
    """

    times: ClassVar[tuple[str, ...]] = ("ConnectedAt", "LastSnapshotAt")

    AgentId: str
    Name: str
    Status: enums.AgentStatus
    Connector: enums.AgentConnector
    DataProvider: enums.DataProviderType | None = None
    BrokerAccountIds: list[str]
    ConnectedAt: UtcDateTime | None = None
    LastSnapshotAt: UtcDateTime | None = None
    Message: str | None = None


class ListAgentsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListAgents`: none."""


class ListAgentsResult(msgspec.Struct, kw_only=True):
    """Result of `ListAgents`.

    Attributes
    ----------
    Agents
        All of the user's agents.
    """

    Agents: list[AgentInfo]


class LiveBrokerFacts(Timed, kw_only=True):
    """What a broker states about an account, in account currency; null where it states nothing (extension).

    Attributes
    ----------
    AsOf
        The broker's time of the figures.
    NetLiquidation, Cash
        Value of the account, and cash.
    InitialMargin, MaintenanceMargin
        Requirements of all that is held.
    BuyingPower, ExcessLiquidity
        What can be spent, and how far net liquidation is above the maintenance margin.
    DayTradesLeft
        Day trades that remain; null also where the rule does not apply.
    """

    times: ClassVar[tuple[str, ...]] = ("AsOf",)

    AsOf: UtcDateTime
    NetLiquidation: Decimal | None = None
    Cash: Decimal | None = None
    InitialMargin: Decimal | None = None
    MaintenanceMargin: Decimal | None = None
    BuyingPower: Decimal | None = None
    ExcessLiquidity: Decimal | None = None
    DayTradesLeft: int | None = None


class AccountFigures(msgspec.Struct, kw_only=True):
    """An account's figures by the server's own books (extension).

    Attributes
    ----------
    NetLiquidation, MaintenanceMargin, Cash
        In account currency; null where not known.
    """

    NetLiquidation: Decimal | None = None
    MaintenanceMargin: Decimal | None = None
    Cash: Decimal | None = None


class LiveAccount(Timed, kw_only=True):
    """A broker or paper account.

    Attributes
    ----------
    BrokerAccountId
        Its id at the broker, such as `ML1000`.
    BrokerType
        Who keeps it.
    AccountType
        The broker's name for its kind.
    Currency
        ISO code of the account currency.
    IsPaperAccount
        True for an account that trades on paper only.
    NetLiquidationValue, MaintenanceMarginReq, Cash
        In account currency; null where not known.
    LastUpdated
        When those were last true.
    CreatedAt
        When the account was first seen.
    ActivePositions
        How many positions are open on it.
    BrokerFacts
        What the broker states about it; null for an account without a broker, and before the broker has answered. Then
        the figures above are the broker's. An extension.
    Books
        The figures of the server's own books, where they differ from the broker's. An extension.
    DisabledAt
        When its owner has disabled it; null while it is used. An extension.
    UnrealizedPnL, DayPnL
        Of what is held, at the mark, and what the positions have brought since the close of the session before,
        realised and unrealised, by the server's books; null while they are not known. Extensions.
    Greeks
        Delta, gamma, theta and vega of all that is held, at the marks; null while a leg has none. An extension.
    DeltaDollars
        The delta of each underlying times its price, summed, in account currency and without betas: deltas of several
        underlyings in one measure. An extension.
    """

    times: ClassVar[tuple[str, ...]] = ("LastUpdated", "CreatedAt", "DisabledAt")

    BrokerAccountId: str
    BrokerType: enums.BrokerType
    AccountType: str
    Currency: str
    IsPaperAccount: bool
    NetLiquidationValue: Decimal | None = None
    MaintenanceMarginReq: Decimal | None = None
    Cash: Decimal | None = None
    LastUpdated: UtcDateTime | None = None
    CreatedAt: UtcDateTime
    ActivePositions: int
    BrokerFacts: LiveBrokerFacts | None = None
    Books: AccountFigures | None = None
    DisabledAt: UtcDateTime | None = None
    UnrealizedPnL: Decimal | None = None
    DayPnL: Decimal | None = None
    Greeks: GreekValues | None = None
    DeltaDollars: Decimal | None = None


class ListAccountsArgs(PageArgs, kw_only=True):
    """Arguments of `ListAccounts`: one page of all the user's accounts."""


class ListAccountsResult(PageResult, kw_only=True):
    """Result of `ListAccounts`.

    Attributes
    ----------
    Accounts
        This page's accounts.
    """

    Accounts: list[LiveAccount]


class GetAccountArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetAccount`.

    Attributes
    ----------
    BrokerAccountId
        Which account.
    """

    BrokerAccountId: str


class LiveStrategy(Timed, kw_only=True):
    """A strategy, without its definition.

    Attributes
    ----------
    Id, Name
        Its number, and what people call it.
    Symbol
        The underlying that its definition names.
    Description
        The definition's description.
    BacktestId, MesoSimInstance
        Where the definition came from.
    ActiveOnAccounts
        The accounts on which it is watched.
    ActivePositions
        How many of its positions are open.
    CreatedAt, UpdatedAt
        First import and last change.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt", "UpdatedAt")

    Id: int
    Name: str
    Symbol: str
    Description: str | None = None
    BacktestId: str | None = None
    MesoSimInstance: str | None = None
    ActiveOnAccounts: list[str]
    ActivePositions: int
    CreatedAt: UtcDateTime
    UpdatedAt: UtcDateTime


class LiveStrategyDetail(LiveStrategy, kw_only=True):
    """A strategy with its definition.

    Attributes
    ----------
    StrategyDefinition
        The definition that is carried out, of version 3. Where version 2 was imported, that text is in it under
        `$original`.
    """

    StrategyDefinition: JsonObject


class CreateStrategyArgs(msgspec.Struct, kw_only=True):
    """Arguments of `CreateStrategy`.

    Attributes
    ----------
    StrategyDefinition
        The definition.
    Name
        Null takes the definition's.
    BacktestId, MesoSimInstance
        Where the definition came from.
    ActiveOnAccounts
        The accounts on which it shall be watched.
    """

    StrategyDefinition: JsonObject
    Name: StrategyNameStr | None = None
    BacktestId: str | None = None
    MesoSimInstance: str | None = None
    ActiveOnAccounts: list[str]


class UpdateStrategyArgs(Timed, kw_only=True):
    """Arguments of `UpdateStrategy`; what is null stays as it is.

    Attributes
    ----------
    StrategyId
        Which strategy.
    StrategyDefinition
        The new definition.
    ActiveOnAccounts
        The new list of accounts.
    ExpectedUpdatedAt
        The `UpdatedAt` that the change was made from: when the strategy has another by now, it is a `Conflict` with the
        code `StrategyChanged`. Null changes it whatever it is. An extension.
    """

    times: ClassVar[tuple[str, ...]] = ("ExpectedUpdatedAt",)

    StrategyId: Id
    StrategyDefinition: JsonObject | None = None
    ActiveOnAccounts: list[str] | None = None
    ExpectedUpdatedAt: UtcDateTime | None = None


class RenameStrategyArgs(msgspec.Struct, kw_only=True):
    """Arguments of `RenameStrategy`.

    Attributes
    ----------
    StrategyId
        Which strategy.
    Name
        Its new name.
    """

    StrategyId: Id
    Name: StrategyNameStr


class DeleteStrategyArgs(msgspec.Struct, kw_only=True):
    """Arguments of `DeleteStrategy`.

    Attributes
    ----------
    StrategyId
        Which strategy.
    Force
        Delete it though positions are open; without it that is a `Conflict`.
    """

    StrategyId: Id
    Force: bool = False


class DeleteStrategyResult(msgspec.Struct, kw_only=True):
    """Result of `DeleteStrategy`.

    Attributes
    ----------
    StrategyId
        The strategy that was deleted.
    """

    StrategyId: int


class ListStrategiesArgs(PageArgs, kw_only=True):
    """Arguments of `ListStrategies`.

    Attributes
    ----------
    ActiveOnAccounts
        Only strategies that are active on one of these; null for all.
    """

    ActiveOnAccounts: list[str] | None = None


class ListStrategiesResult(PageResult, kw_only=True):
    """Result of `ListStrategies`.

    Attributes
    ----------
    Strategies
        This page's strategies.
    """

    Strategies: list[LiveStrategy]


class GetStrategyArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetStrategy`.

    Attributes
    ----------
    StrategyId
        Which strategy.
    """

    StrategyId: Id


class GetStrategyVersionsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetStrategyVersions`, an extension.

    Attributes
    ----------
    StrategyId
        Which strategy; a deleted one has its versions still.
    """

    StrategyId: Id


class StrategyVersion(Timed, kw_only=True):
    """A definition that a strategy has had.

    Attributes
    ----------
    Version
        Its number, from 1.
    SavedAt
        When it was stored, in market time.
    SavedBy
        Id of the API key or the session that stored it; null where that is not known.
    Length
        Of its text as it was given, in characters.
    """

    times: ClassVar[tuple[str, ...]] = ("SavedAt",)

    Version: int
    SavedAt: UtcDateTime
    SavedBy: str | None = None
    Length: int


class GetStrategyVersionsResult(msgspec.Struct, kw_only=True):
    """Result of `GetStrategyVersions`.

    Attributes
    ----------
    Versions
        The newest first, which is the one that is carried out; the last hundred are kept.
    """

    Versions: list[StrategyVersion]


class GetStrategyVersionArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetStrategyVersion`, an extension.

    Attributes
    ----------
    StrategyId, Version
        Which strategy, and which of its versions.
    """

    StrategyId: Id
    Version: int


class GetStrategyVersionResult(StrategyVersion, kw_only=True):
    """Result of `GetStrategyVersion`.

    Attributes
    ----------
    StrategyDefinition
        The definition, as `LiveStrategyDetail` has it.
    """

    StrategyDefinition: JsonObject
