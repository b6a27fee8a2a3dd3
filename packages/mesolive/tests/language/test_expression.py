"""What may be written, and what is said about what may not."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.language.expression import MAX_DEPTH, MAX_LENGTH, MAX_OPERATORS, parse_expression
from mesolive.language.problems import ExpressionError, StatementError
from mesolive.language.sandbox import LuaError, Sandbox, run
from mesolive_testkit.language.strategies import value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("2 ^ -1", 0.5),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("7 / 2", 3.5),
        ("10 - 4 - 3", 3),
        ("(1 + 2) * 3", 9),
        ("not nil and 5", 5),
        ("nil or 4", 4),
        ("false and 1 or 2", 2),
        ("not 1 == 2", False),
        ("1 < 2 == true", True),
        ("3 ~= 3", False),
        ("1e3 + .5 + 0x10", 1016.5),
        ("1e308 < 1.7e308", True),
        ("5 -- a comment", 5),
        ("--[[ before ]] 5", 5),
        ("5 --[[ over\ntwo lines ]] + 1", 6),
        ("-- first line\n5", 5),
    ],
)
def test_section_c1_operators_bind_as_in_lua(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abs(-3)", 3),
        ("min(3, 1, 2)", 1),
        ("max(3, 1, 2)", 3),
        ("sqrt(9)", 3),
        ("pow(2, 10)", 1024),
        ("log(1)", 0),
        ("log(8, 2)", 3),
        ("ceil(1.2)", 2),
        ("floor(-1.2)", -2),
        ("int(2.9)", 2),
        ("int(-2.9)", -2),
        ("floor(max(1, nav / 50000))", 2),
    ],
)
def test_section_c1_built_in_functions_compute(text: str, expected: float) -> None:
    assert value(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("   -- only a comment", "is empty"),
        ("1 +", "ends where a value is missing"),
        ("a != b", "written ~="),
        ("a = b", "written =="),
        ("a && b", "write 'and'"),
        ("a || b", "write 'or'"),
        ("!a", "write 'not'"),
        ("a < b < c", "compares numbers"),
        ("(1", "not closed"),
        ("max(1, 2", "not closed"),
        ("1 2", "not expected after a complete value"),
        ("1, 2", "an expression is one value"),
        ("t[1]", "no tables"),
        ("{1, 2}", "no tables"),
        ("#nav", "no tables"),
        ("'a' .. 'b'", "cannot be joined"),
        ("nav:rep(9)", "no methods"),
        ("5x", "is not a number"),
        ("1..2", "is not a number"),
        ("1e400", "larger than can be reckoned with"),
        ("nav > 1e309 or true", "larger than can be reckoned with"),
        ("0x" + "f" * 300, "larger than can be reckoned with"),
        ("'open", "does not end"),
        ("--[[ open", "does not end"),
        ("nav; nav", "one value, not a program"),
        ("return 5", "'return' is not allowed"),
        ("function() end", "'function' is not allowed"),
        ("while true do end", "'while' is not allowed"),
        ("nav.", "a name is missing"),
        ("nav @ 3", "'@' has no meaning"),
    ],
)
def test_what_is_no_expression_is_refused_with_a_hint(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert message in caught.value.message
    assert 0 <= caught.value.position <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1),
        "not " * 5_000 + "true",
        "-" * 4_000 + "1".rjust(2),
        "1" + " + 1" * (MAX_OPERATORS + 1),
        "1" + " ^ 1" * 2_000,
        "1" * (MAX_LENGTH + 1),
        "abs(" * 100 + "1" + ")" * 100,
    ],
    ids=["parentheses", "not", "minus", "plus", "powers", "digits", "calls"],
)
def test_an_expression_of_hostile_size_is_refused_at_once(text: str) -> None:
    started = time.thread_time()
    with pytest.raises(ExpressionError):
        parse_expression(text)
    assert time.thread_time() - started < 0.5


def test_the_largest_allowed_nesting_still_compiles() -> None:
    deep = "abs(" * (MAX_DEPTH - 2) + "1" + ")" * (MAX_DEPTH - 2)
    assert value(deep) == 1
    assert value("1" + " + 1" * MAX_OPERATORS) == MAX_OPERATORS + 1


numbers = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False).map(lambda x: round(x, 3))


PYTHON: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "max": max,
    "min": min,
}


def arithmetic() -> st.SearchStrategy[tuple[str, float]]:
    """Expressions with the value that Python's own arithmetic gives them."""

    def join(left: tuple[str, float], right: tuple[str, float], sign: str) -> tuple[str, float]:
        value = PYTHON[sign](left[1], right[1])
        text = f"{sign}({left[0]}, {right[0]})" if sign in {"max", "min"} else f"({left[0]} {sign} {right[0]})"
        return text, value

    leaves = numbers.map(lambda x: (f"({x!r})", x))
    return st.recursive(
        leaves,
        lambda inner: st.builds(join, inner, inner, st.sampled_from(["+", "-", "*", "max", "min"])),
        max_leaves=20,
    )


@given(arithmetic())
def test_arithmetic_agrees_with_double_precision_floats(case: tuple[str, float]) -> None:
    text, expected = case
    if math.isinf(expected):
        with pytest.raises(StatementError):
            value(text)
    else:
        assert value(text) == expected


def complaint(text: str) -> str:
    """Return what is said about a text, or nothing when it is an expression."""
    try:
        parse_expression(text)
    except ExpressionError as error:
        return error.message or "?"
    return ""


OPERATORS = ["+", "-", "*", "/", "//", "%", "^", "<", "<=", "==", "~=", ">", ">=", "and", "or"]


@given(
    st.lists(st.tuples(st.sampled_from(["", "-", "not "]), st.floats(0.25, 9).map(lambda x: round(x, 2))), min_size=2),
    st.lists(st.sampled_from(OPERATORS), min_size=12, max_size=12),
    st.integers(0, 11),
)
def test_a_row_of_operators_means_what_lua_makes_of_the_same_text(
    operands: list[tuple[str, float]], operators: list[str], opened: int
) -> None:
    words: list[str] = []
    for index, (prefix, number) in enumerate(operands[:12]):
        words.append(f"{'(' if index == opened else ''}{prefix}{float(number)}")
        words.append(operators[index])
    text = " ".join(words[:-1]) + (")" if opened < len(operands[:12]) else "")
    if "compares numbers" in complaint(text):  # what Lua refuses too, but only when it gets there
        return
    try:
        expected = run(Sandbox().compile([], text), [])
    except LuaError:
        expected = None
    try:
        result = value(text)
    except StatementError:
        result = None
    if isinstance(expected, float) and not math.isfinite(expected):
        expected = None
    assert result == expected


@given(st.text(max_size=200))
def test_any_text_is_an_expression_or_an_expression_error(text: str) -> None:
    assert complaint(text) != "?"
