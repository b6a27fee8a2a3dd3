"""Every decision of a replay is that of an oracle that knows the definition and the market only."""

from __future__ import annotations

import asyncio
import csv
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mesolive.backtest.runner import Outcome, Progress, Request, StepClock, replay
from mesolive.market.calendar import us_options_calendar
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive_sdk import models
from mesolive_testkit.oracle.market import NEW_YORK, Chain, Option
from mesolive_testkit.oracle.reader import Inputs
from mesolive_testkit.oracle.strategy import Oracle, Trade
from mesolive_testkit.paths import DOCS
from mesolive_testkit.signals import Json, leg, short_put

pytestmark = pytest.mark.timeout(900)
CALENDAR = us_options_calendar()
MONDAY = date(2026, 2, 2)


def replayed(
    definition: Json, days: int, seed: int, first: date = MONDAY, sheet: Path | None = None
) -> tuple[list[Trade], list[Trade]]:
    """Return what the product traded and what the oracle holds to be right, settlements among them.

    Parameters
    ----------
    sheet
        A file that takes the place of the external data.
    """
    opening = CALENDAR.session(first)
    last = CALENDAR.session(first + timedelta(days=days - 1))
    assert opening is not None
    assert last is not None
    clock = StepClock(opening[0])
    provider = SimulatedProvider.generated(clock, seed=seed, step=timedelta(minutes=5), calendar=CALENDAR)
    market = Market([provider])
    seen: list[Chain] = []

    def look(_progress: Progress) -> None:
        seen.append(Chain(market.view("SPX")))

    external = {} if sheet is None else {"ExternalData": {"CsvUrl": sheet.resolve().as_uri()}}
    request = Request(
        definition=definition | external,
        market=market,
        clock=clock,
        first=opening[0],
        last=last[1],
        every=1800,
        cash=Decimal(100_000),
        commission=Decimal(0),
        seed=seed,
        external_folder=None if sheet is None else sheet.resolve().parent,
    )
    outcome = asyncio.run(replay(request, look))
    oracle = Oracle(definition, inputs=Inputs(() if sheet is None else rows(sheet), draws(outcome)))
    for chain in seen:
        session = CALENDAR.session(chain.local.date())
        assert session is not None
        oracle.step(chain, session)
    return traded(outcome), oracle.trades


def rows(sheet: Path) -> list[tuple[datetime, dict[str, float]]]:
    """Return the rows of a sheet with days: each counts from the end of its day."""
    with sheet.open(newline="") as file:
        table = list(csv.DictReader(file))
    return [
        (
            datetime.combine(date.fromisoformat(row["date"]) + timedelta(days=1), time.min, NEW_YORK),
            {name: float(text) for name, text in row.items() if name != "date"},
        )
        for row in table
    ]


def draws(outcome: Outcome) -> dict[tuple[datetime, str], float]:
    """Return what the entry's conditions with a random draw yielded at each scheduled time."""
    return {
        (datetime.fromisoformat(decision.time), record.statement): float(record.value)
        for decision in outcome.decisions
        if decision.decision == "entry"
        for record in decision.conditions
        if "random(" in record.statement and record.value is not None
    }


def traded(outcome: Outcome) -> list[Trade]:
    return [
        Trade(execution.ExecutedAt, execution.LegName, option_of(execution.Contract), float(execution.Qty))
        for execution in outcome.executions
    ]


def option_of(contract: models.LiveContract) -> Option:
    assert contract.Expiration is not None
    day = CALENDAR.local(contract.Expiration).date()
    is_put = contract.OptionType is models.MesoOptionType.Put
    return Option(contract.Root or "", day, float(contract.Strike or 0), is_put)


def must_agree(
    definition: Json, days: int, seed: int = 1, first: date = MONDAY, sheet: Path | None = None
) -> list[Trade]:
    result, right = replayed(definition, days, seed, first, sheet)
    assert sorted(result, key=order) == sorted(right, key=order)
    return right


def order(trade: Trade) -> tuple[datetime, str, float]:
    return trade.at, trade.leg, trade.qty


def example(name: str) -> Json:
    return json.loads((DOCS / "strategies" / f"{name}.json").read_text())


