"""Connector operations of the Control Hub: add, change, test, enable, disable and remove connections, and accounts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.connectors.agents import status_text
from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.manager import ConnectionManager, last_quote
from mesolive.connectors.repository import (
    MAX_CONNECTORS_PER_USER,
    StoredAccount,
    StoredConnection,
    add_connection,
    change_connection,
    connections_of_user,
    discovered_accounts,
    find_connection,
    link_account,
    read_log,
    remove_connection,
    secret_names,
    store_secrets,
)
from mesolive.connectors.settings_model import ConnectorSettingsError, known_fields, read_settings
from mesolive.errors import conflict, not_found, validation
from mesolive.journal.bus import Bus
from mesolive.market.service import Market
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.trading.audit import AuditEntry, audit
from mesolive.trading.execution.risk_limits import CAREFUL_LIMITS, Limits, set_limits
from mesolive.trading.orders.repository import open_orders_of_account
from mesolive.trading.portfolio.accounts import Account, Accounts, find_account
from mesolive.trading.portfolio.broker_accounts import (
    accounts_of_connection,
    disable_broker_account,
    enable_broker_account,
    set_market_data,
)
from mesolive.trading.portfolio.positions import open_positions_of_account
from mesolive.venues.account_facts import DiscoveredAccount
from mesolive_sdk import models

SECRETS_OF = "Secrets"
SETTINGS_OF = "Settings"


class Connections:
    """Connections of the users, as the Control Hub and the command line see them."""

    def __init__(
        self, database: Database, manager: ConnectionManager, market: Market, accounts: Accounts, bus: Bus
    ) -> None:
        self._database = database
        self._bus = bus
        self._manager = manager
        self._market = market
        self._accounts = accounts

    async def list_kinds(
        self,
        user: UserContext,  # noqa: ARG002 - every user may use every kind
        args: models.ListConnectorKindsArgs,  # noqa: ARG002 - the method's model has no fields
    ) -> models.ListConnectorKindsResult:
        """Return the kinds of connectors with their settings."""
        return models.ListConnectorKindsResult(
            Kinds=[_kind_info(self._manager.kinds[name]) for name in sorted(self._manager.kinds)]
        )

    async def list(
        self,
        user: UserContext,
        args: models.ListConnectorsArgs,  # noqa: ARG002 - the method's model has no fields
    ) -> models.ListConnectorsResult:
        """Return the user's connections, by name."""
        async with self._database.read() as tx:
            result = [await self._info(tx, item) for item in await connections_of_user(tx, user.user_id)]
        return models.ListConnectorsResult(Connectors=result)

    async def add(self, user: UserContext, args: models.AddConnectorArgs) -> models.ConnectorInfo:
        """Store a connection, disabled.

        Raises
        ------
        ServiceError
            `ValidationError` for settings that cannot be used; `Conflict` when the user has one of this name.
        """
        kind = self._manager.kinds.get(args.Kind)
        if kind is None:
            raise validation({"Kind": [f"expected {' or '.join(sorted(self._manager.kinds))}, got {args.Kind!r}"]})
        _check(kind, args.Settings, args.Secrets)
        now = self._manager.clock.now()
        async with self._database.write(user.user_id) as tx:
            connections = await connections_of_user(tx, user.user_id)
            if args.Name in {item.name for item in connections}:
                raise conflict(f"connector {args.Name!r} exists already", code="ConnectorExists")
            if len(connections) >= MAX_CONNECTORS_PER_USER:
                raise conflict(
                    f"there are {len(connections)} connectors already; remove one that is not used",
                    code="TooManyConnectors",
                )
            given = {name: text for name, text in args.Settings.items() if text}
            added = await add_connection(tx, user.user_id, args.Name, args.Kind, given, now)
            await store_secrets(tx, self._manager.sealing, added, args.Secrets)
            await self._audit(tx, user, "AddConnector", {"connector": args.Name, "kind": args.Kind})
            return await self._info(tx, await find_connection(tx, user.user_id, args.Name))

    async def update(self, user: UserContext, args: models.UpdateConnectorArgs) -> models.ConnectorInfo:
        """Change settings of a connection, and connect it again where it is enabled."""
        now = self._manager.clock.now()
        async with self._database.write(user.user_id) as tx:
            connection = await find_connection(tx, user.user_id, args.Name)
            kind = self._manager.kinds.get(connection.kind)
            if kind is None:
                raise conflict(f"this server has no connector of kind {connection.kind!r}", code="UnknownConnectorKind")
            if connection.agent is not None:
                raise conflict(
                    f"the settings of connector {args.Name} are at agent {connection.agent}: change them there "
                    "(mesolive agent add), and start it again",
                    code="HostedByAgent",
                )
            settings = {name: text for name, text in {**connection.settings, **args.Settings}.items() if text}
            # Secrets that stay are checked by name only: their texts may be sealed with a key that is gone.
            stored = dict.fromkeys(await secret_names(tx, connection.id), "kept")
            _check(kind, settings, {**stored, **args.Secrets}, given=args.Settings)
            await change_connection(tx, connection.id, now, settings=settings)
            await store_secrets(tx, self._manager.sealing, connection.id, args.Secrets)
            detail = {"connector": args.Name, "settings": sorted(args.Settings), "secrets": sorted(args.Secrets)}
            await self._audit(tx, user, "UpdateConnector", detail)
            connection = await find_connection(tx, user.user_id, args.Name)
        if connection.enabled:
            await self._manager.run(connection)
        elif args.Secrets:
            await self._manager.forget_secrets(connection)
        return await self._read(user, args.Name)

    async def test(self, user: UserContext, args: models.ConnectorArgs) -> models.TestConnectorResult:
        """Connect, and return the findings; nothing is stored and no order is sent."""
        async with self._database.read() as tx:
            connection = await find_connection(tx, user.user_id, args.Name)
            enabled = {item.discovered.account_id: item for item in await discovered_accounts(tx, connection.id)}
        report = await self._manager.test(connection)
        known = {name for name, item in enabled.items() if item.account_id is not None}
        return models.TestConnectorResult(
            Passed=all(item.check.value != "failed" for item in report.findings),
            Findings=[
                models.ConnectorFinding(
                    Topic=item.topic,
                    Check=models.ConnectorCheck[item.check.value.capitalize()],
                    Detail=item.detail,
                    Remedy=item.remedy,
                )
                for item in report.findings
            ],
            Accounts=[_account_info(item, enabled=item.account_id in known) for item in report.accounts],
            DataQuality={
                symbol: "none" if quality is None else quality.word
                for symbol, quality in (report.data_quality or {}).items()
            },
            ClockDifferenceSeconds=None
            if report.clock_difference is None
            else Decimal(str(round(report.clock_difference, 3))),
        )

    async def enable(self, user: UserContext, args: models.ConnectorArgs) -> models.ConnectorInfo:
        """Connect a connection, now and at every start; an enabled one is connected again."""
        connection = await self._set_enabled(user, args.Name, enabled=True)
        await self._manager.run(connection)
        return await self._read(user, args.Name)

    async def disable(self, user: UserContext, args: models.ConnectorArgs) -> models.ConnectorInfo:
        """Disconnect a connection until it is enabled again; orders that work stay at the broker."""
        connection = await self._set_enabled(user, args.Name, enabled=False)
        await self._manager.end(connection)
        return await self._read(user, args.Name)

    async def remove(self, user: UserContext, args: models.ConnectorArgs) -> models.RemoveConnectorResult:
        """Forget a connection and its secrets.

        Raises
        ------
        ServiceError
            `Conflict` while an account of it holds positions or has open orders: nothing would watch them.
        """
        # Disabled first: from then on no other call connects it, and after its end no order reaches its venue.
        async with self._database.write(user.user_id) as tx:
            connection = await find_connection(tx, user.user_id, args.Name)
            await _must_be_unused(tx, connection)
            await change_connection(tx, connection.id, self._manager.clock.now(), enabled=False)
        await self._manager.end(connection)
        async with self._database.write(user.user_id) as tx:
            await _must_be_unused(tx, await find_connection(tx, user.user_id, args.Name))
            await remove_connection(tx, connection.id, self._manager.clock.now())
            await self._audit(tx, user, "RemoveConnector", {"connector": args.Name})
        await self._manager.end(connection)  # another call may have enabled it in between
        await self._manager.forget_secrets(connection)
        return models.RemoveConnectorResult(Name=args.Name)

    async def log(self, user: UserContext, args: models.GetConnectorLogArgs) -> models.GetConnectorLogResult:
        """Return the newest changes of a connection."""
        async with self._database.read() as tx:
            connection = await find_connection(tx, user.user_id, args.Name)
            entries = await read_log(tx, connection.id, args.Limit)
        return models.GetConnectorLogResult(
            Entries=[
                models.ConnectorLogEntry(
                    At=entry.since or connection.created_at,
                    State=models.ConnectorStateType[entry.state.value],
                    Message=entry.message,
                    Remedy=entry.remedy,
                )
                for entry in entries
            ]
        )

    # --- accounts -----------------------------------------------------------------------------------------------------

    async def enable_account(self, user: UserContext, args: models.EnableBrokerAccountArgs) -> models.LiveAccount:
        """Make a discovered account one of the user's; a live one may not send orders before its limits allow it.

        Raises
        ------
        ServiceError
            `NotFound` for an account that the connection has not discovered; `Conflict` for one that the login may not
            trade, or that another connection reaches.
        """
        now = self._manager.clock.now()
        # Without the user's id: two users who enable one account at the same time must see each other's.
        async with self._database.write() as tx:
            connection = await find_connection(tx, user.user_id, args.Name)
            stored = await self._discovered(tx, connection, args.BrokerAccountId)
            kind = self._manager.kinds.get(connection.kind)
            if kind is None or kind.broker is None:
                raise conflict(f"connector {args.Name} brings no accounts", code="NoBroker")
            discovered = stored.discovered
            if not discovered.can_trade:
                raise conflict(
                    f"the broker does not permit orders of this login for account {discovered.account_id} "
                    f"({', '.join(discovered.permissions) or 'no permission is listed'})",
                    code="AccountNotPermitted",
                )
            account_id, is_new = await enable_broker_account(
                tx, user.user_id, discovered, kind.broker, connection.id, now
            )
            await link_account(tx, connection.id, discovered.account_id, account_id)
            if is_new:
                await set_limits(tx, account_id, CAREFUL_LIMITS if discovered.live else Limits(allow_live=True))
            detail = {"connector": args.Name, "account": discovered.account_id, "live": discovered.live}
            await self._audit(tx, user, "EnableBrokerAccount", detail)
        # The books begin with the cash that this reads, or, where that fails, a later reading.
        await self._manager.read_accounts(connection)
        return await self._accounts.get(user, models.GetAccountArgs(BrokerAccountId=args.BrokerAccountId))

    async def disable_account(self, user: UserContext, args: models.DisableBrokerAccountArgs) -> models.LiveAccount:
        """Use an enabled account no more: nothing of it is sent, watched or compared until it is enabled again.

        Its history, its cash and its limits stay.

        Raises
        ------
        ServiceError
            `NotFound` for an account that the connection has not discovered; `Conflict` for one that is not enabled,
            and while it holds positions or has open orders: nothing would watch them.
        """
        # One transaction with the check, so that an order is admitted before it, and then is open, or not at all.
        async with self._database.write(user.user_id) as tx:
            connection = await find_connection(tx, user.user_id, args.Name)
            stored = await self._discovered(tx, connection, args.BrokerAccountId)
            if stored.account_id is None:
                raise conflict(f"account {args.BrokerAccountId} is not enabled", code="AccountDisabled")
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
            if (use := await _use_of(tx, account)) is not None:
                raise conflict(use, code="AccountInUse")
            await disable_broker_account(tx, account.id, self._manager.clock.now())
            await link_account(tx, connection.id, args.BrokerAccountId, None)
            detail = {"connector": args.Name, "account": args.BrokerAccountId}
            await self._audit(tx, user, "DisableBrokerAccount", detail, account.id)
        return await self._accounts.get(user, models.GetAccountArgs(BrokerAccountId=args.BrokerAccountId))

    async def set_market_data(self, user: UserContext, args: models.SetAccountMarketDataArgs) -> models.LiveAccount:
        """Choose whose quotes value an account, and whether delayed ones will do."""
        if args.DataProvider is models.DataProviderType.Unknown:
            raise validation({"DataProvider": ["expected a kind of provider"]})
        async with self._database.write(user.user_id) as tx:
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
            await set_market_data(tx, account.id, args.DataProvider, accept_delayed=args.AcceptDelayed)
            detail = {
                "account": args.BrokerAccountId,
                "provider": None if args.DataProvider is None else args.DataProvider.name,
                "accept_delayed": args.AcceptDelayed,
            }
            await self._audit(tx, user, "SetAccountMarketData", detail, account.id)
            # No event tells of this choice: open streams of the account's positions read their provider again now.
            tx.after_commit(lambda: self._bus.publish(user.user_id, 0))
        return await self._accounts.get(user, models.GetAccountArgs(BrokerAccountId=args.BrokerAccountId))

    async def agents(self, user: UserContext) -> list[models.AgentInfo]:
        """Return the user's enabled connections as agents."""
        result: list[models.AgentInfo] = []
        async with self._database.read() as tx:
            for connection in await connections_of_user(tx, user.user_id):
                kind = self._manager.kinds.get(connection.kind)
                if not connection.enabled or kind is None:
                    continue
                status = self._manager.status(connection)
                provider = self._manager.data_provider(connection)
                served = await accounts_of_connection(tx, connection.id)
                result.append(
                    models.AgentInfo(
                        AgentId=f"connector-{connection.id}",
                        Name=connection.name,
                        Status=status.state.agent_status,
                        Connector=kind.agent,
                        DataProvider=provider,
                        BrokerAccountIds=[account.broker_account_id for account in served if not account.disabled],
                        ConnectedAt=status.since if status.state.is_connected else None,
                        LastSnapshotAt=last_quote(self._market, provider),
                        Message=status_text(connection.name, status) if status.message or status.remedy else None,
                    )
                )
        return result

    # --- parts --------------------------------------------------------------------------------------------------------

    async def _set_enabled(self, user: UserContext, name: str, *, enabled: bool) -> StoredConnection:
        async with self._database.write(user.user_id) as tx:
            connection = await find_connection(tx, user.user_id, name)
            await change_connection(tx, connection.id, self._manager.clock.now(), enabled=enabled)
            action = "EnableConnector" if enabled else "DisableConnector"
            await self._audit(tx, user, action, {"connector": name})
            return await find_connection(tx, user.user_id, name)

    async def _discovered(self, tx: Transaction, connection: StoredConnection, name: str) -> StoredAccount:
        known = await discovered_accounts(tx, connection.id)
        for stored in known:
            if stored.discovered.account_id == name:
                return stored
        shown = ", ".join(item.discovered.account_id for item in known) or "none yet: enable the connector first"
        raise not_found(f"account {name!r} of connector {connection.name} (discovered: {shown})")

    async def _read(self, user: UserContext, name: str) -> models.ConnectorInfo:
        async with self._database.read() as tx:
            return await self._info(tx, await find_connection(tx, user.user_id, name))

    async def _info(self, tx: Transaction, connection: StoredConnection) -> models.ConnectorInfo:
        status = self._manager.status(connection)
        return models.ConnectorInfo(
            Name=connection.name,
            Kind=connection.kind,
            Enabled=connection.enabled,
            State=models.ConnectorStateType[status.state.value],
            Message=status.message,
            Remedy=status.remedy,
            Since=status.since,
            DataProvider=self._manager.data_provider(connection),
            Agent=connection.agent,
            Settings=dict(connection.settings),
            SecretsSet=await secret_names(tx, connection.id),
            Accounts=[
                _account_info(item.discovered, enabled=item.account_id is not None)
                for item in await discovered_accounts(tx, connection.id)
            ],
            CreatedAt=connection.created_at,
        )

    async def _audit(
        self,
        tx: WriteTransaction,
        user: UserContext,
        action: str,
        detail: Mapping[str, object],
        account_id: int | None = None,
    ) -> None:
        now = self._manager.clock.now()
        await audit(tx, [AuditEntry(user.user_id, account_id, None, now, user.key_id, action, None, dict(detail))])


