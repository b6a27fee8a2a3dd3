"""Whatever comes in as a definition is used or refused, in bounded time and memory, and never crashes."""

from __future__ import annotations

import json
import time
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.language import (
    Problem,
    StrategyDefinition,
    check_definition,
    compile_strategy,
    parse_definition,
)
from mesolive.language.reading import MAX_PROBLEMS
from mesolive_testkit.language.definitions import full, problems
from mesolive_testkit.language.strategies import Json, definition, leg


def checked_within(raw: Any, seconds: float) -> list[Problem]:  # anything may come in
    started = time.thread_time()
    report = check_definition(raw)
    assert time.thread_time() - started < seconds
    assert report.definition is None
    return list(report.problems)


def test_a_definition_of_5_mb_is_refused_unread() -> None:
    raw = json.dumps(definition(Description="x" * 5_000_000))
    assert "5,000," in str(checked_within(raw, 0.1)[0])
    assert "too much text" in str(checked_within(definition(Description="x" * 5_000_000), 0.1)[0])


def test_a_definition_of_depth_10_000_is_refused() -> None:
    text = '{"a":' * 10_000 + "1" + "}" * 10_000
    assert "nested too deeply" in str(checked_within(text, 1.0)[0])
    nested: Json = {}
    for _ in range(10_000):
        nested = {"a": nested}
    assert "nested too deeply" in str(checked_within(nested, 1.0)[0])
    lists = "[" * 100_000 + "]" * 100_000
    assert checked_within(f'{{"Symbol":{lists}}}', 1.0)


def test_a_definition_with_10_000_legs_is_refused() -> None:
    raw = definition([leg(f"leg{number}") for number in range(10_000)])
    assert checked_within(raw, 2.0)
    small = definition([{"Name": "a"} for _ in range(10_000)])
    assert "has 10,000 entries; expected 1 to 50" in str(checked_within(small, 2.0)[0])


def test_legs_hidden_in_many_adjustments_are_bounded_too() -> None:
    adjustments = {
        f"pos_delta > {number}": {
            "AddLegsAdjustment": {"Legs": [leg(f"x{number}_{index}", Delta=5) for index in range(20)]}
        }
        for number in range(30)
    }
    result = checked_within(definition(Adjustment={"ConditionalAdjustments": adjustments}), 2.0)
    assert any("legs in all" in str(problem) for problem in result)


def test_thousands_of_errors_end_the_search() -> None:
    raw = definition(
        Entry={"Conditions": [f"nonsense_{number} > other_{number}" for number in range(100)]},
        Exit={"Conditions": [f"nonsens_{number} > othr_{number}" for number in range(100)]},
    )
    assert len(checked_within(raw, 5.0)) == MAX_PROBLEMS + 1


def test_thousands_of_unknown_names_are_refused_or_read_in_bounded_time() -> None:
    legs = [leg(f"leg{number}") for number in range(50)]
    rows = [" + ".join(f"xleg_leg{n}x{k}_prce" for k in range(40)) for n in range(100)]
    raw = definition(legs, Exit={"Conditions": rows})
    assert checked_within(raw, 5.0)
    started = time.thread_time()
    outside = check_definition({**raw, "ExternalData": {"CsvUrl": "https://docs.google.com/x"}})
    assert time.thread_time() - started < 5.0
    assert outside.definition is not None
    fields = {f"ProfitTraget{number}": 1 for number in range(20_000)}
    assert "more than 100 fields" in str(checked_within(definition(Exit=fields), 5.0)[-1])


