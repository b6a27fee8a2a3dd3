"""Statements: expressions with their path in the definition; name checks, compilation to Lua and evaluation.

Compiling turns the tree into one Lua function of positional arguments: a variable that every evaluation reads becomes a
plain parameter; one right of an `and` or `or` is fetched only when the function reads it, so that
`open_trades_cnt == 3 and leg_hedge_price > 8` can be evaluated while there is no hedge. Calls of modules (`timing.…`,
`options.…`) and `random` are made in Python, and their results passed as arguments: no Python object enters Lua.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mesolive.language.calls import FUNCTIONS, PURE, Caller, CallValue, keyword_of
from mesolive.language.decision import Evaluation, StatementKind
from mesolive.language.expression import (
    POWERS,
    Binary,
    Call,
    Constant,
    Name,
    Node,
    Number,
    Text,
    Unary,
    describe_expression,
    parse_expression,
)
from mesolive.language.problems import ExpressionError, MissingValueError, StatementError
from mesolive.language.sandbox import (
    LUA_ERRORS,
    LuaFunction,
    LuaValue,
    NeedsArgument,
    NotFiniteError,
    Sandbox,
    explained,
    run,
)
from mesolive.language.scope import Scope
from mesolive.language.variables import Reader, bind


@dataclass(frozen=True, slots=True)
class Statement:
    """An expression with its path in a definition.

    Attributes
    ----------
    text
        As written, comments included; a number as its digits.
    path
        Such as `Entry.Conditions[0]`.
    """

    text: str
    path: str = field(compare=False, default="")


# --- compiling --------------------------------------------------------------------------------------------------------


_HIDING_OPERATORS: Mapping[str, tuple[bool, bool]] = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "~="), (True, True)),
    "and": (True, False),
    "or": (True, False),
    "/": (False, True),
    "//": (False, True),
    "%": (False, True),
    "^": (True, True),
}
"""Operators whose result may be finite, or a truth value, though the left or the right operand is not a finite number.

