"""Plans, orders, fills and positions over any history, against an oracle small enough to be seen to be right."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlalchemy import select

from mesolive.errors import ServiceError
from mesolive.market.contracts import OptionContract
from mesolive.store.tables.trading import accounts, legs, orders, positions
from mesolive.trading.execution.report_handler import VenueReport, report_from_server, report_from_venue
from mesolive.trading.orders.repository import orders_by_reference
from mesolive.trading.orders.state_machine import NotAtVenue, StillWorking
from mesolive.trading.portfolio.plans import PlanKind
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.venues.base import (
    Ended,
    Ending,
    Execution,
    LegExecution,
    OrderFact,
)
from mesolive_sdk import models
from mesolive_sdk.models import StatusCode
from mesolive_testkit.server import START
from mesolive_testkit.venues import SIM
from mesolive_testkit.venues.oracle import Known, Trade, price_of
from mesolive_testkit.venues.order_services import CASH, WHOLE, OrderServices

COMMISSION = Decimal("0.65")


class OrdersAgainstAnOracle(OrderServices):
    """One position: its entry, adjustments and exit, each a plan of one group. The oracle is `trades` and `known`."""

    @initialize(held=st.sampled_from([True, True, False]))
    def begin(self, held: bool) -> None:
        """Start with nothing, or with an entry that is filled and completed."""
        self.open()
        self.held: dict[OptionContract, int] = {}
        self.named: dict[OptionContract, str] = {}
        self.cash = CASH
        self.adjustments = 0
        self.expected: list[int] = []
        self.waiting: list[Trade] = []
        self.born = self.opened = self.leaving = self.disturbed = False
        self.numbers = 0
        self.burst: list[VenueReport] | None = None
        if held:
            self.send_of(self.trades[0], "accept")
            self.fill_of(self.known[0], WHOLE)
            self.complete()

    # --- what the oracle says

    def filled(self, trade: Trade) -> int:
        return sum(order.filled for order in self.known if order.trade is trade)

    @property
    def holds(self) -> dict[OptionContract, int]:
        return {contract: qty for contract, qty in self.held.items() if qty}

    @property
    def state(self) -> str | None:
        """The state of the position; `None` before it is born."""
        if not self.born:
            return None
        if not self.holds:
            return "Closed"
        if self.leaving:
            return "Closing"
        return "Open" if self.opened else "Opening"

    def may_send(self, trade: Trade) -> bool:
        """Whether an order of the trade's group is taken."""
        filled = self.filled(trade)
        if any(order.open for order in self.known) or filled >= trade.whole:
            return False
        if trade.kind is PlanKind.ENTRY:
            return self.state in {None, "Opening"}
        if trade.kind is PlanKind.ADJUSTMENT and (
            self.state != "Open" or any(item.kind is PlanKind.ADJUSTMENT for item in self.waiting)
        ):
            return False
        for name, ratio in trade.ratios.items():
            expected = ratio * filled if name in trade.opens else -ratio * (trade.whole - filled)
            if self.held.get(trade.contracts[name], 0) != expected:
                return False
        others = self.holds.keys() - set(trade.contracts.values())
        if trade.kind is PlanKind.EXIT:
            return not others
        return filled > 0 or trade.opens.isdisjoint(self.named[contract] for contract in others)

    # --- what happens

    @precondition(lambda self: self.may_plan and self.tried)
    @rule(data=st.data())
    def plan(self, data: st.DataObject) -> None:
        """Prepare an adjustment, where the position is open, or an exit."""
        kinds = ["leave"] if self.state != "Open" else ["move", "add", "remove", "leave"]
        self.plan_one(data, kinds)

    @precondition(lambda self: self.may_plan and self.state == "Open")
    @rule(data=st.data(), part=st.integers(1, WHOLE), complete=st.booleans())
    def adjust(self, data: st.DataObject, part: int, complete: bool) -> None:
        """Prepare an adjustment and have so much of it filled; the rest is cancelled."""
        self.plan_one(data, ["move", "move", "add", "remove"])
        self.send_of(self.trades[-1], "accept")
        order = self.known[-1]
        if order.trade is not self.trades[-1]:
            return
        self.fill_of(order, part)
        if order.open:
            self.end(order, Ending.CANCELLED)
        elif self.waiting and complete:
            self.complete()

    @property
    def may_plan(self) -> bool:
        return self.state in {"Opening", "Open", "Closing"} and self.at_rest

    def plan_one(self, data: st.DataObject, kinds: list[str]) -> None:
        names = sorted({self.named[contract] for contract in self.holds})
        kind = data.draw(st.sampled_from(kinds))
        name = data.draw(st.sampled_from(names))
        closed = [contract for contract in self.holds if kind == "leave" or self.named[contract] == name]
        closing = {
            f"{self.named[contract]}:close{place}": (contract, -self.held[contract])
            for place, contract in enumerate(closed)
        }
        moved = -sum(qty for _, qty in closing.values())
        if kind == "leave":
            made = self.store(PlanKind.EXIT, closing, {})
        elif kind == "remove" or (kind == "move" and moved == 0):
            made = self.store(PlanKind.ADJUSTMENT, closing, {})
        elif kind == "move":
            made = self.store(PlanKind.ADJUSTMENT, closing, {name: (self.supply.pop(0), moved)})
        else:
            extra = next(name for n in count(1) if (name := f"extra{n}") not in names)
            qty = data.draw(st.sampled_from([-2, 3]))
            made = self.store(PlanKind.ADJUSTMENT, {}, {extra: (self.supply.pop(0), qty)})
        self.trades.append(self.runner.run(made))

    @property
    def tried(self) -> bool:
        """Whether the newest plan was ordered: only then is there a reason for another."""
        return any(order.trade is self.trades[-1] for order in self.known)

    @property
    def at_rest(self) -> bool:
        return not self.disturbed and not self.waiting and not any(order.open for order in self.known)

    @precondition(lambda self: not self.disturbed)
    @rule(data=st.data(), answer=st.sampled_from(["accept", "accept", "accept", "reject", "lost before", "lost after"]))
    def send(self, data: st.DataObject, answer: str) -> None:
        trade = data.draw(st.sampled_from([*self.trades, *[self.trades[-1]] * 4]))
        self.send_of(trade, answer)

    def send_of(self, trade: Trade, answer: str) -> None:
        self.venue.answer = answer
        args = models.SendOrderArgs(
            IdempotencyKey=str(uuid4()),
            BrokerAccountId=SIM,
            ExecPlanId=trade.plan_id,
            LegGroupId=1,
            LegGroupOrder=models.LegGroupOrder(
                OrderType=models.OrderType.Market,
                TimeInForce=models.TimeInForce.Day,
                LegNames=list(trade.ratios),
            ),
        )
        before = len(self.venue.sent)
        if not self.may_send(trade):
            with pytest.raises(ServiceError) as refused:
                self.runner.run(self.sending.send(self.user, args))
            assert refused.value.status is StatusCode.Conflict
            assert len(self.venue.sent) == before
            return
        made = self.runner.run(self.sending.send(self.user, args))
        assert made.Data is not None
        (request,) = self.venue.sent[before:]
        order = Known(trade, request.reference, trade.whole - self.filled(trade), made.Data.LiveOrderId)
        assert request.qty == order.qty
        assert {leg.name: leg.ratio for leg in request.legs} == trade.ratios
        order.at_venue = answer in {"accept", "lost after"}
        order.is_acknowledged = answer == "accept"
        order.ended = "Rejected" if answer == "reject" else None
        self.known.append(order)

    @precondition(lambda self: any(order.at_venue and order.open for order in self.known))
    @rule(part=st.integers(1, WHOLE))
    def fill(self, part: int) -> None:
        self.fill_of(next(order for order in self.known if order.at_venue and order.open), part)

    @precondition(lambda self: any(item.at_venue and item.open for item in self.known))
    @rule(parts=st.integers(1, WHOLE), again=st.booleans(), ends=st.booleans())
    def fill_in_a_burst(self, parts: int, again: bool, ends: bool) -> None:
        """Have several parts filled, one perhaps told twice, and the rest cancelled, before anybody hears of it."""
        order = next(item for item in self.known if item.at_venue and item.open)
        reported: list[VenueReport] = []
        self.burst = reported
        for _ in range(min(parts, order.qty - order.filled)):
            self.fill_of(order, 1)
        if again:
            reported.append(reported[0])
        if ends and order.open:
            self.end(order, Ending.CANCELLED)
        self.burst = None

        async def tell() -> None:
            await asyncio.gather(*(self.facts.enqueue(fact) for fact in reported))

        self.runner.run(tell())

    @precondition(lambda self: len(self.trades) > 2 and any(order.late for order in self.known))
    @rule(data=st.data())
    def fill_late(self, data: st.DataObject) -> None:
        """Fill what was cancelled or has expired: it crossed on its way, and it happened all the same."""
        self.disturbed = True
        self.fill_of(data.draw(st.sampled_from([order for order in self.known if order.late])), 1)

    def fill_of(self, order: Known, part: int) -> None:
        trade = order.trade
        qty = min(part, order.qty - order.filled)
        self.numbers += 1
        execution = Execution(
            account=SIM,
            reference=order.reference,
            venue_id=f"V{self.venue_number(order)}",
            execution_id=f"E{self.numbers}",
            qty=Decimal(qty),
            legs=tuple(
                LegExecution(
                    name=name,
                    contract=contract,
                    qty=Decimal(trade.ratios[name] * qty),
                    price=price_of(contract),
                    commission=COMMISSION * abs(trade.ratios[name]) * qty,
                )
                for name, contract in trade.contracts.items()
            ),
            at=START,
        )
        for leg in execution.legs:
            self.held[leg.contract] = self.held.get(leg.contract, 0) + int(leg.qty)
            self.named.setdefault(leg.contract, leg.name.partition(":")[0])
            self.cash -= leg.qty * leg.price * 100 + leg.commission
        order.filled += qty
        order.is_acknowledged = True
        order.fills.append(execution)
        self.born = True
        self.leaving |= trade.kind is PlanKind.EXIT
        if self.filled(trade) >= trade.whole and trade.kind is not PlanKind.EXIT and not trade.done:
            trade.done = True
            if self.holds or trade.kind is PlanKind.ENTRY:
                self.expected.append(trade.plan_id)
                self.waiting.append(trade)
            else:
                self.adjustments += 1
        self.report_of(order, execution)

    @precondition(lambda self: bool(self.waiting) and not self.disturbed)
    @rule()
    def complete(self) -> None:
        """Do what follows a plan's last fill, twice: it is done once."""
        trade = self.waiting.pop(0)

        async def complete() -> None:
            for _ in range(2):
                await self.completion.complete(self.user.user_id, trade.plan_id)

        self.runner.run(complete())
        if trade.kind is PlanKind.ENTRY:
            self.opened = True
        else:
            self.adjustments += 1

    def report_of(self, order: Known, fact: OrderFact) -> None:
        report = report_from_venue(self.user.user_id, 1, fact)
        if self.burst is not None:
            self.burst.append(report)
            return

        async def tell() -> None:
            await self.facts.apply(report)

        self.runner.run(tell())

    @precondition(lambda self: any(item.fills for item in self.known))
    @rule(data=st.data())
    def tell_a_fill_again(self, data: st.DataObject) -> None:
        reported = [(item, execution) for item in self.known for execution in item.fills]
        order, execution = data.draw(st.sampled_from(reported))
        self.report_of(order, execution)

    @precondition(lambda self: any(item.open for item in self.known))
    @rule(answer=st.sampled_from(["cancelled", "denied", "heard", "lost"]))
    def cancel(self, answer: str) -> None:
        order = next(item for item in self.known if item.open)
        self.venue.answer = answer
        again = order.cancel_asked
        args = models.CancelOrderArgs(IdempotencyKey=str(uuid4()), LiveOrderId=order.number)
        before = self.stored(order)
        waiting = again and before["cancel_key"] is not None
        if answer == "denied" and not waiting:
            with pytest.raises(ServiceError) as refused:
                self.runner.run(self.sending.cancel(self.user, args))
            assert refused.value.status is StatusCode.Conflict
        else:
            self.runner.run(self.sending.cancel(self.user, args))
        if waiting:
            return  # the first cancel waits for its outcome: nothing was asked anew
        order.cancel_asked = answer in {"heard", "lost"}
        if answer == "cancelled":
            order.ended = "Cancelled"
        elif answer == "denied":
            order.is_acknowledged = True

    @precondition(lambda self: any(item.open for item in self.known))
    @rule()
    def settle(self) -> None:
        """Ask the venue: it works the order, or has never had it."""
        known_order = next(item for item in self.known if item.open)

        async def tell() -> None:
            async with self.database.read() as tx:
                (order,) = await orders_by_reference(tx, [known_order.reference])
            if known_order.at_venue:
                fact: Any = StillWorking(f"V{self.venue_number(known_order)}", START)
            else:
                fact = NotAtVenue(START)
            await self.facts.apply(report_from_server(order, fact))

        if not known_order.at_venue and known_order.is_acknowledged:
            return  # a denied cancel said that it is there: the venue contradicts itself, and nothing is settled
        self.runner.run(tell())
        if known_order.at_venue:
            known_order.is_acknowledged = True
        else:
            known_order.ended = "Cancelled" if known_order.cancel_asked else "Rejected"

    @precondition(lambda self: any(order.at_venue and order.open for order in self.known))
    @rule(how=st.sampled_from([Ending.CANCELLED, Ending.EXPIRED]))
    def end_at_the_venue(self, how: Ending) -> None:
        self.end(next(order for order in self.known if order.at_venue and order.open), how)

    def end(self, order: Known, how: Ending) -> None:
        ended = Ended(
            account=SIM, reference=order.reference, venue_id=f"V{self.venue_number(order)}", how=how, at=START
        )
        self.report_of(order, ended)
        order.ended = how.value

    @invariant()
    def the_books_are_what_the_oracle_says(self) -> None:
        if not hasattr(self, "born"):
            return

        async def read() -> None:
            async with self.database.read() as tx:
                held = await held_in_books(tx, 1)
                account = await tx.first(select(accounts))
                rows = await tx.all(select(orders).order_by(orders.c.id))
                position = await tx.first(select(positions))
                its_legs = await tx.all(select(legs))
            assert account is not None
            assert held == self.holds
            assert account.cash == self.cash
            assert [(row.state, abs(row.filled_qty)) for row in rows] == [
                (order.state, order.filled) for order in self.known
            ]
            assert self.completed == self.expected
            assert (position is not None) == self.born
            if position is None:
                return
            assert self.cash + sum(row.cost for row in its_legs) == CASH + position.realized_pnl
            assert all(row.closed_at is None for row in its_legs if row.held_qty != 0)
            if self.disturbed:
                assert position.state != "Closed" or not self.holds
                return
            assert position.state == self.state
            assert position.adjustment_count == self.adjustments
            assert all(row.closed_at is not None for row in its_legs if row.held_qty == 0)
            if self.state == "Open" and all(trade.done or not self.filled(trade) for trade in self.trades):
                assert {row.status for row in its_legs if row.held_qty != 0} == {"Open"}

        self.runner.run(read())


# A fixed number of histories is walked: 10 s on a fast machine, minutes on a slow or busy one.
TestOrders = pytest.mark.timeout(900)(pytest.mark.slow(OrdersAgainstAnOracle.TestCase))
TestOrders.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
