"""The services behind the model of orders: a database, a market, a scripted venue, and the first plan."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from math import gcd
from pathlib import Path
from typing import Any

import msgspec
from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import select

from mesolive.access.context import UserContext
from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import Journal
from mesolive.language.decision import Operation
from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import OptionContract, Right
from mesolive.records import replace
from mesolive.samples import iron_condor
from mesolive.store.database import Database
from mesolive.store.rows import insert
from mesolive.store.tables.trading import orders, strategies
from mesolive.trading.evaluation.entry_variables import EntryVariableCapture
from mesolive.trading.evaluation.evaluator import StrategyEvaluator
from mesolive.trading.evaluation.external_values import ExternalDataReader
from mesolive.trading.execution.order_service import OrderService
from mesolive.trading.execution.plan_completion import PlanCompletion
from mesolive.trading.execution.report_queue import ReportQueue
from mesolive.trading.execution.risk_limits import Limits, set_limits
from mesolive.trading.execution.send_permits import SendPermits
from mesolive.trading.execution.venue_registry import VenueRegistry
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.portfolio.accounts import create_simulated_account, find_account
from mesolive.trading.portfolio.adjustments import AdjustmentStep, store_adjustment_step
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.plans import NewPlan, PlanKind, PlanLeg, store_plan
from mesolive.trading.portfolio.positions import open_positions_of_account
from mesolive.trading.strategies import CompiledStrategies
from mesolive_testkit.server import START, manual_market
from mesolive_testkit.venues import SIM
from mesolive_testkit.venues.oracle import Known, ScriptedVenue, Trade

WHOLE = 4
CASH = Decimal(100_000)
_template: list[Path] = []


def _ignore(_account: int) -> None:
    """Ignore a request to reconcile an account: the test asks the venue."""


class OrderServices(RuleBasedStateMachine):
    """A state machine with everything that an order needs, over a database of its own."""

    def open(self) -> None:
        """Start the services, and store the plan of the entry as the first of `trades`."""
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp())
        self.known: list[Known] = []
        self.trades: list[Trade] = []
        self.completed: list[int] = []
        self.runner.run(self._open())

    async def _open(self) -> None:
        file = self.directory / "mesolive.sqlite3"
        if _template:
            shutil.copyfile(_template[0], file)
        self.database = await Database.open(f"sqlite:///{file}")
        if not _template:
            _template.append(Path(tempfile.mkdtemp()) / "template.sqlite3")
            await self.database.close()
            shutil.copyfile(file, _template[0])
            self.database = await Database.open(f"sqlite:///{file}")
        self.market, clock = manual_market()
        await self.market.start()
        access = Access(self.database, ServerSecret("signs the keys of this test, and is long enough"))
        await access.create_key("trader")
        self.user: UserContext = await access.user("trader")
        await create_simulated_account(self.database, clock, self.user, SIM, CASH)
        async with self.database.write(self.user.user_id) as tx:
            # What may be risked is not what is tested: a leg that is left alone may lose its whole strike.
            account = await find_account(tx, self.user.user_id, SIM)
            await set_limits(tx, account.id, replace(Limits(), max_notional=Decimal(10**9), max_loss=Decimal(10**9)))
        journal = Journal(self.database, LocalBus(), clock)
        self.facts = ReportQueue(self.database, journal, clock, self._complete_later, _ignore)
        self.room = StrategyEvaluator(
            self.market, CompiledStrategies(), ExternalDataReader(self.market, us_options_calendar().zone)
        )
        self.completion = PlanCompletion(self.database, journal, EntryVariableCapture(self.room), clock)
        self.venue = ScriptedVenue()
        self.sending = OrderService(
            self.database,
            journal,
            Idempotency(self.database, clock),
            self.market,
            VenueRegistry([self.venue]),
            self.facts,
            clock,
            _ignore,
            self._complete_later,
            permits=SendPermits(self.database),
        )
        view = self.market.view("SPX")
        month = next(expiration for expiration in view.expirations if (expiration.day - START.date()).days > 30)
        puts = view.slice(month.root, month.day, Right.PUT)
        assert puts is not None
        at = len(puts.strikes) // 3
        self.settles_at = month.settles_at
        self.supply = [puts.contract(at + place) for place in range(len(puts.strikes) - at)]
        async with self.database.write(self.user.user_id) as tx:
            self.strategy_id = await insert(
                tx,
                strategies,
                user_id=self.user.user_id,
                name="a strategy",
                symbol="SPX",
                definition=msgspec.json.encode(iron_condor()).decode(),
                created_at=START,
                updated_at=START,
            )
        entry = {"short": (self.supply.pop(0), -WHOLE), "long": (self.supply.pop(0), WHOLE)}
        self.trades.append(await self.store(PlanKind.ENTRY, {}, entry))

    def _complete_later(self, _user: int, plan_id: int) -> None:
        self.completed.append(plan_id)

    async def store(
        self,
        kind: PlanKind,
        closing: Mapping[str, tuple[OptionContract, int]],
        opening: Mapping[str, tuple[OptionContract, int]],
    ) -> Trade:
        """Store a plan that closes and opens so many contracts by name, and return what the oracle knows of it."""
        quantities = {**closing, **opening}
        whole = gcd(*(qty for _, qty in quantities.values()))
        async with self.database.write(self.user.user_id) as tx:
            ids = {
                leg.traded.contract: leg.id
                for position in await open_positions_of_account(tx, self.user.user_id, 1)
                for leg in position.open_legs
            }
            plan = NewPlan(
                kind=kind,
                strategy_id=self.strategy_id,
                account_id=1,
                position_id=None if kind is PlanKind.ENTRY else 1,
                position_name="a position",
                data_provider=None,
                qty_multiplier=None,
                legs=tuple(
                    PlanLeg(
                        name,
                        TradedContract(contract, self.settles_at),
                        Decimal(qty),
                        1,
                        leg_id=ids[contract] if name in closing else None,
                    )
                    for name, (contract, qty) in quantities.items()
                ),
                created_at=START,
            )
            plan_id = await store_plan(tx, self.user.user_id, plan)
            if kind is PlanKind.ADJUSTMENT:
                await store_adjustment_step(
                    tx, plan_id, AdjustmentStep(Operation.MOVE_LEG, "none", counts=True, updates=False)
                )
        return Trade(
            plan_id,
            kind,
            whole,
            {name: qty // whole for name, (_, qty) in quantities.items()},
            {name: contract for name, (contract, _) in quantities.items()},
            frozenset(opening),
        )

    def venue_number(self, order: Known) -> int:
        return 1 + next(n for n, request in enumerate(self.venue.sent) if request.reference == order.reference)

    def stored(self, order: Known) -> dict[str, Any]:
        async def read() -> dict[str, Any]:
            async with self.database.read() as tx:
                row = await tx.first(select(orders).where(orders.c.id == order.number))
            assert row is not None
            return dict(row._mapping)

        return self.runner.run(read())

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self._end())
            self.runner.close()
            shutil.rmtree(self.directory)

    async def _end(self) -> None:
        self.room.close()
        await self.market.stop()
        await self.database.close()