DAILY = {"AfterMarketOpenMinutes": 60, "Every": "day"}
LATE = {"BeforeMarketCloseMinutes": 30, "Every": "day"}
FIVES = {"AfterMarketOpenMinutes": 315, "Every": "5min"}


def test_the_oracle_trades() -> None:
    """A comparison of nothing with nothing would agree too."""
    rules = {"Schedule": LATE, "ConditionalAdjustments": {"pos_pnl > -1000000": MOVE}, "MaxAdjustmentCount": 2}
    definition = short_put(
        Structure=STRUCTURE, Entry={"Schedule": DAILY, "ReentryDays": 1}, Adjustment=rules, Exit={"Schedule": LATE}
    )
    trades = must_agree(definition, 4)
    assert len(trades) >= 5


STRUCTURE: Json = {
    "Expirations": [{"Name": "e", "DTE": "30", "Min": "20", "Max": "45"}],
    "Legs": [leg("p", -1, Delta=20)],
}
MOVE: Json = {"MoveLegAdjustment": {"LegName": "p", "StrikeSelector": {"Delta": "15"}}}


@pytest.mark.parametrize(
    ("name", "days"),
    [
        pytest.param("expected-move-condor", 5, marks=pytest.mark.long),
        pytest.param("broken-wing-butterfly", 5, marks=pytest.mark.long),
        pytest.param("laddered-strangle", 5, marks=pytest.mark.long),
        pytest.param("modelled-calendar", 5, marks=pytest.mark.long),
        ("ratio-with-protective-leg", 3),
        ("rolling-diagonal", 5),
        pytest.param("same-day-iron-condor", 3, marks=pytest.mark.long),
        pytest.param("trailing-stop-put", 5, marks=pytest.mark.long),
        ("vega-hedged-theta", 4),
    ],
)
def test_each_example_is_carried_out_as_the_oracle_says(name: str, days: int) -> None:
    assert must_agree(example(name), days)


def test_the_example_with_external_data_is_carried_out_as_the_oracle_says(tmp_path: Path) -> None:
    """The signal is on from Tuesday on, and off on Friday."""
    sheet = tmp_path / "signal.csv"
    sheet.write_text("date,risk_on,confidence\n2026-01-30,0,0.5\n2026-02-02,1,0.25\n2026-02-04,1,1\n2026-02-05,0,0\n")
    trades = must_agree(example("put-spread-by-signal"), 5, sheet=sheet)
    assert {trade.at.date() for trade in trades} >= {date(2026, 2, 3), date(2026, 2, 6)}


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_random_condition_is_drawn_once_for_each_decision(seed: int) -> None:
    """Entered is at the first scheduled time whose draw is 1: a second draw in the preparation would skip some."""
    definition = short_put(
        Structure=STRUCTURE,
        Entry={"Schedule": FIVES, "Conditions": ["random(0, 1)"], "ReentryDays": 1},
        Exit={"Schedule": LATE, "MaxDaysInTrade": 3},
    )
    assert must_agree(definition, 1, seed)


