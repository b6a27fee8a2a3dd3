"""Backtest trading: runs the autopilot on a paper account, or with orders at the simulated venue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from mesolive.access.context import UserContext
from mesolive.app import Application
from mesolive.backtest.fills import FillModel, ModelledFills
from mesolive.clock import Clock
from mesolive.market.service import Market
from mesolive.trading.execution.reconciliation import ReconciliationConfig
from mesolive.trading.execution.risk_limits import UNLIMITED, set_limits
from mesolive.trading.portfolio.accounts import find_account
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.stepped import SteppedVenue
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient
from mesolive_sdk.automation import POLICIES, Autopilot, Memory, Notice, OrderPolicy, Orders, TaskKind

PAPER_ACCOUNT = "ML1000"
SIMULATED_ACCOUNT = "SIM1000"

UNDISTURBED = ReconciliationConfig(check_interval=3600.0, poll_interval=1e9)
"""Reconciliation intervals so long that reconciliation runs only on request, never by wall time."""


class AccountKind(StrEnum):
    """The kind of account of a backtest."""

    paper = "paper"
    simulated = "simulated"


class LeapingClock(Clock, Protocol):
    """A clock that can be set to a moment."""

    async def leap(self, moment: datetime) -> None:
        """Set the clock to a moment and wake the tasks whose sleep has ended."""
        ...


@dataclass(frozen=True, slots=True)
class BacktestTerms:
    """The account kind, the fill model and the order policies of a backtest.

    Attributes
    ----------
    kind
        The account's kind.
    slippage
        Part of each leg's half spread that a fill at the simulated venue pays.
    policies
        How each kind of signal is ordered there.
    fill_model, leg_slippage
        Where legs are filled on paper, and what each pays on top, per unit of the underlying.
    ignore_schedules
        Whether exits and adjustments are watched continuously, not at their scheduled times only.
    """

    kind: AccountKind = AccountKind.paper
    slippage: Decimal = Decimal("0.5")
    policies: Mapping[TaskKind, OrderPolicy] = field(default_factory=lambda: POLICIES)
    fill_model: FillModel = FillModel.AT_MID_PRICE
    leg_slippage: Decimal = Decimal(0)
    ignore_schedules: bool = False

    @property
    def account(self) -> str:
        """The account's id."""
        return PAPER_ACCOUNT if self.kind is AccountKind.paper else SIMULATED_ACCOUNT

    def venue(self, market: Market, clock: Clock, commission: Decimal) -> SteppedVenue:
        """Return the venue, which keeps its orders in memory only; `commission` is per contract."""
        return SteppedVenue(market, clock, terms=SimulatedVenueConfig(slippage=self.slippage, commission=commission))


class BacktestDesk:
    """Creates the account of a backtest and trades it.

    Parameters
    ----------
    terms
        The account kind, the fill model and the order policies.
    application, venue
        The server and its venue.
    clock
        Market time, which leaps.
    noticed
        Called with each notice of the autopilot.
    """

    def __init__(
        self,
        terms: BacktestTerms,
        application: Application,
        venue: SteppedVenue,
        clock: LeapingClock,
        noticed: Callable[[Notice], None],
    ) -> None:
        self._noticed = noticed
        self._terms = terms
        self._application = application
        self._venue = venue
        self._clock = clock
        self._pilot: Autopilot | None = None
        self._read_at = -1  # the database's version when the pilot read the log last

    async def open(self, owner: UserContext, cash: Decimal) -> None:
        """Create the account."""
        accounts = self._application.accounts
        if self._terms.kind is AccountKind.paper:
            await accounts.create_paper(owner, self._terms.account, cash)
            return
        await accounts.create_simulated(owner, self._terms.account, cash)
        # A backtest measures the definition, so the account's risk limits do not apply.
        async with self._application.database.write(owner.user_id) as tx:
            account = await find_account(tx, owner.user_id, self._terms.account)
            await set_limits(tx, account.id, UNLIMITED)
        for supervisor in self._application.desk.supervisors:
            await supervisor.reconciled()

    def employ(
        self,
        control: MesoLiveControlHubClient,
        data: MesoLiveDataHubClient,
        events: MesoLiveEventHubClient,
        memory: Memory,
        commission: Decimal,
    ) -> None:
        """Have an autopilot trade the account, at this commission per contract on paper."""
        self._pilot = Autopilot(
            control,
            events,
            memory,
            policy=ModelledFills(
                commission=commission, model=self._terms.fill_model, slippage=self._terms.leg_slippage
            ),
            orders=Orders(data, (self._terms.account,), policies=self._terms.policies),
            ignore_schedules=self._terms.ignore_schedules,
            now=self._clock.now,
            listener=self._noticed,
        )

    async def trade(self, until: datetime) -> None:
        """Act on the active signals, and work the orders until all have ended or the time limit is reached."""
        assert self._pilot is not None  # noqa: S101 - it is employed first
        database = self._application.database
        if not (self._pilot.is_idle and database.is_unchanged_since(self._read_at)):
            self._read_at = database.version
            await self._pilot.catch_up()
        if self._terms.kind is AccountKind.paper:
            return
        while True:
            await self.settle()
            await self._pilot.catch_up()
            due = self._pilot.due
            if due is None or due >= until:
                return
            await self._clock.leap(max(due, self._clock.now()))

    async def settle(self) -> None:
        """Match the orders at the venue, and wait until its reports are booked."""
        if self._terms.kind is AccountKind.paper:
            return
        self._venue.work()
        await self._venue.quiet()
        await self._application.desk.wait_idle()
