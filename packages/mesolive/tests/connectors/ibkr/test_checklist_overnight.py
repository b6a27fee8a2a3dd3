"""The checklist of `mesolive connector verify ibkr` over a night: what is left, and what the next day says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mesolive.clock import MonotonicClock
from mesolive.connectors.ibkr import IBKR
from mesolive.connectors.ibkr.settings import IbkrSettings
from mesolive.connectors.protocol import ConnectorError, ConnectorRequest
from mesolive.connectors.verification import OvernightChecklist, StepOutcome, overnight_state_in, report
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.market.calendar import us_options_calendar
from mesolive_testkit.ibkr import happens
from mesolive_testkit.ibkr_walk import Walk
from mesolive_testkit.tws import TwsKit, ib, limit, running_double

pytestmark = pytest.mark.slow  # a walk at a double, and a night of its market: seconds

QUIET = DoubleSettings(messages_per_second=0)
PASSED, FAILED, SKIPPED = StepOutcome.PASSED, StepOutcome.FAILED, StepOutcome.SKIPPED
EVENING = datetime(2026, 11, 30, 20, 30, tzinfo=UTC)
"""Half past three in New York, on a Monday."""
MORNING = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
"""Three o'clock in New York: what has expired is gone since half past two."""
LARGE_STEP = timedelta(minutes=10)
"""Of the market, where nothing is to be filled: a night of seconds is priced at each."""
ACCOUNT = "DU1234567"


async def night(kit: TwsKit) -> None:
    """Let the night pass, and TWS restart."""
    await kit.clock.advance((MORNING - kit.clock.now()).total_seconds())
    happens(kit, "restart", seconds=1)
    await kit.timer.advance(5)
    await kit.until(lambda: kit.double.port > 0)


async def resumed(kit: TwsKit, folder: Path, overnight: Any) -> Walk:
    """Walk what an earlier walk has left."""
    walk = Walk(kit, folder, resumed=overnight)
    await walk.run()
    return walk


def held(kit: TwsKit, moneyness: float, root: str = "SPXW") -> Instrument:
    """Hold a call that expires today."""
    option = kit.option(moneyness, root=root, days=0)
    happens(kit, "execution_by_hand", account=ACCOUNT, con_id=option.con_id, quantity=1, price=1)
    return option


def utc_text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def left(kit: TwsKit, *options: Instrument, order: bool = False) -> dict[str, Any]:
    """Return what a walk might have left that held some options, and had an order."""
    settles_at = [option.settles_at for option in options]
    return {
        "At": utc_text(kit.clock.now()),
        "Order": {"PermId": 5, "OrderId": 7, "OrderRef": "left"} if order else None,
        "Options": [
            {"ConId": option.con_id, "Symbol": option.local_symbol, "Quantity": "1", "SettlesAt": utc_text(at)}
            for option, at in zip(options, settles_at, strict=True)
            if at is not None
        ],
        "Positions": {str(option.con_id): "1" for option in options},
        "Executions": [],
        "Ended": [],
        "Cash": "1000000",
    }


async def test_the_day_after_the_order_is_cancelled_and_each_expiration_described(tmp_path: Path) -> None:
    async with running_double(QUIET, start=EVENING, step=timedelta(seconds=5)) as kit:
        first = Walk(kit, tmp_path, overnight=True)
        await first.run()
        assert [f"{step.title}: {step.detail}" for step in first.steps if step.outcome is not PASSED] == []
        written = report("ibkr", "0.1.0", first.steps, first.messages, overnight_state=first.overnight_state)
        assert ACCOUNT not in written
        overnight = overnight_state_in(written)
        assert overnight is not None
        assert [item["Symbol"][:4] for item in overnight["Options"]] == ["SPXW", "SPXW"], "a call and a put"
        before = kit.double.gateway.account(ACCOUNT).cash
        await night(kit)
        second = await resumed(kit, tmp_path, overnight)
        assert [f"{step.title}: {step.detail}" for step in second.steps if step.outcome is not PASSED] == []
        assert second.overnight_state is None
        assert second.of("which executions of").detail.startswith(f"0 of {len(overnight['Executions'])} executions")
        assert "its order id is the same" in second.of("listed after the night").detail
        after = kit.double.gateway.account(ACCOUNT).cash
        assert after > before, "one of both was in the money"
        for option in overnight["Options"]:
            detail = second.of(f"the expiration of {option['Symbol']} leaves").detail
            assert detail.startswith("the position is gone; executions of it or of no order: none; other positions: as")
            assert detail.endswith(f"-> {after:.2f}")
        assert all(order.status.ended for order in kit.double.state.orders)
        whole = report(
            "ibkr", "0.1.0", second.steps, second.messages, overnight_state=second.overnight_state, earlier=written
        )
        assert overnight_state_in(whole) is None, "what was left is looked at once"
        assert first.steps[0].title in whole
        assert first.messages[0] in whole
        assert "orders >>> 61|" in whole.partition("\n---\n")[0], "positions were asked for the day after"


