"""The loop: read the log, act on each signal at most once, remember.

What makes a restart safe: the cursor and the signals behind it are stored together; an execution's arguments and its
key are stored before it is sent; keys follow from the event's id; and what was sent is asked about with
`get_idempotency_record` before anything else is done. Announced events only wake the loop, which then reads the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from mesolive_sdk import models, wire
from mesolive_sdk.automation.memory import Memory, Task, TaskKind, TaskState
from mesolive_sdk.automation.policy import NoPriceError, PaperPolicy
from mesolive_sdk.clients import MesoLiveControlHubClient, MesoLiveEventHubClient
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_sdk.jobs import wait_for_job

T = TypeVar("T")

PAGE = 500
ATTEMPTS = 3
"""How often a preparation that fails, or whose plan is out of date when it is carried out, is tried."""

POLL_SECONDS = 15.0
"""How often the log is read without being woken."""

STILL_PROCESSING = (models.IdempotencyRecordStatus.Processing,)

_OPERATIONS = (
    ("RemoveLegsAdjustment", models.PositionAdjustmentOperation.RemoveLegs),
    ("MoveLegAdjustment", models.PositionAdjustmentOperation.MoveLeg),
    ("AddLegsAdjustment", models.PositionAdjustmentOperation.AddLegs),
)
"""What trades, in its order. Variables are set by the server, behind the last of these or by itself."""

_log = logging.getLogger(__name__)

Prepared = models.PreparePositionEntryResult | models.PreparePositionExitResult | models.PreparePositionAdjustmentResult


class Autopilot:
    """Acts on the signals of the user's strategies, on paper accounts only.

    Parameters
    ----------
    control, events
        Connected clients.
    memory
        Where it remembers. One file per user and server.
    policy
        At which prices it fills.
    strategies
        Whose signals it acts on; `None` for all.
    accounts
        On which accounts; `None` for all paper accounts. An account that is not paper is never traded.
    """

    def __init__(
        self,
        control: MesoLiveControlHubClient,
        events: MesoLiveEventHubClient,
        memory: Memory,
        *,
        policy: PaperPolicy | None = None,
        strategies: Collection[int] | None = None,
        accounts: Collection[str] | None = None,
    ) -> None:
        self._control = control
        self._events = events
        self._memory = memory
        self._policy = policy if policy is not None else PaperPolicy()
        self._strategies = strategies
        self._accounts = accounts
        self._paper: dict[str, bool] = {}
        self._woken = asyncio.Event()

    async def run(self, *, poll_seconds: float = POLL_SECONDS) -> None:
        """Follow the signals until cancelled.

        Parameters
        ----------
        poll_seconds
            How often the log is read without being woken by an event.

        Raises
        ------
        sqlite3.Error
            When the memory cannot be written.
        """
        for register in (
            self._events.on_entry_signal,
            self._events.on_exit_signal,
            self._events.on_adjustment_signal,
        ):
            register(lambda _event: self._woken.set())
        self._events.on_reconnected(lambda _id: self._woken.set())
        while True:
            self._woken.clear()
            try:
                await self._events.subscribe_to_strategies(models.SubscribeToStrategiesArgs(Strategies=None))
                await self.catch_up()
            except MesoLiveSignalRError as error:
                _log.warning("the connection failed, it is tried again: %s", error)
            except MesoLiveApiException as error:
                _log.warning("the server refused, it is tried again: %s", error)
            try:
                async with asyncio.timeout(poll_seconds):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def catch_up(self) -> list[Task]:
        """Read the log to its end and carry out what is to be done; return the tasks that were worked on.

        Raises
        ------
        MesoLiveSignalRError
            When the connection failed: what was sent is found out about by the next call.
        MesoLiveApiException
            When the server refused to show the log.
        """
        await self._read()
        return [await self._carry_out(task) for task in self._memory.open_tasks()]

    # -- reading

    async def _read(self) -> None:
        since = self._memory.cursor
        token: str | None = None
        while True:
            page = await self._events.get_events_since(
                models.GetEventsSinceArgs(SinceEventSeqId=since, Limit=PAGE, ContinuationToken=token)
            )
            if page.Events:
                begun: list[Task] = []
                ended: list[Task] = []
                for envelope in page.Events:
                    found = _signal(envelope.Event)
                    if found is not None:
                        (begun if found[1] is models.SignalState.On else ended).append(found[0])
                # A signal that went off within the page is withdrawn here too: all are noted, then those that ended.
                self._memory.take(begun, ended, page.Events[-1].EventSeqId)
            token = page.ContinuationToken
            if not token:
                return

    # -- acting

    async def _carry_out(self, task: Task) -> Task:
        refusal = await self._refusal(task)
        if refusal is not None and task.state is TaskState.WAITING and task.step == 0:
            return self._end(task, TaskState.SKIPPED, refusal)
        while not task.state.is_final:
            try:
                task = await (self._prepare(task) if task.state is TaskState.WAITING else self._execute(task))
            except MesoLiveApiException as error:
                if error.status in {models.StatusCode.RateLimited, models.StatusCode.ProviderUnavailable}:
                    return self._memory.change(task, note=str(error))  # it waits for the next time
                task = self._again(task, str(error))
            except NoPriceError as error:
                return self._memory.change(task, note=str(error))
        return task

    async def _refusal(self, task: Task) -> str | None:
        """Return why a task is not for this autopilot."""
        if self._strategies is not None and task.strategy_id not in self._strategies:
            return "the strategy is not among those that are traded"
        if self._accounts is not None and task.account not in self._accounts:
            return "the account is not among those that are traded"
        if task.account not in self._paper:
            account = await self._control.get_account(models.GetAccountArgs(BrokerAccountId=task.account))
            self._paper[task.account] = account.IsPaperAccount
        return None if self._paper[task.account] else "the account is not a paper account"

    async def _prepare(self, task: Task) -> Task:
        """Prepare a task's next step, and fix what will be executed."""
        found = await self._prepared(task)
        if found is None:
            return self._end(task, TaskState.DONE, "nothing is left to trade")
        prepared, error = found
        if prepared is None:
            return self._again(task, error)
        match prepared:
            case models.PreparePositionEntryResult():
                allowed, legs = prepared.EntryAllowed, prepared.SelectedLegs
            case models.PreparePositionExitResult():
                allowed, legs = True, prepared.PositionLegs
            case models.PreparePositionAdjustmentResult():
                allowed, legs = prepared.AdjustmentAllowed is not False, prepared.OrderLegs
        if not allowed:
            return self._end(task, TaskState.SKIPPED, "the strategy does not allow it")
        args = models.ApplyPaperFillsArgs(
            IdempotencyKey=_key(task, "x"),
            BrokerAccountId=task.account,
            ExecPlanId=prepared.ExecPlanId,
            QtyMultiplier=None,
            PaperLegFills=self._policy.fills(legs, prepared.LegPrices),
        )
        return self._memory.change(task, state=TaskState.EXECUTING, request=wire.encode_json(args).decode())

    async def _execute(self, task: Task) -> Task:
        """Send what was fixed, unless it is known to have been carried out."""
        assert task.request is not None  # noqa: S101 - it is stored with the state
        args = wire.decode_json(task.request.encode(), models.ApplyPaperFillsArgs)
        if not await self._was_executed(args.IdempotencyKey):
            try:
                await self._control.apply_paper_fills(args)
            except MesoLiveApiException as error:
                if error.status is not models.StatusCode.DuplicateRequest:
                    raise
        steps = 1 if task.kind is not TaskKind.ADJUSTMENT else len(await self._operations(task))
        if task.step + 1 < steps:
            return self._memory.change(
                task, state=TaskState.WAITING, step=task.step + 1, attempt=0, request=None, note=None
            )
        return self._end(task, TaskState.DONE, None)

    async def _was_executed(self, key: str) -> bool:
        """Ask what has become of a key: an answer to an earlier call may have been lost."""
        while True:
            try:
                record = await self._control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey=key))
            except MesoLiveApiException as error:
                if error.status is models.StatusCode.NotFound:
                    return False
                raise
            if record.Status not in STILL_PROCESSING:
                return record.Status is models.IdempotencyRecordStatus.Completed
            await asyncio.sleep(1.0)

    async def _prepared(self, task: Task) -> tuple[Prepared | None, str] | None:
        """Prepare; return the result or why there is none, or `None` when there is nothing to prepare."""
        key = _key(task, "p")
        if task.kind is TaskKind.ENTRY:
            definition = await self._definition(task)
            job = await _once(
                self._control.start_prepare_position_entry,
                models.PreparePositionEntryArgs(
                    IdempotencyKey=key,
                    PositionName=f"{task.strategy_name[:100]} {task.at:%Y-%m-%d %H:%M}",
                    StrategyId=task.strategy_id,
                    BrokerAccountId=task.account,
                    LegSelectionConstraint=_constraint(definition),
                    Underlying=_underlying(definition),
                ),
            )
            entry = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
            status = await wait_for_job(lambda: self._control.get_prepare_position_entry_status(entry))
            return status.Result, status.Error or status.Status.name
        assert task.position_id is not None  # noqa: S101 - every other signal is of a position
        if task.kind is TaskKind.EXIT:
            job = await _once(
                self._control.start_prepare_position_exit,
                models.PreparePositionExitArgs(IdempotencyKey=key, PositionId=task.position_id),
            )
            leaving = models.GetPreparePositionExitStatusArgs(JobId=job.JobId)
            left = await wait_for_job(lambda: self._control.get_prepare_position_exit_status(leaving))
            return left.Result, left.Error or left.Status.name
        operations = await self._operations(task)
        if task.step >= len(operations):
            return None
        job = await _once(
            self._control.start_prepare_position_adjustment,
            models.PreparePositionAdjustmentArgs(
                IdempotencyKey=key,
                PositionId=task.position_id,
                Operation=operations[task.step],
                Condition=task.condition or "",
                LegSelectionConstraint=_constraint(await self._definition(task)),
            ),
        )
        adjusting = models.GetPreparePositionAdjustmentStatusArgs(JobId=job.JobId)
        adjusted = await wait_for_job(lambda: self._control.get_prepare_position_adjustment_status(adjusting))
        return adjusted.Result, adjusted.Error or adjusted.Status.name

    async def _definition(self, task: Task) -> dict[str, Any]:
        args = models.GetStrategyArgs(StrategyId=task.strategy_id)
        return (await self._control.get_strategy(args)).StrategyDefinition

    async def _operations(self, task: Task) -> list[models.PositionAdjustmentOperation]:
        """Return what a condition's adjustment trades, in its order."""
        actions = _section(await self._definition(task), "Adjustment", "ConditionalAdjustments", task.condition or "")
        return [operation for name, operation in _OPERATIONS if actions.get(name) is not None]

    def _again(self, task: Task, why: str) -> Task:
        """Try a step anew from its preparation, or give it up: nothing of this attempt was carried out."""
        if task.attempt + 1 >= ATTEMPTS:
            return self._end(task, TaskState.FAILED, why)
        return self._memory.change(task, state=TaskState.WAITING, attempt=task.attempt + 1, request=None, note=why)

    def _end(self, task: Task, state: TaskState, note: str | None) -> Task:
        _log.info(
            "%s of strategy %s: %s%s", task.kind.value, task.strategy_id, state.value, f" ({note})" if note else ""
        )
        return self._memory.change(task, state=state, note=note)


