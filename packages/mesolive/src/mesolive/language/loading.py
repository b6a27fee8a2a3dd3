"""Parses JSON from untrusted bytes or values into a tree with limits on size and depth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn, cast

from mesolive.language.problems import DefinitionError, Problem

MAX_BYTES = 1024 * 1024
"""Largest definition, in bytes of JSON (characters of text, when it comes as values)."""
MAX_DEPTH = 24
"""Deepest nesting of objects and lists; a definition of version 3 needs 9."""
MAX_NODES = 50_000
"""Most values in a definition."""

Tree = dict[str, Any]


def load(raw: bytes | str | Mapping[str, object]) -> Tree:
    """Return the JSON object in `raw`, its size checked.

    Raises
    ------
    DefinitionError
        When it is too large, too deep, not JSON, names a key twice, or is not an object.
    """
    if isinstance(raw, Mapping):
        value: object = raw
    else:
        if len(raw) > MAX_BYTES:
            _refuse(f"the definition has {len(raw):,} bytes", expected=f"at most {MAX_BYTES:,}")
        value = _parse(raw)
    _measure(value)
    if not isinstance(value, Mapping):
        _refuse("the definition is not a JSON object", found=describe(value))
    return dict(cast("Mapping[str, Any]", value))


def describe(value: object) -> str:
    """Return a short text of a value as JSON."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        return json.dumps(value if len(value) <= 60 else f"{value[:57]}...", ensure_ascii=False)
    return str(value)[:60] if isinstance(value, int | float | Decimal) else type(value).__name__


def _refuse(message: str, *, expected: str | None = None, found: str | None = None) -> NoReturn:
    raise DefinitionError([Problem("", message, expected, found)])


def _parse(raw: bytes | str) -> object:
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw
    except UnicodeDecodeError as error:
        _refuse(f"the definition is not UTF-8 text (byte {error.start})")
    doubled: list[str] = []

    def unite(pairs: list[tuple[str, Any]]) -> Tree:
        united: Tree = {}
        for key, value in pairs:
            if key in united:
                doubled.append(key)
            united[key] = value
        return united

    def constant(word: str) -> NoReturn:
        raise ValueError(f"{word} is not JSON")

    try:
        value: object = json.loads(text, object_pairs_hook=unite, parse_float=Decimal, parse_constant=constant)
    except RecursionError:
        _refuse("the definition is nested too deeply", expected=f"at most {MAX_DEPTH} levels")
    except json.JSONDecodeError as error:
        _refuse(f"the definition is not JSON: {error.msg} (line {error.lineno}, column {error.colno})")
    except ValueError as error:
        _refuse(f"the definition is not JSON: {error}")
    if doubled:
        hint = "tell equal conditions apart by a trailing comment, such as `-- step 2`"
        raise DefinitionError(
            [Problem("", f"the key {describe(key)} stands twice in one object; {hint}") for key in doubled[:20]]
        )
    return value


def _measure(value: object) -> None:
    """Refuse a tree that is too deep or too large; the tree may come from anywhere, so nothing here recurses."""
    waiting: list[tuple[object, int]] = [(value, 1)]
    nodes = characters = 0
    while waiting:
        node, depth = waiting.pop()
        nodes += 1
        if depth > MAX_DEPTH:
            _refuse("the definition is nested too deeply", expected=f"at most {MAX_DEPTH} levels")
        if isinstance(node, str):
            characters += len(node)
        elif isinstance(node, Mapping):
            mapping = cast("Mapping[object, object]", node)
            if not all(isinstance(key, str) for key in mapping):
                _refuse("a key in the definition is not a text")
            characters += sum(len(cast("str", key)) for key in mapping)
            waiting.extend((child, depth + 1) for child in mapping.values())
        elif isinstance(node, list | tuple):
            waiting.extend((child, depth + 1) for child in cast("Sequence[object]", node))
        if nodes + len(waiting) > MAX_NODES:
            _refuse("the definition has too many values", expected=f"at most {MAX_NODES:,}")
        if characters > MAX_BYTES:
            _refuse("the definition has too much text", expected=f"at most {MAX_BYTES:,} characters")
