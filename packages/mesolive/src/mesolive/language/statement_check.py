"""Checks the names and calls of an expression against the variables that exist at its place."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from mesolive.language.calls import FUNCTIONS, PURE, Argument, keyword_of
from mesolive.language.expression import Binary, Call, Name, Node, Text, Unary, parse_expression, walk
from mesolive.language.problems import ExpressionError, Hints
from mesolive.language.variables import Names

MAX_READS = 100
"""Most variables and calls in one expression: Lua bounds the parameters of a function."""
MAX_MODULE_CALLS = 8
"""Most calls of modules in one expression: they do the work of many instructions."""

_NUMBER = Argument(number=True)


class Finding(Struct, frozen=True):
    """What is wrong with an expression: a message in which `found` is the text concerned."""

    message: str
    found: str


def check_expression(text: str, names: Names, hints: Hints) -> list[Finding]:
    """Return everything that is wrong with an expression at a place where `names` exist.

    Parameters
    ----------
    hints
        Where suggestions come from, while there are any left.
    """
    try:
        node = parse_expression(text)
    except ExpressionError as error:
        start = max(error.position - 20, 0)
        return [Finding(f"{error.message} (at character {error.position + 1})", text[start : error.position + 20])]
    findings: list[Finding] = []
    _check(node, names, findings, hints)
    nodes = list(walk(node))
    reads = {result.name for result in nodes if isinstance(result, Name)}
    calls = [result for result in nodes if isinstance(result, Call) and result.name in FUNCTIONS]
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


def _check(node: Node, names: Names, findings: list[Finding], hints: Hints) -> None:
    match node:
        case Name():
            reason = names.unknown(node.name, hints)
            if node.name in FUNCTIONS or node.name in PURE:
                reason = f"'{node.name}' is a function: write {node.name}(…)"
            if reason is not None:
                findings.append(Finding(reason, node.name))
        case Text():
            findings.append(Finding("a quoted word is not a value here", f'"{node.value}"'))
        case Unary():
            _check(node.operand, names, findings, hints)
        case Binary():
            _check(node.left, names, findings, hints)
            _check(node.right, names, findings, hints)
        case Call():
            _check_call(node, names, findings, hints)
        case _:
            pass


def _check_call(node: Call, names: Names, findings: list[Finding], hints: Hints) -> None:
    count = len(node.arguments)
    function = FUNCTIONS.get(node.name)
    if function is None:
        bounds = PURE.get(node.name)
        if bounds is None:
            what = "is a value, not a function" if node.name in names.known else "is not a function of the language"
            findings.append(
                Finding(
                    f"'{node.name}' {what}{hints.suggest(node.name.removeprefix('math.'), [*PURE, *FUNCTIONS])}",
                    node.source,
                )
            )
            return
        minimum, maximum = bounds
        shapes: Sequence[Argument] = (_NUMBER,) * count
    else:
        minimum, maximum = function.required, len(function.arguments)
        shapes = function.arguments
    if not minimum <= count <= maximum:
        wanted = str(minimum) if minimum == maximum else f"{minimum} to {maximum}"
        findings.append(Finding(f"'{node.name}' takes {wanted} arguments, not {count}", node.source))
        return
    for value, shape in zip(node.arguments, shapes, strict=False):
        _check_argument(node, value, shape, names, findings, hints)


def _check_argument(
    call: Call, value: Node, shape: Argument, names: Names, findings: list[Finding], hints: Hints
) -> None:
    if keyword_of(value, shape, names.legs) is not None:
        return
    if shape.number:
        _check(value, names, findings, hints)
        return
    options = [*shape.words, *([f"leg_{leg}" for leg in names.legs] if shape.legs else [])]
    written = value.name if isinstance(value, Name) else value.value if isinstance(value, Text) else "an expression"
    hint = hints.suggest(written, options)
    findings.append(Finding(f"'{call.name}' takes one of {', '.join(options)} here, not {written}{hint}", call.source))
