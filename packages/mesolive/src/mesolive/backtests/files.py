"""What `mesolive replay` wrote, read for pages: results, equity with its drawdown, trades, decisions, comparisons."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import msgspec

from mesolive_sdk import models, wire

MAX_POINTS = 1_000
MAX_CHANGES = 500
"""Places of two definitions that a comparison names at most."""

FIGURES = (
    "Start",
    "End",
    "PnL",
    "Percent",
    "Commissions",
    "Trades",
    "StillOpen",
    "Won",
    "Lost",
    "WinRate",
    "ProfitFactor",
    "AverageWin",
    "AverageLoss",
    "LargestWin",
    "LargestLoss",
    "Exposure",
)

_plain = msgspec.json.Decoder(float_hook=Decimal)


class Summary(msgspec.Struct):
    """What a replay printed.

    Attributes
    ----------
    settings
        Its terms, in words.
    """

    settings: dict[str, str]
    warnings: list[str]
    balances: bool


def read_summary(folder: Path) -> Summary:
    """Return what a completed replay printed; raises `OSError` or `MsgspecError` where there is nothing to read."""
    facts: dict[str, Any] = _plain.decode((folder / "replay.json").read_bytes())
    unused = [f"{item['Field']} is not used: {item['Reason']}" for item in facts["NotUsed"]]
    return Summary(
        {name: str(text) for name, text in facts["Settings"].items()},
        [*map(str, facts["Warnings"]), *unused],
        bool(facts["BooksBalance"]),
    )


def read_results(folder: Path) -> models.BacktestResults:
    """Return the results of a completed replay."""
    text = (folder / "out" / "results.json").read_text(encoding="utf-8").replace('"Pnl":', '"PnL":')
    return wire.decode_json(text, models.BacktestResults)


def read_definition(folder: Path) -> dict[str, Any]:
    """Return what was replayed."""
    definition: dict[str, Any] = _plain.decode((folder / "strategy.json").read_bytes())
    return definition


def read_equity(folder: Path, start: Decimal) -> list[models.BacktestPoint]:
    """Return the account's value over time, thinned; the drawdown is that of all points, not of those shown."""
    points: list[models.BacktestPoint] = []
    peak = start
    for row in _rows(folder / "out" / "equity.csv"):
        value = _number(row["value"])
        if value is not None:
            peak = max(peak, value)
        points.append(
            models.BacktestPoint(
                At=_moment(row["time"]),
                Value=value,
                Drawdown=None if value is None else value - peak,
                Underlying=_number(row["underlying"]),
            )
        )
    if len(points) <= MAX_POINTS:
        return points
    step = -(-len(points) // MAX_POINTS)
    # The last of each step, and the end.
    return [*points[step - 1 : -1 : step], points[-1]]


def read_trades(folder: Path, args: models.GetBacktestTradesArgs) -> models.GetBacktestTradesResult:
    """Return a page of the trades."""
    shown: list[models.BacktestTrade] = []
    total = 0
    for row in _rows(folder / "out" / "trades.csv"):
        if args.Position is not None and row["position"] != args.Position:
            continue
        if args.Offset <= total < args.Offset + args.Limit:
            shown.append(
                models.BacktestTrade(
                    At=_moment(row["time"]),
                    Position=row["position"],
                    Leg=row["leg"],
                    Contract=row["contract"],
                    Qty=Decimal(row["qty"]),
                    Price=Decimal(row["price"]),
                    Commission=Decimal(row["commission"]),
                    Settled=row["settled"] == "yes",
                )
            )
        total += 1
    return models.GetBacktestTradesResult(Total=total, Trades=shown)


def read_decisions(folder: Path, args: models.GetBacktestDecisionsArgs) -> models.GetBacktestDecisionsResult:
    """Return a page of the decision log."""
    shown: list[dict[str, Any]] = []
    total = 0
    with (folder / "out" / "decisions.jsonl").open("rb") as file:
        for line in file:
            record: dict[str, Any] = _plain.decode(line)
            if args.Position is not None and record.get("Position") != args.Position:
                continue
            if args.Decision is not None and record.get("Decision") != args.Decision:
                continue
            if args.OnlyDone and record.get("Result", "nothing") == "nothing":
                continue
            if args.Offset <= total < args.Offset + args.Limit:
                shown.append(record)
            total += 1
    return models.GetBacktestDecisionsResult(Total=total, Decisions=shown)


def compare_figures(first: models.BacktestResults, second: models.BacktestResults) -> list[models.ComparedFigure]:
    """Return the figures of two results side by side."""
    result: list[models.ComparedFigure] = []
    for name in (*FIGURES, "MaxDrawdown"):
        left, right = _figure(first, name), _figure(second, name)
        difference = None if left is None or right is None else right - left
        result.append(models.ComparedFigure(Name=name, First=left, Second=right, Difference=difference))
    return result


def _figure(of: models.BacktestResults, name: str) -> Decimal | None:
    if name == "MaxDrawdown":
        return None if of.MaxDrawdown is None else of.MaxDrawdown.Amount
    value: Decimal | int | None = getattr(of, name)
    return None if value is None else Decimal(value)


def compare_fields(first: object, second: object) -> list[models.ComparedField]:
    """Return where two JSON values differ, in the order of their paths."""
    left, right = dict(_leaves(first, "")), dict(_leaves(second, ""))
    return [
        models.ComparedField(Path=path, First=left.get(path), Second=right.get(path))
        for path in sorted(left.keys() | right.keys())
        if left.get(path) != right.get(path)
    ][:MAX_CHANGES]


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in cast("Mapping[str, object]", value).items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for place, inner in enumerate(cast("list[object]", value)):
            yield from _leaves(inner, f"{path}[{place}]")
    else:
        yield path, wire.encode_json(cast("object", value)).decode()


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _moment(text: str) -> Any:  # noqa: ANN401 - a time with its zone
    return msgspec.convert(text, models.UtcDateTime)
