"""The expressions of the language: what may be written, read into a tree.

An expression is a Lua 5.4 expression of numbers, names, calls, `+ - * / // % ^`, comparisons and `and or not`, with
comments. There are no statements, functions, tables or string operations, so that every expression ends, in time
proportional to its length. The tree is what is compiled and what names are checked on; the text never reaches Lua.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from mesolive.language.problems import ExpressionError

MAX_LENGTH = 8192
"""Longest expression, in characters, comments included."""
MAX_DEPTH = 60
"""Deepest nesting of parentheses, calls and operators."""
MAX_OPERATORS = 300
"""Most binary operators in one expression."""


class Number(Struct, frozen=True):
    """A number as written."""

    value: float


class Constant(Struct, frozen=True):
    """`nil`, `true` or `false`."""

    word: str


class Text(Struct, frozen=True):
    """A quoted word; only some calls take one."""

    value: str
    position: int


class Name(Struct, frozen=True):
    """A variable, or a keyword of a call; `timing.day` is one name."""

    name: str
    position: int


class Unary(Struct, frozen=True):
    """`-x` or `not x`."""

    operator: str
    operand: Node


class Binary(Struct, frozen=True):
    """`left operator right`."""

    operator: str
    left: Node
    right: Node


class Call(Struct, frozen=True):
    """`name(arguments)`; `source` is the text of the whole call."""

    name: str
    arguments: tuple[Node, ...]
    position: int
    source: str


Node = Number | Constant | Text | Name | Unary | Binary | Call


def walk(node: Node) -> Iterator[Node]:
    """Yield `node` and everything below it, in the order of the text."""
    yield node
    match node:
        case Unary():
            yield from walk(node.operand)
        case Binary():
            yield from walk(node.left)
            yield from walk(node.right)
        case Call():
            for argument in node.arguments:
                yield from walk(argument)
        case _:
            pass


def describe_expression(node: Node, max_length: int = 60) -> str:
    """Return an expression as text, for messages; cut where it is longer than `longest`."""
    text = _text(node)
    return text if len(text) <= max_length else f"{text[: max_length - 3]}..."


def _text(node: Node) -> str:
    match node:
        case Number():
            return f"{node.value:.15g}"
        case Constant():
            return node.word
        case Text():
            return f'"{node.value}"'
        case Name():
            return node.name
        case Unary():
            inner = _in_parentheses(node.operand)
            return f"not {inner}" if node.operator == "not" else f"-{inner}"
        case Binary():
            left, right = _in_parentheses(node.left), _in_parentheses(node.right)
            return f"{left} {node.operator} {right}"
        case Call():
            return node.source


def _in_parentheses(node: Node) -> str:
    return f"({_text(node)})" if isinstance(node, Binary) else _text(node)


class _Token(Struct, frozen=True):
    kind: str
    text: str
    position: int


_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--(?:\[\[.*?\]\]|(?!\[\[)[^\n]*))
    | (?P<unended>--\[\[)
    | (?P<number>0[xX][0-9a-fA-F]+(?![\w.]) | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<text>"[^"\n\\]*"|'[^'\n\\]*')
    | (?P<wrong>!=|<>|&&|\|\||\.\.|=(?!=)|[!&|\[{\#:;])
    | (?P<operator>//|<=|>=|==|~=|[-+*/%^<>(),.])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)

_HINTS = {
    "!=": "'not equal' is written ~=",
    "<>": "'not equal' is written ~=",
    "&&": "write 'and'",
    "||": "write 'or'",
    "..": "texts cannot be joined",
    "=": "'equal' is written ==",
    "!": "write 'not'",
    "&": "write 'and'",
    "|": "write 'or'",
    "[": "there are no tables",
    "{": "there are no tables",
    "#": "there are no tables",
    ":": "there are no methods",
    ";": "an expression is one value, not a program",
    ",": "an expression is one value",
}

RESERVED_WORDS = frozenset(
    [
        "break",
        "do",
        "else",
        "elseif",
        "end",
        "for",
        "function",
        "goto",
        "if",
        "in",
        "local",
        "repeat",
        "return",
        "then",
        "until",
        "while",
    ]
)

_WORD_OPERATORS = frozenset({"and", "or", "not"})

# Binding powers after Lua 5.4's manual, section 3.4.8: (left, right). A lower right one makes it right-associative.
POWERS = {
    "or": (1, 1),
    "and": (2, 2),
    "<": (3, 3),
    ">": (3, 3),
    "<=": (3, 3),
    ">=": (3, 3),
    "~=": (3, 3),
    "==": (3, 3),
    "+": (10, 10),
    "-": (10, 10),
    "*": (11, 11),
    "/": (11, 11),
    "//": (11, 11),
    "%": (11, 11),
    "^": (14, 13),
}
_UNARY_POWER = 12


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Node:
    """Read `text` as an expression.

    Raises
    ------
    ExpressionError
        When it is none, is longer than `MAX_LENGTH` or nested deeper than `MAX_DEPTH`.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"is {len(text):,} characters long; at most {MAX_LENGTH:,} are allowed", 0)
    return _Parser(text).parse()