async def test_the_bought_option_is_in_the_report_although_the_walk_ends_early(tmp_path: Path) -> None:
    async with running_double(QUIET, start=EVENING) as kit:
        walk = Walk(kit, tmp_path, overnight=True, until="is bought and kept")
        await walk.run()
        assert walk.overnight_state is not None
        (option,) = walk.overnight_state["Options"]
        assert walk.overnight_state["Order"] is None
        assert kit.double.gateway.account(ACCOUNT).position(option["ConId"]).quantity == 1


async def test_on_the_same_day_every_step_waits_and_the_overnight_state_remains(tmp_path: Path) -> None:
    async with running_double(QUIET, start=EVENING, step=LARGE_STEP) as kit:
        overnight = left(kit, held(kit, 0.98), order=True)
        await kit.advance(3600)
        walk = await resumed(kit, tmp_path, overnight)
        assert {step.outcome for step in walk.steps[3:]} == {SKIPPED}
        assert all("resume again later" in step.detail for step in walk.steps[3:])
        assert walk.overnight_state == overnight


async def test_an_order_that_the_night_has_taken_fails_its_step_and_is_not_waited_for(tmp_path: Path) -> None:
    async with running_double(QUIET, start=EVENING, step=LARGE_STEP) as kit:
        overnight = left(kit, order=True)
        await night(kit)
        walk = await resumed(kit, tmp_path, overnight)
        step = walk.of("listed after the night")
        assert (step.outcome, step.detail) == (FAILED, "order 5 is in no list")
        assert walk.overnight_state is None


async def test_an_order_that_cannot_be_cancelled_is_left_for_another_day(tmp_path: Path) -> None:
    async with running_double(QUIET, start=EVENING, step=LARGE_STEP) as kit:
        client = await kit.client(10)
        order_id = client.place(
            ib.Contract(conId=kit.option().con_id, exchange="SMART"), limit(1, 0.05, "left", tif="GTC")
        )
        perm_id = (await client.get("orderStatus", lambda call: call[1] == "Submitted"))[5]
        overnight = left(kit, order=True)
        overnight["Order"] = {"PermId": perm_id, "OrderId": order_id, "OrderRef": "left"}
        client.api.disconnect()
        kit.double.faults.switch_on("cancel_unanswered")
        await night(kit)
        walk = await resumed(kit, tmp_path, overnight)
        assert walk.of("listed after the night").outcome is PASSED
        assert walk.of("cancelled by its id").outcome is FAILED
        assert walk.overnight_state == overnight


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("positions_linger", "1 are still held after its settlement; resume again later"),
        ("expiry_executions", "SLD 1 SPXW"),
    ],
)
async def test_a_lingering_position_is_left_for_another_day_and_executions_without_an_order_are_reported(
    fault: str, words: str, tmp_path: Path
) -> None:
    async with running_double(QUIET, start=EVENING, step=LARGE_STEP) as kit:
        kit.double.faults.switch_on(fault)
        overnight = left(kit, held(kit, 0.98))
        await night(kit)
        if fault == "positions_linger":
            await kit.advance(3600 * 3)
        walk = await resumed(kit, tmp_path, overnight)
        assert words in walk.of("leaves").detail
        assert (walk.overnight_state is None) is (fault == "expiry_executions")


async def test_shares_that_an_expiration_delivers_are_named(tmp_path: Path) -> None:
    async with running_double(QUIET, start=EVENING, step=LARGE_STEP, symbols=("SPY",)) as kit:
        overnight = left(kit, held(kit, 0.98, "SPY"))
        await night(kit)
        walk = await resumed(kit, tmp_path, overnight)
        assert "other positions: SPY 0 -> 100; cash" in walk.of("leaves").detail


def test_what_cannot_be_read_of_an_earlier_report_is_refused(tmp_path: Path) -> None:
    assert IBKR.verify is not None
    request = ConnectorRequest("verify", IbkrSettings(), tmp_path, MonotonicClock(), us_options_calendar())
    checklist = IBKR.verify(request, False)
    assert isinstance(checklist, OvernightChecklist)
    without_zone: dict[str, Any] = {"At": "2026-11-30T20:30:00", "Order": None, "Options": [], "Cash": None}
    empty: dict[str, Any] = {}
    for overnight in (empty, {"At": "yesterday"}, without_zone):
        with pytest.raises(ConnectorError, match="cannot be read"):
            checklist.resume(overnight)