SPREAD: Json = {
    "Expirations": [{"Name": "e", "DTE": "30", "Min": "20", "Max": "45"}, {"Name": "x", "DTE": "7"}],
    "Legs": [leg("p", -1, Delta=20), leg("w", 1, StrikePrice="leg_p_strike - 50")],
}
ONE: Json = {"Concurrency": {"MaxPositionsInFlight": 1}, "ReentryDays": 1}
CASES: dict[str, Json] = {
    "no concurrency": {"Entry": {"Schedule": FIVES}},
    "two at a time": {"Entry": {"Schedule": DAILY, "Concurrency": {"MaxPositionsInFlight": 2, "EntryShiftDays": 1}}},
    "exit at its schedule": {
        "Entry": {**ONE, "Schedule": DAILY},
        "Exit": {"Schedule": LATE, "Conditions": ["minutes_after_open >= 120 or leg_p_delta > 25"]},
    },
    "a schedule off the half hour": {
        "Entry": {**ONE, "Schedule": {"AfterMarketOpenMinutes": 17, "Every": "mon,tue,thu"}},
        "Exit": {"Schedule": {"BeforeMarketCloseMinutes": 53, "Every": "5min"}, "MaxDaysInTrade": "0.1"},
    },
    "an entry aborted at first": {
        "Entry": {**ONE, "Schedule": FIVES, "AbortConditions": ["minutes_after_open < 340"]},
        "Exit": {"Schedule": LATE, "MaxDaysInTrade": 0.2},
    },
    "no strike at first": {
        "Structure": {**SPREAD, "Legs": [leg("p", -1, Delta=20, Max="minutes_after_open < 340 and 0.01 or 40")]},
        "Entry": {**ONE, "Schedule": FIVES},
    },
    "an adjustment that always holds": {
        "Entry": {**ONE, "Schedule": DAILY},
        "Adjustment": {"Schedule": LATE, "ConditionalAdjustments": {"pos_pnl > -1000000": MOVE}},
    },
    "added when it is not aborted any more": {
        "Entry": {**ONE, "Schedule": DAILY},
        "Adjustment": {
            "Schedule": FIVES,
            "ConditionalAdjustments": {
                "open_trades_cnt == 2": {
                    "AddLegsAdjustment": {
                        "Legs": [leg("h", 1, "Call", Delta=10)],
                        "AbortConditions": ["minutes_after_open < 340"],
                        "VarDefines": {"hedged": "leg_h_strike"},
                    }
                },
                "open_trades_cnt == 3 and minutes_after_open > 360": {"RemoveLegsAdjustment": {"LegNames": ["h", "p"]}},
            },
        },
    },
    "the last adjustment": {
        "Entry": {**ONE, "Schedule": DAILY},
        "Adjustment": {
            "Schedule": FIVES,
            "MaxAdjustmentCount": 2,
            "ConditionalAdjustments": {
                "minutes_after_open == 325 -- A": MOVE,
                "minutes_after_open == 340 -- B": {
                    **MOVE,
                    "RemoveLegsAdjustment": {"LegNames": ["w"]},
                },
                "minutes_after_open == 355 -- C": MOVE,
            },
        },
    },
    "a trailing stop": {
        "Entry": {**ONE, "Schedule": DAILY, "VarDefines": {"best": "0", "credit": "(leg_p_price - leg_w_price) * 100"}},
        "Adjustment": {
            "Schedule": FIVES,
            "ConditionalAdjustments": {"pos_pnl > best": {"UpdateVarsAdjustment": {"VarDefines": {"best": "pos_pnl"}}}},
        },
        "Exit": {
            "Schedule": FIVES,
            "ProfitTarget": "0.5 * credit",
            "StopLoss": "credit / 4",
            "Conditions": ["best > 0 and pos_pnl / best < 0.67"],
        },
    },
    "a value that is not finite": {
        "Entry": {**ONE, "Schedule": DAILY, "AbortConditions": ["0 / 0 > 1"]},
    },
    "a roll to another expiration": {
        "Entry": {**ONE, "Schedule": DAILY, "QtyMultiplier": "floor(max(1, nav / 40000))"},
        "Adjustment": {
            "Schedule": LATE,
            "ConditionalAdjustments": {
                "leg_p_dte > 20": {
                    "MoveLegAdjustment": {
                        "LegName": "p",
                        "StrikeSelector": {"MidPrice": "10"},
                        "ExpirationName": "next",
                        "Expirations": [{"Name": "next", "DTE": "leg_p_dte - 10"}],
                    }
                }
            },
        },
    },
}


@pytest.mark.parametrize("name", CASES)
def test_what_was_reported_is_carried_out_as_the_oracle_says(name: str) -> None:
    definition = short_put(**{"Structure": SPREAD, **CASES[name]})
    definition["Entry"] = CASES[name]["Entry"]  # without the concurrency that the test kit adds
    must_agree(definition, 2)