async def _once(
    start: Callable[[T], Awaitable[models.StartPreparationResult]], args: T
) -> models.StartPreparationResult:
    """Start a preparation; one that was started with the key before is found again."""
    try:
        return await start(args)
    except MesoLiveApiException as error:
        found = error.data
        if error.status is models.StatusCode.DuplicateRequest and isinstance(found, models.StartPreparationResult):
            return found
        raise


def _key(task: Task, what: str) -> str:
    return f"autopilot:{task.event_id}:{what}{task.step}.{task.attempt}"


def _signal(event: object) -> tuple[Task, models.SignalState] | None:
    """Return the signal that an event of the log tells of, and whether it goes on or off."""
    match event:
        case models.EntrySignalEvent():
            kind, position_id, condition = TaskKind.ENTRY, None, None
        case models.ExitSignalEvent():
            kind, position_id, condition = TaskKind.EXIT, event.PositionId, None
        case models.AdjustmentSignalEvent():
            kind, position_id, condition = TaskKind.ADJUSTMENT, event.PositionId, event.Condition.Statement
        case _:
            return None
    task = Task(
        event_id=str(event.EventId),
        seq=event.EventSeqId,
        kind=kind,
        strategy_id=event.StrategyId,
        strategy_name=event.StrategyName,
        account=event.BrokerAccountId or "",
        position_id=position_id,
        condition=condition,
        at=event.EventTime,
    )
    return task, event.State


def _section(definition: dict[str, Any], *path: str) -> dict[str, Any]:
    """Return an object within a definition; an empty one where it is not written."""
    found: dict[str, Any] = definition
    for name in path:
        found = found.get(name) or {}
    return found


def _constraint(definition: dict[str, Any]) -> models.LiveLegSelectionConstraint:
    written = str(_section(definition, "Settings", "Core").get("LegSelectionConstraint") or "FullyUnique")
    known = {str(member): member for member in models.LiveLegSelectionConstraint}
    return known.get(written, models.LiveLegSelectionConstraint.FullyUnique)


def _underlying(definition: dict[str, Any]) -> models.LiveUnderlying:
    return models.LiveUnderlying(
        Symbol=str(definition.get("Symbol")), ContractType=models.MesoContractType.Index, Currency="USD"
    )
