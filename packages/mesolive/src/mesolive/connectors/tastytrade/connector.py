"""Connector of tastytrade: login by OAuth, accounts, balances, market data and venue of one grant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, cast

import httpx
import structlog

from mesolive.clock import Clock
from mesolive.connectors.double_time import market_clock
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
from mesolive.connectors.tastytrade.order_journal import OrderJournal
from mesolive.connectors.tastytrade.problems import GRANT, SCOPE_REMEDY, connector_error, needed
from mesolive.connectors.tastytrade.provider import ProviderConfig, TastytradeProvider
from mesolive.connectors.tastytrade.settings import TastytradeSettings
from mesolive.connectors.tastytrade.venue import TastytradeVenue
from mesolive.connectors.tastytrade.venue_core import VenueRules, VenueTimes
from mesolive.connectors.words import CLASSES_CAUSE, CLASSES_REMEDY
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.tasks import Tasks, Turns
from mesolive.tastytrade_client import (
    PRODUCTION,
    SANDBOX,
    AccountStream,
    AccountWithAuthority,
    Answered,
    CallFailedError,
    ClientConfig,
    Credentials,
    Endpoints,
    Hidden,
    Refused,
    RestApi,
    StreamConfig,
    Transport,
)
from mesolive.tastytrade_client.config import API_VERSION
from mesolive.venues.account_facts import BrokerFacts, DiscoveredAccount
from mesolive.venues.base import VenueLeg
from mesolive.venues.combo_quotes import ComboQuote, quote_combo
from mesolive_sdk.models import AgentStatus

_log = structlog.get_logger(__name__)

JOURNAL_FILE: Final = "orders.jsonl"
LOOK_SECONDS: Final = 1.0
TOLERATED_CLOCK_SECONDS: Final = 3.0
"""The server tells its time in whole seconds."""
READ_ONLY: Final = "read-only"
MAX_SHOWN_ALARMS: Final = 3
NO_ORDER: Final = "0"
"""An id that no order has."""
FORBIDDEN: Final = 403
TRADE_SCOPE: Final = "trade"
NO_TRADE_SCOPE: Final = "the grant has no scope trade"


class TastytradeConnector:
    """A connection to tastytrade; implements `mesolive.connectors.protocol.Connector`.

    Parameters
    ----------
    client, stream, times, market_data
        Other times than usual, for tests.
    http
        Another HTTP transport, for tests.
    record
        Called with every message of REST and account stream, tokens left out by their fields' names.
    """

    def __init__(
        self,
        request: ConnectorRequest,
        *,
        client: ClientConfig | None = None,
        stream: StreamConfig | None = None,
        times: VenueTimes | None = None,
        market_data: ProviderConfig | None = None,
        http: httpx.AsyncBaseTransport | None = None,
        record: Callable[[str], None] | None = None,
    ) -> None:
        settings = self._settings = cast("TastytradeSettings", request.settings)
        self.clock: Clock = market_clock(request.clock, settings.clock_offset)
        self.status_changes = ChangeSignal()
        self.tasks = Tasks()
        self._name = request.name
        endpoints = endpoints_of(settings)
        self._is_sandbox = endpoints.is_sandbox
        credentials = Credentials(Hidden(settings.client_secret.reveal()), Hidden(settings.refresh_token.reveal()))
        config = client or ClientConfig(api_version=settings.api_version or API_VERSION)
        self._transport = Transport(endpoints, credentials, config, http=http, record=record)
        self._api = RestApi(self._transport)
        self._status = ConnectorStatus(ConnectorState.DISABLED)
        self._provider = TastytradeProvider(
            self._api,
            settings.underlyings,
            self.clock,
            request.calendar,
            market_data
            or ProviderConfig(days=settings.days, strikes=settings.strikes_percent / 100, greeks=settings.greeks),
            url=endpoints.dxlink,
        )
        self._market = Market()
        self._fed = False
        self.venue = TastytradeVenue(
            self._api,
            AccountStream(endpoints.account_stream, self._transport.tokens, stream, record=record),
            self.clock,
            request.calendar,
            self._quote,
            journal=OrderJournal(None if request.folder is None else request.folder / JOURNAL_FILE),
            rules=VenueRules(
                dry_run=settings.dry_run == "always" or (settings.dry_run == "live" and not endpoints.is_sandbox),
            ),
            times=times,
        )
        self.venue.core.alarmed = self._look
        self._is_connected = False
        self._has_trade_scope = True

    @property
    def status(self) -> ConnectorStatus:
        """The present state."""
        return self._status

    @property
    def provider(self) -> TastytradeProvider | None:
        """Its market data, unless the settings switch them off."""
        return self._provider if self._settings.market_data else None

    async def connect(self) -> None:
        """Log in, start the market data, and let sessions of the venue be opened.

        Raises
        ------
        ConnectorError
            When there is no connection.
        """
        self._transport.tokens.try_again()
        try:
            listed = self._used(needed("login", await self._api.accounts()))
            await self._ask_for_scope(listed)
            if self.provider is not None:
                await self._start_market_data()
        except BaseException:
            await self.disconnect()
            raise
        accounts = [item.account.account_number for item in listed if _may_trade(item)]
        self.venue.come_up(accounts, "" if self._has_trade_scope else f"not sent: {NO_TRADE_SCOPE}")
        self._is_connected = True
        self.tasks.start_loop("tastytrade connection", self._watch)
        self._look()

    async def disconnect(self) -> None:
        """End everything; orders that work stay at the broker."""
        self._is_connected = False
        await self.tasks.stop()
        self.venue.go_down()
        await self._provider.stop()
        await self._transport.close()
        if self._status.state.is_connected:
            self._set_status(ConnectorStatus(ConnectorState.DISCONNECTED, "disconnected"))

    async def test(self) -> ConnectionReport:
        """Log in, and report accounts, data quality and problems; no order is sent."""
        was_connected = self._is_connected
        try:
            return await self._tested()
        finally:
            if not was_connected:
                await self._transport.close()

    async def accounts(self) -> Sequence[DiscoveredAccount]:
        """Return the accounts of the login, or those of them that the settings name."""
        self._must_be_connected()
        return self._discovered(self._used(needed("accounts", await self._api.accounts())))

    async def account_facts(self, account_id: str) -> BrokerFacts:
        """Return the broker's balances of an account."""
        self._must_be_connected()
        balances = needed(f"balances of account {account_id}", await self._api.balances(account_id))
        chosen = next((item for item in balances if item.currency in {None, "USD"}), None)
        if chosen is None:
            raise ConnectorError(Problem.NONSENSE, f"account {account_id} has no balance in USD")
        return BrokerFacts(
            as_of=chosen.updated or self.clock.now(),
            net_liquidation=chosen.net_liquidating_value,
            cash=chosen.cash_balance,
            initial_margin=chosen.reg_t_margin_requirement,
            maintenance_margin=chosen.maintenance_requirement,
            buying_power=chosen.derivative_buying_power,
            excess_liquidity=chosen.maintenance_excess,
        )

    # --- the connection -----------------------------------------------------------------------------------------------

    async def _start_market_data(self) -> None:
        try:
            await self._provider.start()
        except CallFailedError as error:
            raise connector_error("market data", error.outcome) from None
        except TimeoutError as error:
            text = f"market data: {error or 'no quotes came in time'}"
            raise ConnectorError(Problem.UNREACHABLE, text) from None
        if not self._fed:
            # The venue needs quotes of combos at the market: from here alone, whatever other providers the server has.
            await self._market.attach(self._provider, watched=False)
            self._fed = True

    async def _watch(self, turns: Turns) -> None:
        while True:
            self._look()
            turns.turned()
            await asyncio.sleep(LOOK_SECONDS)

    def _look(self) -> None:
        """Bring the state up to date."""
        if self._is_connected:
            self._set_status(self._present())

    def _present(self) -> ConnectorStatus:
        tokens = self._transport.tokens
        if tokens.end:
            return ConnectorStatus(ConnectorState.ACTION_REQUIRED, tokens.end, GRANT)
        provider = self.provider
        market_lost = provider is not None and provider.status.state is not AgentStatus.Connected
        orders_lost = self.venue.was_connected and self.venue.status.state is not AgentStatus.Connected
        messages: list[str] = []
        if provider is not None and provider.status.message:
            messages.append(f"market data: {provider.status.message}")
        if orders_lost:
            messages.append(f"orders: {self.venue.lost_reason or 'the account stream is not connected'}")
        if tokens.last_failure:
            messages.append(tokens.last_failure)
        if orders_lost and (market_lost or provider is None):
            return ConnectorStatus(ConnectorState.DISCONNECTED, "; ".join(messages))
        remedy = cause = ""
        if provider is not None and provider.unknown_classes:
            messages.append(provider.unknown_classes)
            remedy, cause = CLASSES_REMEDY, CLASSES_CAUSE
        if provider is not None and provider.feed.state.is_delayed:
            messages.append("market data are delayed: no order is sent on them")
            remedy = "Use production for live quotes, or let an account accept delayed ones."
            cause = "market data are delayed"
        if not self._has_trade_scope:
            messages.append(f"orders are refused: {NO_TRADE_SCOPE}")
            remedy, cause = SCOPE_REMEDY, NO_TRADE_SCOPE
        if lost := [name for name in self.venue.lost_accounts if name in (self._settings.accounts or (name,))]:
            messages.append(
                f"the login has account {', '.join(lost)} no more: its orders and positions are not watched"
            )
            remedy, cause = (
                "Look at the account at tastytrade; it may be closed, or read-only.",
                "an account is missing",
            )
        alarms = list(self.venue.core.alarms.values())
        messages += alarms[-MAX_SHOWN_ALARMS:]
        if messages:
            return ConnectorStatus(ConnectorState.RESTRICTED, "; ".join(messages), remedy, cause=cause)
        return ConnectorStatus(ConnectorState.CONNECTED)

    def _set_status(self, status: ConnectorStatus) -> None:
        if status != self._status:
            self._status = status
            self.status_changes.bump()

    def _must_be_connected(self) -> None:
        if not self._is_connected:
            raise ConnectorError(Problem.INTERRUPTED, "tastytrade is not connected")

    def _quote(self, legs: Sequence[VenueLeg]) -> ComboQuote | None:
        if not self._fed or self._provider.status.state is not AgentStatus.Connected:
            return None
        return quote_combo(self._market, legs)

    # --- accounts -----------------------------------------------------------------------------------------------------

    def _used(self, accounts: Sequence[AccountWithAuthority]) -> list[AccountWithAuthority]:
        wanted = self._settings.accounts
        used = [item for item in accounts if not wanted or item.account.account_number in wanted]
        missing = sorted(set(wanted) - {item.account.account_number for item in accounts})
        if missing:
            raise ConnectorError(
                Problem.SETTINGS,
                f"the login has no account {missing[0]}",
                "Correct the setting accounts, or leave it out.",
            )
        if not used:
            raise ConnectorError(Problem.NOT_PERMITTED, "the login has no account", "Open an account at tastytrade.")
        return used

    async def _ask_for_scope(self, accounts: Sequence[AccountWithAuthority]) -> None:
        """Learn whether the grant may send orders: by the scopes of its token, or else by a refusal.

        Where the token's answer names no scopes, an order is cancelled that cannot be: that does nothing, and is
        refused as any order is where the scope is missing. A dry run is no such question: whether a grant that only
        reads may have orders checked is published nowhere.
        """
        if (scopes := self._transport.tokens.scopes) is not None:
            self._has_trade_scope = TRADE_SCOPE in scopes
            return
        account = next((item.account.account_number for item in accounts if _may_trade(item)), None)
        if account is not None:
            outcome = await self._api.cancel(account, NO_ORDER)
            self._has_trade_scope = not (isinstance(outcome, Refused) and outcome.status == FORBIDDEN)

    def _discovered(self, accounts: Sequence[AccountWithAuthority]) -> list[DiscoveredAccount]:
        return [
            DiscoveredAccount(
                account_id=item.account.account_number,
                live=not self._is_sandbox,
                account_type=item.account.margin_or_cash or "unknown",
                can_trade=_may_trade(item) and self._has_trade_scope,
                permissions=tuple(
                    text
                    for text in (
                        item.account.suitable_options_level,
                        item.authority_level,
                        None if self._has_trade_scope else NO_TRADE_SCOPE,
                    )
                    if text is not None
                ),
            )
            for item in accounts
        ]

    # --- the test -----------------------------------------------------------------------------------------------------

    async def _tested(self) -> ConnectionReport:
        if not self._is_connected:
            self._transport.tokens.try_again()
        listed = self._used(needed("login", await self._api.accounts()))
        await self._ask_for_scope(listed)
        accounts = self._discovered(listed)
        findings = [Finding("login", Check.OK, f"accepted by the {self._settings.environment} of tastytrade")]
        for account in accounts:
            findings.append(await self._account_finding(account))  # noqa: PERF401 - one call after another
        quality: dict[str, QuoteQuality | None] = {}
        if not self._settings.market_data:
            findings.append(Finding("market data", Check.WARNING, "none", "Set market_data to true."))
        else:
            found_quality, finding = await self._market_data_finding()
            findings.append(finding)
            quality = dict.fromkeys(self._settings.underlyings, found_quality)
            if self.provider is not None and self.provider.unknown_classes:
                findings.append(Finding("classes", Check.WARNING, self.provider.unknown_classes, CLASSES_REMEDY))
        difference = self._transport.clock_difference
        off = difference is not None and abs(difference) > TOLERATED_CLOCK_SECONDS
        message = (
            "the broker tells no time" if difference is None else f"the broker's clock is {difference:+.1f} s from ours"
        )
        check = Check.WARNING if off else Check.OK
        findings.append(Finding("clock", check, message, "Synchronise this machine's clock (NTP)." if off else ""))
        return ConnectionReport(findings, accounts, quality, difference)

    async def _account_finding(self, account: DiscoveredAccount) -> Finding:
        kind = "real money" if account.live else "sandbox"
        words = [f"{kind}, {account.account_type}, {account.currency}", *account.permissions]
        topic = f"account {account.account_id}"
        if not account.can_trade:
            return Finding(topic, Check.WARNING, ", ".join(words), SCOPE_REMEDY)
        outcome = await self._api.trading_status(account.account_id)
        if not isinstance(outcome, Answered):
            words.append(f"its trading status cannot be read ({outcome})")
            return Finding(topic, Check.WARNING, ", ".join(words))
        limits = {
            "frozen": outcome.value.is_frozen,
            "closing orders only": outcome.value.is_closing_only,
            "in a margin call": outcome.value.is_in_margin_call,
            "risk-reducing orders only": outcome.value.is_risk_reducing_only,
        }
        standing = [text for text, holds in limits.items() if holds]
        check = Check.WARNING if standing else Check.OK
        remedy = "Ask tastytrade about the state of the account." if standing else ""
        return Finding(topic, check, ", ".join([*words, *standing]), remedy)

    async def _market_data_finding(self) -> tuple[QuoteQuality | None, Finding]:
        outcome = await self._api.quote_token()
        topic = f"market data {', '.join(self._settings.underlyings)}"
        if not isinstance(outcome, Answered):
            error = connector_error("no quote token", outcome)
            return None, Finding(topic, Check.FAILED, error.message, error.remedy)
        if (outcome.value.level or "").lower() == "demo":
            remedy = "Use production for live quotes, or let an account accept delayed ones."
            return QuoteQuality.DELAYED, Finding(topic, Check.WARNING, "delayed: no order is sent on it", remedy)
        return QuoteQuality.LIVE, Finding(topic, Check.OK, "live")


def endpoints_of(settings: TastytradeSettings) -> Endpoints:
    """Return where the servers are."""
    known = SANDBOX if settings.environment == "sandbox" else PRODUCTION
    return replace(
        known,
        rest=settings.rest_url.rstrip("/") or known.rest,
        account_stream=settings.stream_url or known.account_stream,
        dxlink=settings.quotes_url,
    )


def _may_trade(item: AccountWithAuthority) -> bool:
    return not item.account.is_closed and (item.authority_level or "owner").lower() != READ_ONLY
