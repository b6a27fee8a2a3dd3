"""Preparation service: jobs that read the market, select contracts and store an exec plan.

A job is a row first: its start commits it with the idempotency record, so that a restart can read it. It then runs as a
task of this process. Its end, its plan and its event are one transaction. A job that cannot be ended, because the disk
is full, is ended once the store can be written; the next start fails a job that a stop of the server cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4

import structlog
from msgspec import Struct

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import ServiceError, conflict, rate_limited
from mesolive.journal.journal import Journal
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.language import entry_refusals, select_entry
from mesolive.language.decision import Constraint, EntrySelection, Evaluation, SelectionError
from mesolive.market.chain_view import BookView
from mesolive.store.database import NOT_STORED, Database, Transaction, WriteTransaction
from mesolive.tasks import BackOff, Tasks
from mesolive.trading.evaluation.evaluator import (
    StrategyContext,
    StrategyEvaluator,
    decision_name,
    load_context,
)
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.portfolio.accounts import Account, find_account, must_be_enabled
from mesolive.trading.portfolio.adjustments import AdjustmentStep, store_adjustment_step
from mesolive.trading.portfolio.plans import NewPlan, count_unexecuted, store_plan
from mesolive.trading.portfolio.positions import CLOSED, find_position
from mesolive.trading.preparation import jobs
from mesolive.trading.preparation.adjustments import must_not_be_under_way, prepare_adjustment
from mesolive.trading.preparation.fresh_quotes import FreshQuotes
from mesolive.trading.preparation.jobs import Job, JobKind
from mesolive.trading.preparation.plan_builder import entry_plan, entry_result, exit_plan, exit_result
from mesolive.trading.strategies import find_strategy
from mesolive.trading.validation import checked_name
from mesolive_sdk import models, wire

_log = structlog.get_logger(__name__)

JOB_SECONDS = 60.0
"""The longest that a preparation may take."""

RETRY = BackOff(first=0.1, longest=30.0)
"""Seconds between attempts to store the end of a job: doubled each time, from the first to the longest."""

INTERRUPTED = "the server stopped while the preparation was running; start it again"

R = TypeVar(
    "R",
    models.PreparePositionEntryResult,
    models.PreparePositionExitResult,
    models.PreparePositionAdjustmentResult,
)
W = TypeVar("W")
Args = models.PreparePositionEntryArgs | models.PreparePositionExitArgs | models.PreparePositionAdjustmentArgs


class Bounds(Struct, frozen=True):
    """Limits per user; a preparation beyond them is `RateLimited`.

    Attributes
    ----------
    running
        Preparations under way.
    plans
        Plans that were prepared and never executed.
    """

    running: int = 8
    plans: int = 20_000


class Prepared(Struct, frozen=True):
    """The result of a preparation: the exec plan to store, and the answer without the plan's id."""

    plan: NewPlan
    result: (
        models.PreparePositionEntryResult | models.PreparePositionExitResult | models.PreparePositionAdjustmentResult
    )
    adjusting: AdjustmentStep | None = None


