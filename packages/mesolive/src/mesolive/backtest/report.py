"""Backtest report files: trades as CSV, results and decisions as JSON, with the same bytes for the same backtest."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from mesolive.backtest.runner import Outcome
from mesolive.backtest.statistics import Results
from mesolive_sdk import models, wire
from mesolive_sdk.automation import Notice
from mesolive_sdk.display import contract_text
from mesolive_sdk.models import MesoLiveEvent

EQUITY = ("time", "value", "cash", "positions", "delta", "gamma", "theta", "vega", "underlying")
TRADES = ("time", "position", "leg", "contract", "qty", "price", "commission", "settled")
ORDERS = ("time", "order", "position", "group", "type", "limit", "state", "filled", "average")
AUTOPILOT = ("time", "what", "signal", "position", "text")
SIGNALS = ("time", "what", "state", "position", "detail")
POSITIONS = ("id", "position", "opened", "closed", "days", "pnl", "commission", "fills", "adjustments", "ended")
MONTHS = ("month", "pnl", "percent", "closed", "won")


def signal_row(event: MesoLiveEvent) -> tuple[str, str, str, str]:
    """Return the row of a signal event: kind, state, position, detail."""
    match event:
        case models.EntrySignalEvent():
            return "entry", event.State.name, "", ""
        case models.ExitSignalEvent():
            return "exit", event.State.name, event.PositionName, _reasons(event.ExitSignalResult)
        case models.AdjustmentSignalEvent():
            return "adjustment", event.State.name, event.PositionName, event.Condition.Statement
        case models.ErrorEvent():
            return "error", event.State.name, event.PositionName or "", event.Message or ""
        case models.AutoUpdateVarsAdjustmentCompletedEvent():
            values = ", ".join(f"{name} = {_text(value)}" for name, value in sorted(event.UpdatedVars.items()))
            return "variables", "Completed", event.PositionName, values
        case models.AutoUpdateVarsAdjustmentFailedEvent():
            return "variables", "Failed", event.PositionName, event.Error
        case models.PositionUpdateEvent():
            return "position", event.Status.name, event.PositionName, f"realised {_text(event.RealizedPnL)}"
        case _:
            return event.callback, "", "", ""


def order_row(order: models.Order, outcome: Outcome) -> tuple[str, ...]:
    """Return the row of an order: number, position, group, type, limit, state, combos filled, average price."""
    positions = {execution.LiveOrderId: execution.PositionId for execution in outcome.executions}
    plans = {execution.ExecPlanId: execution.PositionId for execution in outcome.executions}
    names = {position.Id: position.Name for position in outcome.positions}
    position = positions.get(order.OrderId, plans.get(order.ExecPlanId))
    return (
        str(order.OrderId),
        "" if position is None else names[position],
        str(order.LegGroupId),
        order.OrderType.name,
        _text(order.LimitPrice),
        order.State.name,
        f"{order.CumQty:f} of {order.Qty:f}",
        _text(order.AvgFillPrice),
    )


def notice_row(notice: Notice, outcome: Outcome) -> tuple[str, str, str, str]:
    """Return the row of an autopilot notice: kind, signal, position, text."""
    names = {position.Id: position.Name for position in outcome.positions}
    position = notice.task.position_id
    name = "" if position is None else names.get(position, str(position))
    return notice.category.value, notice.task.kind.value, name, notice.text


def write(outcome: Outcome, results: Results, folder: Path) -> list[Path]:
    """Write every row into files and return their paths.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = {position.Id: position.Name for position in outcome.positions}
    equity = (
        (
            f"{point.at:%Y-%m-%dT%H:%M:%SZ}",
            _text(point.value),
            _text(point.cash),
            point.positions,
            *(_text(value) for value in (point.delta, point.gamma, point.theta, point.vega)),
            "" if point.underlying is None else f"{point.underlying:.4f}".rstrip("0").rstrip("."),
        )
        for point in outcome.points
    )
    trades = (
        (
            f"{execution.ExecutedAt:%Y-%m-%dT%H:%M:%SZ}",
            names[execution.PositionId],
            execution.LegName,
            contract_text(execution.Contract),
            _text(execution.Qty),
            _text(execution.Price),
            _text(execution.Commission),
            "yes" if execution.LiveOrderId is None else "",
        )
        for execution in outcome.executions
    )
    signals = ((f"{event.EventTime:%Y-%m-%dT%H:%M:%SZ}", *signal_row(event)) for event in outcome.events)
    acted = ((f"{notice.at:%Y-%m-%dT%H:%M:%SZ}", *notice_row(notice, outcome)) for notice in outcome.notices)
    rows = (
        (
            position.id,
            position.name,
            f"{position.opened_at:%Y-%m-%dT%H:%M:%SZ}",
            "" if position.closed_at is None else f"{position.closed_at:%Y-%m-%dT%H:%M:%SZ}",
            *(_text(value) for value in (position.days, position.pnl, position.commission)),
            position.fills,
            position.adjustments,
            position.ended,
        )
        for position in results.positions
    )
    months = (
        (month.month, _text(month.pnl), _text(month.percent), month.closed, month.won) for month in results.months
    )
    written = [
        _lines(folder / "decisions.jsonl", outcome.decisions),
        _json(folder / "results.json", results),
        _csv(folder / "positions.csv", POSITIONS, rows),
        _csv(folder / "months.csv", MONTHS, months),
        _csv(folder / "equity.csv", EQUITY, equity),
        _csv(folder / "trades.csv", TRADES, trades),
        _csv(folder / "signals.csv", SIGNALS, signals),
        _csv(folder / "autopilot.csv", AUTOPILOT, acted),
    ]
    if outcome.orders:
        orders = ((f"{order.CreatedAt:%Y-%m-%dT%H:%M:%SZ}", *order_row(order, outcome)) for order in outcome.orders)
        written.append(_csv(folder / "orders.csv", ORDERS, orders))
    return written


def _lines(path: Path, records: Iterable[object]) -> Path:
    with path.open("wb") as file:
        for record in records:
            file.write(msgspec.json.encode(record))
            file.write(b"\n")
    return path


def _json(path: Path, value: object) -> Path:
    path.write_bytes(msgspec.json.format(wire.encode_json(value), indent=2) + b"\n")
    return path


def _reasons(result: models.ExitSignalsResult | None) -> str:
    if result is None:
        return ""
    rules = (result.MaxDaysInTrade, result.ProfitTarget, result.StopLoss, *result.Conditions)
    return "; ".join(rule.Statement for rule in rules if rule is not None and rule.Result)


def _csv(path: Path, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heading)
        writer.writerows(rows)
    return path


def _text(value: Decimal | None) -> str:
    """Return a number with at most six decimals; nothing for none."""
    if value is None:
        return ""
    text = f"{value:.6f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