Through all others such an operand makes the result of its kind (IEEE 754), so that it is found where it comes out.
"""

_HIDING_FUNCTIONS = frozenset({"min", "max", "pow", "log"})
"""Functions of which the same is true: `max(0/0, 3)` is 3 in Lua, `log(2, 1/0)` is 0."""


def _may_be_infinite(node: Node) -> bool:
    """Return whether a value may be infinite or no number: whether anything is computed for it.

    What is read is finite: that is checked where it is read.
    """
    match node:
        case Unary():
            return node.operator == "-" and _may_be_infinite(node.operand)
        case Binary():
            if node.operator in {"and", "or"}:
                return _may_be_infinite(node.left) or _may_be_infinite(node.right)
            return node.operator in {"+", "-", "*", "/", "//", "%", "^"}
        case Call():
            return node.name in PURE
        case _:
            return False


class _HoistedCall(NamedTuple):
    source: str
    caller: Caller
    arguments: tuple[str | CompiledStatement, ...]
    conditional: bool


class _Emitter:
    """Writes the Lua text of a tree and collects what it reads."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.always: dict[str, None] = {}
        self.sometimes: dict[str, None] = {}
        self.calls: list[_HoistedCall] = []
        self.parts: list[Node] = []

    def survey(self, node: Node, *, conditional: bool) -> None:
        """Find which variables every evaluation reads and which only some do."""
        match node:
            case Name():
                (self.sometimes if conditional else self.always)[node.name] = None
            case Unary():
                self.survey(node.operand, conditional=conditional)
            case Binary():
                self.survey(node.left, conditional=conditional)
                self.survey(node.right, conditional=conditional or node.operator in {"and", "or"})
            case Call():
                if node.name in PURE:
                    for argument in node.arguments:
                        self.survey(argument, conditional=conditional)
            case _:
                pass

    def write(self, node: Node, order: Mapping[str, int], *, conditional: bool) -> str:
        match node:
            case Number():
                return repr(node.value)  # a numeral of a float: all arithmetic is in floats, as the variables are
            case Constant():
                return node.word
            case Name():
                index = order[node.name]
                return f"v{index}" if node.name in self.always else f"(v{index} or need({index}))"
            case Unary():
                write = self._write_finite if node.operator == "not" else self.write
                return f"({node.operator} {write(node.operand, order, conditional=conditional)})"
            case Binary():
                return f"({self._write_binary(node, order, conditional=conditional)})"
            case Call():
                if node.name in PURE:
                    write = self._write_finite if node.name in _HIDING_FUNCTIONS else self.write
                    inside = (write(argument, order, conditional=conditional) for argument in node.arguments)
                    return f"{node.name}({', '.join(inside)})"
                return self._hoist(node, len(order), conditional=conditional)
            case Text():
                raise StatementError("a quoted word is not a value")

    def _write_binary(self, node: Binary, order: Mapping[str, int], *, conditional: bool) -> str:
        """Write without parentheses around it: a long row of operators must not nest deeper than Lua can read."""
        power = POWERS[node.operator][0]
        hides_left, hides_right = _HIDING_OPERATORS.get(node.operator, (False, False))
        if hides_left and _may_be_infinite(node.left):
            left = self._write_finite(node.left, order, conditional=conditional)
        elif isinstance(node.left, Binary) and node.operator != "^" and POWERS[node.left.operator][0] >= power:
            left = self._write_binary(node.left, order, conditional=conditional)
        else:
            left = self.write(node.left, order, conditional=conditional)
        lazy = conditional or node.operator in {"and", "or"}
        write = self._write_finite if hides_right else self.write
        return f"{left} {node.operator} {write(node.right, order, conditional=lazy)}"

    def _write_finite(self, node: Node, order: Mapping[str, int], *, conditional: bool) -> str:
        """Generate a check that fails the statement where the enclosing expression would hide infinity or NaN."""
        written = self.write(node, order, conditional=conditional)
        if not _may_be_infinite(node):
            return written
        self.parts.append(node)
        return f"finite({len(self.parts) - 1}, {written})"

    def _hoist(self, node: Call, variables: int, *, conditional: bool) -> str:
        function = FUNCTIONS[node.name]
        arguments: list[str | CompiledStatement] = []
        for value, shape in zip(node.arguments, function.arguments, strict=False):
            word = keyword_of(value, shape, None)
            arguments.append(word if word is not None else _compile_node(value, Statement(node.source), self._sandbox))
        index = variables + len(self.calls)
        self.calls.append(_HoistedCall(node.source, function.call, tuple(arguments), conditional))
        return f"lazy({index}, h{index}, v{index})" if conditional else f"v{index}"


def compile_statement(statement: Statement, sandbox: Sandbox) -> CompiledStatement:
    """Compile a statement that has been checked.

    Raises
    ------
    StatementError
        When the text is not an expression of the language.
    """
    try:
        return _compile_node(parse_expression(statement.text), statement, sandbox)
    except ExpressionError as error:
        raise StatementError(error.message) from None


def _compile_node(node: Node, statement: Statement, sandbox: Sandbox) -> CompiledStatement:
    emitter = _Emitter(sandbox)
    emitter.survey(node, conditional=False)
    names = [*emitter.always, *(name for name in emitter.sometimes if name not in emitter.always)]
    order = {name: index for index, name in enumerate(names)}
    body = emitter.write(node, order, conditional=False)
    count = len(names) + len(emitter.calls)
    parameters = [f"v{index}" for index in range(count)]
    parameters += [f"h{len(names) + index}" for index in range(len(emitter.calls))]
    function = sandbox.compile(parameters, body)
    constant = node.value if isinstance(node, Number) else None
    parts = [describe_expression(part) for part in emitter.parts]
    return CompiledStatement(statement, function, names, len(emitter.always), emitter.calls, constant, parts)


