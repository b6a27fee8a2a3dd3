"""Connector of Interactive Brokers: two connections to TWS or IB Gateway, accounts and balances, market data, venue."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Final, cast

import structlog

from mesolive.clock import Clock, MonotonicClock
from mesolive.connectors.double_time import market_clock
from mesolive.connectors.ibkr.connection_keeper import ConnectionKeeper
from mesolive.connectors.ibkr.connection_words import (
    CLOCK_REMEDY,
    LINK_CAUSE,
    LINK_REMEDY,
    LOGIN_REMEDY,
    READ_ONLY_REMEDY,
    TOLERATED_CLOCK_SECONDS,
    Situation,
    connect_error,
    words,
)
from mesolive.connectors.ibkr.error_codes import READ_ONLY
from mesolive.connectors.ibkr.order_entry import EntryRules
from mesolive.connectors.ibkr.provider import DataConfig, IbkrProvider
from mesolive.connectors.ibkr.session import HANDSHAKE_SECONDS, TwsSession
from mesolive.connectors.ibkr.session_errors import (
    ANOTHER_LOGIN,
    RequestRefusedError,
    SessionLostError,
    TwsError,
    WrongLoginError,
)
from mesolive.connectors.ibkr.settings import IbkrSettings
from mesolive.connectors.ibkr.settlement_prices import settled_at
from mesolive.connectors.ibkr.tws_messages import AccountValue
from mesolive.connectors.ibkr.venue import IbkrVenue
from mesolive.connectors.protocol import (
    Check,
    ConnectionReport,
    ConnectorError,
    ConnectorRequest,
    ConnectorState,
    ConnectorStatus,
    Finding,
    Problem,
)
from mesolive.connectors.words import CLASSES_REMEDY
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract
from mesolive.market.greeks_comparison import compare, in_words
from mesolive.market.quality import QuoteQuality
from mesolive.tasks import Tasks, Turns
from mesolive.venues.account_facts import BrokerFacts, DiscoveredAccount
from mesolive_sdk.models import AgentStatus

_log = structlog.get_logger(__name__)

FACT_TAGS: Final = (
    "AccountType",
    "NetLiquidation",
    "TotalCashValue",
    "InitMarginReq",
    "MaintMarginReq",
    "BuyingPower",
    "ExcessLiquidity",
    "DayTradesRemaining",
)
UNLIMITED_DAY_TRADES: Final = -1
TOLERATED_DELTA: Final = 0.03
"""Median difference of IB's deltas from ours above which one of the two models is probably wrong."""


