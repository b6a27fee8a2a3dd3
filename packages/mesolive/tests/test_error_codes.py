"""Every refusal carries a code, and the page of errors lists each code with its meaning."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import mesolive
from mesolive_testkit.paths import DOCS

SOURCE = Path(mesolive.__file__).parent
REFUSALS = frozenset({"conflict", "forbidden", "not_supported", "rate_limited", "unavailable", "timed_out"})
CODE = re.compile(r"^[A-Z][A-Za-z]+$")


@cache
def calls() -> list[tuple[str, ast.Call]]:
    """Return every call of a plain name in the server's source, with its place; parsing all of it takes seconds."""
    return list(_calls())


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if path.name != "errors.py":
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(SOURCE)}:{node.lineno}", node


def name_of(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def text_of(node: ast.expr | None) -> set[str]:
    """Return the codes that an expression may have: a text, or one of two."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=first, orelse=second):
            return text_of(first) | text_of(second)
        case _:
            return set()


def codes() -> set[str]:
    result: set[str] = set()
    for _, call in calls():
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if name_of(call) in REFUSALS:
            result |= text_of(given.get("code"))
        elif name_of(call) == "MesoLiveApiError":
            result |= text_of(given.get("Code"))
        elif name_of(call) == "RefusedError":
            result |= text_of(call.args[0])
    constants = {  # named before they are used
        "EventsPruned",
        "IdempotencyKeyReused",
        "NoMarket",
        "StaleQuotes",
        "DatabaseFull",
        "DatabaseLocked",
        "DatabaseUnavailable",
    }
    return {code for code in result if CODE.match(code)} | constants


def test_every_refusal_carries_a_code() -> None:
    without = [
        place
        for place, call in calls()
        if isinstance(call.func, ast.Name)
        and call.func.id in REFUSALS
        and not any(keyword.arg == "code" for keyword in call.keywords)
        and len(call.args) < 2
    ]
    assert without == []


def test_the_page_of_errors_lists_every_code() -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", (DOCS / "errors.md").read_text(), re.MULTILINE))
    assert listed == codes()
