"""Lua 5.4 sandbox for expressions: arithmetic only, with limits on run time and memory.

Three walls, each enough alone. What reaches Lua is written by our own compiler from a tree that has no loops, functions
or strings (`expression`, `statement`). The machine's globals are emptied before the first expression is loaded: no
`load`, `debug`, `os`, `io`, `python`, no string methods. And a hook counts instructions, an allocator counts bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from lupa import lua54  # pyright: ignore[reportMissingTypeStubs]  # lupa ships no types

from mesolive.language.problems import StatementError

INSTRUCTION_LIMIT = 2_000_000
"""Instructions per evaluation: below 20 ms of Lua on a slow core."""
MEMORY_LIMIT = 8 * 1024 * 1024
"""Bytes that one strategy's machine may hold, its compiled expressions included."""

LuaValue = float | int | bool | None
LuaFunction = Callable[..., LuaValue]


class LuaError(StatementError):
    """Lua refused to go on; the text is Lua's own."""


class NeedsArgument(Exception):  # noqa: N818  # a signal of control flow between two tries, not an error
    """An expression reads an argument that was not passed.

    Attributes
    ----------
    index
        Which argument, counted from 0.
    """

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class NotFiniteError(Exception):
    """A part of an expression is infinite or no number, and what stands around it would hide that.

    Attributes
    ----------
    part
        Which of the parts that its compiler guards, counted from 0.
    """

    def __init__(self, part: int) -> None:
        super().__init__(part)
        self.part = part


class _Runtime(Protocol):
    def execute(self, lua_code: str) -> Any: ...  # noqa: ANN401  # whatever the chunk returns
    def get_memory_used(self, total: bool = False) -> int | None: ...


_SETUP = """
local globals, load, pairs, error, sethook, getmetatable = _G, load, pairs, error, debug.sethook, getmetatable
local collect = collectgarbage
local floor, ceil, abs, min, max, sqrt, log = math.floor, math.ceil, math.abs, math.min, math.max, math.sqrt, math.log
-- Of the hook and the wrapper below alone: a chunk that could write it would have no limit.
local steps = 0
local INFINITE = math.huge

local function pow(x, y) return x ^ y end
local function int(x) if x >= 0 then return floor(x) end return ceil(x) end
local function need(i) error("need:" .. i, 0) end
local function finite(i, x)
  if x == x and x ~= INFINITE and x ~= -INFINITE then return x end
  error("part:" .. i, 0)
end
local function lazy(i, has, value) if has then return value end error("need:" .. i, 0) end

sethook(function()
  steps = steps + 1
  if steps > LIMIT then steps = 0 error("ran away: more than INSTRUCTIONS instructions", 0) end
end, "", STEP)

getmetatable("").__index = nil
getmetatable("").__metatable = false
for name in pairs(globals) do globals[name] = nil end

return function(source)
  steps = 0
  local chunk, why = load(source, "=expression", "t", {})
  if not chunk then error(why, 0) end
  local compiled = chunk(need, lazy, finite, abs, min, max, sqrt, pow, log, ceil, floor, int)
  return function(...)
    steps = 0
    return compiled(...)
  end
end
"""

_HEADER = "local need, lazy, finite, abs, min, max, sqrt, pow, log, ceil, floor, int = ..."
_STEP = 100_000


def _refuse_attribute(_object: object, _name: object, _setting: bool) -> str:
    raise AttributeError("Python objects are out of reach")


class Sandbox:
    """One Lua machine. Create one per strategy, so that no strategy can starve another of its memory.

    Parameters
    ----------
    instructions
        Limit per evaluation.
    memory
        Limit for everything in the machine, in bytes.
    """

    def __init__(self, instructions: int = INSTRUCTION_LIMIT, memory: int = MEMORY_LIMIT) -> None:
        runtime_class = cast("Callable[..., _Runtime]", lua54.LuaRuntime)  # pyright: ignore[reportUnknownMemberType]
        self._runtime = runtime_class(
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=False,
            attribute_filter=_refuse_attribute,
            max_memory=memory,
        )
        setup = (
            _SETUP.replace("LIMIT", str(instructions // _STEP))
            .replace("INSTRUCTIONS", f"{instructions:,}")
            .replace("STEP", str(_STEP))
        )
        self._load = cast("Callable[[str], LuaFunction]", self._runtime.execute(setup))

    @property
    def memory_used(self) -> int:
        """Bytes that the machine holds, its own start included."""
        return self._runtime.get_memory_used(total=True) or 0

    def compile(self, parameters: Sequence[str], body: str) -> LuaFunction:
        """Return a function of `parameters` that yields the Lua expression `body`.

        `body` may call `abs min max sqrt pow log ceil floor int`; `need(i)` and `lazy(i, has, value)` to ask for an
        argument that was not passed; and `finite(i, value)` to refuse a part that is infinite or no number.

        Raises
        ------
        LuaError
            When Lua does not accept the text.
        """
        source = f"{_HEADER}\nreturn function({', '.join(parameters)})\nreturn ({body})\nend"
        try:
            return self._load(source)
        except (lua54.LuaError, lua54.LuaMemoryError) as error:
            raise LuaError(_reason(error)) from None


def run(function: LuaFunction, arguments: Sequence[LuaValue]) -> LuaValue:
    """Call a compiled expression.

    Raises
    ------
    NeedsArgument
        When it reads an argument that was not passed.
    NotFiniteError
        When a part that is guarded is infinite or no number.
    LuaError
        When it cannot be evaluated or exceeds a limit.
    """
    try:
        return function(*arguments)
    except lua54.LuaMemoryError:
        raise LuaError("needs more memory than an expression may use") from None
    except lua54.LuaError as error:
        text = str(error)
        if text.startswith("need:"):
            raise NeedsArgument(int(text[5:])) from None
        if text.startswith("part:"):
            raise NotFiniteError(int(text[5:])) from None
        raise LuaError(_reason(error)) from None


def _reason(error: Exception) -> str:
    """Return Lua's message without its position and traceback."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text.removeprefix("expression:").split(": ", 1)[-1] if text.startswith("expression:") else text
