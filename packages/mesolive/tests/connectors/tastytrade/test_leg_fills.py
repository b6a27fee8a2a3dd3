"""Fills that the broker shows under several ids (in other answers, after a restart, in linked orders) count once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.connectors.tastytrade.combo_fills import ComboFill
from mesolive.connectors.tastytrade.order_journal import OrderJournal
from mesolive.connectors.tastytrade.tracked_orders import TrackedOrder
from mesolive.tastytrade_client import Order
from mesolive.venues.base import Accepted, Ended, Execution
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.broker import NOW, ORDERS, FakeBroker, Traded, spread, trading
from mesolive_testkit.tastytrade.samples import ACCOUNT, LONG, SHORT
from mesolive_testkit.tastytrade.sockets import FakeAccountStream, until

BEGIN = datetime(2026, 7, 27, 14, 36, 0, 250_000, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)
ACTIONS = {SHORT: "Sell to Open", LONG: "Buy to Open"}


@dataclass(frozen=True)
class Real:
    """A fill as it was at the exchange."""

    number: int
    quantity: int
    cents: int
    millis: int


@dataclass(frozen=True)
class Naming:
    """How one kind of answer shows fills: under which ids, and what it does to times and prices."""

    prefix: str
    cuts_fractions: bool = False
    shifts_seconds: int = 0
    shifts_cents: int = 0
    has_exec_ids: bool = False

    def shown(self, leg: str, fill: Real) -> dict[str, Any]:
        at = BEGIN + timedelta(milliseconds=fill.millis, seconds=self.shifts_seconds)
        made = samples.fill(fill.number, fill.quantity, str(Decimal(fill.cents + self.shifts_cents) / 100))
        made["fill-id"] = f"{self.prefix}{fill.number}"
        made["filled-at"] = (at.replace(microsecond=0) if self.cuts_fractions else at).isoformat()
        made.pop("ext-exec-id", None)
        if self.has_exec_ids:
            made["ext-exec-id"] = f"exec-{leg}-{fill.number}"
        return made


FAITHFUL = st.builds(
    Naming, st.sampled_from(["", "3_OPT", "R"]), cuts_fractions=st.booleans(), has_exec_ids=st.just(value=False)
)
"""Answers that agree on quantity and price, and on the time to a second."""
UNFAITHFUL = st.builds(
    Naming,
    st.sampled_from(["", "3_OPT", "R"]),
    cuts_fractions=st.booleans(),
    shifts_seconds=st.integers(-90, 90),
    shifts_cents=st.integers(-3, 3),
)


@st.composite
def filled_orders(draw: st.DrawFn) -> dict[str, list[Real]]:
    """Return the fills of an order of up to four spreads by leg, in any pieces; look-alikes are frequent."""
    size = draw(st.integers(1, 4))
    legs: dict[str, list[Real]] = {}
    for symbol in (SHORT, LONG):
        left, fills = size, list[Real]()
        while left:
            quantity = draw(st.integers(1, left))
            left -= quantity
            fills.append(
                Real(len(fills) + 1, quantity, draw(st.sampled_from([150, 255])), draw(st.integers(0, 2)) * 400)
            )
        legs[symbol] = sorted(fills, key=lambda fill: fill.millis)
    return legs


def state(legs: dict[str, list[Real]], upto: int, naming: Naming) -> Order:
    """Return the order after so many fills of each leg."""
    shown: list[dict[str, Any]] = []
    for symbol, fills in legs.items():
        quantity = sum(fill.quantity for fill in fills)
        leg = samples.leg(symbol, ACTIONS[symbol], quantity)
        leg["fills"] = [naming.shown(symbol, fill) for fill in fills[:upto]]
        shown.append(leg)
    body = samples.order(7, "Live", legs=shown, updated_at=1_785_162_982_000 + upto)
    return msgspec.json.decode(msgspec.json.encode(body), type=Order)


def booked(combos: Sequence[ComboFill], symbol: str) -> Decimal:
    return sum((part.quantity for combo in combos for part in combo.parts[symbol]), Decimal(0))


def cash(combos: Sequence[ComboFill], symbol: str) -> Decimal:
    return sum((part.quantity * part.price for combo in combos for part in combo.parts[symbol]), Decimal(0))


class Walk:
    """An order that is told by states in any order, with restarts of the process in between."""

    def __init__(self, legs: dict[str, list[Real]], first: Order) -> None:
        self.legs = legs
        self.order = TrackedOrder(first)
        self.reported: list[ComboFill] = []
        self.most = 0

    def take(self, upto: int, naming: Naming) -> None:
        """Take a state, report what it makes, and see that no more is reported than was filled until then."""
        self.most = max(self.most, upto)
        self.order.take(state(self.legs, upto, naming), 0.0)
        for combo in self.order.unreported:
            self.order.note_reported(combo)
            self.reported.append(combo)
        for symbol, fills in self.legs.items():
            assert booked(self.reported, symbol) <= sum(fill.quantity for fill in fills[: self.most])

    def restart(self) -> None:
        self.order = TrackedOrder(self.order.order, self.reported)


@settings(max_examples=150)
@given(filled_orders(), st.lists(st.tuples(st.integers(0, 4), FAITHFUL, st.booleans()), max_size=12), FAITHFUL)
def test_a_fill_under_another_id_in_each_kind_of_answer_is_booked_once_at_its_price(
    legs: dict[str, list[Real]], received: list[tuple[int, Naming, bool]], last: Naming
) -> None:
    walk = Walk(legs, state(legs, 0, last))
    for upto, naming, restarts in [*received, (4, last, False)]:
        walk.take(upto, naming)
        if restarts:
            walk.restart()
    for symbol, fills in legs.items():
        assert booked(walk.reported, symbol) == sum(fill.quantity for fill in fills)
        assert cash(walk.reported, symbol) * 100 == sum(fill.quantity * fill.cents for fill in fills)


@settings(max_examples=150)
@given(filled_orders(), st.lists(st.tuples(st.integers(0, 4), UNFAITHFUL, st.booleans()), max_size=12), UNFAITHFUL)
def test_no_contract_is_booked_twice_and_none_is_lost_whatever_ids_times_and_prices_the_answers_have(
    legs: dict[str, list[Real]], received: list[tuple[int, Naming, bool]], last: Naming
) -> None:
    walk = Walk(legs, state(legs, 0, last))
    for upto, naming, restarts in [*received, (4, last, False)]:
        walk.take(upto, naming)
        if restarts:
            walk.restart()
    for symbol, fills in legs.items():
        assert booked(walk.reported, symbol) == sum(fill.quantity for fill in fills)


def test_a_fill_that_is_taken_for_a_part_of_another_of_the_same_terms_displaces_nothing_that_was_booked() -> None:
    legs = {SHORT: [Real(2, 2, 150, 0), Real(1, 1, 150, 400)], LONG: [Real(1, 2, 150, 0), Real(2, 1, 150, 0)]}
    walk = Walk(legs, state(legs, 0, Naming("")))
    walk.take(1, Naming("", shifts_cents=1))
    walk.take(2, Naming(""))
    walk.restart()
    walk.take(2, Naming("3_OPT"))
    assert booked(walk.reported, SHORT) == booked(walk.reported, LONG) == 3


@given(st.integers(2, 4))
def test_fills_that_differ_in_nothing_but_their_ids_are_several_when_one_state_lists_them(count: int) -> None:
    alike = {symbol: [Real(number, 1, 255, 0) for number in range(1, count + 1)] for symbol in (SHORT, LONG)}
    walk = Walk(alike, state(alike, 0, Naming("")))
    for upto in range(1, count + 1):
        walk.take(upto, Naming(""))
        walk.take(upto, Naming("R"))
    assert len(walk.reported) == count


def test_exchange_ids_tell_fills_apart_that_are_alike_otherwise() -> None:
    two = {SHORT: [Real(1, 1, 255, 0), Real(2, 1, 255, 0)], LONG: [Real(1, 1, 150, 0), Real(2, 1, 150, 0)]}
    only_second = {symbol: fills[1:] for symbol, fills in two.items()}
    naming = Naming("", has_exec_ids=True)
    order = TrackedOrder(state(two, 1, naming))
    order.take(state(two, 1, naming), 0.0)
    order.take(state(only_second, 1, naming), 0.0)
    assert order.filled == 1  # no state lists both
    assert order.doubts
    order.take(state(two, 2, naming), 0.0)
    assert order.filled == 2
    assert order.doubts == []


def renamed(fill: dict[str, Any], fill_id: str, **more: object) -> dict[str, Any]:
    return fill | {"fill-id": fill_id} | {name.replace("_", "-"): value for name, value in more.items()}


def rename_all(one: Traded, number: int, prefix: str, **more: object) -> None:
    for leg in one.broker.orders[number]["legs"]:
        leg["fills"] = [renamed(fill, f"{prefix}{fill['fill-id']}", **more) for fill in leg["fills"]]


async def next_execution(facts: Any) -> Execution:
    async for fact in facts:
        if isinstance(fact, Execution):
            return fact
    raise AssertionError("no execution was reported")


async def submitted(one: Traded, qty: int = 1, reference: str = "ref-1") -> int:
    answer = await one.venue.submit(spread(qty, reference=reference))
    assert isinstance(answer, Accepted)
    return int(answer.venue_id)


async def test_a_fill_that_the_lists_show_under_another_id_than_the_stream_is_booked_once() -> None:
    async with trading() as one, one.venue.session() as facts:
        number = await submitted(one, 3)
        await one.broker.fill(number, status="Live")
        assert (await next_execution(facts)).execution_id == f"{number}:1"
        rename_all(one, number, "R")
        assert len(await one.venue.executions(ACCOUNT, SINCE)) == 1
        (listed,) = await one.venue.orders(ACCOUNT, SINCE)
        assert listed.filled == 1
        assert one.venue.core.ledger(ACCOUNT).position(SHORT) == -1
        assert one.venue.status.message == ""


async def test_a_fill_under_another_id_after_a_restart_is_booked_once(tmp_path: Path) -> None:
    broker, file = FakeBroker(), tmp_path / "orders.jsonl"
    async with trading(broker, journal=OrderJournal(file)) as one, one.venue.session() as facts:
        number = await submitted(one, 3)
        await one.broker.fill(number, status="Live")
        await next_execution(facts)
    broker.stream = FakeAccountStream()
    async with trading(broker, journal=OrderJournal(file)) as one, one.venue.session() as facts:
        rename_all(one, number, "R")
        assert [item.execution_id for item in await one.venue.executions(ACCOUNT, SINCE)] == [f"{number}:1"]
        await one.broker.fill(number, quantity=2)
        assert {(await next_execution(facts)).execution_id for _ in range(2)} == {f"{number}:2", f"{number}:3"}
        assert len(await one.venue.executions(ACCOUNT, SINCE)) == 3


async def test_a_fill_of_another_time_in_place_of_a_known_one_counts_once_and_is_an_alarm() -> None:
    async with trading() as one, one.venue.session() as facts:
        number = await submitted(one, 3)
        await one.broker.fill(number, status="Live")
        await next_execution(facts)
        before = {leg["symbol"]: leg["fills"] for leg in one.broker.orders[number]["legs"]}
        rename_all(one, number, "R", filled_at=(NOW + timedelta(minutes=5)).isoformat())
        assert len(await one.venue.executions(ACCOUNT, SINCE)) == 1
        assert f"order {number}: fill R" in one.venue.status.message
        assert "it counts once" in one.venue.status.message
        for leg in one.broker.orders[number]["legs"]:
            leg["fills"] = [*before[leg["symbol"]], *leg["fills"]]  # a state with both: they are two
        one.broker.rows += [row | {"id": row["id"] + 100} for row in one.broker.rows]  # and both have their fees
        await one.broker.set(number, "Live")
        await until(lambda: one.venue.status.message == "")
        assert len(await one.venue.executions(ACCOUNT, SINCE)) == 2


async def test_more_fills_than_were_ordered_are_an_alarm_and_not_booked() -> None:
    async with trading() as one, one.venue.session() as facts:
        number = await submitted(one)
        await one.broker.fill(number, tell=False)
        for leg in one.broker.orders[number]["legs"]:
            leg["fills"] = [*leg["fills"], renamed(leg["fills"][0], f"R{leg['fills'][0]['fill-id']}")]
        await one.broker.set(number, "Filled")
        assert (await next_execution(facts)).execution_id == f"{number}:1"
        assert len(await one.venue.executions(ACCOUNT, SINCE)) == 1
        assert "beyond what one state lists" in one.venue.status.message


async def test_a_fill_that_the_replacement_shows_as_well_is_the_old_orders() -> None:
    async with trading() as one, one.venue.session() as facts:
        old = await submitted(one, 3)
        await one.broker.fill(old, status="Live")
        assert (await next_execution(facts)).reference == "ref-1"

        def keeping(request: httpx.Request) -> httpx.Response:
            one.broker._replace(old, request)
            before = one.broker.orders[old]["legs"]
            for leg, old_leg in zip(one.broker.orders[one.broker.next_id]["legs"], before, strict=True):
                leg["fills"] = list(old_leg["fills"])
            return one.broker._one(one.broker.next_id)

        # This broker keeps the quantity of the old order, and its fills.
        one.broker.rest.on("PUT", f"{ORDERS}/{old}", keeping)
        answer = await one.venue.replace("ref-1", Decimal(1), spread(2, reference="ref-2"))
        assert isinstance(answer, Accepted)
        new = int(answer.venue_id)
        for prefix in ("", "R"):
            fills = {leg["symbol"]: leg["fills"] for leg in one.broker.orders[old]["legs"]}
            for leg in one.broker.orders[new]["legs"]:
                leg["fills"] = [renamed(fill, f"{prefix}{fill['fill-id']}") for fill in fills[leg["symbol"]]]
            await one.broker.set(new, "Live")
            assert len(await one.venue.executions(ACCOUNT, SINCE)) == 1
        await one.broker.fill(new, quantity=2)
        assert {(await next_execution(facts)).reference for _ in range(2)} == {"ref-2"}
        assert len(await one.venue.executions(ACCOUNT, SINCE)) == 3


async def test_the_partner_of_a_leg_may_be_shown_after_the_order_was_cancelled() -> None:
    async with trading() as one, one.venue.session() as facts:
        one.take_times(fills_missing=60.0)
        number = await submitted(one, 3)
        await one.broker.fill(number, legs=1, status="Cancelled")
        one.broker.orders[number]["legs"].reverse()
        await one.broker.fill(number, legs=1, status="Cancelled", tell=False)  # the lists have it
        execution = await next_execution(facts)
        assert (execution.reference, len(execution.legs)) == ("ref-1", 2)
        async for fact in facts:
            if isinstance(fact, Ended):
                break
        assert len(await one.venue.executions(ACCOUNT, SINCE)) == 1
        assert one.venue.status.message == ""


async def test_a_partner_that_is_shown_after_the_leg_was_booked_alone_is_booked_alone_too(tmp_path: Path) -> None:
    broker, file = FakeBroker(), tmp_path / "orders.jsonl"
    async with trading(broker, journal=OrderJournal(file)) as one, one.venue.session() as facts:
        number = await submitted(one)
        await one.broker.fill(number, legs=1, status="Cancelled")
        assert (await next_execution(facts)).execution_id == f"{number}:broken"
    broker.stream = FakeAccountStream()
    async with trading(broker, journal=OrderJournal(file)) as one, one.venue.session() as facts:
        one.broker.orders[number]["legs"].reverse()
        await one.broker.fill(number, legs=1, status="Cancelled")
        late = await next_execution(facts)
        assert (late.execution_id, late.reference) == (f"{number}:broken:2", None)
        legs = [leg for item in await one.venue.executions(ACCOUNT, SINCE) for leg in item.legs]
        assert sorted(leg.qty for leg in legs) == [-1, 1]