class IbkrConnector:
    """A connection to TWS or IB Gateway; implements `mesolive.connectors.protocol.Connector`.

    Parameters
    ----------
    timer
        Time of waiting: pacing, time limits, heartbeats; real time by default.
    handshake_seconds
        How long an attempt to connect may take.
    record
        Takes each message, with the name of its connection; `None` for no record.
    """

    def __init__(
        self,
        request: ConnectorRequest,
        *,
        timer: Clock | None = None,
        handshake_seconds: float = HANDSHAKE_SECONDS,
        record: Callable[[str, bool, Sequence[str]], None] | None = None,
    ) -> None:
        settings = self._settings = cast("IbkrSettings", request.settings)
        self._calendar = request.calendar
        self._timer = timer or MonotonicClock()
        self._record = record
        self._handshake_seconds = handshake_seconds
        self.clock: Clock = market_clock(request.clock, settings.clock_offset)
        self.status_changes = ChangeSignal()
        self.tasks = Tasks()
        self.orders = self._session("orders", settings.client_id)
        self.data = self._session("data", settings.data_client_id)
        quiet_from, quiet_to = settings.window
        self._rules = EntryRules(
            stops_on_combos=settings.stops_on_combos,
            quiet_from=quiet_from,
            quiet_to=quiet_to,
            zone=settings.time_zone,
            preview_margin=settings.preview_margin,
            routes=settings.routes_by_underlying,
        )
        self._provider = IbkrProvider(
            self.data,
            settings.underlyings,
            request.folder,
            clock=self.clock,
            timer=self._timer,
            calendar=request.calendar,
            config=DataConfig(lines=settings.lines, delayed=settings.delayed),
        )
        self.venue = IbkrVenue(
            self.orders,
            request.folder,
            clock=self.clock,
            timer=self._timer,
            prices=self._settlement_price,
            chains=self._provider.con_id,
            rules=self._rules,
            calendar=request.calendar,
        )
        self.orders.login_check = self._why_another_login
        self._login: frozenset[str] = frozenset()
        self._read_only = False
        self._is_connected = False
        self._status = ConnectorStatus(ConnectorState.DISABLED)

    def _session(self, name: str, client_id: int) -> TwsSession:
        settings = self._settings
        return TwsSession(
            name,
            settings.host,
            settings.port,
            client_id,
            clock=self.clock,
            timer=self._timer,
            zone=settings.time_zone,
            messages_per_second=settings.messages_per_second,
            record=None if self._record is None else partial(self._record, name),
        )

    @property
    def status(self) -> ConnectorStatus:
        """The present state."""
        return self._status

    @property
    def read_only(self) -> bool:
        """Whether the API of TWS refused orders when it was last connected."""
        return self._read_only

    @property
    def provider(self) -> IbkrProvider | None:
        """Its market data, unless the settings switch them off."""
        return self._provider if self._settings.market_data else None

    async def connect(self) -> None:
        """Connect both sessions, and check that the login is the one that was configured.

        Raises
        ------
        ConnectorError
            When there is no connection, or the login is another one.
        """
        try:
            await self.connect_orders()
            if self._settings.market_data:
                await self.connect_data()
                await self.start_quotes()
        except BaseException:
            await self.disconnect()
            raise
        self.keep_connected()

    def keep_connected(self) -> None:
        """Follow the connections from now on, and make them again when they are lost."""
        self._is_connected = True
        # Until the connector is enabled anew: TWS that comes back as another user is another login.
        self._login = frozenset(self._used())
        self.tasks.start_loop("ibkr orders connection", ConnectionKeeper(self.orders, self._timer).run)
        if self._settings.market_data:
            self.tasks.start_loop("ibkr data connection", ConnectionKeeper(self.data, self._timer).run)
        for name, signal in (
            ("orders", self.orders.changes),
            ("data", self.data.changes),
            ("problems", self.venue.problem_changes),
            ("market data", self._provider.status_changes),
        ):
            self.tasks.start_loop(f"ibkr state {name}", self._follower(signal))
        self._look()

    async def disconnect(self) -> None:
        """End both connections; orders work on at IB."""
        self._is_connected = False
        self._login = frozenset()
        await self.tasks.stop()
        await self._provider.stop()
        self.orders.disconnect()
        self.data.disconnect()
        if self._status.state.is_connected:
            self._set_status(ConnectorStatus(ConnectorState.DISCONNECTED, "disconnected"))

    async def test(self) -> ConnectionReport:
        """Connect if necessary, and report accounts, data quality and problems; no order is sent."""
        was_connected = self._is_connected
        if not was_connected:
            try:
                await self.connect_orders()
            except BaseException:
                self.orders.disconnect()
                raise
        try:
            return await self._tested()
        except TwsError as error:
            raise self._failed(error) from error
        finally:
            if not was_connected:
                self.orders.disconnect()

    async def accounts(self) -> Sequence[DiscoveredAccount]:
        """Return the accounts of the login, or those of them that the settings name."""
        values = await self._summary()
        types = {row.account: row.value for row in values if row.tag == "AccountType"}
        currencies = {row.account: row.currency for row in values if row.tag == "NetLiquidation" and row.currency}
        return [
            DiscoveredAccount(
                account_id=name,
                live=not is_paper(name),
                account_type=types.get(name, "unknown").title(),
                currency=currencies.get(name, "USD"),
                can_trade=not self._read_only,
                permissions=("read-only API",) if self._read_only else (),
            )
            for name in self._used()
        ]

    async def account_facts(self, account_id: str) -> BrokerFacts:
        """Return IB's figures of an account."""
        rows = {row.tag: row.value for row in await self._summary() if row.account == account_id}
        if not rows:
            raise ConnectorError(Problem.NONSENSE, f"IB states no figures of account {account_id}")
        day_trades = _figure(rows.get("DayTradesRemaining"))
        return BrokerFacts(
            as_of=self.clock.now(),
            net_liquidation=_figure(rows.get("NetLiquidation")),
            cash=_figure(rows.get("TotalCashValue")),
            initial_margin=_figure(rows.get("InitMarginReq")),
            maintenance_margin=_figure(rows.get("MaintMarginReq")),
            buying_power=_figure(rows.get("BuyingPower")),
            excess_liquidity=_figure(rows.get("ExcessLiquidity")),
            day_trades_left=None if day_trades is None or day_trades == UNLIMITED_DAY_TRADES else int(day_trades),
        )

    # --- the connection -----------------------------------------------------------------------------------------------

    async def connect_orders(self) -> None:
        """Connect the session of orders; raises `ConnectorError` as `connect` does."""
        now = self.clock.now()
        try:
            await self.orders.connect(self._handshake_seconds)
        except WrongLoginError as error:
            raise ConnectorError(Problem.SETTINGS, str(error), LOGIN_REMEDY, ANOTHER_LOGIN) from error
        except SessionLostError as error:
            raise connect_error(str(error), now, quiet=self._rules.is_quiet(now)) from error
        if not self.orders.state.link:
            raise ConnectorError(Problem.INTERRUPTED, LINK_CAUSE, LINK_REMEDY, LINK_CAUSE)
        try:
            await self.orders.open_orders()
        except RequestRefusedError as error:
            if error.code != READ_ONLY:
                raise self._failed(error) from error
            self._read_only = True
        except TwsError as error:
            raise self._failed(error) from error
        else:
            self._read_only = False

    async def connect_data(self) -> None:
        """Connect the session of market data; raises `ConnectorError` as `connect` does."""
        now = self.clock.now()
        try:
            await self.data.connect(self._handshake_seconds)
        except SessionLostError as error:
            raise connect_error(str(error), now, quiet=self._rules.is_quiet(now)) from error

    async def start_quotes(self) -> None:
        """Start the market data; raises `ConnectorError` as `connect` does."""
        try:
            await self._provider.start()
        except TwsError as error:
            raise ConnectorError(Problem.INTERRUPTED, f"market data: {error}") from error
        except TimeoutError as error:
            raise ConnectorError(Problem.UNREACHABLE, f"market data: {error or 'no quotes came in time'}") from error

    def _why_another_login(self, accounts: Sequence[str]) -> str | None:
        """Return why TWS is logged in as another user than configured, or than before; or `None`."""
        settings = self._settings
        other = [name for name in accounts if is_paper(name) is not settings.paper]
        if other:
            kind, wanted = ("a paper", "live") if settings.paper is False else ("a live", "paper")
            return f"account {other[0]} is {kind} account, and the connector is set to {wanted} logins"
        missing = sorted((set(settings.accounts) | self._login) - set(accounts))
        if missing:
            return f"the login has no account {missing[0]}; it has: {', '.join(accounts)}"
        return None

    def _follower(self, signal: ChangeSignal) -> Callable[[Turns], Coroutine[Any, Any, None]]:
        async def follow(turns: Turns) -> None:
            async with signal.subscribe() as changes:
                self._look()
                async for _ in changes:
                    self._look()
                    turns.turned()

        return follow

    def _look(self) -> None:
        """Bring the state up to date."""
        if not self._is_connected:
            return
        now = self.clock.now()
        self._set_status(
            words(
                Situation(
                    orders=self.orders.state,
                    data=self.data.state,
                    data_wanted=self._settings.market_data,
                    read_only=self._read_only,
                    problems=self.venue.problems,
                    unanswered=self.venue.has_unanswered_order,
                    market_message="" if self.provider is None else self.provider.status.message,
                    unknown_classes="" if self.provider is None else self.provider.unknown_classes,
                    quiet=self._rules.is_quiet(now),
                    now=now,
                )
            )
        )

    def _set_status(self, status: ConnectorStatus) -> None:
        if status != self._status:
            self._status = status
            self.status_changes.bump()

    def _failed(self, error: TwsError) -> ConnectorError:
        return ConnectorError(Problem.INTERRUPTED, f"TWS: {error}")

    def _used(self) -> list[str]:
        wanted = self._settings.accounts
        return [name for name in self.orders.accounts if not wanted or name in wanted]

    async def _summary(self) -> list[AccountValue]:
        try:
            return await self.orders.account_summary(FACT_TAGS)
        except TwsError as error:
            raise self._failed(error) from error

    def _settlement_price(self, contract: OptionContract, settles_at: datetime) -> Decimal | None:
        provider = self.provider
        if provider is None or contract.underlying not in provider.books:
            return None
        return settled_at(provider.books[contract.underlying], self._calendar, contract, settles_at)

    # --- the test -----------------------------------------------------------------------------------------------------

    async def _tested(self) -> ConnectionReport:
        settings = self._settings
        findings = [
            Finding(
                "login",
                Check.OK,
                f"TWS at {settings.host}:{settings.port}, {'paper' if settings.paper else 'real money'}, client id "
                f"{settings.client_id}",
            )
        ]
        accounts = await self.accounts()
        for account in accounts:
            kind = "real money" if account.live else "paper"
            check = Check.WARNING if self._read_only else Check.OK
            text = ", ".join([kind, account.account_type, account.currency, *account.permissions])
            remedy = READ_ONLY_REMEDY if self._read_only else ""
            findings.append(Finding(f"account {account.account_id}", check, text, remedy))
        seconds = await self.orders.current_time()
        ahead = seconds - self.clock.now().timestamp()
        off = abs(ahead) > TOLERATED_CLOCK_SECONDS
        findings.append(
            Finding(
                "clock",
                Check.WARNING if off else Check.OK,
                f"the clock of TWS is {ahead:+.1f} s from this machine's",
                CLOCK_REMEDY if off else "",
            )
        )
        quality: dict[str, QuoteQuality | None] = {}
        provider = self.provider
        if provider is None:
            findings.append(Finding("market data", Check.WARNING, "none", "Set market_data to true."))
        elif provider.status.state is AgentStatus.Connected:
            message = provider.status.message
            findings.append(Finding("market data", Check.WARNING if message else Check.OK, message or "quotes come"))
        else:
            findings.append(Finding("market data", Check.WARNING, "looked at once the connector is enabled"))
        if provider is not None and provider.unknown_classes:
            findings.append(Finding("classes", Check.WARNING, provider.unknown_classes, CLASSES_REMEDY))
        if provider is not None:
            quality = {symbol: provider.quality(symbol) for symbol in provider.books}
            findings += [self._model_finding(provider, symbol) for symbol in provider.books if provider.greeks(symbol)]
        return ConnectionReport(findings, accounts, quality, ahead)

    def _model_finding(self, provider: IbkrProvider, symbol: str) -> Finding:
        """Return how far IB's option computations are from ours."""
        differences = compare(provider.books[symbol].view(), provider.greeks(symbol))
        delta = differences.get("delta")
        far = delta is not None and delta.median > TOLERATED_DELTA
        check = Check.WARNING if far else Check.OK
        remedy = "Compare rate, dividends and expirations; send us what you find." if far else ""
        return Finding(f"IB's greeks {symbol}", check, in_words(differences), remedy)


def is_paper(account: str) -> bool:
    """Whether an account is a paper account: their names begin with D."""
    return account.startswith("D")


def _figure(text: str | None) -> Decimal | None:
    try:
        return None if text is None or not text.strip() else Decimal(text)
    except InvalidOperation:
        return None