@pytest.mark.parametrize(
    "expression",
    [
        "(function() while true do end end)()",
        "while true do end",
        "('x'):rep(1e9)",
        "string.rep('x', 1e9)",
        "os.exit()",
        "io.open('/etc/passwd')",
        "python.eval('1')",
        "debug.getinfo(1)",
        "load('return 1')()",
        "_G",
        "(" * 5_000 + "1" + ")" * 5_000,
        "1" + " + 1" * 4_000,
        "max(" + ", ".join(["1"] * 5_000) + ")",
        " + ".join(["options.model(position, 0, 5, pnl)"] * 60),
    ],
    ids=lambda text: text[:24],
)
def test_an_expression_that_loops_allocates_or_reaches_out_is_refused_at_import(expression: str) -> None:
    result = checked_within(definition(Exit={"Conditions": [expression]}), 1.0)
    assert [problem.path for problem in result] == ["Exit.Conditions[0]"] * len(result)
    assert result


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("[]", "not a JSON object; found a list"),
        ("null", "not a JSON object; found null"),
        ('{"Symbol": "SPX",}', "not JSON"),
        ('{"Symbol": NaN}', "NaN is not JSON"),
        ('{"Symbol": "A", "Symbol": "B"}', '"Symbol" stands twice'),
        ('{"Symbol": ' + "9" * 10_000 + "}", "not JSON"),
        ({"Symbol": "SPX", 5: 1}, "a key in the definition is not a text"),
    ],
)
def test_what_is_no_definition_at_all_is_refused(raw: Any, message: str) -> None:
    assert message in str(checked_within(raw, 0.5)[0])


def test_values_from_anywhere_are_refused_and_never_crash() -> None:
    values: list[Any] = [object(), {1, 2}, b"x", float("nan"), float("inf"), True, [], {}]
    for odd in values:
        raw = full()
        raw["Structure"]["Legs"][0]["Qty"] = odd
        raw["Symbol"] = odd
        raw["Entry"]["ReentryDays"] = odd
        assert check_definition(raw).definition is None


def test_a_checked_definition_always_compiles() -> None:
    parsed: StrategyDefinition = parse_definition(full())
    assert compile_strategy(parsed).memory_used < 200_000


def test_maps_are_bounded_and_must_be_objects() -> None:
    many = {f"x{number}": 1 for number in range(101)}
    assert "has 101 entries" in problems(definition(Entry={"VarDefines": many}))["Entry.VarDefines"]
    assert "is not an object" in problems(definition(Entry={"VarDefines": ["x"]}))["Entry.VarDefines"]
    assert "is not an object" in problems(definition(Entry=[]))["Entry"]


def test_an_expression_that_lua_itself_cannot_hold_is_refused_at_import() -> None:
    wide = "max(" + ", ".join(["nav"] * 50) + ")"
    for _ in range(8):
        wide = "max(" + ", ".join(["1"] * 49) + f", {wide})"
    result = check_definition(definition(Exit={"Conditions": [wide]}))
    for problem in result.problems:
        assert problem.path == "Exit.Conditions[0]"
    if result.definition is not None:
        compile_strategy(result.definition)


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # JSON
    """Return the path of every value of a JSON tree."""
    result = [path] if path else []
    if isinstance(tree, dict):
        for key, value in cast("Json", tree).items():
            result += places(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(cast("list[Any]", tree)):
            result += places(value, (*path, index))
    return result


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["nav", "a", "s"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*full(), "Name", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(places(full())), JSON), min_size=1, max_size=3), st.booleans())
def test_a_definition_with_anything_anywhere_is_used_or_refused_and_never_crashes(
    changes: list[tuple[tuple[Any, ...], Any]], old: bool
) -> None:
    raw: Any = full()
    if old:
        raw |= {"MesoSimVersion": "2.8", "Cash": "1", "SimSettings": {"FillModel": "AtMidPrice"}}
    for path, value in changes:
        target = raw
        try:
            for part in path[:-1]:
                target = target[part]
            target[path[-1]] = value
        except (TypeError, KeyError, IndexError):
            continue  # an earlier change took the place away
    report = check_definition(raw)
    assert (report.definition is None) == bool(report.problems)
    if report.definition is not None:
        compile_strategy(report.definition)
