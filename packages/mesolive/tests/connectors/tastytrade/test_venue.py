"""The tastytrade venue against a broker that does what its tests tell it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from mesolive.connectors.tastytrade.order_journal import OrderJournal
from mesolive.connectors.tastytrade.venue_core import VenueRules
from mesolive.records import replace
from mesolive.venues.base import (
    Accepted,
    CancelDenied,
    Ended,
    Ending,
    Execution,
    OrderStatus,
    VenueFact,
    VenueUnreachableError,
)
from mesolive_sdk.models import AgentStatus, OrderType, TimeInForce
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.broker import NOW, ORDERS, FakeBroker, Traded, spread, trading
from mesolive_testkit.tastytrade.rest import body_of
from mesolive_testkit.tastytrade.samples import ACCOUNT, LONG, SHORT
from mesolive_testkit.tastytrade.sockets import FakeAccountStream, until

SINCE = NOW - timedelta(hours=1)
F = TypeVar("F", bound=VenueFact)


async def next_of(facts: AsyncIterator[VenueFact], kind: type[F]) -> F:
    async with asyncio.timeout(60):
        while True:
            fact = await anext(facts)
            if isinstance(fact, kind):
                return fact


def posts(rig: Traded) -> int:
    return rig.broker.rest.count("POST", ORDERS)


def last_body(rig: Traded) -> dict[str, Any]:
    return body_of([item for item in rig.broker.rest.requests if item.method == "POST"][-1])


def number_of(answer: object) -> int:
    assert isinstance(answer, Accepted)
    return int(answer.venue_id)


class TestSubmit:
    async def test_an_order_is_sent_once_and_answered_again_from_memory(self) -> None:
        async with trading() as rig, rig.venue.session():
            first = await rig.venue.submit(spread())
            assert await rig.venue.submit(spread()) == first
            assert posts(rig) == 1
            body = last_body(rig)
        assert body["external-identifier"] == "ref-1"
        assert (body["price"], body["price-effect"]) == ("1.05", "Credit")
        assert [leg["action"] for leg in body["legs"]] == ["Sell to Open", "Buy to Open"]

    async def test_an_order_whose_answer_was_lost_is_found_by_its_identifier(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            rig.broker.lose_answers = 1
            with pytest.raises(VenueUnreachableError):
                await rig.venue.submit(spread())
            (listed,) = await rig.venue.orders(ACCOUNT, SINCE)
            assert listed.status in {OrderStatus.WORKING, OrderStatus.IN_DOUBT}
            accepted = await next_of(facts, Accepted)
            assert accepted.reference == "ref-1"
            assert await rig.venue.submit(spread()) == accepted
        assert posts(rig) == 1

    async def test_an_order_that_is_not_found_counts_as_lost_only_after_the_quarantine_and_a_reconnect(self) -> None:
        async with trading() as rig:
            rig.broker.lose_orders = 1
            async with rig.venue.session() as facts:
                with pytest.raises(VenueUnreachableError):
                    await rig.venue.submit(spread())
                (listed,) = await rig.venue.orders(ACCOUNT, SINCE)
                assert (listed.status, listed.reference) == (OrderStatus.IN_DOUBT, "ref-1")
                with pytest.raises(VenueUnreachableError):
                    await rig.venue.submit(spread())
                rig.take_times(quarantine=0.0)
                with pytest.raises(VenueUnreachableError, match="searched for"):
                    await next_of(facts, Ended)
            async with rig.venue.session() as facts:
                ended = await next_of(facts, Ended)
                assert (ended.how, ended.code, ended.reference) == (Ending.REJECTED, "NeverArrived", "ref-1")
                assert await rig.venue.submit(spread()) == ended
        assert posts(rig) == 1

    async def test_an_order_that_arrives_after_it_counted_as_lost_is_cancelled(self) -> None:
        async with trading() as rig:
            rig.broker.lose_answers = 1
            async with rig.venue.session() as facts:
                rig.broker.hidden = {1003}
                with pytest.raises(VenueUnreachableError):
                    await rig.venue.submit(spread())
                rig.take_times(quarantine=0.0)
                with pytest.raises(VenueUnreachableError):
                    await next_of(facts, Ended)
            async with rig.venue.session() as facts:
                await next_of(facts, Ended)
                rig.broker.hidden = set()
                await rig.broker.set(1003, "Live")
                await next_of(facts, Accepted)
                await until(lambda: rig.broker.orders[1003]["status"] == "Cancelled")
            assert "counted as lost" in rig.venue.status.message

    async def test_a_refusal_is_certain_and_listed(self) -> None:
        async with trading() as rig, rig.venue.session():
            reason = {"code": "margin_check_failed", "message": "too little buying power"}
            rig.broker.refusals = [httpx.Response(422, json=samples.error("preflight_check_failure", "no", reason))]
            answer = await rig.venue.submit(spread())
            assert isinstance(answer, Ended)
            assert answer.code == "preflight_check_failure"
            assert "too little buying power" in answer.reason
            (listed,) = await rig.venue.orders(ACCOUNT, SINCE)
            assert (listed.status, listed.reference) == (OrderStatus.REJECTED, "ref-1")

    async def test_after_a_token_that_was_not_accepted_it_is_searched_for_and_sent_again(self) -> None:
        async with trading() as rig, rig.venue.session():
            rig.broker.refusals = [httpx.Response(401, json=samples.error("token_invalid", "old"))]
            assert isinstance(await rig.venue.submit(spread()), Accepted)
            paths = [(item.method, item.url.path) for item in rig.broker.rest.requests]
            first = paths.index(("POST", ORDERS))
            assert ("GET", ORDERS) in paths[first:]
            assert posts(rig) == 2
            assert len(rig.broker.orders) == 1

    async def test_a_throttled_order_is_sent_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("mesolive.tastytrade_client.rate_limits.PENALTY_SECONDS", 0.01)
        async with trading() as rig, rig.venue.session():
            rig.broker.refusals = [httpx.Response(429)]
            assert isinstance(await rig.venue.submit(spread()), Accepted)

    async def test_an_order_whose_caller_gave_up_is_a_report(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            task = asyncio.create_task(rig.venue.submit(spread()))
            await asyncio.sleep(0)
            task.cancel()
            assert (await next_of(facts, Accepted)).reference == "ref-1"

    async def test_a_dry_run_that_fails_sends_nothing(self) -> None:
        async with trading(rules=VenueRules(dry_run=True)) as rig, rig.venue.session():
            refusal = samples.error("preflight_check_failure", "no", {"code": "margin_check_failed", "message": "poor"})
            rig.broker.rest.on("POST", f"{ORDERS}/dry-run", httpx.Response(422, json=refusal))
            answer = await rig.venue.submit(spread())
            assert isinstance(answer, Ended)
            assert "poor" in answer.reason
            assert posts(rig) == 0

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"limit_price": Decimal("-1.03")}, "multiple of the tick"),
            ({"order_type": OrderType.Market, "limit_price": None}, "live quotes"),
            ({"order_type": OrderType.Stop, "stop_price": Decimal(1), "limit_price": None}, "single options"),
            ({"order_type": OrderType.Market, "time_in_force": TimeInForce.Gtc}, "good till cancelled"),
            ({"qty": Decimal("0.5")}, "whole contracts"),
        ],
    )
    async def test_orders_that_the_broker_cannot_execute_are_refused_here(
        self, change: dict[str, object], reason: str
    ) -> None:
        async with trading() as rig, rig.venue.session():
            answer = await rig.venue.submit(replace(spread(), **change))
            assert isinstance(answer, Ended)
            assert reason in answer.reason
            assert posts(rig) == 0

    @pytest.mark.parametrize(
        "moment", ["2026-07-27T12:00:00+00:00", "2026-07-27T20:16:00+00:00", "2026-07-26T15:00:00+00:00"]
    )
    async def test_outside_of_the_session_only_orders_that_may_wait_are_sent(self, moment: str) -> None:
        for may_wait, expected in ((False, Ended), (True, Accepted)):
            async with trading() as rig, rig.venue.session():
                rig.clock._now = datetime.fromisoformat(moment)
                answer = await rig.venue.submit(replace(spread(), may_wait=may_wait))
                assert isinstance(answer, expected)
                if isinstance(answer, Ended):
                    assert "closed" in answer.reason


class TestFills:
    async def test_legs_that_are_filled_one_by_one_are_one_combo_with_the_fees_of_the_history(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            number = number_of(await rig.venue.submit(spread()))
            await rig.broker.fill(number, legs=1)
            assert (await rig.venue.orders(ACCOUNT, SINCE))[0].status is OrderStatus.WORKING
            rig.broker.orders[number]["legs"][0]["fills"] *= 2  # told twice
            rig.broker.orders[number]["legs"].reverse()
            await rig.broker.fill(number, legs=1)
            execution = await next_of(facts, Execution)
            assert (execution.execution_id, execution.qty) == (f"{number}:1", 1)
            assert {leg.name: (leg.qty, leg.price) for leg in execution.legs} == {
                "short": (Decimal(-1), Decimal("2.55")),
                "long": (Decimal(1), Decimal("1.50")),
            }
            assert {leg.commission for leg in execution.legs} == {Decimal("3.442")}
            assert list(await rig.venue.executions(ACCOUNT, SINCE)) == [execution]
            (listed,) = await rig.venue.orders(ACCOUNT, SINCE)
            assert (listed.status, listed.filled) == (OrderStatus.FILLED, 1)

    async def test_fills_missing_from_the_stream_are_read(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            number = number_of(await rig.venue.submit(spread()))
            await rig.broker.fill(number, legs=1)
            rig.broker.orders[number]["legs"].reverse()
            await rig.broker.fill(number, legs=1, tell=False)
            assert (await next_of(facts, Execution)).execution_id == f"{number}:1"

    async def test_fills_that_stay_away_are_an_alarm(self) -> None:
        async with trading() as rig, rig.venue.session():
            number = number_of(await rig.venue.submit(spread()))
            await rig.broker.fill(number, legs=1)
            await until(lambda: "fills of some legs are missing" in rig.venue.status.message)

    @pytest.mark.parametrize("is_told", [True, False])
    @pytest.mark.parametrize("status", ["Filled", "Cancelled"])
    async def test_a_fill_is_reported_when_its_price_is_known_and_counts_as_a_position_before(
        self, is_told: bool, status: str
    ) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            number = number_of(await rig.venue.submit(spread()))
            await rig.broker.fill(number, status="Live", tell=False)
            first = rig.broker.orders[number]["legs"][0]["fills"][0]
            price = first.pop("fill-price")
            await rig.broker.set(number, status)
            await until(lambda: "the prices of some legs are missing" in rig.venue.status.message)
            assert list(await rig.venue.executions(ACCOUNT, SINCE)) == []
            assert (await rig.venue.orders(ACCOUNT, SINCE))[0].status is OrderStatus.WORKING
            assert rig.venue.core.ledger(ACCOUNT).position(SHORT) == -1
            first["fill-price"] = price
            await rig.broker.set(number, status, tell=is_told)
            execution = await next_of(facts, Execution)
            assert {leg.name: leg.price for leg in execution.legs} == {
                "short": Decimal("2.55"),
                "long": Decimal("1.50"),
            }
            await until(lambda: rig.venue.status.message == "")

    async def test_an_older_frame_undoes_nothing(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            number = number_of(await rig.venue.submit(spread()))
            old = rig.broker.shown(number)
            await rig.broker.fill(number)
            await rig.broker.stream.tell("Order", old)
            await next_of(facts, Execution)
            (listed,) = await rig.venue.orders(ACCOUNT, SINCE)
            assert listed.status is OrderStatus.FILLED

    async def test_a_partial_fill_is_reported_after_a_pause_and_the_rest_later(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            number = number_of(await rig.venue.submit(spread(3)))
            await rig.broker.fill(number, status="Live")
            assert (await next_of(facts, Execution)).execution_id == f"{number}:1"
            await rig.broker.fill(number, quantity=2)
            reported = [(await next_of(facts, Execution)).execution_id for _ in range(2)]
            assert reported == [f"{number}:2", f"{number}:3"]

    async def test_without_fees_in_the_history_the_estimate_counts(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            number = number_of(await rig.venue.submit(spread()))
            rig.broker.rest.on("GET", f"/accounts/{ACCOUNT}/transactions", samples.items())
            rig.take_times(commission=0.05)
            await rig.broker.fill(number)
            execution = await next_of(facts, Execution)
            assert {leg.commission for leg in execution.legs} == {Decimal("1.72")}

    async def test_a_cancelled_order_with_one_leg_filled_is_a_broken_combo(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            number = number_of(await rig.venue.submit(spread()))
            await rig.broker.fill(number, legs=1, status="Cancelled")
            broken = await next_of(facts, Execution)
            assert (broken.reference, broken.execution_id) == (None, f"{number}:broken")
            assert [(leg.contract.symbol, leg.qty) for leg in broken.legs] == [("SPXW261218P05000000", Decimal(-1))]
            assert (await next_of(facts, Ended)).how is Ending.CANCELLED
            assert "without the others" in rig.venue.status.message

    async def test_reports_are_the_same_after_a_restart(self, tmp_path: Path) -> None:
        broker = FakeBroker()
        file = tmp_path / "orders.jsonl"
        async with trading(broker, journal=OrderJournal(file)) as rig, rig.venue.session() as facts:
            number = number_of(await rig.venue.submit(spread()))
            await broker.fill(number)
            reported = await next_of(facts, Execution)
        broker.stream = FakeAccountStream()
        async with trading(broker, journal=OrderJournal(file)) as rig, rig.venue.session():
            assert list(await rig.venue.executions(ACCOUNT, SINCE)) == [reported]
            assert isinstance(await rig.venue.submit(spread()), Accepted)
            assert posts(rig) == 1

    async def test_orders_by_hand_have_no_reference_and_legs_named_by_symbol(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            body = {
                "legs": [{"symbol": SHORT, "action": "Sell to Open", "quantity": 1}],
                "external-identifier": "lex:1",
            }
            number = rig.broker.make(body)
            await rig.broker.fill(number)
            execution = await next_of(facts, Execution)
            assert execution.reference is None
            assert [leg.name for leg in execution.legs] == ["SPXW261218P05000000"]


class TestClosing:
    async def test_legs_close_what_the_account_holds(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            await rig.broker.fill(number_of(await rig.venue.submit(spread())))
            await next_of(facts, Execution)
            await rig.venue.submit(spread(reference="ref-2", limit="1.10", closing=True))
            legs = last_body(rig)["legs"]
        assert [leg["action"] for leg in legs] == ["Buy to Close", "Sell to Close"]

    async def test_a_close_that_is_refused_waits_for_the_position_and_is_sent_once_more(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            await rig.broker.fill(number_of(await rig.venue.submit(spread())))
            await next_of(facts, Execution)
            held, rig.broker.positions = rig.broker.positions, {}
            refusal = samples.error("invalid_position_effect", "no position to close")
            rig.broker.refusals = [httpx.Response(422, json=refusal)]
            task = asyncio.create_task(rig.venue.submit(spread(reference="ref-2", limit="1.10", closing=True)))
            reads = rig.broker.rest.count("GET", f"/accounts/{ACCOUNT}/positions")
            await until(lambda: rig.broker.rest.count("GET", f"/accounts/{ACCOUNT}/positions") > reads)
            rig.broker.positions = held
            assert isinstance(await task, Accepted)
        assert posts(rig) == 3

    async def test_a_close_that_was_taken_as_an_opening_is_an_alarm(self) -> None:
        async with trading() as rig, rig.venue.session():
            body = samples.order(77, legs=[samples.leg(SHORT, "Buy to Close"), samples.leg(LONG, "Buy to Open")])
            rig.broker.rest.on("POST", ORDERS, httpx.Response(201, json=samples.placed(body)))
            await rig.venue.submit(spread())
            assert "was sent as Sell to Open and taken as Buy to Close" in rig.venue.status.message

    async def test_a_leg_that_would_close_and_open_is_refused_here(self) -> None:
        async with trading() as rig:
            rig.broker.positions = {SHORT: 1}
            async with rig.venue.session():
                answer = await rig.venue.submit(spread(2))
                assert isinstance(answer, Ended)
                assert "opens or closes" in answer.reason


class TestReplace:
    async def test_a_replacement_has_a_new_id_and_its_own_identifier(self) -> None:
        async with trading() as rig, rig.venue.session():
            old = number_of(await rig.venue.submit(spread()))
            answer = await rig.venue.replace("ref-1", Decimal(0), spread(limit="-1.00", reference="ref-2"))
            assert isinstance(answer, Accepted)
            assert int(answer.venue_id) != old
            body = body_of(next(item for item in rig.broker.rest.requests if item.method == "PUT"))
            assert (body["external-identifier"], body["price"]) == ("ref-2", "1.00")
            assert "legs" not in body
            listed = {item.reference: item.status for item in await rig.venue.orders(ACCOUNT, SINCE)}
        assert listed == {"ref-1": OrderStatus.REPLACED, "ref-2": OrderStatus.WORKING}

    async def test_a_replacement_whose_answer_was_lost_is_found_by_the_old_order(self) -> None:
        async with trading() as rig, rig.venue.session():
            rig.broker.echo = False
            await rig.venue.submit(spread())
            rig.broker.lose_answers = 1
            answer = await rig.venue.replace("ref-1", Decimal(0), spread(limit="-1.00", reference="ref-2"))
            assert isinstance(answer, Accepted)
            listed = {item.reference: item.status for item in await rig.venue.orders(ACCOUNT, SINCE)}
        assert listed == {"ref-1": OrderStatus.REPLACED, "ref-2": OrderStatus.WORKING}
        assert rig.broker.rest.count("PUT") == 1

    async def test_a_fill_of_the_old_order_aborts_the_replacement(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            old = number_of(await rig.venue.submit(spread()))
            path = f"{ORDERS}/{old}"

            def aborting(request: httpx.Request) -> httpx.Response:
                answer = rig.broker._replace(old, request)
                new = rig.broker.next_id
                rig.broker.orders[new] |= {"status": "Contingent", "contingent-status": "Pending Order"}
                shown = rig.broker._one(new)
                rig.broker.orders[new] |= {"status": "Cancelled", "updated-at": rig.broker.stamp()}
                rig.broker.orders[old] |= {"status": "Live", "edited": False}
                del rig.broker.orders[old]["replacing-order-id"]
                del answer
                return shown

            rig.broker.rest.on("PUT", path, aborting)
            task = asyncio.create_task(rig.venue.replace("ref-1", Decimal(0), spread(limit="-1.00", reference="ref-2")))
            await until(lambda: rig.broker.rest.count("PUT") == 1)
            await rig.broker.fill(old)
            answer = await task
            assert isinstance(answer, Ended)
            assert answer.reference == "ref-2"
            assert (await next_of(facts, Execution)).reference == "ref-1"

    async def test_quantities_cannot_change_and_fills_must_be_known(self) -> None:
        async with trading() as rig, rig.venue.session():
            number = number_of(await rig.venue.submit(spread(2)))
            for filled, qty, reason in ((0, 3, "keeps legs"), (1, 2, "are filled")):
                request = spread(qty, "-1.00", f"new-{qty}")
                answer = await rig.venue.replace("ref-1", Decimal(filled), request)
                assert isinstance(answer, Ended)
                assert reason in answer.reason
            assert rig.broker.orders[number]["status"] == "Live"
        assert rig.broker.rest.count("PUT") == 0


class TestCancel:
    async def test_a_cancel_ends_the_order(self) -> None:
        async with trading() as rig, rig.venue.session():
            await rig.venue.submit(spread())
            for _ in range(2):
                answer = await rig.venue.cancel(ACCOUNT, "ref-1", None)
                assert isinstance(answer, Ended)
                assert answer.how is Ending.CANCELLED

    async def test_a_fill_may_win_and_the_cancel_is_denied(self) -> None:
        async with trading() as rig, rig.venue.session():
            number = number_of(await rig.venue.submit(spread()))
            await rig.broker.fill(number, tell=False)
            answer = await rig.venue.cancel(ACCOUNT, "ref-1", None)
            assert isinstance(answer, CancelDenied)
            assert not answer.unknown

    async def test_an_unknown_order_is_reported_as_unknown(self) -> None:
        async with trading() as rig, rig.venue.session():
            answer = await rig.venue.cancel(ACCOUNT, "never", None)
            assert isinstance(answer, CancelDenied)
            assert answer.unknown

    async def test_an_order_that_is_searched_for_is_not_called_unknown(self) -> None:
        async with trading() as rig, rig.venue.session():
            rig.broker.lose_orders = 1
            with pytest.raises(VenueUnreachableError):
                await rig.venue.submit(spread())
            with pytest.raises(VenueUnreachableError, match="searched for"):
                await rig.venue.cancel(ACCOUNT, "ref-1", None)


class TestSessions:
    async def test_reports_of_a_lost_connection_are_listed(self) -> None:
        async with trading() as rig:
            async with rig.venue.session():
                number = number_of(await rig.venue.submit(spread()))
            await rig.broker.fill(number, tell=False)
            with pytest.raises(VenueUnreachableError):
                await rig.venue.executions(ACCOUNT, SINCE)
            rig.broker.stream.connected.clear()
            async with rig.venue.session():
                (execution,) = await rig.venue.executions(ACCOUNT, SINCE)
        assert execution.reference == "ref-1"

    async def test_a_notification_that_cannot_be_read_lets_the_orders_be_read(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            number = number_of(await rig.venue.submit(spread()))
            await rig.broker.fill(number, tell=False)
            await rig.broker.stream.send('{"type": "Order", "data": {"id": [1]}}')
            assert (await next_of(facts, Execution)).execution_id == f"{number}:1"

    async def test_a_lost_stream_ends_the_reports(self) -> None:
        async with trading() as rig, rig.venue.session() as facts:
            await rig.broker.stream.drop()
            with pytest.raises(VenueUnreachableError, match="1000"):
                await next_of(facts, Execution)
            with pytest.raises(VenueUnreachableError):
                await rig.venue.submit(spread())

    async def test_a_reader_that_falls_behind_loses_the_session_and_no_fill(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mesolive.connectors.tastytrade.venue.MAX_WAITING_REPORTS", 5)
        async with trading() as rig:
            async with rig.venue.session() as facts:
                number = number_of(await rig.venue.submit(spread(9)))
                await rig.broker.fill(number, quantity=9)
                await until(lambda: rig.venue.status.state is AgentStatus.Disconnected)
                for _ in range(5):
                    await anext(facts)
                with pytest.raises(VenueUnreachableError, match="5 reports were not read"):
                    await anext(facts)
            rig.broker.stream.connected.clear()
            async with rig.venue.session():
                listed = [item.execution_id for item in await rig.venue.executions(ACCOUNT, SINCE)]
        assert listed == [f"{number}:{place}" for place in range(1, 10)]

    async def test_settlements_are_reported_once_and_listed(self) -> None:
        async with trading() as rig, rig.venue.session():
            rig.broker.rows.append(
                samples.transaction(
                    9001,
                    transaction_type="Receive Deliver",
                    transaction_sub_type="Cash Settled Assignment",
                    action=None,
                    order_id=None,
                    quantity="1.0",
                    value="364.0",
                    value_effect="Debit",
                    net_value="369.0",
                    net_value_effect="Debit",
                    executed_at="2026-12-19T02:00:00.000+00:00",
                )
            )
            (fact,) = await rig.venue.settlements(ACCOUNT, SINCE)
            assert (fact.fact_id, fact.qty) == ("9001", -1)
            assert await rig.venue.settlements(ACCOUNT, fact.at + timedelta(seconds=1)) == []
