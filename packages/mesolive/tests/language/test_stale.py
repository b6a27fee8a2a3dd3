"""Decision 2: a statement that reads a value which is too old fails, with its age, and never decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mesolive.language import evaluate_exit
from mesolive.language.decision import PositionState, SelectionError, StatementKind
from mesolive.records import replace
from mesolive_testkit.language.market import NOON, PlainView, generated
from mesolive_testkit.language.strategies import (
    ACCOUNT,
    compiled,
    definition,
    leg,
    open_leg,
    position,
    scope,
    seeded,
    select,
    strategy,
)
from mesolive_testkit.language.strategies import contract as contract_of

SAID = "the quotes of SPX are 75 seconds old"


@pytest.fixture
def silent() -> PlainView:
    """Return a market whose provider has said nothing for 75 seconds."""
    return replace(generated(), last_received_at=NOON - timedelta(seconds=75), stale=True)


def short_put(view: PlainView) -> PositionState:
    return position(open_leg("p", contract_of(view, 4400.0), -1, price=40.0), opened_at=NOON - timedelta(days=1))


@pytest.mark.parametrize(
    "text",
    [
        "leg_p_price",
        "leg_p_bid",
        "leg_p_ask",
        "leg_p_iv",
        "leg_p_delta",
        "leg_p_wvega",
        "leg_p_pnl",
        "pos_pnl",
        "pos_theta",
        "acc_vega",
        "underlying_price",
        "underlying_today_open",
        "underlying_prevday_close",
        "underlying_iv",
        "underlying_hv",
        "underlying_iv_rank",
        "underlying_iv_pct",
        "options.model(position, 0, 4400, pnl)",
        "options.model_solver(leg_p, 0, 4300, 4500, pnl, zero, return_price)",
    ],
)
def test_what_the_market_says_cannot_be_read_once_it_is_too_old(silent: PlainView, text: str) -> None:
    held_position = short_put(silent)
    account = replace(ACCOUNT, positions=(held_position,))
    evaluation = compiled(text).judge(scope(silent, held_position, account), StatementKind.EXIT)
    assert evaluation.result is None
    assert evaluation.error is not None
    assert SAID in evaluation.error
    fresh = replace(silent, stale=False)
    assert compiled(text).judge(scope(fresh, held_position, account), StatementKind.EXIT).error is None


@pytest.mark.parametrize(
    "text", ["leg_p_strike", "leg_p_qty", "leg_p_dte", "leg_p_dit", "nav", "minutes_after_open", "timing.day_of_week"]
)
def test_what_does_not_come_from_the_market_can_be_read_all_the_time(silent: PlainView, text: str) -> None:
    evaluation = compiled(text).judge(scope(silent, short_put(silent)), StatementKind.EXIT)
    assert evaluation.error is None
    assert evaluation.value is not None


def test_a_stop_says_that_it_could_not_be_checked_and_other_rules_are_checked_all_the_same(silent: PlainView) -> None:
    raw = definition([leg("p")], Exit={"StopLoss": "100", "Conditions": ["days_in_trade >= 1", "leg_p_delta > 30"]})
    held_position = replace(short_put(silent), variables={"stop_loss": ACCOUNT.nav})
    evaluation = evaluate_exit(strategy(raw), silent, ACCOUNT, held_position, random=seeded(1))
    assert evaluation.stop_loss is not None
    assert (evaluation.stop_loss.result, evaluation.stop_loss.error) == (None, SAID)
    assert [condition.result for condition in evaluation.conditions] == [True, None]


@pytest.mark.parametrize("selector", [{"Delta": 20}, {"StrikePrice": 4400}, {"BidPrice": 5}])
def test_no_strike_is_chosen_on_quotes_that_are_too_old(silent: PlainView, selector: dict[str, Any]) -> None:
    raw = definition([leg("a", **selector)])
    with pytest.raises(SelectionError, match=SAID):
        select(raw, silent)
    assert select(raw, replace(silent, stale=False)).legs


def test_before_the_first_quote_the_reason_says_so(silent: PlainView) -> None:
    with pytest.raises(SelectionError, match="no quotes of SPX have come in yet"):
        select(definition(), replace(silent, last_received_at=None))
