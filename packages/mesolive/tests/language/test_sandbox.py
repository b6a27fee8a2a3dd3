"""The Lua machine holds even if a text reached it that the expression reader would have refused."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.language.sandbox import LuaError, NeedsArgument, Sandbox, run

YARDSTICK_SECONDS = 0.075
"""What two million rounds of a Python loop take on the machine for which the limit of 50 ms was stated."""


@contextlib.contextmanager
def within_50_ms() -> Generator[None]:
    """Assert that the block takes 50 ms of processor time, more where the machine is slower than the yardstick."""
    started = time.thread_time()
    yield
    took = time.thread_time() - started
    if took >= 0.05:
        started = time.thread_time()
        for _ in range(2_000_000):
            pass
        assert took < 0.05 * (time.thread_time() - started) / YARDSTICK_SECONDS


@pytest.mark.parametrize(
    "body",
    [
        "(function() while true do end end)()",
        "(function() for i = 1, 1e18 do end end)()",
        "(function() local function f() return f() end return f() end)()",
        "(function() ::again:: goto again end)()",
    ],
)
def test_an_endless_body_ends_within_50_ms(body: str) -> None:
    function = Sandbox().compile([], body)
    with within_50_ms(), pytest.raises(LuaError, match="ran away"):
        run(function, [])


@pytest.mark.parametrize(
    "body",
    [
        "(function() local t = {} while true do t[#t + 1] = {} end end)()",
        "(function() local s = 'x' while true do s = s .. s end end)()",
        "(function() local function f() return 1 + f() end return f() end)()",
    ],
)
def test_a_body_that_allocates_ends_within_50_ms_and_the_interpreter_continues(body: str) -> None:
    sandbox = Sandbox()
    function = sandbox.compile([], body)
    with within_50_ms(), pytest.raises(LuaError):
        run(function, [])
    assert run(sandbox.compile([], "1 + 1"), []) == 2


@pytest.mark.parametrize(
    "name",
    [
        "load",
        "loadstring",
        "dofile",
        "require",
        "debug",
        "os",
        "io",
        "python",
        "string",
        "table",
        "math",
        "coroutine",
        "package",
        "collectgarbage",
        "rawset",
        "rawget",
        "setmetatable",
        "getmetatable",
        "pcall",
        "print",
        "_G",
        "utf8",
    ],
)
def test_nothing_of_luas_library_can_be_reached(name: str) -> None:
    assert run(Sandbox().compile([], name), []) is None


@pytest.mark.parametrize("body", ["('x'):rep(1e9)", "('x').rep('x', 1e9)", "('%s'):format(1)", "_ENV.load"])
def test_texts_have_no_methods_and_the_environment_is_empty(body: str) -> None:
    with contextlib.suppress(LuaError):
        assert run(Sandbox().compile([], body), []) is None


def test_one_evaluation_that_ran_away_does_not_shorten_the_next() -> None:
    sandbox = Sandbox(instructions=400_000)
    endless = sandbox.compile([], "(function() while true do end end)()")
    busy = sandbox.compile([], "(function() local n = 0 for i = 1, 50000 do n = n + 1 end return n end)()")
    for _ in range(5):
        with pytest.raises(LuaError):
            run(endless, [])
        assert run(busy, []) == 50_000


def test_many_short_evaluations_never_reach_the_limit_of_one() -> None:
    sandbox = Sandbox(instructions=200_000)
    function = sandbox.compile(["a"], "a * a + a")
    assert {run(function, [2.0]) for _ in range(50_000)} == {6.0}


def test_an_argument_that_was_not_passed_is_asked_for() -> None:
    function = Sandbox().compile(["v0", "v1"], "v0 > 1 and (v1 or need(1)) > 2")
    assert run(function, [0.0, None]) is False
    with pytest.raises(NeedsArgument) as caught:
        run(function, [2.0, None])
    assert caught.value.index == 1


def test_what_lua_does_not_understand_is_refused_at_compile_time() -> None:
    with pytest.raises(LuaError):
        Sandbox().compile([], "1 +")


def test_compiled_byte_code_is_not_accepted() -> None:
    with pytest.raises(LuaError):
        Sandbox().compile([], "\x1bLua")


def test_a_machine_is_small() -> None:
    sandbox = Sandbox()
    before = sandbox.memory_used
    functions = [sandbox.compile(["a", "b"], "a > 5 and b < 3") for _ in range(100)]
    assert len(functions) == 100
    assert before < 64 * 1024
    assert sandbox.memory_used - before < 100 * 2_000


@given(st.text(alphabet="()[]{}.,;:=<>~+-*/%^#'\" abcdefgimnorstuwl0159\n", max_size=60))
def test_no_text_gets_anything_out_of_the_machine_but_a_value_or_an_error(body: str) -> None:
    try:
        result: object = run(Sandbox().compile([], body), [])
    except (LuaError, NeedsArgument):
        return
    # A table or function can only be one that the text itself made: it knows no name of the outside.
    assert result is None or isinstance(result, float | int | str) or type(result).__module__.startswith("lupa")


@pytest.mark.parametrize(
    "body",
    [
        "(function() while true do steps = 0 end end)()",
        "(function() local n = 0 while true do guard = { n = 0 } n = n + 1 end end)()",
        "(function() while true do _ENV.steps = 0 end end)()",
    ],
)
def test_raw_lua_cannot_set_the_count_of_its_instructions_back(body: str) -> None:
    function = Sandbox().compile([], body)
    with pytest.raises(LuaError, match="ran away"):
        run(function, [])


def test_raw_lua_does_not_reach_the_guard() -> None:
    with pytest.raises(LuaError, match="guard"):
        run(Sandbox().compile([], "(function() guard.n = 0 return 1 end)()"), [])
