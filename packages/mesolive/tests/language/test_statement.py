"""Statements: truth, laziness, evidence, and failures that are told and never taken for false."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.language.decision import StatementKind
from mesolive.language.problems import StatementError
from mesolive.language.scope import Scope
from mesolive_testkit.language.market import SPOT, generated
from mesolive_testkit.language.strategies import compiled, open_leg, position, scope, seeded, value
from mesolive_testkit.language.strategies import contract as contract_of


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("0", False),
        ("0.0", False),
        ("-0", False),
        ("nil", False),
        ("false", False),
        ("true", True),
        ("1", True),
        ("-1", True),
        ("0.001", True),
        ("1 > 2", False),
        ("2 > 1", True),
        ("nil or 0", False),
        ("nil and 1", False),
    ],
)
def test_decision_2_zero_nil_and_false_do_not_hold(text: str, holds: bool) -> None:
    evaluation = compiled(text).judge(scope(), StatementKind.ENTRY)
    assert evaluation.result is holds
    assert evaluation.error is None


def test_decision_2_a_missing_value_is_a_failure_and_not_false() -> None:
    evaluation = compiled("leg_x_price > 5").judge(scope(), StatementKind.EXIT)
    assert evaluation.result is None
    assert evaluation.error is not None
    assert "leg 'x' is not open" in evaluation.error


NOT_FINITE = (
    "0 / 0",
    "1 / 0",
    "sqrt(-1)",
    "log(0)",
    "10 ^ 400",
    "nav % 0",
    "nav // 0",
    "1e308 * 10",
    "1e308 + 1e308",
    "-1e308 - 1e308",
    "-(1 / 0)",
    "pow(0, -1)",
    "abs(0 / 0)",
    "floor(1 / 0)",
    "ceil(-1 / 0)",
    "int(0 / 0)",
    "(true and 0 / 0)",
    "(nil or 1 / 0)",
)


@pytest.mark.parametrize("part", NOT_FINITE)
@pytest.mark.parametrize(
    "around",
    [
        "PART",
        "PART > 5",
        "5 >= PART",
        "PART == PART",
        "PART ~= 0",
        "not (PART > 1)",
        "not PART",
        "PART and 1",
        "PART or 1",
        "1 and PART",
        "false or PART > 1",
        "1 / PART < 1",
        "1 // PART < 1",
        "1 % PART < 2",
        "PART ^ 0",
        "1 ^ PART",
        "2 ^ -PART",
        "pow(PART, 0)",
        "pow(1, PART)",
        "log(2, PART)",
        "max(PART, 3) > 2",
        "max(3, PART) > 2",
        "min(PART, 3) < 9",
        "min(3, PART) < 9",
        "PART * 0 == 0",
        "PART - PART",
        "random(1, PART)",
        "timing.calendar_days_until(2024, PART, 1)",
    ],
)
def test_decision_16_a_value_that_is_not_finite_fails_the_statement_wherever_it_arises(part: str, around: str) -> None:
    evaluation = compiled(around.replace("PART", f"({part})")).judge(scope(), StatementKind.ABORT)
    assert evaluation.result is None
    assert "not a finite number" in str(evaluation.error)


@pytest.mark.parametrize("text", ["nav < 0 and 0 / 0 > 1", "nav > 0 or 1 / 0 > 1", "not (nav < 0 and 1 / 0)"])
def test_what_is_not_reached_may_be_a_division_by_zero(text: str) -> None:
    assert compiled(text).judge(scope(), StatementKind.ENTRY).error is None


def test_the_error_names_the_part_that_is_not_finite() -> None:
    evaluation = compiled("1 > 2 or pos_pnl / open_trades_cnt < 0.67").judge(scope(), StatementKind.EXIT)
    assert "'pos_pnl / open_trades_cnt' is not a finite number" in str(evaluation.error)


@pytest.mark.parametrize("text", ["nil + 1", "nav + (nav > 1)", "nil < 3", "-nil", "abs(nil)"])
def test_arithmetic_on_what_is_no_number_fails(text: str) -> None:
    assert compiled(text).judge(scope(), StatementKind.ENTRY).result is None


def test_the_right_side_of_and_is_read_only_when_it_is_reached() -> None:
    view = generated()
    open_position = position(open_leg("a", contract_of(view, 4400.0), -1, price=30.0))
    statement = compiled("open_trades_cnt == 2 and leg_hedge_price > 8")
    evaluation = statement.judge(scope(view, open_position), StatementKind.ADJUSTMENT)
    assert evaluation.result is False
    assert evaluation.error is None
    assert evaluation.variables == {"open_trades_cnt": 1.0}


def test_the_right_side_of_and_fails_when_it_is_reached_and_missing() -> None:
    evaluation = compiled("nav > 1 and leg_hedge_price > 8").judge(scope(), StatementKind.ADJUSTMENT)
    assert evaluation.result is None
    assert "hedge" in str(evaluation.error)


def test_a_variable_read_on_both_sides_is_read_once_and_first() -> None:
    evaluation = compiled("false and underlying_price > 1 or underlying_price > 2").judge(scope(), StatementKind.ENTRY)
    assert evaluation.result is True
    assert evaluation.variables == {"underlying_price": SPOT}


def test_evidence_names_every_variable_that_was_read() -> None:
    within = scope(external={"my_signal": 3.0})
    evaluation = compiled("my_signal * 2 > 5 and nav > initial_cash").judge(within, StatementKind.ENTRY)
    assert evaluation.variables == {"my_signal": 3.0, "nav": 120_000.0, "initial_cash": 100_000.0}


def test_an_expression_pays_only_for_what_it_reads() -> None:
    within = scope()
    compiled("nav > 5").judge(within, StatementKind.ENTRY)
    compiled("nav < 5 and pos_delta > 1").judge(within, StatementKind.ENTRY)
    assert set(within.memo) == {"nav"}


def test_a_numeric_statement_keeps_its_value_and_truth_counts_as_one() -> None:
    evaluation = compiled("nav / 2").measure(scope(), StatementKind.VAR_DEFINE)
    assert evaluation.value == 60_000.0
    assert compiled("nav > 5").measure(scope(), StatementKind.VAR_DEFINE).value == 1.0
    assert compiled("nil").measure(scope(), StatementKind.VAR_DEFINE).result is None


def test_random_draws_from_the_given_source_as_lua_does() -> None:
    expected = seeded(7)
    within = scope(seed=7)
    assert value("random()", within) == expected.random()
    assert value("random(6)", within) == expected.randint(1, 6)
    assert value("random(0, 1)", within) == expected.randint(0, 1)


def test_the_documented_random_entry_accepts_on_one_and_rejects_on_zero() -> None:
    outcomes = {compiled("random(0,1)").judge(scope(seed=seed), StatementKind.ENTRY).result for seed in range(20)}
    assert outcomes == {True, False}


def test_random_right_of_and_draws_only_when_it_is_reached() -> None:
    within = scope(seed=3)
    assert value("nav < 0 and random() > 2", within) is False
    assert value("random()", within) == seeded(3).random()


@pytest.mark.parametrize("text", ["random(5, 1)", "random(0)", "random(1.5)", "random(nil)"])
def test_random_refuses_bounds_that_make_no_sense(text: str) -> None:
    with pytest.raises(StatementError):
        value(text)


def test_each_call_of_random_is_a_new_draw() -> None:
    source = seeded(5)
    assert value("random() - random()", scope(seed=5)) == source.random() - source.random()


def test_a_statement_sees_the_memo_of_its_scope_only() -> None:
    statement = compiled("nav")
    first: Scope = scope()
    first.memo["nav"] = 1.0
    assert statement.evaluate(first)[0] == 1.0
    assert statement.evaluate(scope())[0] == 120_000.0


NAMES = ["nav", "pos_delta", "leg_p_price", "leg_p_iv", "leg_gone_bid", "underlying_hv", "signal", "unset", "acc_pnl"]
CALLS = [
    "random()",
    "random(0, 1)",
    "timing.trading_days_until(2023, 10, 2)",
    "timing.minutes_after_open",
    "options.model(position, 0, 4500, pnl)",
    "options.model_solver(position, 0, 4000, 5000, pnl, zero, return_price)",
]
ATOMS = [*NAMES, *CALLS, "nil", "true", "false", "0", "1.5", "-3"]


def expressions() -> st.SearchStrategy[str]:
    operators = ["+", "-", "*", "/", "//", "%", "^", "<", "<=", "==", "~=", "and", "or"]
    return st.recursive(
        st.sampled_from(ATOMS),
        lambda inner: st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from(operators), inner),
            st.builds("{}({})".format, st.sampled_from(["abs", "floor", "sqrt", "int", "not ", "-"]), inner),
            st.builds("max({}, {})".format, inner, inner),
        ),
        max_leaves=8,
    )


def with_holes() -> Scope:
    """Return a scope in which some values are there and others are not."""
    view = generated()
    held_position = position(open_leg("p", contract_of(view, 4400.0), -1, price=30.0))
    return scope(view, held_position, external={"signal": 2.0})


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(expressions())
def test_whatever_is_written_a_judgement_comes_back(text: str) -> None:
    try:
        statement = compiled(text)
    except StatementError as error:
        assert "compares numbers" in str(error)  # noqa: PT017  # the one thing that the grammar above may get wrong
        return
    first, again = (statement.judge(with_holes(), StatementKind.EXIT) for _ in range(2))
    assert first == again
    assert (first.result is None) == (first.error is not None)


def test_a_call_right_of_and_is_made_only_when_it_is_reached() -> None:
    text = "nav < 0 and options.model(position, 0, 4500, pnl) > 0"
    evaluation = compiled(text).judge(scope(), StatementKind.EXIT)
    assert (evaluation.result, evaluation.error) == (False, None)
    reached = compiled(text.replace("<", ">", 1)).judge(with_holes(), StatementKind.EXIT)
    assert reached.result is not None
    assert any(name.startswith("options.model(") for name in reached.variables)


def test_external_values_that_are_no_numbers_fail() -> None:
    evaluation = compiled("signal > 1").judge(scope(external={"signal": float("nan")}), StatementKind.ENTRY)
    assert evaluation.result is None
    assert "'signal' is not a finite number" in str(evaluation.error)
