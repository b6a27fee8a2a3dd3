"""Simulated connector: logs in to a simulated broker, whose market and venue live in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import cast

import msgspec

from mesolive.clock import Clock, ScaledClock
from mesolive.connectors.market_time import MarketTimeFile, read_moment
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
from mesolive.connectors.simulated.settings import SimulatedSettings
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.providers.simulated.provider import Hours, SimulatedProvider
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market
from mesolive.market.trading_hours import TradingHours
from mesolive.venues.account_facts import BrokerFacts, DiscoveredAccount
from mesolive.venues.base import Settled
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.faults import Faults
from mesolive.venues.simulated.ledger import VenueLedger
from mesolive.venues.simulated.venue import SimulatedVenue

LEDGER_FILE = "venue.jsonl"
TOLERATED_CLOCK_SECONDS = 2.0
CENT = Decimal("0.01")

REFUSALS = {
    "credentials": ConnectorError(
        Problem.CREDENTIALS,
        "the broker refuses user name and password",
        "Enter the password again (connector set).",
    ),
    "expired": ConnectorError(Problem.EXPIRED, "the token has expired", "Make a new one at the broker, and enter it."),
    "permission": ConnectorError(
        Problem.NOT_PERMITTED, "the login has no permission for the API", "Ask the broker for API access."
    ),
    "settings": ConnectorError(
        Problem.SETTINGS, "the broker's time zone is Mars/Olympus_Mons, which is unknown", "Set it to America/New_York."
    ),
    "unreachable": ConnectorError(Problem.UNREACHABLE, "nothing listens at the broker's address", "Start the broker."),
    "nonsense": ConnectorError(Problem.NONSENSE, "the broker answered what is no message", ""),
}


class SimulatedConnector:
    """A connection to a simulated broker; implements `mesolive.connectors.protocol.Connector`."""

    def __init__(self, request: ConnectorRequest) -> None:
        self._settings = cast("SimulatedSettings", request.settings)
        self._name = request.name
        self._time_file = MarketTimeFile(request.folder)
        self.clock: Clock = _clock(self._settings, self._time_file, request.clock)
        hours = Hours(self._settings.hours)
        self._market_provider = SimulatedProvider.generated(
            self.clock,
            seed=self._settings.seed,
            spot=self._settings.spot,
            hours=hours,
            calendar=request.calendar,
            trading_hours=TradingHours(request.calendar, always=hours is Hours.ALWAYS),
        )
        self._market_provider.quality = QuoteQuality[self._settings.quality.upper()]
        # The venue fills against this market alone, whatever other providers the server has.
        self._market = Market()
        self._fed = False
        self._away = ""
        ledger = VenueLedger(None if request.folder is None else request.folder / LEDGER_FILE)
        self.venue = SimulatedVenue(
            self._market,
            self.clock,
            ledger,
            terms=SimulatedVenueConfig(displayed=self._settings.displayed, always_open=hours is Hours.ALWAYS),
            faults=Faults(self._settings.fault_rates(), self._settings.seed),
            calendar=request.calendar,
        )
        self.venue.go_down()
        self.status_changes = ChangeSignal()
        self._status = ConnectorStatus(ConnectorState.DISABLED)

    @property
    def status(self) -> ConnectorStatus:
        """The present state."""
        return self._status

    @property
    def provider(self) -> SimulatedProvider | None:
        """Its market data, unless the settings switch them off."""
        return self._market_provider if self._settings.market_data else None

    async def connect(self) -> None:
        """Log in, start the market, and open the venue."""
        await self._log_in()
        await self._market_provider.start()
        if not self._fed:
            await self._market.attach(self._market_provider, watched=False)
            self._fed = True
        self.venue.come_back()
        self._set_status(self._as_configured())

    async def disconnect(self) -> None:
        """Stop the market, and end the venue's sessions; orders that work stay at the venue."""
        self.venue.go_down()
        await self._market_provider.stop()
        self._keep_time()
        if self._status.state.is_connected:
            self._set_status(ConnectorStatus(ConnectorState.DISCONNECTED, "disconnected"))

    def lose(self, message: str = "the broker has ended the connection", *, away: bool = False) -> None:
        """Lose the connection as networks do, until it is made anew; with `away` that fails until `come_back`."""
        self._away = message if away else ""
        self.venue.go_down()
        self._market_provider.disconnect(message)
        self._set_status(ConnectorStatus(ConnectorState.DISCONNECTED, message))

    def come_back(self) -> None:
        """Let connections be made again."""
        self._away = ""

    async def test(self) -> ConnectionReport:
        """Log in if necessary, and report accounts, data quality and problems."""
        was_connected = self._status.state.is_connected
        if not was_connected:
            await self._log_in()
        accounts = self._accounts()
        quality = QuoteQuality[self._settings.quality.upper()]
        findings = [Finding("login", Check.OK, f"accepted by the simulated broker as {self._name}")]
        for account in accounts:
            kind = "real money" if account.live else "paper"
            words = f"{kind}, {account.account_type}, {account.currency}; {', '.join(account.permissions)}"
            check = Check.OK if account.can_trade else Check.WARNING
            remedy = "" if account.can_trade else "Ask the broker to permit orders of this login."
            findings.append(Finding(f"account {account.account_id}", check, words, remedy))
        if not self._settings.market_data:
            findings.append(Finding("market data", Check.WARNING, "none", "Set market_data to true."))
        elif quality is QuoteQuality.LIVE:
            findings.append(Finding("market data SPX", Check.OK, "live"))
        else:
            findings.append(
                Finding(
                    "market data SPX",
                    Check.WARNING,
                    f"{quality.word}: no order is sent on it",
                    "Subscribe to live quotes at the broker, or let an account accept delayed ones.",
                )
            )
        ahead = self._settings.clock_ahead
        off = abs(ahead) > TOLERATED_CLOCK_SECONDS
        findings.append(
            Finding(
                "clock",
                Check.WARNING if off else Check.OK,
                f"the broker's clock is {ahead:+.1f} s from this machine's",
                "Synchronise this machine's clock (NTP)." if off else "",
            )
        )
        shown = {"SPX": quality} if self._settings.market_data else {}
        return ConnectionReport(findings, accounts, dict(shown), ahead)

    async def accounts(self) -> Sequence[DiscoveredAccount]:
        """Return the accounts of the settings."""
        self._must_be_connected()
        self._keep_time()
        return self._accounts()

    async def account_facts(self, account_id: str) -> BrokerFacts:
        """Return what the venue's own records and the market say of an account."""
        self._must_be_connected()
        if self._settings.nonsense_facts:
            msgspec.json.decode(b'{"cash": "a lot"', type=BrokerFacts)  # as an adapter would: the error ends above
        ledger = self.venue.ledger
        cash = self._settings.cash
        for execution in ledger.executions:
            if execution.account == account_id:
                for leg in execution.legs:
                    cash -= leg.qty * leg.price * leg.contract.multiplier + leg.commission
        for fact in ledger.settlements:
            if fact.account == account_id and isinstance(fact, Settled):
                cash += fact.cash
        value: Decimal | None = Decimal(0)
        for contract, qty in ledger.positions_of(account_id).items():
            location = self._market.view(contract.underlying).find(contract)
            mark = float("nan") if location is None else float(location[0].mark[location[1]])
            value = None if value is None or mark != mark else value + Decimal(repr(mark)) * qty * contract.multiplier  # noqa: PLR0124 - NaN differs from itself
        cash = cash.quantize(CENT)
        return BrokerFacts(
            as_of=self.clock.now(),
            net_liquidation=None if value is None else (cash + value).quantize(CENT),
            cash=cash,
            buying_power=max(cash, Decimal(0)),
        )

    async def _log_in(self) -> None:
        if self._away:
            raise ConnectorError(Problem.UNREACHABLE, self._away)
        match self._settings.refuse:
            case "none":
                await asyncio.sleep(0)
            case "silent":
                await asyncio.Event().wait()
            case "defect":
                secret = self._settings.password
                raise RuntimeError(f"login with {'' if secret is None else secret.reveal()} failed in a library")
            case refusal:
                known = REFUSALS[refusal]
                raise ConnectorError(known.problem, known.message, known.remedy)

    def _accounts(self) -> list[DiscoveredAccount]:
        settings = self._settings
        return [
            DiscoveredAccount(
                account_id=name,
                live=name in settings.live_accounts,
                account_type="Simulated",
                can_trade=name not in settings.closed_accounts,
                permissions=("read only",) if name in settings.closed_accounts else ("index options", "combos"),
            )
            for name in settings.accounts
        ]

    def _as_configured(self) -> ConnectorStatus:
        settings = self._settings
        if abs(settings.clock_ahead) > TOLERATED_CLOCK_SECONDS:
            return ConnectorStatus(
                ConnectorState.RESTRICTED,
                f"the broker's clock is {settings.clock_ahead:+.1f} s from this machine's",
                "Synchronise this machine's clock (NTP).",
            )
        if settings.market_data and settings.quality != "live":
            return ConnectorStatus(
                ConnectorState.RESTRICTED,
                f"market data are {settings.quality}: no order is sent on them",
                "Subscribe to live quotes at the broker, or let an account accept delayed ones.",
            )
        return ConnectorStatus(ConnectorState.CONNECTED)

    def _must_be_connected(self) -> None:
        if not self._status.state.is_connected:
            raise ConnectorError(Problem.INTERRUPTED, "the simulated broker is not connected")

    def _set_status(self, status: ConnectorStatus) -> None:
        if status != self._status:
            self._status = status
            self.status_changes.bump()

    def _keep_time(self) -> None:
        """Remember how far a market time of its own has come: it goes on there, for orders and fills bear it."""
        if self._settings.start:
            self._time_file.keep(self.clock)


def _clock(settings: SimulatedSettings, file: MarketTimeFile, wall: Clock) -> Clock:
    if not settings.start:
        return wall if settings.speed == 1.0 else ScaledClock(wall.now(), settings.speed)
    start, reached = read_moment(settings.start), file.reached(settings.speed)
    return ScaledClock(start if reached is None else max(start, reached), settings.speed)
