"""Faults of the double of TWS on the socket and at the login: each switch does what it says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mesolive.doubles.fault_switches import FaultError
from mesolive.doubles.tws.faults import FAULTS, Faults
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive_testkit.paths import ROOT
from mesolive_testkit.tws import TwsClient, TwsKit, bag, ib, limit, running_double


async def order_filled(kit: TwsKit, client: TwsClient, price: float = 60.0, **fields: Any) -> int:
    """Place a combo that is filled at once; return its id once all of it was told."""
    order_id = client.place(bag([(kit.option(1.01), 1), (kit.option(1.03), -1)]), limit(1, price, **fields))
    await client.settle()
    return order_id


def test_every_fault_has_a_test_that_names_it() -> None:
    tests = ROOT / "packages" / "mesolive" / "tests" / "doubles"
    text = "".join(path.read_text(encoding="utf-8") for path in tests.glob("test_*.py"))
    assert [name for name in FAULTS if f'"{name}"' not in text] == []


def test_a_fault_that_does_not_exist_is_refused_with_the_names_of_those_that_do() -> None:
    faults = Faults()
    with pytest.raises(FaultError, match="order_swallowed"):
        faults.switch_on("order_eaten")
    with pytest.raises(FaultError, match="no argument 'colour'"):
        faults.switch_on("torn_frames", colour="red")
    with pytest.raises(FaultError, match="between 0 and 1"):
        faults.switch_on("torn_frames", probability=1.5)


def test_a_fault_strikes_as_often_as_set_and_alike_with_the_same_seed() -> None:
    faults = Faults(seed=3)
    faults.switch_on("order_swallowed", times=2, skip=1)
    assert [faults.strike("order_swallowed") is not None for _ in range(5)] == [False, True, True, False, False]
    runs: list[list[bool]] = []
    for _ in range(2):
        again = Faults(seed=3)
        again.switch_on("cancel_unanswered", probability=0.5)
        runs.append([again.strike("cancel_unanswered") is not None for _ in range(40)])
    assert runs[0] == runs[1]
    assert 5 < sum(runs[0]) < 35


def test_a_fault_for_one_client_or_message_leaves_the_others_alone() -> None:
    faults = Faults()
    faults.switch_on("lost_messages", message="execDetails", client=10)
    assert faults.strike("lost_messages", client=11, message="execDetails") is None
    assert faults.strike("lost_messages", client=10, message="openOrder") is None
    assert faults.strike("lost_messages", client=10, message="execDetails") is not None


@pytest.mark.parametrize(("fault", "arguments"), [("torn_frames", {"bytes": 3}), ("glued_frames", {"frames": 6})])
async def test_torn_and_glued_frames_lose_nothing(fault: str, arguments: dict[str, int]) -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on(fault, **arguments)
        client.place(bag([(kit.option(1.01), 1), (kit.option(1.03), -1)]), limit(1, 60.0))
        for _ in range(8):
            await kit.advance()
            await asyncio.sleep(0)
        await client.get("orderStatus", lambda call: call[1] == "Filled")
        assert len(client.named("execDetails")) == 3


async def test_a_half_open_socket_reads_and_never_answers() -> None:
    async with running_double() as kit:
        client, other = await kit.client(10), await kit.client(11)
        kit.double.faults.switch_on("half_open", client=10)
        client.mark()
        client.place(bag([(kit.option(1.01), 1), (kit.option(1.03), -1)]), limit(1, 60.0, "silent"))
        while not kit.double.truth.of("fill"):
            await other.settle()
        assert not client.calls
        assert client.api.isConnected()


async def test_messages_of_one_kind_are_delayed_and_overtaken() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("delayed_messages", message="openOrder", seconds=2)
        await order_filled(kit, client)
        assert client.named("execDetails")
        assert not client.named("openOrder")
        await kit.timer.advance(2.0)
        await client.settle()
        assert len(client.named("openOrder")) == 3


async def test_messages_are_doubled_and_lost() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("doubled_messages", message="orderStatus")
        kit.double.faults.switch_on("lost_messages", message="commissionReport")
        await order_filled(kit, client)
        assert len(client.named("orderStatus")) == 6
        assert not client.named("commissionReport")


@pytest.mark.parametrize(
    ("fault", "message"),
    [("malformed_messages", "openOrder"), ("malformed_messages", "error"), ("garbled_messages", "execDetails")],
)
async def test_a_message_that_cannot_be_read_is_an_error_of_the_librarys_decoder(fault: str, message: str) -> None:
    async with running_double() as kit:
        client = await kit.client()
        client.expects_broken = True
        kit.double.faults.switch_on(fault, message=message, times=1)
        if message == "error":
            client.api.cancelOrder(4711)
        await order_filled(kit, client)
        assert len(client.broken) == 1


async def test_a_silent_login_sends_no_message_and_keeps_the_socket_open() -> None:
    async with running_double() as kit:
        kit.double.faults.switch_on("silent_login", times=1)
        client = await kit.client(10, ready=False)
        await kit.until(lambda: 10 in kit.double.gateway.clients)
        other = await kit.client(11)
        await other.settle()
        assert not client.calls
        assert client.api.isConnected()


async def test_the_socket_is_closed_at_a_closed_login() -> None:
    async with running_double() as kit:
        kit.double.faults.switch_on("closed_login", times=1)
        client = await kit.client(10, ready=False)
        errors: list[str] = []
        client.api.apiError += errors.append
        await kit.until(lambda: bool(errors))
        assert "already in use" in errors[0]


async def test_a_client_id_stays_in_use_for_a_while_after_its_socket_was_lost() -> None:
    async with running_double() as kit:
        kit.double.faults.switch_on("client_id_lingers", seconds=90, times=1)
        client = await kit.client(10)
        kit.double.cut(10)
        await client.get("connectionClosed")
        second = await kit.client(10, ready=False)
        await second.error(326)
        await kit.timer.advance(91)
        third = await kit.client(10)
        await third.settle()


async def test_a_read_only_api_answers_orders_and_lists_with_321_and_still_sends_positions() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("read_only")
        order_id = client.place(bag([(kit.option(1.01), 1), (kit.option(1.03), -1)]), limit(1, 60.0))
        assert (await client.error(321))[0] == order_id
        client.api.reqOpenOrders()
        client.api.cancelOrder(5)
        client.api.reqGlobalCancel()
        await client.error(321, 4)
        assert "Read-Only" in (await client.error(321))[2]
        client.api.reqPositions()
        await client.get("positionEnd")
        assert not kit.double.state.orders


async def test_texts_are_not_english_and_farms_keep_their_names() -> None:
    async with running_double() as kit:
        kit.double.faults.switch_on("foreign_texts")
        client = await kit.client()
        client.api.cancelOrder(4711)
        _, _, text, _ = await client.error(10147)
        assert "not found" not in text
        assert (await client.error(2106))[2].endswith(":ushmds")


async def test_times_of_executions_carry_a_zone_that_the_library_cannot_read() -> None:
    async with running_double() as kit:
        client = await kit.client()
        client.expects_broken = True
        kit.double.faults.switch_on("unknown_zone")
        await order_filled(kit, client)
        assert len(client.broken) == 3
        assert all("Central European Standard Time" in text for text in client.broken)


async def test_order_ids_roll_back_and_an_id_is_used_twice() -> None:
    async with running_double() as kit:
        client = await kit.client(10)
        first = await order_filled(kit, client, ref="before")
        kit.double.cut(10)
        await client.get("connectionClosed")
        kit.double.faults.switch_on("order_ids_roll_back", count=1, times=1)
        again = await kit.client(10)
        assert again.named("nextValidId") == [(first,)]
        assert await order_filled(kit, again, ref="after") == first
        refs = [order.order_ref for order in kit.double.state.orders if order.order_id == first]
        assert refs == ["before", "after"]


async def test_two_accounts_and_an_advisor_are_sent_at_the_login() -> None:
    async with running_double(DoubleSettings(accounts=("DF111", "DU222"), advisor=True)) as kit:
        client = await kit.client()
        assert client.named("managedAccounts") == [("DF111,DU222,",)]
        client.place(bag([(kit.option(1.01), 1), (kit.option(1.03), -1)]), limit(1, 60.0))
        await client.error(436)


async def test_details_of_a_contract_are_read_whatever_was_torn() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("torn_frames", bytes=1, times=1)
        client.api.reqContractDetails(4, ib.Contract(conId=kit.option().con_id))
        assert await client.get("contractDetailsEnd") == (4,)


@pytest.mark.parametrize("fault", ["zone_left_out", "times_in_utc"])
async def test_times_of_executions_without_a_zone_are_read_by_the_library_as_local_ones(fault: str) -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on(fault)
        await order_filled(kit, client)
        hours = {call[2].time.hour for call in client.named("execDetails")}
        assert hours == ({10} if fault == "zone_left_out" else {15})
