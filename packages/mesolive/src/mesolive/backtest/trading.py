"""The trading of a replay: the autopilot on a paper account, or by orders at a simulated venue."""

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
from mesolive.venues.simulated.stepped import SteppedVenue
from mesolive.venues.simulated.venue import SimulatedVenueConfig
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient
from mesolive_sdk.automation import POLICIES, Autopilot, Memory, Notice, OrderPolicy, Orders, TaskKind

PAPER_ACCOUNT = "ML1000"
SIMULATED_ACCOUNT = "SIM1000"

UNDISTURBED = ReconciliationConfig(check_interval=3600.0, poll_interval=1e9)
"""The venue's supervisor does nothing by the clock on the wall."""


class AccountKind(StrEnum):
    """What a replay trades on."""

    paper = "paper"
    simulated = "simulated"


class LeapingClock(Clock, Protocol):
    """A clock that goes where it is told to."""

    async def leap(self, moment: datetime) -> None:
        """Go to a moment and let those who have slept until then go on."""
        ...


@dataclass(frozen=True, slots=True)
class BacktestTerms:
    """On what a replay trades, and how.

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
        """Return the venue, which remembers nothing beyond the replay; `commission` is per contract."""
        return SteppedVenue(market, clock, terms=SimulatedVenueConfig(slippage=self.slippage, commission=commission))


class BacktestDesk:
    """Makes the account, and trades it.

    Parameters
    ----------
    terms
        On what is traded.
    application, venue
        The server and its venue.
    clock
        Market time, which leaps.
    noticed
        Hears what the autopilot does and why.
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

    async def open(self, owner: UserContext, cash: Decimal) -> None:
        """Make the account."""
        accounts = self._application.accounts
        if self._terms.kind is AccountKind.paper:
            await accounts.create_paper(owner, self._terms.account, cash)
            return
        await accounts.create_simulated(owner, self._terms.account, cash)
        # A backtest shows what a definition does: the limits of an account are for orders that leave.
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
            told=self._noticed,
        )

    async def trade(self, until: datetime) -> None:
        """Act on what is on at this moment, and on until all that walks is done or the time has come to stop."""
        assert self._pilot is not None  # noqa: S101 - it is employed first
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
        """Have the venue look at its orders, and wait until the books know what came of it."""
        if self._terms.kind is AccountKind.paper:
            return
        self._venue.work()
        await self._venue.quiet()
        await self._application.desk.wait_idle()