def _tokens(text: str) -> list[_Token]:
    result: list[_Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if text[position] in "\"'":
                raise ExpressionError("a quoted word does not end", position)
            raise ExpressionError(f"{text[position]!r} has no meaning here", position)
        kind = match.lastgroup or ""
        if kind == "unended":
            raise ExpressionError("a comment that starts with --[[ does not end", position)
        if kind == "wrong":
            raise ExpressionError(f"'{match.group()}' has no meaning here: {_HINTS[match.group()]}", position)
        if kind not in {"space", "comment"}:
            result.append(_Token(kind, match.group(), position))
        position = match.end()
        if kind == "number" and position < len(text) and (text[position].isalnum() or text[position] in "_."):
            raise ExpressionError(f"{text[match.start() : position + 1]!r} is not a number", match.start())
    result.append(_Token("end", "", len(text)))
    return result


class _Parser:
    """A precedence-climbing parser over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._index = 0
        self._depth = 0
        self._operators = 0

    def parse(self) -> Node:
        if self._peek().kind == "end":
            raise ExpressionError("is empty", 0)
        node = self._expression(0)
        token = self._peek()
        if token.kind != "end":
            hint = f": {_HINTS[token.text]}" if token.text in _HINTS else ""
            raise ExpressionError(f"'{token.text}' was not expected after a complete value{hint}", token.position)
        return node

    def _peek(self) -> _Token:
        return self._tokens[self._index]

    def _take(self) -> _Token:
        token = self._tokens[self._index]
        self._index += 1
        return token

    def _accept(self, text: str) -> bool:
        token = self._peek()
        if token.kind == "operator" and token.text == text:
            self._index += 1
            return True
        return False

    def _expression(self, power: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(f"is nested deeper than {MAX_DEPTH} levels", self._peek().position)
        left = self._operand()
        while True:
            operator = self._peek().text if self._peek().kind in {"operator", "name"} else ""
            powers = POWERS.get(operator)
            if powers is None or powers[0] <= power:
                break
            token = self._take()
            self._operators += 1
            if self._operators > MAX_OPERATORS:  # a left-leaning tree is as deep as it is long
                raise ExpressionError(f"has more than {MAX_OPERATORS} operators", token.position)
            right = self._expression(powers[1])
            if operator in {"<", ">", "<=", ">="} and (_is_truth(left) or _is_truth(right)):
                raise ExpressionError(
                    f"'{operator}' compares numbers, not truth values; join them with 'and'", token.position
                )
            left = Binary(operator, left, right)
        self._depth -= 1
        return left

    def _operand(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return Number(_number(token))
        if token.kind == "text":
            return Text(token.text[1:-1], token.position)
        if token.kind == "name":
            return self._named(token)
        if token.text == "-":
            return Unary("-", self._expression(_UNARY_POWER))
        if token.text == "(":
            inside = self._expression(0)
            if not self._accept(")"):
                raise ExpressionError("a parenthesis is not closed", token.position)
            return inside
        if token.kind == "end":
            raise ExpressionError("ends where a value is missing", token.position)
        raise ExpressionError(f"'{token.text}' stands where a value is expected", token.position)

    def _named(self, token: _Token) -> Node:
        if token.text == "not":
            return Unary("not", self._expression(_UNARY_POWER))
        if token.text in {"nil", "true", "false"}:
            return Constant(token.text)
        if token.text in _WORD_OPERATORS:
            raise ExpressionError(f"'{token.text}' stands where a value is expected", token.position)
        if token.text in RESERVED_WORDS:
            raise ExpressionError(
                f"'{token.text}' is not allowed: an expression is one value, not a program", token.position
            )
        name = token.text
        while self._accept("."):
            part = self._take()
            if part.kind != "name":
                raise ExpressionError("a name is missing after '.'", part.position)
            name = f"{name}.{part.text}"
        if not self._accept("("):
            return Name(name, token.position)
        arguments: list[Node] = []
        if not self._accept(")"):
            arguments.append(self._expression(0))
            while self._accept(","):
                arguments.append(self._expression(0))
            if not self._accept(")"):
                raise ExpressionError(f"the parenthesis of '{name}(' is not closed", token.position)
        end = self._tokens[self._index - 1].position + 1
        return Call(name, tuple(arguments), token.position, self._text[token.position : end])


def _is_truth(node: Node) -> bool:
    """Return whether `node` certainly yields a truth value."""
    match node:
        case Binary():
            return node.operator in {"<", ">", "<=", ">=", "==", "~="}
        case Unary():
            return node.operator == "not"
        case Constant():
            return node.word != "nil"
        case _:
            return False


def _number(token: _Token) -> float:
    try:
        value = float(int(token.text, 16)) if token.text[:2] in {"0x", "0X"} else float(token.text)
    except OverflowError:
        value = math.inf
    if math.isinf(value):
        raise ExpressionError("a number is larger than can be reckoned with", token.position)
    return value
