"""What the examples print: tables, fields, plans and conditions for people, JSON for scripts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from rich.console import Console
from rich.table import Table

from mesolive_sdk import models, wire
from mesolive_sdk.display import contract_text, json_text, visible

T = TypeVar("T")

Columns = Mapping[str, Callable[[T], object]]
"""The columns of a table: their headings, and what each shows of a thing."""

WIDE = 160
"""How wide tables are where there is no terminal to fit, as in a pipe."""


# Without markup: names and statements are the user's, and what looks like a tag in them is none.
class _Console(Console):
    """A console on which no text from outside can carry out escape sequences."""

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 - as the base declares it
        super().print(*(visible(item, lines=True) if isinstance(item, str) else item for item in objects), **options)


out = _Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE, markup=False)
err = _Console(stderr=True, markup=False)


def print_json(value: object) -> None:
    """Print a value as the wire has it, indented."""
    sys.stdout.write(json_text(value) + "\n")


def print_json_line(value: object) -> None:
    """Print a value as the wire has it, in one line, at once."""
    sys.stdout.write(wire.encode_json(value).decode() + "\n")
    sys.stdout.flush()


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; numbers are aligned to the right."""
    out.print(table(title, columns, rows))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table; numbers are aligned to the right."""
    listed = list(rows)
    made = Table(title=title, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        numeric = any(isinstance(row[index], int | Decimal) and not isinstance(row[index], bool) for row in listed)
        made.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        made.add_row(*(visible(shown(cell)) for cell in row))
    return made


def print_fields(title: str, fields: Mapping[str, object]) -> None:
    """Print one thing, a line per field."""
    made = Table(title=title, title_justify="left", show_header=False)
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    for name, value in fields.items():
        made.add_row(name, visible(shown(value)))
    out.print(made)


def print_page(
    result: msgspec.Struct, title: str, items: Iterable[T], columns: Columns[T], *, token: str | None, as_json: bool
) -> None:
    """Print what a listing answered: a table of its items and how the next page is asked for, or all of it as JSON."""
    if as_json:
        print_json(result)
        return
    print_table(title, list(columns), ([show(item) for show in columns.values()] for item in items))
    if token:
        out.print(f"more: --continuation-token {token}", highlight=False, soft_wrap=True)


def shown(value: object) -> str:
    """Return a value's text for a table."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value:,.4f}".rstrip("0").rstrip(".") if value.is_finite() else str(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}Z"
        case list() | tuple():
            return ", ".join(map(str, value)) or "–"  # type: ignore[arg-type] # pyright has no type for matched items
        case _:
            return str(value)


def print_plan_legs(
    title: str,
    legs: Mapping[str, models.LiveLeg],
    prices: Mapping[str, models.LivePrices],
    greeks: Mapping[str, models.LiveGreeks],
) -> None:
    """Print the legs of a plan with their prices and greeks."""
    rows: list[Sequence[object]] = []
    for name, leg in legs.items():
        price = prices.get(name, models.LivePrices())
        values = greek_values(greeks.get(name))
        contract = contract_text(leg.LiveContract)
        rows.append(
            (
                name,
                leg.Qty,
                contract,
                price.Bid,
                price.Ask,
                price.Mark,
                values.Delta,
                values.Theta,
                values.Vega,
                values.IV,
            )
        )
    columns = ("Leg", "Qty", "Contract", "Bid", "Ask", "Mark", "Delta", "Theta", "Vega", "IV %")
    print_table(title, columns, rows)


def print_totals(price: models.LivePrices, greeks: models.LiveGreeks, underlying: models.LivePrices) -> None:
    """Print a plan's prices and greeks as a whole."""
    values = greek_values(greeks)
    out.print(
        f"price of all legs: bid {shown(price.Bid)}, ask {shown(price.Ask)}, mark {shown(price.Mark)}; "
        f"delta {shown(values.Delta)}, gamma {shown(values.Gamma)}, theta {shown(values.Theta)}, "
        f"vega {shown(values.Vega)}; underlying {shown(underlying.Mark)}",
        highlight=False,
    )


def greek_values(greeks: models.LiveGreeks | None) -> models.GreekValues:
    """Return the greeks on the best basis there is."""
    if greeks is None:
        return models.GreekValues()
    return greeks.Mark or greeks.Last or greeks.Bid or greeks.Ask or models.GreekValues()


def print_conditions(title: str, conditions: Iterable[models.ConditionEvaluation]) -> None:
    """Print evaluated conditions with the values that they read."""
    rows: list[Sequence[object]] = []
    for condition in conditions:
        values = ", ".join(f"{name}={shown(value)}" for name, value in condition.Vars.items())
        rows.append((condition.Type, condition.Statement, condition.Result, condition.Error or values))
    if rows:
        print_table(title, ("For", "Statement", "Holds", "Values"), rows)
