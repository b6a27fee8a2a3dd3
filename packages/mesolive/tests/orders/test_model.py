"""Plans, orders, fills and positions over any history, against an oracle small enough to be seen to be right."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from broker_testkit import SIM
from mesolive.access.context import UserContext
from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.brokers.venue import (
    Accepted,
    CancelDenied,
    Ended,
    Ending,
    Execution,
    LegExecution,
    OrderFact,
    SettlementFact,
    VenueFact,
    VenueOrder,
    VenueRequest,
    VenueStatus,
    VenueUnreachableError,
)
from mesolive.errors import ServiceError
from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import Journal
from mesolive.market.contracts import OptionContract, Right
from mesolive.samples import iron_condor
from mesolive.store.database import Database
from mesolive.store.tables.trading import accounts, orders, positions, strategies
from mesolive.trading.accounts import create_simulated_account
from mesolive.trading.contracts import TradedContract
from mesolive.trading.fact_desk import FactDesk
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.order_facts import told_by_us, told_by_venue
from mesolive.trading.order_life import NotAtVenue, StillWorking
from mesolive.trading.order_rows import orders_by_reference
from mesolive.trading.plans import NewPlan, PlanKind, PlanLeg, store_plan
from mesolive.trading.rows import insert
from mesolive.trading.sending import OrderSending
from mesolive.trading.supervisor import held_in_books
from mesolive.trading.venues import Venues
from mesolive_sdk import models
from mesolive_sdk.models import AgentStatus, BrokerType, StatusCode
from mesolive_testkit.server import START, manual_market

WHOLE = 4
CASH = Decimal(100_000)
PRICES = {"short": Decimal("12.5"), "long": Decimal("9.25")}
RATIOS = {"short": Decimal(-1), "long": Decimal(1)}
COMMISSION = Decimal("0.65")
_template: list[Path] = []


@dataclass
class Known:
    """What the oracle knows of an order: the truth at the venue, and what of it the server was told."""

    reference: str
    qty: int
    number: int = 0
    at_venue: bool = False
    told: bool = False
    filled: int = 0
    ended: str | None = None
    cancel_asked: bool = False
    fills: list[Execution] = field(default_factory=list[Execution])

    @property
    def state(self) -> str:
        if self.filled >= self.qty:
            return "Filled"
        if self.ended is not None:
            return self.ended
        if self.cancel_asked:
            return "PendingCancel"
        if self.filled:
            return "PartiallyFilled"
        return "Submitted" if self.told else "PendingSubmit"

    @property
    def open(self) -> bool:
        return self.state in {"PendingSubmit", "Submitted", "PartiallyFilled", "PendingCancel"}


class ScriptedVenue:
    """Answers as the test says."""

    kind = BrokerType.Simulated
    status = VenueStatus(state=AgentStatus.Connected)

    def __init__(self) -> None:
        self.answer = "accept"
        self.sent: list[VenueRequest] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncIterator[VenueFact]]:
        raise NotImplementedError
        yield

    async def submit(self, request: VenueRequest) -> Accepted | Ended:
        self.sent.append(request)
        if self.answer.startswith("lost"):
            raise VenueUnreachableError("no answer")
        if self.answer == "reject":
            return Ended(
                account=SIM, reference=request.reference, venue_id=None, how=Ending.REJECTED, at=START, reason="no"
            )
        return Accepted(account=SIM, reference=request.reference, venue_id=f"V{len(self.sent)}", at=START)

    async def replace(self, reference: str, filled: Decimal, request: VenueRequest) -> Accepted | Ended:
        raise NotImplementedError

    async def cancel(self, account: str, reference: str, venue_id: str | None) -> Ended | CancelDenied | None:
        if self.answer == "lost":
            raise VenueUnreachableError("no answer")
        if self.answer == "denied":
            return CancelDenied(account=account, reference=reference, reason="no", at=START)
        if self.answer == "heard":
            return None
        return Ended(account=account, reference=reference, venue_id=venue_id, how=Ending.CANCELLED, at=START)

    async def orders(self, account: str, since: datetime) -> Sequence[VenueOrder]:
        return []

    async def executions(self, account: str, since: datetime) -> Sequence[Execution]:
        return []

    async def settlements(self, account: str, since: datetime) -> Sequence[SettlementFact]:
        return []

    async def positions(self, account: str) -> Mapping[OptionContract, Decimal]:
        return {}


class OrdersAgainstAnOracle(RuleBasedStateMachine):
    """One entry plan of one group; the oracle is the list `known`."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp())
        self.known: list[Known] = []
        self.completed: list[int] = []
        self.numbers = 0
        self.runner.run(self._begin())

    async def _begin(self) -> None:
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
        journal = Journal(self.database, LocalBus(), clock)
        self.facts = FactDesk(self.database, journal, clock, lambda _user, plan: self.completed.append(plan), _ignore)
        self.venue = ScriptedVenue()
        self.sending = OrderSending(
            self.database,
            journal,
            Idempotency(self.database, clock),
            self.market,
            Venues([self.venue]),
            self.facts,
            clock,
            _ignore,
            lambda _user, _plan: None,
        )
        await self._store_plan()

    async def _store_plan(self) -> None:
        view = self.market.view("SPX")
        month = next(one for one in view.expirations if (one.day - START.date()).days > 30)
        puts = view.slice(month.root, month.day, Right.PUT)
        assert puts is not None
        at = len(puts.strikes) // 3
        self.contracts = {"short": puts.contract(at), "long": puts.contract(at - 2)}
        async with self.database.write(self.user.user_id) as tx:
            strategy_id = await insert(
                tx,
                strategies,
                user_id=self.user.user_id,
                name="a strategy",
                symbol="SPX",
                definition=msgspec.json.encode(iron_condor()).decode(),
                created_at=START,
                updated_at=START,
            )
            plan = NewPlan(
                kind=PlanKind.ENTRY,
                strategy_id=strategy_id,
                account_id=1,
                position_id=None,
                position_name="a position",
                data_provider=None,
                qty_multiplier=Decimal(WHOLE),
                legs=tuple(
                    PlanLeg(name, TradedContract(contract, month.settles_at), RATIOS[name], 1)
                    for name, contract in self.contracts.items()
                ),
                created_at=START,
            )
            self.plan_id = await store_plan(tx, self.user.user_id, plan)

    @property
    def filled(self) -> int:
        return sum(one.filled for one in self.known)

    def told_of(self, one: Known, fact: OrderFact) -> None:
        async def tell() -> None:
            await self.facts.tell(told_by_venue(self.user.user_id, 1, fact))

        self.runner.run(tell())

    @rule(answer=st.sampled_from(["accept", "accept", "reject", "lost before", "lost after"]))
    def send(self, answer: str) -> None:
        self.venue.answer = answer
        may = not any(one.open for one in self.known) and self.filled < WHOLE
        args = models.SendOrderArgs(
            IdempotencyKey=str(uuid4()),
            BrokerAccountId=SIM,
            ExecPlanId=self.plan_id,
            LegGroupId=1,
            LegGroupOrder=models.LegGroupOrder(
                OrderType=models.OrderType.Market,
                TimeInForce=models.TimeInForce.Day,
                LegNames=list(RATIOS),
            ),
        )
        before = len(self.venue.sent)
        if not may:
            with pytest.raises(ServiceError) as refused:
                self.runner.run(self.sending.send(self.user, args))
            assert refused.value.status is StatusCode.Conflict
            assert len(self.venue.sent) == before
            return
        made = self.runner.run(self.sending.send(self.user, args))
        assert made.Data is not None
        (request,) = self.venue.sent[before:]
        one = Known(request.reference, WHOLE - self.filled, made.Data.LiveOrderId)
        assert request.qty == one.qty
        one.at_venue = answer in {"accept", "lost after"}
        one.told = answer == "accept"
        one.ended = "Rejected" if answer == "reject" else None
        self.known.append(one)

    @precondition(lambda self: any(one.at_venue and one.open for one in self.known))
    @rule(part=st.integers(1, WHOLE))
    def fill(self, part: int) -> None:
        one = next(one for one in self.known if one.at_venue and one.open)
        qty = min(part, one.qty - one.filled)
        self.numbers += 1
        execution = Execution(
            account=SIM,
            reference=one.reference,
            venue_id=f"V{self.venue_number(one)}",
            execution_id=f"E{self.numbers}",
            qty=Decimal(qty),
            legs=tuple(
                LegExecution(
                    name=name,
                    contract=contract,
                    qty=RATIOS[name] * qty,
                    price=PRICES[name],
                    commission=COMMISSION * qty,
                )
                for name, contract in self.contracts.items()
            ),
            at=START,
        )
        self.told_of(one, execution)
        one.filled += qty
        one.told = True
        one.fills.append(execution)

    @precondition(lambda self: any(one.fills for one in self.known))
    @rule(data=st.data())
    def tell_a_fill_again(self, data: st.DataObject) -> None:
        told = [(one, execution) for one in self.known for execution in one.fills]
        one, execution = data.draw(st.sampled_from(told))
        self.told_of(one, execution)

    @precondition(lambda self: any(one.open for one in self.known))
    @rule(answer=st.sampled_from(["cancelled", "denied", "heard", "lost"]))
    def cancel(self, answer: str) -> None:
        one = next(one for one in self.known if one.open)
        self.venue.answer = answer
        again = one.cancel_asked
        args = models.CancelOrderArgs(IdempotencyKey=str(uuid4()), LiveOrderId=one.number)
        before = self.stored(one)
        waiting = again and before["cancel_key"] is not None
        if answer == "denied" and not waiting:
            with pytest.raises(ServiceError) as refused:
                self.runner.run(self.sending.cancel(self.user, args))
            assert refused.value.status is StatusCode.Conflict
        else:
            self.runner.run(self.sending.cancel(self.user, args))
        if waiting:
            return  # the first cancel waits for its outcome: nothing was asked anew
        one.cancel_asked = answer in {"heard", "lost"}
        if answer == "cancelled":
            one.ended = "Cancelled"
        elif answer == "denied":
            one.told = True

    @precondition(lambda self: any(one.open for one in self.known))
    @rule()
    def settle(self) -> None:
        """Ask the venue: it works the order, or has never had it."""
        one = next(one for one in self.known if one.open)

        async def tell() -> None:
            async with self.database.read() as tx:
                (order,) = await orders_by_reference(tx, [one.reference])
            if one.at_venue:
                fact: Any = StillWorking(f"V{self.venue_number(one)}", START)
            else:
                fact = NotAtVenue(START)
            await self.facts.tell(told_by_us(order, fact))

        if not one.at_venue and one.told:
            return  # a denied cancel said that it is there: the venue contradicts itself, and nothing is settled
        self.runner.run(tell())
        if one.at_venue:
            one.told = True
        else:
            one.ended = "Cancelled" if one.cancel_asked else "Rejected"

    @precondition(lambda self: any(one.at_venue and one.open for one in self.known))
    @rule(how=st.sampled_from([Ending.CANCELLED, Ending.EXPIRED]))
    def end_at_the_venue(self, how: Ending) -> None:
        one = next(one for one in self.known if one.at_venue and one.open)
        ended = Ended(account=SIM, reference=one.reference, venue_id=f"V{self.venue_number(one)}", how=how, at=START)
        self.told_of(one, ended)
        one.ended = how.value

    def venue_number(self, one: Known) -> int:
        return 1 + next(n for n, request in enumerate(self.venue.sent) if request.reference == one.reference)

    def stored(self, one: Known) -> dict[str, Any]:
        async def read() -> dict[str, Any]:
            async with self.database.read() as tx:
                row = await tx.first(select(orders).where(orders.c.id == one.number))
            assert row is not None
            return dict(row._mapping)

        return self.runner.run(read())

    @invariant()
    def the_books_are_what_the_oracle_says(self) -> None:
        if not hasattr(self, "known"):
            return

        async def read() -> None:
            async with self.database.read() as tx:
                held = await held_in_books(tx, 1)
                account = await tx.first(select(accounts))
                rows = await tx.all(select(orders).order_by(orders.c.id))
                position = await tx.first(select(positions))
            assert account is not None
            assert held == {
                contract: RATIOS[name] * self.filled for name, contract in self.contracts.items() if self.filled
            }
            paid = sum(RATIOS[name] * PRICES[name] for name in RATIOS) * 100 + 2 * COMMISSION
            assert account.cash == CASH - paid * self.filled
            assert [(row.state, abs(row.filled_qty)) for row in rows] == [(one.state, one.filled) for one in self.known]
            assert (position is not None) == (self.filled > 0)
            assert self.completed == ([self.plan_id] if self.filled >= WHOLE else [])

        self.runner.run(read())

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self._end())
            self.runner.close()
            shutil.rmtree(self.directory)

    async def _end(self) -> None:
        await self.market.stop()
        await self.database.close()


def _ignore(_account: int) -> None:
    """Nobody asks the venue here: the test does."""


TestOrders = OrdersAgainstAnOracle.TestCase
TestOrders.settings = settings(
    max_examples=8,
    stateful_step_count=18,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
