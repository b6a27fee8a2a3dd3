"""What expires settles: AM classes at the opening, all others at the close, and the books balance."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.market.history import DailySeries, Day
from mesolive_sdk import models
from mesolive_testkit.server import ACCOUNT
from mesolive_testkit.signals import Json, ScriptedMarket, Stage, leg, short_put, stage

OPENING = datetime(2024, 3, 15, 13, 30, tzinfo=UTC)
CLOSE = datetime(2024, 3, 15, 20, 0, tzinfo=UTC)


def spread(root: str, **sections: Json) -> Json:
    """Return a put sold at 5100 and one bought at 4900, four days out."""
    return short_put(
        Structure={
            "Expirations": [
                {"Name": "e", "DTE": "4", "Roots": {"Include": [root]}},
                {"Name": "far", "DTE": "39", "Roots": {"Include": ["SPXW"]}},
            ],
            "Legs": [
                leg("short", -1, StrikePrice=5100),
                leg("long", 1, StrikePrice=4900),
                leg("marker", 0, StrikePrice=5000),
            ],
        },
        **sections,
    )


async def balance(play: Stage) -> Decimal:
    account = await play.kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
    assert account.Cash is not None
    return account.Cash - 100_000


async def of_position(play: Stage) -> list[models.ErrorEvent]:
    return [event for event in await play.events(models.ErrorEvent) if event.PositionId is not None]


@pytest.mark.parametrize(("root", "moment"), [("SPXW", CLOSE), ("SPX", OPENING)], ids=["PM", "AM"])
async def test_options_settle_at_the_opening_or_at_the_close(tmp_path: Path, root: str, moment: datetime) -> None:
    async with stage(tmp_path) as play:
        _, position_id = await play.enter(spread(root))
        credit = await balance(play)
        play.market.today_open = 5060.0 if root == "SPX" else 5020.0
        spot = 5020.0 if root == "SPX" else 5060.0
        await play.market.at(moment - timedelta(minutes=1), spot=spot)
        await play.evaluate()
        assert (await play.position(position_id)).State is models.LivePositionState.Open
        await play.market.at(moment, spot=spot)
        await play.evaluate()
        position = await play.position(position_id)
        assert (position.State, position.ClosedAt) == (models.LivePositionState.Closed, moment)
        assert position.RealizedPnL == credit - 40 * 100 == await balance(play)
        reported = [(event.LegName, event.Status.name) for event in await play.events(models.LegUpdateEvent)]
        assert sorted(reported[-3:]) == [("long", "Closed"), ("marker", "Closed"), ("short", "Closed")]
        update = (await play.events(models.PositionUpdateEvent))[-1]
        assert (update.Status.name, update.RealizedPnL) == ("Closed", position.RealizedPnL)
        executions = await play.kit.control.list_executions(models.ListExecutionsArgs(PositionId=position_id))
        settled = [
            (execution.LegName, execution.Qty, execution.Price, execution.LiveOrderId)
            for execution in executions.Executions[2:]
        ]
        assert settled == [("short", 1, 40, None), ("long", -1, 0, None)]
        await play.evaluate()
        assert len(await play.events(models.PositionUpdateEvent)) == 2, "settled once"


async def test_a_position_with_a_later_leg_stays_open(tmp_path: Path) -> None:
    calendar = short_put(
        Structure={
            "Expirations": [
                {"Name": "near", "DTE": "4", "Roots": {"Include": ["SPXW"]}},
                {"Name": "far", "DTE": "39", "Roots": {"Include": ["SPXW"]}},
            ],
            "Legs": [
                leg("near", -1, "Call", "near", StrikePrice=5000),
                leg("far", 1, "Call", "far", StrikePrice=5000),
            ],
        }
    )
    async with stage(tmp_path) as play:
        _, position_id = await play.enter(calendar)
        await play.market.at(CLOSE, spot=5010)
        await play.evaluate()
        position = await play.position(position_id)
        assert position.State is models.LivePositionState.Open
        assert {item.Name: item.ClosedAt for item in position.Legs} == {"near": CLOSE, "far": None}
        last = (await play.events(models.PositionUpdateEvent))[-1]
        assert (last.Status.name, last.RealizedPnL) == ("RealizedPnLChanged", position.RealizedPnL)


async def test_a_settlement_price_that_is_not_known_is_an_error_until_it_is(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        _, position_id = await play.enter(spread("SPX"))
        await play.market.at(OPENING)
        await play.evaluate()
        assert await of_position(play) == []
        await play.market.at(OPENING + timedelta(minutes=15))
        await play.evaluate()
        await play.evaluate()
        (error,) = await of_position(play)
        assert error.PositionId == position_id
        assert error.Message is not None
        assert "SPX.SPX.2024-03-15" in error.Message
        play.market.today_open = 5000.0
        play.market.reprice()
        await play.evaluate()
        assert (await play.position(position_id)).State is models.LivePositionState.Closed
        assert [position.State.name for position in await of_position(play)] == ["Active", "Resolved"]


async def test_positions_that_cannot_be_settled_do_not_delay_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesolive.trading.settlement.paper_settlements.BATCH", 1)
    async with stage(tmp_path) as play:
        stuck = [
            (await play.enter(spread("SPX") | {"StrategyName": f"s{number}"}, f"p{number}"))[1] for number in (0, 1)
        ]
        _, settled = await play.enter(spread("SPXW"), "the last")
        await play.market.at(CLOSE, spot=5060)
        await play.evaluate()
        assert (await play.position(settled)).State is models.LivePositionState.Closed
        for position_id in stuck:
            assert (await play.position(position_id)).State is models.LivePositionState.Open
        assert {position.PositionId for position in await of_position(play)} == set(stuck)


async def test_what_expired_while_the_server_was_down_settles_at_that_days_close(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        _, position_id = await play.enter(spread("SPXW"))
        credit = await balance(play)
    market = ScriptedMarket(datetime(2024, 3, 18, 14, 0, tzinfo=UTC))
    market.move(5200)
    market.book.history = DailySeries.of([Day(date(2024, 3, 15), close=5075.5)])
    async with stage(tmp_path, market) as play:
        await play.evaluate()
        position = await play.position(position_id)
        assert (position.State, position.ClosedAt) == (models.LivePositionState.Closed, CLOSE)
        assert position.RealizedPnL == credit - Decimal("24.5") * 100
