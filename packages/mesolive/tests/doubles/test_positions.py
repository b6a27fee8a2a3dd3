"""Expirations, deliveries, trades by hand and liquidations at the double of TWS, and what survives its restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.records import Account, Position
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive_testkit.tws import TwsClient, TwsKit, bag, ib, limit, running_double

ACCOUNT = "DU1234567"
STEP = timedelta(minutes=15)
HOUR = 3600.0


def hold(kit: TwsKit, instrument: Instrument, quantity: int) -> None:
    """Give the account a position."""
    kit.double.gateway.instrument(instrument.con_id)
    account = kit.double.state.accounts[ACCOUNT]
    account.positions[instrument.con_id] = Position(instrument.con_id, Decimal(quantity), Decimal(100))


async def positions(client: TwsClient) -> dict[int, float]:
    """Return what a complete list of positions says."""
    client.mark()
    client.api.cancelPositions()
    client.api.reqPositions()
    await client.get("positionEnd")
    return {call[1].conId: call[2] for call in client.named("position")}


def only(kit: TwsKit, instrument: Instrument) -> Any:
    return ib.Contract(conId=instrument.con_id, exchange="SMART")


async def test_a_position_in_cash_expires_overnight_without_a_message_of_its_own() -> None:
    async with running_double(step=STEP) as kit:
        client = await kit.client()
        option = kit.option(0.98, days=0)
        hold(kit, option, 2)
        cash = kit.double.state.accounts[ACCOUNT].cash
        assert await positions(client) == {option.con_id: 2.0}
        client.mark()
        await kit.advance(12 * HOUR)
        await client.settle()
        assert not client.named("position")
        assert await positions(client) == {option.con_id: 2.0}
        client.mark()
        await kit.advance(6 * HOUR)
        await client.settle()
        assert [(call[1].conId, call[2]) for call in client.named("position")] == [(option.con_id, 0.0)]
        assert not client.named("execDetails")
        assert await positions(client) == {}
        (settled,) = kit.double.truth.of("settlement")
        assert option.option is not None
        value = Decimal(str(settled["value"]))
        assert value == Decimal(str(settled["settlement_price"])) - option.strike > 0
        assert kit.double.state.accounts[ACCOUNT].cash == cash + value * 200


async def test_an_am_settled_option_settles_at_the_opening_of_its_friday() -> None:
    start = datetime(2026, 12, 17, 15, 0, tzinfo=UTC)
    async with running_double(start=start, step=STEP) as kit:
        option = _am_option(kit)
        assert option.last_trade == start.date()
        hold(kit, option, 1)
        await kit.advance(48 * HOUR)
        (settled,) = kit.double.truth.of("settlement")
        day = kit.double.gateway.markets.book("SPX").history.of_day(datetime(2026, 12, 18, tzinfo=UTC).date())
        assert day is not None
        assert settled["settlement_price"] == f"{day.open}"


def _am_option(kit: TwsKit) -> Instrument:
    listed = kit.instruments("SPX", trading_class="SPX", right="C", sec_type="OPT")
    return next(row for row in listed if row.strike < 4950)


@pytest.mark.slow
async def test_shares_are_delivered_for_options_in_the_money_and_not_for_the_others() -> None:
    async with running_double(symbols=("SPY",), step=STEP) as kit:
        client = await kit.client()
        near, far = kit.option(0.97, root="SPY", days=0), kit.option(1.03, root="SPY", days=0)
        hold(kit, near, -2)
        hold(kit, far, 1)
        cash = kit.double.state.accounts[ACCOUNT].cash
        await kit.advance(18 * HOUR)
        assert await positions(client) == {756733: -200.0}
        assert kit.double.state.accounts[ACCOUNT].cash == cash + 200 * near.strike
        assert len(kit.double.truth.of("settlement")) == 2
        assert len(kit.double.truth.of("delivery")) == 1


async def test_expired_positions_linger_and_rows_of_zero_are_listed() -> None:
    async with running_double(step=STEP) as kit:
        client = await kit.client()
        option = kit.option(1.02, days=0)
        hold(kit, option, 2)
        kit.double.faults.switch_on("positions_linger")
        kit.double.faults.switch_on("zero_rows")
        await kit.advance(18 * HOUR)
        assert await positions(client) == {option.con_id: 2.0}
        kit.double.faults.switch_off("positions_linger")
        await kit.advance(HOUR)
        assert await positions(client) == {option.con_id: 0.0}


async def test_an_expiration_comes_with_executions_of_no_order() -> None:
    async with running_double(step=STEP) as kit:
        client = await kit.client()
        option = kit.option(1.02, days=0)
        hold(kit, option, 2)
        kit.double.faults.switch_on("expiry_executions")
        await kit.advance(18 * HOUR)
        client.api.reqExecutions(3, ib.ExecutionFilter())
        await client.get("execDetailsEnd")
        ((_, contract, execution),) = client.named("execDetails")
        assert (contract.conId, execution.side, execution.shares, execution.price) == (option.con_id, "SLD", 2.0, 0.0)
        assert (execution.permId, execution.orderRef) == (0, "")


async def test_options_of_american_style_are_assigned_early() -> None:
    async with running_double(symbols=("SPY",)) as kit:
        client = await kit.client()
        option = kit.option(0.97, root="SPY", days=18)
        hold(kit, option, -3)
        account: Account = kit.double.state.accounts[ACCOUNT]
        kit.double.expirations.assign(account, option, Decimal(-2))
        assert await positions(client) == {option.con_id: -1.0, 756733: -200.0}
        with pytest.raises(ValueError, match="holds -1"):
            kit.double.expirations.assign(account, option, Decimal(-2))


async def test_a_liquidation_is_an_execution_without_order_and_reference() -> None:
    async with running_double(DoubleSettings(master_client=10)) as kit:
        client = await kit.client(10)
        option = kit.option(1.01)
        hold(kit, option, -2)
        kit.double.liquidate(ACCOUNT, option.con_id)
        _, contract, execution = await client.get("execDetails")
        assert (contract.conId, execution.side, execution.shares) == (option.con_id, "BOT", 2.0)
        assert (execution.liquidation, execution.orderRef, execution.permId) == (1, "", 0)
        assert execution.orderId in {0, 2147483647}
        assert await positions(client) == {}


async def test_an_execution_is_corrected_under_the_next_number() -> None:
    async with running_double() as kit:
        client = await kit.client()
        option = kit.option(1.01)
        client.place(only(kit, option), limit(1, 200.0))
        first = (await client.get("execDetails"))[2]
        cash = kit.double.state.accounts[ACCOUNT].cash
        kit.double.correct(first.execId, Decimal(str(first.price)) - Decimal("0.10"))
        second = (await client.get("execDetails", number=2))[2]
        assert second.execId == first.execId.removesuffix("01") + "02"
        assert second.price == pytest.approx(first.price - 0.10)
        assert second.permId == first.permId
        assert kit.double.state.accounts[ACCOUNT].cash == cash + 10


async def test_orders_executions_and_positions_survive_a_kill_and_the_truth_with_them(tmp_path: Path) -> None:
    settings = DoubleSettings(state_path=tmp_path / "state.json", truth_path=tmp_path / "truth.jsonl")
    async with running_double(settings) as kit:
        client = await kit.client()
        legs = bag([(kit.option(1.01), 1), (kit.option(1.03), -1)])
        client.place(legs, limit(1, 60.0, "filled"))
        resting = client.place(legs, limit(1, 0.05, "resting", tif="GTC"))
        await client.settle()
        reported = [call[2].execId for call in client.named("execDetails")]
        held = dict(kit.double.state.accounts[ACCOUNT].positions)
        entries = list(kit.double.truth.entries)
    with (tmp_path / "truth.jsonl").open("ab") as file:
        # What a kill has left behind the state: an entry that was undone, and half of another.
        file.write(b'{"seq":98,"kind":"fill"}\n{"seq":99,"ki')
    async with running_double(settings) as kit:
        client = await kit.client()
        assert client.named("nextValidId") == [(resting + 1,)]
        client.api.reqExecutions(1, ib.ExecutionFilter())
        client.api.reqOpenOrders()
        await client.get("openOrderEnd")
        assert [call[2].execId for call in client.named("execDetails")] == reported
        assert [call[2].orderRef for call in client.named("openOrder")] == ["resting"]
        assert kit.double.state.accounts[ACCOUNT].positions == held
        assert kit.double.truth.entries == entries
        client.place(legs, limit(1, 60.0, "after"))
        await client.get("orderStatus", lambda call: call[1] == "Filled")
        new = [call[2].execId for call in client.named("execDetails") if call[0] == -1]
        assert not set(new) & set(reported)
