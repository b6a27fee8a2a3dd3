"""The session with TWS at its double: answers, errors, outages, pacing, and messages that cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mesolive.clock import ManualClock
from mesolive.connectors.ibkr.pacing import NotSentError, PacedQueue, Priority
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.connectors.ibkr.session_errors import (
    RequestRefusedError,
    RequestTimeoutError,
    SessionLostError,
    UnreadableAnswerError,
)
from mesolive.connectors.ibkr.tws_decoder import execution_time
from mesolive.connectors.ibkr.tws_messages import Contract, OrderTicket
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive_testkit.ibkr import happens, session_at, turns, until
from mesolive_testkit.tws import running_double

SPX = Contract(symbol="SPX", sec_type="IND", exchange="CBOE", currency="USD")


class Ticks:
    """Keeps what a line tells."""

    def __init__(self) -> None:
        self.prices: list[tuple[int, float]] = []
        self.errors: list[int] = []
        self.types: list[int] = []
        self.lost = False

    def tick_price(self, tick_type: int, price: float, size: float) -> None:
        del size
        self.prices.append((tick_type, price))

    def tick_size(self, tick_type: int, size: float) -> None: ...
    def tick_computation(self, tick_type: int, values: Sequence[float]) -> None: ...
    def tick_generic(self, tick_type: int, value: float) -> None: ...
    def tick_string(self, tick_type: int, value: str) -> None: ...
    def snapshot_ended(self) -> None: ...

    def data_type(self, data_type: int) -> None:
        self.types.append(data_type)

    def line_error(self, code: int, text: str) -> None:
        del text
        self.errors.append(code)

    def line_lost(self) -> None:
        self.lost = True


async def test_requests_are_answered_with_typed_rows() -> None:
    async with running_double() as kit, session_at(kit) as session:
        assert session.accounts == ("DU1234567",)
        (index,) = await session.contract_details(SPX)
        assert index.contract.con_id == 416904
        chains = await session.option_parameters("SPX", "", "IND", 416904)
        assert {row.trading_class for row in chains} == {"SPX", "SPXW"}
        option = kit.option()
        (details,) = await session.contract_details(Contract(con_id=option.con_id, exchange="SMART"))
        assert details.contract.strike == option.strike
        rule = await session.market_rule(details.market_rule_ids[0])
        assert rule.steps == ((Decimal(0), Decimal("0.05")), (Decimal(3), Decimal("0.1")))
        assert await session.positions() == []
        assert await session.open_orders() == []
        assert await session.completed_orders() == []
        assert await session.executions() == []
        values = {row.tag: row.value for row in await session.account_summary(["NetLiquidation", "BuyingPower"])}
        assert Decimal(values["NetLiquidation"]) == 1_000_000


async def test_an_error_ends_its_request_and_no_other() -> None:
    async with running_double() as kit, session_at(kit) as session:
        good = asyncio.ensure_future(session.contract_details(SPX))
        with pytest.raises(RequestRefusedError) as refused:
            await session.contract_details(Contract(con_id=1, exchange="SMART"))
        assert refused.value.code == 200
        assert len(await good) == 1


async def test_a_request_without_an_answer_ends_at_its_time_limit() -> None:
    async with running_double() as kit, session_at(kit) as session:
        kit.double.faults.switch_on("details_unanswered", times=1)
        asked = asyncio.ensure_future(session.contract_details(SPX, seconds=60))
        await session.current_time()
        await kit.timer.advance(61)
        with pytest.raises(RequestTimeoutError):
            await asked
        assert len(await session.contract_details(SPX)) == 1


async def test_a_lost_socket_fails_requests_and_lines_and_the_same_session_connects_again() -> None:
    async with running_double() as kit, session_at(kit) as session:
        kit.double.faults.switch_on("details_unanswered", times=1)
        ticks = Ticks()
        session.open_line(Contract(con_id=kit.option().con_id, exchange="SMART"), ticks)
        asked = asyncio.ensure_future(session.contract_details(SPX))
        await session.current_time()
        kit.double.cut_all()
        with pytest.raises(SessionLostError):
            await asked
        assert ticks.lost
        assert not session.state.connected
        with pytest.raises(SessionLostError):
            await session.contract_details(SPX)
        await session.connect()
        assert len(await session.contract_details(SPX)) == 1


async def test_a_half_open_socket_is_found_by_the_heartbeat() -> None:
    async with running_double() as kit, session_at(kit) as session:
        await session.current_time()
        kit.double.faults.switch_on("half_open")
        await kit.timer.advance(13)
        await kit.timer.advance(6)
        await until(session, lambda: not session.state.connected)
        assert session.state.loss == "TWS does not answer"


async def test_ticks_go_to_the_sink_of_their_line_until_it_is_closed() -> None:
    async with running_double() as kit, session_at(kit) as session:
        session.set_market_data_type(1)
        ticks, wrong = Ticks(), Ticks()
        line = session.open_line(Contract(con_id=kit.option().con_id, exchange="SMART"), ticks)
        session.open_line(Contract(con_id=1, exchange="SMART"), wrong)
        await turns(lambda: len(ticks.prices) >= 2 and bool(wrong.errors))
        assert ticks.types == [1]
        assert {1, 2} <= {tick_type for tick_type, _ in ticks.prices}
        assert wrong.errors == [200]
        line.close()
        await session.current_time()
        count = len(ticks.prices)
        await kit.advance(5)
        await session.current_time()
        assert len(ticks.prices) == count


async def test_while_ibs_servers_are_lost_no_order_is_written() -> None:
    async with running_double() as kit, session_at(kit) as session:
        happens(kit, "lose_link")
        await until(session, lambda: not session.state.link)
        ticket = OrderTicket(
            action="BUY",
            quantity=Decimal(1),
            order_type="LMT",
            time_in_force="DAY",
            account="DU1234567",
            order_ref="never",
            limit_price=Decimal("1.05"),
        )
        with pytest.raises(NotSentError):
            await session.place_order(session.next_id(), Contract(con_id=kit.option().con_id), ticket)
        happens(kit, "restore_link")
        await until(session, lambda: session.state.link)
        await session.current_time()
        assert kit.double.truth.of("order_received") == []
        assert session.state.restores == 1


async def test_a_client_id_that_is_in_use_is_named() -> None:
    async with running_double() as kit, session_at(kit):
        second = TwsSession(
            "orders", "127.0.0.1", kit.double.port, 11, clock=kit.clock, timer=kit.timer, messages_per_second=0
        )
        with pytest.raises(SessionLostError, match="client id 11 is in use"):
            await second.connect(2)


async def test_a_login_that_tws_closes_is_a_lost_session_and_the_next_attempt_connects() -> None:
    async with running_double() as kit:
        kit.double.faults.switch_on("closed_login", times=1)
        session = TwsSession(
            "orders", "127.0.0.1", kit.double.port, 11, clock=kit.clock, timer=kit.timer, messages_per_second=0
        )
        with pytest.raises(SessionLostError):
            await session.connect(0.3)
        assert not session.state.connected
        await session.connect(2)
        assert session.state.connected
        session.disconnect()


async def test_a_broken_farm_is_in_the_state_until_it_is_mended_and_an_inactive_one_is_not() -> None:
    async with running_double() as kit:
        kit.double.faults.switch_on("farm_inactive")
        async with session_at(kit) as session:
            await session.current_time()
            assert not session.state.farms
    async with running_double() as kit, session_at(kit) as session:
        happens(kit, "break_farm", farm="usopt")
        await until(session, lambda: session.state.data_farms_broken == ("usopt",))
        happens(kit, "mend_farm", farm="usopt")
        await until(session, lambda: not session.state.farms)


async def test_a_list_with_a_row_that_cannot_be_read_is_no_answer() -> None:
    async with running_double() as kit, session_at(kit) as session:
        option = kit.option()
        kit.double.state.accounts["DU1234567"].position(option.con_id).quantity = Decimal(2)
        assert [row.quantity for row in await session.positions()] == [2]
        kit.double.faults.switch_on("malformed_messages", message="position", times=1)
        with pytest.raises(UnreadableAnswerError):
            await session.positions()
        assert session.unreadable_messages == 1
        assert [row.quantity for row in await session.positions()] == [2]


async def test_a_read_only_api_refuses_the_list_of_orders_at_once() -> None:
    async with running_double() as kit, session_at(kit) as session:
        kit.double.faults.switch_on("read_only")
        with pytest.raises(RequestRefusedError) as refused:
            await session.open_orders()
        assert refused.value.code == 321


async def test_frames_that_are_torn_and_an_old_server_version_are_read() -> None:
    async with running_double(DoubleSettings(server_version=157)) as kit:
        kit.double.faults.switch_on("torn_frames", bytes=7)
        async with session_at(kit) as session:
            (index,) = await session.contract_details(SPX)
            assert index.contract.con_id == 416904


class TestPacing:
    async def test_orders_go_before_hundreds_of_requests_for_data_that_wait(self) -> None:
        timer = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
        queue = PacedQueue(timer, 45)
        written: list[str] = []
        for number in range(200):
            queue.post(lambda number=number: written.append(f"data {number}"), Priority.BULK)
        assert len(written) == 40
        await queue.post(lambda: written.append("order"), Priority.ORDER)
        assert written[-1] == "order"
        await timer.advance(1)
        assert len(written) <= 41 + 45
        for _ in range(6):
            await timer.advance(1)
        assert len(written) == 201

    async def test_no_second_has_more_messages_than_the_limit(self) -> None:
        timer = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
        queue = PacedQueue(timer, 45)
        times: list[datetime] = []
        for number in range(300):
            queue.post(lambda: times.append(timer.now()), Priority.ORDER if number % 3 else Priority.LINE)
        for _ in range(100):
            await timer.advance(0.1)
        assert len(times) == 300
        for start in times:
            assert sum(1 for time in times if 0 <= (time - start).total_seconds() < 1) <= 45

    async def test_what_waits_when_the_connection_is_lost_was_certainly_not_sent(self) -> None:
        timer = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
        queue = PacedQueue(timer, 6)
        written: list[int] = []
        posted = [queue.post(lambda number=number: written.append(number), Priority.ORDER) for number in range(8)]
        queue.drop_all("the connection is lost")
        assert written == [0, 1, 2, 3, 4, 5]
        for future in posted[6:]:
            with pytest.raises(NotSentError):
                await future


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261130 09:30:01 US/Eastern", datetime(2026, 11, 30, 14, 30, 1, tzinfo=UTC)),
        ("20261130  09:30:01", datetime(2026, 11, 30, 14, 30, 1, tzinfo=UTC)),
        ("20261130-14:30:01", datetime(2026, 11, 30, 14, 30, 1, tzinfo=UTC)),
        ("20261130 09:30:01 Central European Standard Time", None),
        ("20261130 09:30:01 GMT+8", None),
    ],
)
def test_times_of_executions_are_read_in_every_form(text: str, expected: datetime | None) -> None:
    assert execution_time(text, "America/New_York") == expected