def test_what_is_held_to_its_end_is_settled_as_the_oracle_says() -> None:
    """Options of the third Friday end at an opening, those of the week at a close; 19 June is a holiday."""
    ends = [("am", "SPX"), ("pm", "SPXW")]
    definition = short_put(
        Structure={
            "Expirations": [
                *({"Name": name, "DTE": 2, "Min": 1, "Max": 4, "Roots": {"Include": [root]}} for name, root in ends),
                {"Name": "back", "DTE": 30, "Min": 20, "Max": 40},
            ],
            "Legs": [
                leg("am_put", -1, Delta=50) | {"ExpirationName": "am"},
                leg("pm_call", -2, "Call", StrikePrice="leg_am_put_strike") | {"ExpirationName": "pm"},
                leg("long", 3, StrikePrice="leg_am_put_strike") | {"ExpirationName": "back"},
            ],
        },
        Entry={**ONE, "Schedule": DAILY, "ReentryDays": 60},
        Exit={"Schedule": LATE, "Conditions": ["days_in_trade >= 7"]},
    )
    trades = must_agree(definition, 8, first=date(2026, 6, 15))
    assert [(trade.leg, trade.at.astimezone(NEW_YORK).isoformat()[:16]) for trade in trades[3:]] == [
        ("pm_call", "2026-06-17T16:00"),
        ("am_put", "2026-06-18T09:30"),
        ("long", "2026-06-22T15:30"),
    ]


@pytest.mark.parametrize(
    ("first", "days"), [(date(2026, 3, 6), 5), pytest.param(date(2026, 10, 30), 5, marks=pytest.mark.long)]
)
def test_days_in_trade_over_a_change_of_the_clocks_are_those_of_the_oracle(first: date, days: int) -> None:
    definition = short_put(
        Structure=STRUCTURE,
        Entry={"Schedule": {"AfterMarketOpenMinutes": 60, "Every": "fri"}, "ReentryDays": 60},
        Exit={"Schedule": DAILY, "MaxDaysInTrade": 3},
    )
    opened, left = must_agree(definition, days, first=first)
    assert [trade.at.astimezone(NEW_YORK).strftime("%a %H:%M") for trade in (opened, left)] == [
        "Fri 10:30",
        "Mon 10:30",
    ]


def scheduling(side: str, minutes: int, every: str) -> Json:
    return {side: minutes, "Every": every}


SCHEDULES = st.builds(
    scheduling,
    st.sampled_from(["AfterMarketOpenMinutes", "BeforeMarketCloseMinutes"]),
    st.integers(5, 380),
    st.sampled_from(["day", "mon,tue", "tue"]),
)
CONDITIONS = st.sampled_from(
    [
        "pos_pnl > 20",
        "pos_pnl < -20",
        "leg_p_delta > 21",
        "days_in_trade >= 0.15",
        "minutes_after_open % 50 == 0",
        "leg_p_price < leg_p_strike / 200",
        "underlying_price > underlying_today_open",
        "not (0 / (pos_pnl - pos_pnl) > 1)",
    ]
)
ACTIONS = st.sampled_from(
    [
        MOVE,
        {"MoveLegAdjustment": {"LegName": "w", "StrikeSelector": {"StrikePrice": "leg_p_strike - 75"}}},
        {"RemoveLegsAdjustment": {"LegNames": ["w"]}},
        {"AddLegsAdjustment": {"Legs": [leg("h", 1, "Call", MidPrice=3)]}},
        {"UpdateVarsAdjustment": {"VarDefines": {"n": "n + 1"}}},
    ]
)


def defining(
    entry: Json,
    most: int,
    leaving: Json,
    adjusting: Json,
    exits: list[str],
    adjustments: dict[str, Json],
    count: int | None,
) -> Json:
    return short_put(
        Structure=SPREAD,
        Entry={"Schedule": entry, "Concurrency": {"MaxPositionsInFlight": most}, "VarDefines": {"n": "0"}},
        Exit={"Schedule": leaving, "Conditions": exits, "ProfitTarget": "40"},
        Adjustment={"Schedule": adjusting, "ConditionalAdjustments": adjustments, "MaxAdjustmentCount": count},
    )


DEFINITIONS = st.builds(
    defining,
    SCHEDULES,
    st.integers(1, 2),
    SCHEDULES,
    SCHEDULES,
    st.lists(CONDITIONS, max_size=2),
    st.dictionaries(CONDITIONS, ACTIONS, max_size=3),
    st.none() | st.integers(1, 3),
)


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.generate],
)
@given(definition=DEFINITIONS, seed=st.integers(1, 5))
def test_definitions_as_they_come_are_carried_out_as_the_oracle_says(definition: Json, seed: int) -> None:
    must_agree(definition, 2, seed)
