"""Prepares the plan of a signal: an entry, an exit, or one operation of an adjustment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mesolive_sdk import models
from mesolive_sdk.automation.tasks import Task, TaskKind
from mesolive_sdk.clients import MesoLiveControlHubClient
from mesolive_sdk.contract_specs import live_underlying
from mesolive_sdk.jobs import run_preparation

Prepared = models.PreparePositionEntryResult | models.PreparePositionExitResult | models.PreparePositionAdjustmentResult


_OPERATIONS = (
    (("RemoveLegsAdjustment", "RemoveLegAdjustment"), models.PositionAdjustmentOperation.RemoveLegs),
    (("MoveLegAdjustment",), models.PositionAdjustmentOperation.MoveLeg),
    (("AddLegsAdjustment",), models.PositionAdjustmentOperation.AddLegs),
)
"""What trades, in its order, each by the names it may be written under.

Variables are set by the server, behind the last of these or by itself.
"""

_SECTIONS = {TaskKind.ENTRY: "Entry", TaskKind.EXIT: "Exit", TaskKind.ADJUSTMENT: "Adjustment"}


@dataclass(frozen=True, slots=True)
class OrderSession:
    """The session in which the options on an underlying are ordered: the one that runs, else the next.

    Attributes
    ----------
    opened_at
        Its opening, in market time.
    opens_in
        How long until then, in real time; negative once it runs.
    takes_orders
        Whether an order may be sent now.
    """

    opened_at: datetime
    opens_in: timedelta
    takes_orders: bool


class Preparer:
    """Prepares plans on the server.

    Parameters
    ----------
    control
        A connected client.
    provider
        The data provider; `None` for the server's default.
    """

    def __init__(self, control: MesoLiveControlHubClient, provider: models.DataProviderType | None = None) -> None:
        self._control = control
        self._provider = provider

    async def prepare(self, task: Task) -> tuple[Prepared | None, str] | None:
        """Prepare; return the result or why there is none, or `None` when there is nothing to prepare."""
        control, key = self._control, task.key("p")
        if task.kind is TaskKind.ENTRY:
            definition = await self._definition(task)
            entry = await run_preparation(
                control.start_prepare_position_entry,
                models.PreparePositionEntryArgs(
                    IdempotencyKey=key,
                    PositionName=task.position_name,
                    StrategyId=task.strategy_id,
                    BrokerAccountId=task.account,
                    LegSelectionConstraint=_constraint(definition),
                    Underlying=live_underlying(str(definition.get("Symbol"))),
                    DataProvider=self._provider,
                ),
                control.get_prepare_position_entry_status,
                models.GetPreparePositionEntryStatusArgs,
            )
            return entry.Result, _reason(entry)
        assert task.position_id is not None  # noqa: S101 - every other signal is of a position
        if task.kind is TaskKind.EXIT:
            leaving = await run_preparation(
                control.start_prepare_position_exit,
                models.PreparePositionExitArgs(
                    IdempotencyKey=key, PositionId=task.position_id, DataProvider=self._provider
                ),
                control.get_prepare_position_exit_status,
                models.GetPreparePositionExitStatusArgs,
            )
            return leaving.Result, _reason(leaving)
        operations = await self.operations(task)
        if task.step >= len(operations):
            return None
        adjusting = await run_preparation(
            control.start_prepare_position_adjustment,
            models.PreparePositionAdjustmentArgs(
                IdempotencyKey=key,
                PositionId=task.position_id,
                Operation=operations[task.step],
                Condition=task.condition or "",
                LegSelectionConstraint=_constraint(await self._definition(task)),
                DataProvider=self._provider,
            ),
            control.get_prepare_position_adjustment_status,
            models.GetPreparePositionAdjustmentStatusArgs,
        )
        return adjusting.Result, _reason(adjusting)

    async def _definition(self, task: Task) -> dict[str, Any]:
        args = models.GetStrategyArgs(StrategyId=task.strategy_id)
        return (await self._control.get_strategy(args)).StrategyDefinition

    async def session(self, task: Task) -> OrderSession:
        """Return the session of orders on the strategy's underlying, for the task's account."""
        symbol = str((await self._definition(task)).get("Symbol"))
        args = models.GetSessionArgs(Symbol=symbol, BrokerAccountId=task.account)
        session = await self._control.get_session(args)
        opened_at = session.OrdersOpen or session.SessionOpen
        opens_in = (opened_at - session.MarketTime) / float(session.Speed)
        return OrderSession(opened_at, opens_in, takes_orders=session.TakesOrders is not False)

    async def holds_since(self, task: Task, moment: datetime) -> bool | None:
        """Return whether what a signal is for held in an evaluation at a market time or later.

        `None` without one, or where it is unknown.
        """
        args = models.GetEvaluationsArgs(StrategyId=task.strategy_id, BrokerAccountId=task.account)
        positions = [
            position
            for strategy in (await self._control.get_evaluations(args)).Evaluations
            for position in strategy.Positions
            if position.PositionId == task.position_id and position.At >= moment
        ]
        results = {check.Result for position in positions for check in _checks(task, position)}
        if True in results:
            return True
        return None if not results or None in results else False

    async def is_scheduled(self, task: Task) -> bool:
        """Whether the strategy has a schedule for a signal's kind."""
        section = _SECTIONS[task.kind]
        return _section(await self._definition(task), section).get("Schedule") is not None

    async def is_every_five(self, task: Task) -> bool:
        """Whether the schedule of a signal's kind runs every five minutes (`5min`)."""
        schedule = _section(await self._definition(task), _SECTIONS[task.kind], "Schedule")
        return str(schedule.get("Every", "")).strip().lower() == "5min"

    async def operations(self, task: Task) -> list[models.PositionAdjustmentOperation]:
        """Return the trading operations of a condition's adjustment, in their order."""
        actions = _section(await self._definition(task), "Adjustment", "ConditionalAdjustments", task.condition or "")
        return [operation for names, operation in _OPERATIONS if any(actions.get(name) is not None for name in names)]


def _checks(task: Task, position: models.PositionEvaluated) -> list[models.ConditionEvaluation]:
    """Return the checks behind a signal, of a position as it was evaluated."""
    if task.kind is TaskKind.ADJUSTMENT:
        return [item.Condition for item in position.Adjustments if item.Condition.Statement == task.condition]
    leaving = position.Exit
    checks = [leaving.MaxDaysInTrade, leaving.ProfitTarget, leaving.StopLoss, *leaving.Conditions]
    return [check for check in checks if check is not None]


def _reason(status: models.PreparationStatusResult) -> str:
    return status.Error or status.Status.name


def _section(definition: dict[str, Any], *path: str) -> dict[str, Any]:
    """Return an object within a definition; an empty one where it is not written."""
    result: dict[str, Any] = definition
    for name in path:
        result = result.get(name) or {}
    return result


def _constraint(definition: dict[str, Any]) -> models.LiveLegSelectionConstraint:
    written = str(_section(definition, "Settings", "Core").get("LegSelectionConstraint") or "FullyUnique")
    known = {str(member).casefold(): member for member in models.LiveLegSelectionConstraint}
    return known.get(written.strip().casefold(), models.LiveLegSelectionConstraint.FullyUnique)