class Preparations:
    """Starts, follows and cancels preparations.

    Parameters
    ----------
    new_id
        Makes job ids.
    enforce_adjustment_count
        Whether an adjustment beyond `MaxAdjustmentCount` closes the position instead.
    bounds
        Limits per user.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        idempotency: Idempotency,
        evaluator: StrategyEvaluator,
        clock: Clock,
        new_id: Callable[[], UUID] = uuid4,
        *,
        enforce_adjustment_count: bool = False,
        bounds: Bounds | None = None,
    ) -> None:
        self._database = database
        self._journal = journal
        self._idempotency = idempotency
        self._evaluator = evaluator
        self._clock = clock
        self._new_id = new_id
        self._enforce_adjustment_count = enforce_adjustment_count
        self._bounds = bounds or Bounds()
        self.tasks = Tasks()
        self._fresh = FreshQuotes(evaluator.market, self.tasks)
        self._running: dict[str, asyncio.Task[None]] = {}

    async def start_entry(
        self, user: UserContext, args: models.PreparePositionEntryArgs
    ) -> models.MesoLiveApiResponse[models.StartPreparationResult]:
        """Begin to prepare an entry and return its job.

        Raises
        ------
        ServiceError
            `NotFound` for a strategy, an account or an underlying that is not there; `Conflict` for a disabled account;
            `ProviderUnavailable` for a provider that is not connected; `RateLimited` when too many of the user's
            preparations are under way; `ValidationError` for a name that cannot be shown.
        """
        checked_name("PositionName", args.PositionName)

        async def find(tx: Transaction) -> tuple[int, Account, int | None]:
            await find_strategy(tx, user.user_id, args.StrategyId)
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
            must_be_enabled(account)
            self._evaluator.view(args.Underlying.Symbol, args.DataProvider)
            return args.StrategyId, account, None

        operation = models.IdempotencyOperation.StartPreparePositionEntry
        return await self._start(user, JobKind.ENTRY, operation, args, find)

    async def start_exit(
        self, user: UserContext, args: models.PreparePositionExitArgs
    ) -> models.MesoLiveApiResponse[models.StartPreparationResult]:
        """Begin to prepare the exit of a whole position and return its job; `Conflict` when it is closed."""

        async def find(tx: Transaction) -> tuple[int, Account, int | None]:
            position = await find_position(tx, user.user_id, args.PositionId)
            if position.state is CLOSED:
                raise conflict(f"position {position.id} is closed", code="PositionClosed")
            account = await find_account(tx, user.user_id, position.broker_account_id)
            return position.strategy_id, account, position.id

        operation = models.IdempotencyOperation.StartPreparePositionExit
        return await self._start(user, JobKind.EXIT, operation, args, find)

    async def start_adjustment(
        self, user: UserContext, args: models.PreparePositionAdjustmentArgs
    ) -> models.MesoLiveApiResponse[models.StartPreparationResult]:
        """Begin to prepare one operation of an adjustment and return its job.

        Raises
        ------
        ServiceError
            `Conflict` for a position that is not open, while an order of it works, and while the adjustment before is
            being completed; `RateLimited` as `start_entry`.
        """

        async def find(tx: Transaction) -> tuple[int, Account, int | None]:
            position = await find_position(tx, user.user_id, args.PositionId)
            if position.state is not models.LivePositionState.Open:
                raise conflict(
                    f"position {position.id} is {position.state.name.lower()}; only an open one is adjusted",
                    code="PositionNotOpen",
                )
            await must_not_be_under_way(tx, position)
            account = await find_account(tx, user.user_id, position.broker_account_id)
            return position.strategy_id, account, position.id

        operation = models.IdempotencyOperation.StartPreparePositionAdjustment
        return await self._start(user, JobKind.ADJUSTMENT, operation, args, find)

    async def entry_status(
        self, user: UserContext, args: models.GetPreparePositionEntryStatusArgs
    ) -> models.GetPreparePositionEntryStatusResult:
        """Return where the job stands, with its result once it is completed."""
        job = await self._find(user, JobKind.ENTRY, args.JobId)
        return models.GetPreparePositionEntryStatusResult(
            JobId=job.id,
            Status=job.status,
            Result=_result(job, models.PreparePositionEntryResult),
            Error=job.error,
            CreatedAt=job.created_at,
            UpdatedAt=job.updated_at,
        )

    async def exit_status(
        self, user: UserContext, args: models.GetPreparePositionExitStatusArgs
    ) -> models.GetPreparePositionExitStatusResult:
        """Return where the job stands, with its result once it is completed."""
        job = await self._find(user, JobKind.EXIT, args.JobId)
        return models.GetPreparePositionExitStatusResult(
            JobId=job.id,
            Status=job.status,
            Result=_result(job, models.PreparePositionExitResult),
            Error=job.error,
            CreatedAt=job.created_at,
            UpdatedAt=job.updated_at,
        )

    async def adjustment_status(
        self, user: UserContext, args: models.GetPreparePositionAdjustmentStatusArgs
    ) -> models.GetPreparePositionAdjustmentStatusResult:
        """Return where the job stands, with its result once it is completed."""
        job = await self._find(user, JobKind.ADJUSTMENT, args.JobId)
        return models.GetPreparePositionAdjustmentStatusResult(
            JobId=job.id,
            Status=job.status,
            Result=_result(job, models.PreparePositionAdjustmentResult),
            Error=job.error,
            CreatedAt=job.created_at,
            UpdatedAt=job.updated_at,
        )

    async def cancel_entry(
        self, user: UserContext, args: models.CancelPreparePositionEntryArgs
    ) -> models.MesoLiveApiResponse[models.CancelPreparationResult]:
        """Cancel a running job; one that has ended stays as it is, and the answer says how it ended."""
        operation = models.IdempotencyOperation.CancelPreparePositionEntry
        return await self._cancel(user, JobKind.ENTRY, operation, args)

    async def cancel_exit(
        self, user: UserContext, args: models.CancelPreparePositionExitArgs
    ) -> models.MesoLiveApiResponse[models.CancelPreparationResult]:
        """Cancel a running job; one that has ended stays as it is, and the answer says how it ended."""
        operation = models.IdempotencyOperation.CancelPreparePositionExit
        return await self._cancel(user, JobKind.EXIT, operation, args)

    async def cancel_adjustment(
        self, user: UserContext, args: models.CancelPreparePositionAdjustmentArgs
    ) -> models.MesoLiveApiResponse[models.CancelPreparationResult]:
        """Cancel a running job; one that has ended stays as it is, and the answer says how it ended."""
        operation = models.IdempotencyOperation.CancelPreparePositionAdjustment
        return await self._cancel(user, JobKind.ADJUSTMENT, operation, args)

    async def recover(self) -> int:
        """Fail the jobs that a stop of the server cut off, each with its event; return how many there were."""
        async with self._database.read() as tx:
            result = await jobs.unfinished(tx)
        for job in result:
            await self._fail(job, INTERRUPTED)
        return len(result)

    async def close(self) -> None:
        """Cancel what runs and wait for it; the next start fails those jobs."""
        await self.tasks.stop()

    async def _start(
        self,
        user: UserContext,
        kind: JobKind,
        operation: models.IdempotencyOperation,
        args: Args,
        find: Callable[[Transaction], Coroutine[Any, Any, tuple[int, Account, int | None]]],
    ) -> models.MesoLiveApiResponse[models.StartPreparationResult]:
        async def action(tx: WriteTransaction) -> models.StartPreparationResult:
            strategy_id, account, position_id = await find(tx)
            running = await jobs.count_running(tx, user.user_id)
            if running >= self._bounds.running:
                raise rate_limited(
                    f"{running} preparations are under way; wait for one to end, or cancel one",
                    code="TooManyPreparations",
                )
            waiting = await count_unexecuted(tx, user.user_id, self._bounds.plans)
            if waiting >= self._bounds.plans:
                raise rate_limited(
                    f"{waiting} plans were prepared and never executed; the oldest go after a while",
                    code="TooManyPlans",
                )
            job_id = str(self._new_id())
            await jobs.begin(
                tx,
                job_id=job_id,
                user_id=user.user_id,
                kind=kind,
                strategy_id=strategy_id,
                account_id=account.id,
                position_id=position_id,
                request=wire.encode_json(args).decode(),
                now=self._clock.now(),
            )
            tx.after_commit(lambda: self._spawn(user.user_id, kind, job_id))
            return models.StartPreparationResult(JobId=job_id)

        return await self._idempotency.run(user, args.IdempotencyKey, operation, args, action)

    async def _find(self, user: UserContext, kind: JobKind, job_id: str) -> Job:
        async with self._database.read() as tx:
            return await jobs.find_job(tx, user.user_id, kind, job_id)

    async def _cancel(
        self,
        user: UserContext,
        kind: JobKind,
        operation: models.IdempotencyOperation,
        args: (
            models.CancelPreparePositionEntryArgs
            | models.CancelPreparePositionExitArgs
            | models.CancelPreparePositionAdjustmentArgs
        ),
    ) -> models.MesoLiveApiResponse[models.CancelPreparationResult]:
        async def action(tx: WriteTransaction) -> models.CancelPreparationResult:
            job = await jobs.find_job(tx, user.user_id, kind, args.JobId)
            cancelled = models.PreparationStatus.Cancelled
            if not await jobs.end(tx, job.id, cancelled, self._clock.now()):
                return models.CancelPreparationResult(JobId=job.id, Status=job.status)
            tx.after_commit(lambda: self._stop(job.id))
            return models.CancelPreparationResult(JobId=job.id, Status=cancelled)

        return await self._idempotency.run(user, args.IdempotencyKey, operation, args, action)

    def _spawn(self, user_id: int, kind: JobKind, job_id: str) -> None:
        # A job whose task fails is ended by the next start.
        task = self.tasks.spawn("preparation", self._run(user_id, kind, job_id), detail=job_id)
        self._running[job_id] = task
        task.add_done_callback(lambda _: self._running.pop(job_id, None))

    def _stop(self, job_id: str) -> None:
        task = self._running.get(job_id)
        if task is not None:
            task.cancel()

    async def _run(self, user_id: int, kind: JobKind, job_id: str) -> None:
        job = await self._until_stored(job_id, partial(self._set_running, user_id, kind, job_id))
        if job.ended:
            return  # cancelled before it began
        why = await self._carry_out(job)
        if why is not None:
            await self._until_stored(job.id, partial(self._fail, job, why))

    async def _carry_out(self, job: Job) -> str | None:
        """Prepare, and store the result; return why it failed, or `None`."""
        try:
            async with asyncio.timeout(JOB_SECONDS):
                prepared = await self._prepare(job)
            await self._complete(job, prepared)
        except _EndedMeanwhileError:
            _log.info("preparation_cancelled", job_id=job.id)
        except SelectionError as error:
            return str(error)
        except ServiceError as error:
            return error.message
        except TimeoutError:
            return f"the preparation took longer than {JOB_SECONDS:g} s"
        except Exception:  # noqa: BLE001 - the job must end for its owner on any error; the log has the trace
            _log.exception("preparation_failed", job_id=job.id, strategy_id=job.strategy_id)
            return f"internal error; the server's log has it under job {job.id}"
        return None

    async def _until_stored(self, job_id: str, write: Callable[[], Awaitable[W]]) -> W:
        """Retry an idempotent write until it is stored: a full disk may have room again later."""
        for pause in RETRY.pauses():
            try:
                return await write()
            except NOT_STORED as error:
                _log.warning("preparation_not_stored", job_id=job_id, error=type(error).__name__, again_in=pause)
            await asyncio.sleep(pause)
        raise AssertionError("the pauses have no end")

    async def _set_running(self, user_id: int, kind: JobKind, job_id: str) -> Job:
        async with self._database.write(user_id) as tx:
            await jobs.set_running(tx, job_id, self._clock.now())
            return await jobs.find_job(tx, user_id, kind, job_id)

    async def _prepare(self, job: Job) -> Prepared:
        match job.kind:
            case JobKind.ENTRY:
                return await self._prepare_entry(job)
            case JobKind.EXIT:
                return await self._prepare_exit(job)
            case JobKind.ADJUSTMENT:
                return await self._prepare_adjustment(job)

    async def _prepare_adjustment(self, job: Job) -> Prepared:
        args = wire.decode_json(job.request.encode(), models.PreparePositionAdjustmentArgs)
        context = await self._context(job)
        result = await prepare_adjustment(
            self._evaluator, self._fresh, context, args, enforce_count=self._enforce_adjustment_count
        )
        return Prepared(result.plan, result.result, result.adjusting)

    async def _prepare_entry(self, job: Job) -> Prepared:
        args = wire.decode_json(job.request.encode(), models.PreparePositionEntryArgs)
        context = await self._context(job)
        constraint = Constraint(str(args.LegSelectionConstraint))

        async def choose(view: BookView) -> tuple[EntrySelection, tuple[Evaluation, ...]]:
            account = context.account_state(self._evaluator.marks(view, context.account))
            return await self._evaluator.run(
                context,
                decision_name(context.strategy_id, context.account.id, None, view.now),
                view,
                args.DataProvider,
                lambda strategy, external, random: (
                    select_entry(strategy, view, account, constraint=constraint, external=external, random=random),
                    entry_refusals(strategy, view, account),
                ),
            )

        (selection, refusals), view = await self._fresh.select(
            args.Underlying.Symbol,
            args.DataProvider or context.account.provider,
            lambda: self._evaluator.fresh_view(args.Underlying.Symbol, args.DataProvider, context.account),
            choose,
            lambda chosen: [leg.contract for leg in chosen[0].legs],
        )
        self._evaluator.require_quotes(view, [leg.contract for leg in selection.legs])
        plan = entry_plan(context, args, selection, view)
        return Prepared(plan, entry_result(context, plan, selection, view, refusals))

    async def _prepare_exit(self, job: Job) -> Prepared:
        args = wire.decode_json(job.request.encode(), models.PreparePositionExitArgs)
        async with self._database.read() as tx:
            position = await find_position(tx, job.user_id, args.PositionId)
        if position.state is CLOSED:
            raise conflict(f"position {position.id} is closed", code="PositionClosed")
        symbol = position.legs[0].traded.contract.underlying
        # Stale quotes are accepted: an exit has no conditions, and its prices carry their age.
        view = self._evaluator.view(symbol, args.DataProvider or position.provider)
        plan = exit_plan(position, args, view)
        return Prepared(plan, exit_result(position, plan, view))

    async def _context(self, job: Job) -> StrategyContext:
        async with self._database.read() as tx:
            account = await find_account(tx, job.user_id, job.broker_account_id)
            return await load_context(tx, job.user_id, account, job.strategy_id)

    async def _complete(self, job: Job, prepared: Prepared) -> None:
        now = self._clock.now()
        async with self._database.write(job.user_id) as tx:
            plan_id = await store_plan(tx, job.user_id, prepared.plan)
            if prepared.adjusting is not None:
                await store_adjustment_step(tx, plan_id, prepared.adjusting)
            prepared.result.ExecPlanId = plan_id
            text = wire.encode_json(prepared.result).decode()
            completed = models.PreparationStatus.Completed
            if not await jobs.end(tx, job.id, completed, now, result=text, plan_id=plan_id):
                raise _EndedMeanwhileError
            await self._journal.append(tx, job.user_id, [_completed_event(job, prepared)])

    async def _fail(self, job: Job, error: str) -> None:
        async with self._database.write(job.user_id) as tx:
            if await jobs.end(tx, job.id, models.PreparationStatus.Failed, self._clock.now(), error=error):
                await self._journal.append(tx, job.user_id, [_failed_event(job, error)])


class _EndedMeanwhileError(Exception):
    """The job was cancelled while it ran: its plan is rolled back with the transaction."""


def _result(job: Job, kind: type[R]) -> R | None:
    return None if job.result is None else wire.decode_json(job.result.encode(), kind)


_COMPLETED = {
    JobKind.ENTRY: models.PositionEntryPreparationCompletedEvent,
    JobKind.EXIT: models.PositionExitPreparationCompletedEvent,
    JobKind.ADJUSTMENT: models.PositionAdjustmentPreparationCompletedEvent,
}
_FAILED = {
    JobKind.ENTRY: models.PositionEntryPreparationFailedEvent,
    JobKind.EXIT: models.PositionExitPreparationFailedEvent,
    JobKind.ADJUSTMENT: models.PositionAdjustmentPreparationFailedEvent,
}


def _completed_event(job: Job, prepared: Prepared) -> models.MesoLiveEvent:
    return _COMPLETED[job.kind](
        EventTime=UNSTAMPED,
        JobId=job.id,
        StrategyId=job.strategy_id,
        StrategyName=job.strategy_name,
        BrokerAccountId=job.broker_account_id,
        Result=prepared.result,  # pyright: ignore[reportArgumentType]  # a job's result is that of its kind
    )


def _failed_event(job: Job, error: str) -> models.MesoLiveEvent:
    return _FAILED[job.kind](
        EventTime=UNSTAMPED,
        JobId=job.id,
        StrategyId=job.strategy_id,
        StrategyName=job.strategy_name,
        BrokerAccountId=job.broker_account_id,
        Error=error,
    )
