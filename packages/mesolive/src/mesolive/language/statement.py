"""Statements: expressions with their place in the definition, checked against the names there, compiled and evaluated.

Compiling turns the tree into one Lua function of positional arguments: a variable that every evaluation reads becomes a
plain parameter; one that stands right of an `and` or `or` is fetched when the function asks for it, so that
`open_trades_cnt == 3 and leg_hedge_price > 8` can be evaluated while there is no hedge. Calls of modules (`timing.…`,
`options.…`) and `random` are made in Python, and their results passed as arguments: no Python object enters Lua.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mesolive.language import option_model, timing
from mesolive.language.decision import Evaluation, StatementKind
from mesolive.language.expression import Binary, Call, Constant, Name, Node, Number, Text, Unary, parse_expression, walk
from mesolive.language.problems import ExpressionError, MissingValueError, StatementError, suggestion
from mesolive.language.sandbox import LuaFunction, LuaValue, NeedsArgument, Sandbox, run
from mesolive.language.scope import Scope
from mesolive.language.variables import Names, Reader, bind

MAX_READS = 100
"""Most variables and calls in one expression: Lua bounds the parameters of a function."""
MAX_MODULE_CALLS = 16
"""Most calls of modules in one expression: they do the work of many instructions."""

PURE: Mapping[str, tuple[int, int]] = {
    "abs": (1, 1),
    "min": (1, 50),
    "max": (1, 50),
    "sqrt": (1, 1),
    "pow": (2, 2),
    "log": (1, 2),
    "ceil": (1, 1),
    "floor": (1, 1),
    "int": (1, 1),
}
"""The functions that run in Lua, with their least and greatest number of arguments."""


@dataclass(frozen=True, slots=True)
class Statement:
    """An expression where it stands in a definition.

    Attributes
    ----------
    text
        As written, comments included; a number as its digits.
    path
        Such as `Entry.Conditions[0]`.
    """

    text: str
    path: str = field(compare=False, default="")


# --- calls ------------------------------------------------------------------------------------------------------------


class Argument(NamedTuple):
    """What one argument of a module call may be.

    Attributes
    ----------
    words
        Keywords that may stand there bare or quoted.
    legs
        Whether `leg_<NAME>` may stand there.
    anchors
        Whether `leg_<NAME>_dte` standing alone means that leg's settlement.
    number
        Whether any expression may.
    """

    words: tuple[str, ...] = ()
    legs: bool = False
    anchors: bool = False
    number: bool = False


_NUMBER = Argument(number=True)
CallValue = float | str | None
Caller = Callable[[Scope, Sequence[CallValue]], LuaValue]


class Function(NamedTuple):
    """A function that is carried out in Python."""

    arguments: tuple[Argument, ...]
    required: int
    call: Caller


def _days_until(what: str) -> Caller:
    def call(scope: Scope, values: Sequence[CallValue]) -> LuaValue:
        year, month, day = (_as_number(value) for value in values)
        return timing.days_until(what, scope, year, month, day)

    return call


def _days_in(what: str) -> Caller:
    return lambda scope, values: timing.days_in(what, scope, str(values[0]))


def _random(scope: Scope, values: Sequence[CallValue]) -> LuaValue:
    """Draw as Lua's `math.random` does: a fraction, or a whole number in 1…m or m…n."""
    if not values:
        return scope.random.random()
    bounds = [_as_number(value) for value in values]
    low, high = (1.0, bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
    if low != math.floor(low) or high != math.floor(high) or low > high:
        raise StatementError(f"random({low:g}, {high:g}): whole numbers are needed, the lower one first")
    return float(scope.random.randint(int(low), int(high)))


def _as_number(value: CallValue) -> float:
    if not isinstance(value, float):
        raise StatementError("a call's argument is not a number")
    return value


_DATE = (_NUMBER, _NUMBER, _NUMBER)
_PERIOD = (Argument(words=("month", "year")),)
_TARGET = Argument(words=("position",), legs=True)
_HORIZON = Argument(anchors=True, number=True)
_METRIC = Argument(words=option_model.METRICS)

FUNCTIONS: Mapping[str, Function] = {
    "random": Function((_NUMBER, _NUMBER), 0, _random),
    **{
        f"timing.{days}_{direction}": Function(_DATE, 3, _days_until(f"{days}_{direction}"))
        for days in ("trading_days", "calendar_days")
        for direction in ("until", "after")
    },
    **{f"timing.{days}_in": Function(_PERIOD, 1, _days_in(f"{days}_in")) for days in ("trading_days", "calendar_days")},
    "options.model": Function((_TARGET, _HORIZON, _NUMBER, _METRIC), 4, option_model.model),
    "options.model_solver": Function(
        (
            _TARGET,
            _HORIZON,
            _NUMBER,
            _NUMBER,
            _METRIC,
            Argument(words=option_model.MODES),
            Argument(words=option_model.RETURNS),
        ),
        7,
        option_model.model_solver,
    ),
}
"""The functions that run in Python."""


# --- checking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with an expression: a message in which `found` is the text concerned."""

    message: str
    found: str


def check_expression(text: str, names: Names) -> list[Finding]:
    """Return everything that is wrong with an expression at a place where `names` exist."""
    try:
        node = parse_expression(text)
    except ExpressionError as error:
        start = max(error.position - 20, 0)
        return [Finding(f"{error.message} (at character {error.position + 1})", text[start : error.position + 20])]
    findings: list[Finding] = []
    _check(node, names, findings)
    nodes = list(walk(node))
    reads = {found.name for found in nodes if isinstance(found, Name)}
    calls = [found for found in nodes if isinstance(found, Call) and found.name in FUNCTIONS]
    if len(reads) + len(calls) > MAX_READS:
        findings.append(Finding(f"reads more than {MAX_READS} variables", text[:40]))
    if len(calls) > MAX_MODULE_CALLS:
        findings.append(Finding(f"calls modules more than {MAX_MODULE_CALLS} times", text[:40]))
    return findings


def variables_of(text: str) -> set[str]:
    """Return the names that an expression reads (keywords of calls left out); empty when it is none."""
    try:
        node = parse_expression(text)
    except ExpressionError:
        return set()
    return _variables(node)


def _variables(node: Node) -> set[str]:
    match node:
        case Name():
            return {node.name}
        case Unary():
            return _variables(node.operand)
        case Binary():
            return _variables(node.left) | _variables(node.right)
        case Call():
            function = FUNCTIONS.get(node.name)
            shapes = function.arguments if function else (_NUMBER,) * len(node.arguments)
            pairs = zip(node.arguments, shapes, strict=False)
            return {name for value, shape in pairs if shape.number for name in _variables(value)}
        case _:
            return set()


def _check(node: Node, names: Names, findings: list[Finding]) -> None:
    match node:
        case Name():
            reason = names.unknown(node.name)
            if node.name in FUNCTIONS or node.name in PURE:
                reason = f"'{node.name}' is a function: write {node.name}(…)"
            if reason is not None:
                findings.append(Finding(reason, node.name))
        case Text():
            findings.append(Finding("a quoted word is no value here", f'"{node.value}"'))
        case Unary():
            _check(node.operand, names, findings)
        case Binary():
            _check(node.left, names, findings)
            _check(node.right, names, findings)
        case Call():
            _check_call(node, names, findings)
        case _:
            pass


def _check_call(node: Call, names: Names, findings: list[Finding]) -> None:
    count = len(node.arguments)
    function = FUNCTIONS.get(node.name)
    if function is None:
        bounds = PURE.get(node.name)
        if bounds is None:
            what = "is a value, not a function" if node.name in names.known else "is not a function of the language"
            findings.append(Finding(f"'{node.name}' {what}{suggestion(node.name, [*PURE, *FUNCTIONS])}", node.source))
            return
        least, most = bounds
        shapes: Sequence[Argument] = (_NUMBER,) * count
    else:
        least, most = function.required, len(function.arguments)
        shapes = function.arguments
    if not least <= count <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        findings.append(Finding(f"'{node.name}' takes {wanted} arguments, not {count}", node.source))
        return
    for value, shape in zip(node.arguments, shapes, strict=False):
        _check_argument(node, value, shape, names, findings)


def _check_argument(call: Call, value: Node, shape: Argument, names: Names, findings: list[Finding]) -> None:
    if _keyword(value, shape, names.legs) is not None:
        return
    if shape.number:
        _check(value, names, findings)
        return
    options = [*shape.words, *([f"leg_{leg}" for leg in names.legs] if shape.legs else [])]
    written = value.name if isinstance(value, Name) else value.value if isinstance(value, Text) else "an expression"
    hint = suggestion(written, options)
    findings.append(Finding(f"'{call.name}' takes one of {', '.join(options)} here, not {written}{hint}", call.source))


def _keyword(value: Node, shape: Argument, legs: Sequence[str] | None) -> str | None:
    """Return the keyword that `value` is at a place of this shape, or `None`; `legs` of `None` allows any leg."""
    word = value.name if isinstance(value, Name) else value.value if isinstance(value, Text) else None
    if word is None:
        return None
    if word in shape.words:
        return word
    if shape.anchors and word.startswith("leg_") and word.endswith("_dte"):
        leg = word[4:-4]
        return word if legs is None or leg in legs else None
    if shape.legs and word.startswith("leg_") and (legs is None or word[4:] in legs):
        return word
    return None


# --- compiling --------------------------------------------------------------------------------------------------------


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
                return _lua_number(node.value)
            case Constant():
                return node.word
            case Name():
                index = order[node.name]
                return f"v{index}" if node.name in self.always else f"(v{index} or need({index}))"
            case Unary():
                return f"({node.operator} {self.write(node.operand, order, conditional=conditional)})"
            case Binary():
                left = self.write(node.left, order, conditional=conditional)
                lazy = conditional or node.operator in {"and", "or"}
                right = self.write(node.right, order, conditional=lazy)
                return f"({left} {node.operator} {right})"
            case Call():
                if node.name in PURE:
                    inside = (self.write(argument, order, conditional=conditional) for argument in node.arguments)
                    return f"{node.name}({', '.join(inside)})"
                return self._hoist(node, len(order), conditional=conditional)
            case Text():
                raise StatementError("a quoted word is no value")

    def _hoist(self, node: Call, variables: int, *, conditional: bool) -> str:
        function = FUNCTIONS[node.name]
        arguments: list[str | CompiledStatement] = []
        for value, shape in zip(node.arguments, function.arguments, strict=False):
            word = _keyword(value, shape, None)
            arguments.append(word if word is not None else _compile_node(value, Statement(node.source), self._sandbox))
        index = variables + len(self.calls)
        self.calls.append(_HoistedCall(node.source, function.call, tuple(arguments), conditional))
        return f"lazy({index}, h{index}, v{index})" if conditional else f"v{index}"


def _lua_number(value: float) -> str:
    """Return a numeral that Lua reads as the same float: all arithmetic is in floats, as the variables are."""
    if math.isinf(value):
        return "(1e308 * 10)"
    return repr(value)


def compile_statement(statement: Statement, sandbox: Sandbox) -> CompiledStatement:
    """Compile a statement that has been checked.

    Raises
    ------
    StatementError
        When the text is no expression of the language.
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
    return CompiledStatement(statement, function, names, len(emitter.always), emitter.calls, constant)


# --- evaluating -------------------------------------------------------------------------------------------------------


class CompiledStatement:
    """A statement ready to be evaluated in scopes; made by `compile_statement`."""

    __slots__ = ("_always", "_calls", "_constant", "_function", "_names", "_readers", "_simple", "path", "text")

    def __init__(
        self,
        statement: Statement,
        function: LuaFunction,
        names: Sequence[str],
        always: int,
        calls: Sequence[_HoistedCall],
        constant: float | None,
    ) -> None:
        self.text = statement.text
        self.path = statement.path
        self._function = function
        self._names = tuple(names)
        self._readers: tuple[Reader, ...] = tuple(bind(name) for name in names)
        self._always = always
        self._calls = tuple(calls)
        self._simple = not calls and always == len(names)
        self._constant = constant

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
        if self._constant is not None:
            return self._constant, {}
        memo = scope.memo
        values: list[LuaValue] = []
        names = self._names
        for index, name in enumerate(names):
            value = memo.get(name)
            if value is None and index < self._always:
                value = self._readers[index](scope)
                memo[name] = value
            values.append(value)
        if self._simple:
            result = run(self._function, values)
            return _finite(result), dict(zip(names, values, strict=True))  # pyright: ignore[reportReturnType]  # every reader returns a float
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
                result = run(self._function, values + present)
                break
            except NeedsArgument as need:
                if need.index < count:
                    name = self._names[need.index]
                    values[need.index] = scope.memo[name] = self._readers[need.index](scope)
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
        """Evaluate the statement as a condition; a failure is told in the answer."""
        try:
            value, variables = self.evaluate(scope)
        except StatementError as error:
            return Evaluation(kind, self.text, None, error=str(error))
        if value is None or value is False or value is True:
            return Evaluation(kind, self.text, value is True, variables)
        return Evaluation(kind, self.text, value != 0, variables, float(value))

    def measure(self, scope: Scope, kind: StatementKind) -> Evaluation:
        """Evaluate the statement as a number; a failure is told in the answer (`value` is then `None`)."""
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
        return call.caller(scope, values)
    except MissingValueError as error:
        raise StatementError(f"{call.source}: {error}") from None


def _number(value: LuaValue) -> float:
    if value is None:
        raise StatementError("yields no value (nil)")
    return float(value)


def _finite(value: LuaValue) -> LuaValue:
    if isinstance(value, float) and not math.isfinite(value):
        what = "no number (0/0?)" if math.isnan(value) else "no finite number (a division by zero?)"
        raise StatementError(f"yields {what}")
    return value
