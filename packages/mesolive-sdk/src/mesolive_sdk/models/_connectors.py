"""Connectors: configured connections to brokers and data providers, their tests, logs and accounts.

These models are extensions: the published API does not have them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Timed, UtcDateTime

ConnectorNameStr = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""Letters, digits, `_`, `.` and `-`, beginning with a letter or a digit."""


class ConnectorSetting(msgspec.Struct, kw_only=True):
    """A setting that a kind of connector has.

    Attributes
    ----------
    Name, Help
        Its name, and what it means.
    Required, Secret
        Whether a value must be given, and whether it is encrypted and never shown again.
    Default
        As text; null where there is none.
    Choices
        The texts that it may have; empty where any will do.
    """

    Name: str
    Help: str
    Required: bool
    Secret: bool
    Default: str | None = None
    Choices: list[str]


class ConnectorKindInfo(msgspec.Struct, kw_only=True):
    """A kind of connector that this server has.

    Attributes
    ----------
    Kind, Title
        Its name, and what it connects to.
    DataProvider, BrokerType
        The market data and the accounts that it may bring; null for none.
    Settings
        Its settings.
    """

    Kind: str
    Title: str
    DataProvider: enums.DataProviderType | None = None
    BrokerType: enums.BrokerType | None = None
    Settings: list[ConnectorSetting]


class ListConnectorKindsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListConnectorKinds`: none."""


class ListConnectorKindsResult(msgspec.Struct, kw_only=True):
    """Result of `ListConnectorKinds`.

    Attributes
    ----------
    Kinds
        All kinds, by name.
    """

    Kinds: list[ConnectorKindInfo]


class ConnectorAccount(msgspec.Struct, kw_only=True):
    """An account that a connection gives access to.

    Attributes
    ----------
    BrokerAccountId
        Its id at the broker.
    Live
        Whether real money is at stake.
    AccountType, Currency
        The broker's word for its kind, and its base currency.
    CanTrade
        Whether the broker permits orders of this login.
    Permissions
        What the broker permits, in words.
    Enabled
        Whether it is one of the user's accounts.
    """

    BrokerAccountId: str
    Live: bool
    AccountType: str
    Currency: str
    CanTrade: bool
    Permissions: list[str]
    Enabled: bool


class ConnectorInfo(Timed, kw_only=True):
    """A configured connection.

    Attributes
    ----------
    Name, Kind
        The user's name of it, and what kind it is.
    Enabled
        Whether it is to be connected.
    State, Message, Remedy
        How it is, in words, and what to do; empty where nothing is to be said.
    Since
        Real time since when it is so.
    DataProvider
        The market data that it brings at present; null for none.
    Agent
        The agent that hosts it; null where it runs in the server. Its settings and secrets are at the agent then.
    Settings
        Its settings without secrets.
    SecretsSet
        The names of the secrets that are stored.
    Accounts
        The accounts that were discovered.
    CreatedAt
        When it was added.
    """

    times: ClassVar[tuple[str, ...]] = ("Since", "CreatedAt")

    Name: str
    Kind: str
    Enabled: bool
    State: enums.ConnectorStateType
    Message: str
    Remedy: str
    Since: UtcDateTime | None = None
    DataProvider: enums.DataProviderType | None = None
    Agent: str | None = None
    Settings: dict[str, str]
    SecretsSet: list[str]
    Accounts: list[ConnectorAccount]
    CreatedAt: UtcDateTime


class ListConnectorsArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListConnectors`: none."""


class ListConnectorsResult(msgspec.Struct, kw_only=True):
    """Result of `ListConnectors`.

    Attributes
    ----------
    Connectors
        The caller's connections, by name.
    """

    Connectors: list[ConnectorInfo]


class AddConnectorArgs(msgspec.Struct, kw_only=True):
    """Arguments of `AddConnector`. The representation does not show the secrets.

    Attributes
    ----------
    Name
        Unique among the caller's connections.
    Kind
        As in `ListConnectorKinds`.
    Settings, Secrets
        Texts by the name of the setting.
    """

    Name: ConnectorNameStr
    Kind: str
    Settings: dict[str, str]
    Secrets: dict[str, str]

    def __repr__(self) -> str:
        return f"AddConnectorArgs(Name={self.Name!r}, Kind={self.Kind!r}, Settings={self.Settings!r}, Secrets=…)"


class UpdateConnectorArgs(msgspec.Struct, kw_only=True):
    """Arguments of `UpdateConnector`: settings that are not named stay. The representation does not show the secrets.

    Attributes
    ----------
    Name
        Which connection; one that is enabled connects anew.
    Settings, Secrets
        Texts by the name of the setting; an empty text takes the setting back to its default.
    """

    Name: ConnectorNameStr
    Settings: dict[str, str]
    Secrets: dict[str, str]

    def __repr__(self) -> str:
        return f"UpdateConnectorArgs(Name={self.Name!r}, Settings={self.Settings!r}, Secrets=…)"


class ConnectorArgs(msgspec.Struct, kw_only=True):
    """Arguments of `TestConnector`, `EnableConnector`, `DisableConnector` and `RemoveConnector`.

    Attributes
    ----------
    Name
        Which connection.
    """

    Name: ConnectorNameStr


class ConnectorFinding(msgspec.Struct, kw_only=True):
    """One line of a connection test.

    Attributes
    ----------
    Topic
        What was looked at.
    Check
        `Ok`, `Warning` or `Failed`.
    Detail, Remedy
        What was found, and how to get what is missing.
    """

    Topic: str
    Check: enums.ConnectorCheck
    Detail: str
    Remedy: str


class TestConnectorResult(msgspec.Struct, kw_only=True):
    """Result of `TestConnector`.

    Attributes
    ----------
    Passed
        Whether no line failed.
    Findings
        The lines of the table.
    Accounts
        The accounts that the login gives access to.
    DataQuality
        Quality of the quotes by underlying: `live`, `delayed`, `frozen`, `modelled` or `none`.
    ClockDifferenceSeconds
        How far the other side's clock is ahead of the server's; null where it states no time.
    """

    __test__: ClassVar[bool] = False

    Passed: bool
    Findings: list[ConnectorFinding]
    Accounts: list[ConnectorAccount]
    DataQuality: dict[str, str]
    ClockDifferenceSeconds: Decimal | None = None


class RemoveConnectorResult(msgspec.Struct, kw_only=True):
    """Result of `RemoveConnector`.

    Attributes
    ----------
    Name
        The connection that is gone, with its secrets.
    """

    Name: str


class GetConnectorLogArgs(msgspec.Struct, kw_only=True):
    """Arguments of `GetConnectorLog`.

    Attributes
    ----------
    Name
        Which connection.
    Limit
        How many of the newest entries.
    """

    Name: ConnectorNameStr
    Limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50


class ConnectorLogEntry(Timed, kw_only=True):
    """A change of a connection.

    Attributes
    ----------
    At
        Real time.
    State, Message, Remedy
        As in `ConnectorInfo`.
    """

    times: ClassVar[tuple[str, ...]] = ("At",)

    At: UtcDateTime
    State: enums.ConnectorStateType
    Message: str
    Remedy: str


class GetConnectorLogResult(msgspec.Struct, kw_only=True):
    """Result of `GetConnectorLog`.

    Attributes
    ----------
    Entries
        The newest first.
    """

    Entries: list[ConnectorLogEntry]


class EnableBrokerAccountArgs(msgspec.Struct, kw_only=True):
    """Arguments of `EnableBrokerAccount`.

    Attributes
    ----------
    Name
        The connection that discovered the account.
    BrokerAccountId
        The account; a live one starts with orders of real money forbidden and careful limits.
    """

    Name: ConnectorNameStr
    BrokerAccountId: str


class DisableBrokerAccountArgs(msgspec.Struct, kw_only=True):
    """Arguments of `DisableBrokerAccount`.

    Attributes
    ----------
    Name
        The connection that discovered the account.
    BrokerAccountId
        An enabled account without open positions and open orders.
    """

    Name: ConnectorNameStr
    BrokerAccountId: str


class SetAccountMarketDataArgs(msgspec.Struct, kw_only=True):
    """Arguments of `SetAccountMarketData`.

    Attributes
    ----------
    BrokerAccountId
        The account.
    DataProvider
        Whose quotes value it; null for its broker's own.
    AcceptDelayed
        Whether decisions are made on delayed quotes too.
    """

    BrokerAccountId: str
    DataProvider: enums.DataProviderType | None = None
    AcceptDelayed: bool = False