async def _must_be_unused(tx: Transaction, connection: StoredConnection) -> None:
    """Refuse to remove a connection that positions or orders need."""
    for account in await accounts_of_connection(tx, connection.id):
        if (use := await _use_of(tx, account)) is not None:
            raise conflict(use, code="ConnectorInUse")


async def _use_of(tx: Transaction, account: Account) -> str | None:
    """Return which positions or orders of an account nothing would watch any more; `None` where there are none."""
    name = account.broker_account_id
    if await open_positions_of_account(tx, account.user_id, account.id):
        return f"account {name} holds open positions; close them first"
    if await open_orders_of_account(tx, account.id):
        return f"account {name} has open orders; cancel them first"
    return None


def _check(
    kind: ConnectorKind, settings: Mapping[str, str], secrets: Mapping[str, str], given: Mapping[str, str] | None = None
) -> None:
    """Refuse settings that cannot be used, and secrets among the settings: those are stored as plain text."""
    known = {field.name: field for field in known_fields(kind.settings)}
    problems: dict[str, list[str]] = {}
    for name in settings if given is None else given:
        if name in known and known[name].secret:
            problems[f"{SETTINGS_OF}.{name}"] = ["it is a secret: give it in Secrets"]
    for name in secrets:
        if name in known and not known[name].secret:
            problems[f"{SECRETS_OF}.{name}"] = ["it is no secret: give it in Settings"]
    if problems:
        raise validation(problems)
    try:
        read_settings(kind.settings, {**settings, **secrets})
    except ConnectorSettingsError as error:
        raise validation(
            {
                f"{SECRETS_OF if name in secrets and name not in settings else SETTINGS_OF}.{name}": [text]
                for name, text in error.problems.items()
            }
        ) from None


def _kind_info(kind: ConnectorKind) -> models.ConnectorKindInfo:
    return models.ConnectorKindInfo(
        Kind=kind.name,
        Title=kind.title,
        DataProvider=kind.data_provider,
        BrokerType=kind.broker,
        Settings=[
            models.ConnectorSetting(
                Name=field.name,
                Help=field.help,
                Required=field.required,
                Secret=field.secret,
                Default=field.shown_default or None,
                Choices=list(field.choices),
            )
            for field in known_fields(kind.settings)
        ],
    )


def _account_info(account: DiscoveredAccount, *, enabled: bool) -> models.ConnectorAccount:
    return models.ConnectorAccount(
        BrokerAccountId=account.account_id,
        Live=account.live,
        AccountType=account.account_type,
        Currency=account.currency,
        CanTrade=account.can_trade,
        Permissions=list(account.permissions),
        Enabled=enabled,
    )