_RANDOM = FUNCTIONS["random"].call
_WITHOUT_VALUE = "not a finite number (a division by zero, a root or a logarithm without a value, an overflow?)"


# --- evaluating -------------------------------------------------------------------------------------------------------


class CompiledStatement:
    """A statement ready to be evaluated in scopes; made by `compile_statement`."""

    __slots__ = (
        "_callless",
        "_calls",
        "_constant",
        "_function",
        "_names",
        "_optional",
        "_parts",
        "_sources",
        "path",
        "text",
    )

    def __init__(
        self,
        statement: Statement,
        function: LuaFunction,
        names: Sequence[str],
        always: int,
        calls: Sequence[_HoistedCall],
        constant: float | None,
        parts: Sequence[str] = (),
    ) -> None:
        self.text = statement.text
        self.path = statement.path
        self._function = function
        self._names = tuple(names)
        self._optional = always < len(names)
        self._sources: tuple[tuple[str, Reader, bool], ...] = tuple(
            (name, bind(name), index < always) for index, name in enumerate(names)
        )
        self._calls = tuple(calls)
        self._constant = constant
        self._callless = constant is None and not calls
        self._parts = tuple(parts)

    def may_read(self, prefixes: tuple[str, ...]) -> bool:
        """Return whether its value may depend on a variable that begins so; calls may depend on everything."""
        return bool(self._calls) or any(name.startswith(prefixes) for name in self._names)

    def evaluate(self, scope: Scope) -> tuple[LuaValue, dict[str, float]]:
        """Return the value and the variables that were read for it.

        Raises
        ------
        StatementError
            When a value that it reads is missing, or it cannot be carried out.
        """
        if self._callless:
            # Most conditions. It is written out, without helpers: a call of one costs as much as the Lua function.
            memo, names = scope.memo, self._names
            try:
                known = [memo[name] for name in names]
            except KeyError:
                known = self._read_all(scope)
            try:
                result = self._function(*known)
            except LUA_ERRORS as error:
                return self._evaluate_on(error, scope, known)
            if result is not True and result is not False:
                _finite(result)
            if self._optional:
                return result, {name: value for name, value in zip(names, known, strict=True) if value is not None}
            return result, dict(zip(names, known, strict=True))  # pyright: ignore[reportReturnType]  # every reader returns a float
        if self._constant is not None:
            return self._constant, {}
        values = self._read_all(scope)
        if not self.path or all(call.caller is not _RANDOM for call in self._calls):
            return self._evaluate_lazily(scope, values)
        # A call within the arguments of another has no place of its own: it goes on drawing for the statement.
        before, scope.random = scope.random, scope.drawing(self.path, self.text)
        try:
            return self._evaluate_lazily(scope, values)
        finally:
            scope.random = before

    def _read_all(self, scope: Scope) -> list[LuaValue]:
        """Return the values of the variables; `None` for one that only some evaluations read and that is not known."""
        memo = scope.memo
        values: list[LuaValue] = []
        for name, read, always in self._sources:
            value = memo.get(name)
            if value is None and always:
                value = read(scope)
                if not math.isfinite(value):
                    raise self._not_finite(name)
                memo[name] = value
            values.append(value)
        return values

    def _evaluate_on(self, error: Exception, scope: Scope, values: list[LuaValue]) -> tuple[LuaValue, dict[str, float]]:
        """Go on after an error of Lua: with the variable that it asks for, or by failing."""
        reason = explained(error)
        if not isinstance(reason, NeedsArgument):
            raise self._named(reason) from None
        values[reason.index] = self._read(reason.index, scope)
        return self._evaluate_lazily(scope, values)

    def _evaluate_lazily(self, scope: Scope, values: list[LuaValue]) -> tuple[LuaValue, dict[str, float]]:
        count = len(self._names)
        present: list[LuaValue] = []
        inner: dict[str, float] = {}
        for call in self._calls:
            values.append(None if call.conditional else _make(call, scope, inner))
            present.append(not call.conditional)
        while True:
            try:
                result = self._run(values + present)
                break
            except NeedsArgument as need:
                if need.index < count:
                    values[need.index] = self._read(need.index, scope)
                else:
                    values[need.index] = _make(self._calls[need.index - count], scope, inner)
                    present[need.index - count] = True
            except StatementError as error:
                empty = [call.source for call, value in zip(self._calls, values[count:], strict=True) if value is None]
                if empty and "nil" in str(error):
                    raise StatementError(f"{empty[0]} found nothing (nil)") from None
                raise
        sources = (*self._names, *(call.source for call in self._calls))
        read = zip(sources, values, strict=True)
        return _finite(result), inner | {name: float(value) for name, value in read if value is not None}

    def _run(self, arguments: list[LuaValue]) -> LuaValue:
        try:
            return run(self._function, arguments)
        except NotFiniteError as error:
            raise self._named(error) from None

    def _named(self, error: Exception) -> Exception:
        """Return an error of the expression with the text of the part concerned."""
        return (
            StatementError(f"'{self._parts[error.part]}' is {_WITHOUT_VALUE}")
            if isinstance(error, NotFiniteError)
            else error
        )

    def _read(self, index: int, scope: Scope) -> float:
        name, read, _ = self._sources[index]
        value = read(scope)
        if not math.isfinite(value):
            raise self._not_finite(name)
        scope.memo[name] = value
        return value

    @staticmethod
    def _not_finite(name: str) -> StatementError:
        return StatementError(f"the value of '{name}' is not a finite number")

    def number(self, scope: Scope) -> float:
        """Return the value as a number; truth values count as 1 and 0.

        Raises
        ------
        StatementError
            When it has none.
        """
        value, _ = self.evaluate(scope)
        return _number(value)

    def truth(self, scope: Scope) -> bool:
        """Return whether the condition holds: `nil`, `false` and 0 do not.

        Raises
        ------
        StatementError
            When it cannot be evaluated.
        """
        value, _ = self.evaluate(scope)
        return value is not None and value != 0

    def judge(self, scope: Scope, kind: StatementKind) -> Evaluation:
        """Evaluate the statement as a condition; the result carries a failure."""
        try:
            value, variables = self.evaluate(scope)
        except StatementError as error:
            return Evaluation(kind, self.text, None, error=str(error))
        if value is True or value is False or value is None:
            return Evaluation(kind, self.text, value is True, variables)
        return Evaluation(kind, self.text, value != 0, variables, float(value))

    def measure(self, scope: Scope, kind: StatementKind) -> Evaluation:
        """Evaluate the statement as a number; the result carries a failure (`value` is then `None`)."""
        try:
            value, variables = self.evaluate(scope)
            number = _number(value)
        except StatementError as error:
            return Evaluation(kind, self.text, None, error=str(error))
        return Evaluation(kind, self.text, True, variables, number)


def _make(call: _HoistedCall, scope: Scope, evidence: dict[str, float]) -> LuaValue:
    """Carry out a call; the variables that its arguments read are added to `evidence`."""
    values: list[CallValue] = []
    for argument in call.arguments:
        if isinstance(argument, str):
            values.append(argument)
            continue
        value, read = argument.evaluate(scope)
        evidence.update(read)
        if value is None or isinstance(value, bool):
            raise StatementError(f"an argument of {call.source} is not a number")
        values.append(float(value))
    try:
        result = call.caller(scope, values)
    except MissingValueError as error:
        raise StatementError(f"{call.source}: {error}") from None
    if isinstance(result, float) and not math.isfinite(result):
        raise StatementError(f"{call.source} is {_WITHOUT_VALUE}")
    return result


def _number(value: LuaValue) -> float:
    if value is None:
        raise StatementError("yields no value (nil)")
    return float(value)


def _finite(value: LuaValue) -> LuaValue:
    if isinstance(value, float) and not math.isfinite(value):
        raise StatementError(f"yields {_WITHOUT_VALUE}")
    return value
