"""A backtest on options on futures goes through the night, as the server does, and rests in the daily break."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from mesolive.backtest.runner import Request, StepClock, replay
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market

NEW_YORK = ZoneInfo("America/New_York")
BEGIN = datetime(2024, 3, 12, 15, 0, tzinfo=NEW_YORK).astimezone(UTC)
END = datetime(2024, 3, 12, 20, 0, tzinfo=NEW_YORK).astimezone(UTC)
STRATEGY = {
    "StrategyName": "left at night",
    "Symbol": "MES",
    "MesoSimVersion": "3.0",
    "Structure": {
        "Expirations": [{"Name": "e", "DTE": "7", "Max": "14"}],
        "Legs": [
            {
                "Name": "p",
                "Qty": "-1",
                "OptionType": "Put",
                "ExpirationName": "e",
                "StrikeSelector": {"Delta": "30"},
            }
        ],
    },
    "Entry": {"Schedule": {"BeforeMarketCloseMinutes": 30, "Every": "day"}},
    "Exit": {"Conditions": ["minutes_after_open < 0"]},
}


async def test_an_exit_without_a_schedule_is_decided_in_the_evening_session_and_not_in_the_break() -> None:
    clock = StepClock(BEGIN)
    provider = SimulatedProvider.futures(clock, "MES", seed=5, step=timedelta(minutes=15))
    request = Request(STRATEGY, Market([provider]), clock, BEGIN, END, 900, Decimal(100_000), Decimal(1), 1)
    outcome = await replay(request)
    (position,) = outcome.positions
    assert position.CreatedAt.astimezone(NEW_YORK).strftime("%H:%M") == "15:30"
    assert position.ClosedAt is not None
    assert position.ClosedAt.astimezone(NEW_YORK).strftime("%H:%M") == "18:00", "the first moment after the break"
