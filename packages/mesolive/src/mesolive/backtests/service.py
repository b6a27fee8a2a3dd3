"""Backtests for the Control Hub: started, watched, ended, deleted, read and compared.

The engine and the files are those of `mesolive replay`: the server starts that command in a process of its own, which
gives way to the server and ends with it. One runs at a time per user, a few for all users together.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
import structlog

from mesolive.access.context import UserContext
from mesolive.backtests import files
from mesolive.backtests.jobs import Job, JobFolder
from mesolive.backtests.process import Ended, run
from mesolive.clock import Clock, WallClock
from mesolive.errors import conflict, not_found, rate_limited, validation
from mesolive.market.calendar import FIRST_DAY, LAST_DAY
from mesolive.tasks import Tasks
from mesolive.trading.strategies import Strategies
from mesolive_sdk import models
from mesolive_sdk.models import BacktestState

MAX_SEED = 2**31
FILL_MODELS = ("AtMidPrice", "AtBidAsk")
INTERRUPTED = "the server ended while it ran; start it again"

_log = structlog.get_logger(__name__)
_PATHS = re.compile(r"(?:/[\w.\-]+){2,}/")
_HELP = re.compile(r" \([^()]* --help tells more\)$")
_SOURCE = re.compile(r'Traceback \(most recent call last\)|File "[^"]*", line \d+')

T = TypeVar("T")


class BacktestBounds(msgspec.Struct, frozen=True):
    """What backtests may use.

    Attributes
    ----------
    seconds, max_bytes
        Of one backtest.
    running
        How many run at once, for all users together.
    max_jobs
        How many one user may have, running and ended.
    """

    seconds: float = 3600.0
    max_bytes: int = 128 * 1024 * 1024
    running: int = 2
    max_jobs: int = 40


class Backtests:
    """Answers the methods of backtests.

    Parameters
    ----------
    folder
        Where jobs are.
    recordings
        The folder whose entries may be replayed; `None` for none.
    strategies
        Reads a user's strategies.
    bounds
        What backtests may use.
    environment
        Settings that the command reads from its environment.
    """

    def __init__(
        self,
        folder: Path,
        recordings: Path | None,
        strategies: Strategies,
        bounds: BacktestBounds | None = None,
        environment: dict[str, str] | None = None,
        wall: Clock | None = None,
    ) -> None:
        self._jobs = JobFolder(folder.absolute())
        self._recordings = None if recordings is None else recordings.resolve()
        self._strategies = strategies
        self._bounds = bounds or BacktestBounds()
        self._environment = environment or {}
        self._wall: Clock = wall or WallClock()
        self._running: dict[str, tuple[Job, asyncio.Task[None]]] = {}
        self._cancelled: set[str] = set()
        self.tasks = Tasks()

    async def start_up(self) -> None:
        """Mark what an earlier server left running as failed: its processes have ended with it."""
        await asyncio.to_thread(self._mark_interrupted)

    async def close(self) -> None:
        """Kill what runs."""
        await self.tasks.stop()

    # --- methods of the hub -------------------------------------------------------------------------------------------

    async def markets(
        self, user: UserContext, args: models.ListBacktestMarketsArgs
    ) -> models.ListBacktestMarketsResult:
        """Return the recordings that may be replayed."""
        del user, args
        return models.ListBacktestMarketsResult(Recordings=await asyncio.to_thread(self._names))

    async def start(self, user: UserContext, args: models.StartBacktestArgs) -> models.BacktestInfo:
        """Start a backtest.

        Raises
        ------
        ServiceError
            `ValidationError` naming what is wrong; `NotFound` for a strategy that the user does not have; `Conflict`
            with the code `BacktestRunning` or `TooManyBacktests`; `RateLimited` with `BacktestsBusy`.
        """
        arguments = await asyncio.to_thread(self._arguments, args)
        definition, strategy_name = await self._definition(user, args)
        _must_have_days(args, definition)
        if await asyncio.to_thread(self._is_full, user):
            raise conflict(f"you have {self._bounds.max_jobs} backtests; delete some", code="TooManyBacktests")
        if any(job.user_id == user.user_id for job, _ in self._running.values()):
            raise conflict("one of your backtests runs; wait for it, or cancel it", code="BacktestRunning")
        if len(self._running) >= self._bounds.running:
            raise rate_limited("as many backtests run as this server allows", code="BacktestsBusy")
        job = Job(
            id=uuid.uuid4().hex,
            user_id=user.user_id,
            name=args.Name or strategy_name,
            strategy_name=strategy_name,
            market=args.Recording or "simulated",
            first=args.From,
            last=args.To,
            arguments=arguments,
            state=BacktestState.Running,
            started_at=self._wall.now(),
            asked=msgspec.structs.replace(args, StrategyDefinition=None),
        )
        # No wait between the checks and this line: two calls at once must not both pass.
        self._running[job.id] = job, self.tasks.spawn("backtest", self._run(job, definition), detail=job.id)
        return _shown(job)

    async def get(self, user: UserContext, args: models.BacktestArgs) -> models.BacktestInfo:
        """Return how far a backtest has come."""
        return await self._info(await self._job(user, args.BacktestId))

    async def list(self, user: UserContext, args: models.ListBacktestsArgs) -> models.ListBacktestsResult:
        """Return the user's backtests, the newest first."""
        del args
        stored = await asyncio.to_thread(self._jobs.all_of, user.user_id)
        live = {job.id: job for job, _ in self._running.values() if job.user_id == user.user_id}
        known = {job.id: job for job in stored} | live
        jobs = sorted(known.values(), key=lambda job: job.started_at, reverse=True)
        return models.ListBacktestsResult(Backtests=[await self._info(job) for job in jobs])

    async def cancel(self, user: UserContext, args: models.BacktestArgs) -> models.BacktestInfo:
        """End a backtest that runs; one that has ended is left as it is."""
        job = await self._job(user, args.BacktestId)
        running = self._running.get(job.id)
        if running is not None:
            self._cancelled.add(job.id)
            running[1].cancel()
            await asyncio.wait({running[1]})
        return await self.get(user, args)

    async def delete(self, user: UserContext, args: models.BacktestArgs) -> models.ListBacktestsResult:
        """Delete a backtest with its files.

        Raises
        ------
        ServiceError
            `NotFound`; `Conflict` with the code `BacktestRunning` while it runs.
        """
        job = await self._job(user, args.BacktestId)
        if job.id in self._running:
            raise conflict("the backtest runs; cancel it first", code="BacktestRunning")
        await asyncio.to_thread(self._jobs.delete, job)
        return await self.list(user, models.ListBacktestsArgs())

    async def result(self, user: UserContext, args: models.BacktestArgs) -> models.GetBacktestResultResult:
        """Return results and equity; `Conflict` with the code `BacktestNotCompleted` where there are none."""
        job = await self._completed(user, args.BacktestId)
        place = self._jobs.place(user.user_id, job.id)

        def read() -> models.GetBacktestResultResult:
            summary, results = files.read_summary(place), files.read_results(place)
            return models.GetBacktestResultResult(
                Backtest=_shown(job, results),
                Definition=files.read_definition(place),
                Settings=summary.settings,
                Warnings=summary.warnings,
                BooksBalance=summary.balances,
                Results=results,
                Equity=files.read_equity(place, results.Start),
                Command=self._command(job),
            )

        return await _reading(read)

    async def trades(self, user: UserContext, args: models.GetBacktestTradesArgs) -> models.GetBacktestTradesResult:
        """Return a page of the trades; raises as `result`."""
        job = await self._completed(user, args.BacktestId)
        return await _reading(lambda: files.read_trades(self._jobs.place(user.user_id, job.id), args))

    async def decisions(
        self, user: UserContext, args: models.GetBacktestDecisionsArgs
    ) -> models.GetBacktestDecisionsResult:
        """Return a page of the decision log; raises as `result`."""
        job = await self._completed(user, args.BacktestId)
        return await _reading(lambda: files.read_decisions(self._jobs.place(user.user_id, job.id), args))

    async def compare(self, user: UserContext, args: models.CompareBacktestsArgs) -> models.CompareBacktestsResult:
        """Compare two completed backtests; raises as `result`."""
        jobs = [await self._completed(user, job_id) for job_id in (args.First, args.Second)]
        places = [self._jobs.place(user.user_id, job.id) for job in jobs]

        def read() -> models.CompareBacktestsResult:
            results = [files.read_results(place) for place in places]
            settings = [files.read_summary(place).settings for place in places]
            return models.CompareBacktestsResult(
                First=_shown(jobs[0], results[0]),
                Second=_shown(jobs[1], results[1]),
                Figures=files.compare_figures(*results),
                Definition=files.compare_fields(*(files.read_definition(place) for place in places)),
                Settings=files.compare_fields(*settings),
            )

        return await _reading(read)

    # --- running ------------------------------------------------------------------------------------------------------

    async def _run(self, job: Job, definition: dict[str, Any]) -> None:
        try:
            place = await asyncio.to_thread(self._jobs.begin, job, definition)

            def progress(day: str, percent: int) -> None:
                job.day, job.progress = day, percent

            ended = await run(
                place,
                ["--strategy", str(place / "strategy.json"), "--out", str(place / "out"), "--json", *job.arguments],
                seconds=self._bounds.seconds,
                max_bytes=self._bounds.max_bytes,
                progress=progress,
                environment=self._environment,
            )
            completed = ended.stopped is None and (place / "out" / "results.json").exists() and ended.status in {0, 1}
            if completed:
                job.progress = 100
                unbalanced = "the books do not balance: report this run" if ended.status else None
                await asyncio.to_thread(self._end, job, BacktestState.Completed, unbalanced)
            else:
                await asyncio.to_thread(self._end, job, BacktestState.Failed, _why(ended))
        except asyncio.CancelledError:
            if job.id in self._cancelled:
                self._end(job, BacktestState.Cancelled, None)
            else:
                self._end(job, BacktestState.Failed, INTERRUPTED)
            raise
        except OSError as error:
            _log.exception("backtest_failed", backtest=job.id)
            job.state, job.ended_at, job.message = BacktestState.Failed, self._wall.now(), str(error.strerror)
        finally:
            self._running.pop(job.id, None)
            self._cancelled.discard(job.id)

    def _end(self, job: Job, state: BacktestState, message: str | None) -> None:
        job.state, job.message, job.ended_at = state, message, self._wall.now()
        if self._jobs.place(job.user_id, job.id).exists():
            self._jobs.write(job)

    def _is_full(self, user: UserContext) -> bool:
        return len(self._jobs.all_of(user.user_id)) >= self._bounds.max_jobs

    def _mark_interrupted(self) -> None:
        for job in self._jobs.every():
            if job.state is BacktestState.Running:
                self._end(job, BacktestState.Failed, INTERRUPTED)

    # --- reading ------------------------------------------------------------------------------------------------------

    async def _job(self, user: UserContext, job_id: str) -> Job:
        running = self._running.get(job_id)
        if running is not None and running[0].user_id == user.user_id:
            return running[0]
        return await asyncio.to_thread(self._jobs.read, user.user_id, job_id)

    async def _completed(self, user: UserContext, job_id: str) -> Job:
        job = await self._job(user, job_id)
        if job.state is not BacktestState.Completed:
            raise conflict(f"the backtest is {job.state.value.lower()}: it has no results", code="BacktestNotCompleted")
        return job

    async def _info(self, job: Job) -> models.BacktestInfo:
        if job.state is not BacktestState.Completed:
            return _shown(job)
        try:
            place = self._jobs.place(job.user_id, job.id)
            return _shown(job, await asyncio.to_thread(files.read_results, place))
        except (OSError, ValueError):
            return _shown(job)

    # --- what is asked for --------------------------------------------------------------------------------------------

    async def _definition(self, user: UserContext, args: models.StartBacktestArgs) -> tuple[dict[str, Any], str]:
        if (args.StrategyId is None) == (args.StrategyDefinition is None):
            raise validation({"StrategyDefinition": ["expected either StrategyId or StrategyDefinition"]})
        if args.StrategyId is not None:
            strategy = await self._strategies.get(user, models.GetStrategyArgs(StrategyId=args.StrategyId))
            return strategy.StrategyDefinition, strategy.Name
        assert args.StrategyDefinition is not None  # noqa: S101 - one of them is there
        name = args.StrategyDefinition.get("StrategyName")
        return args.StrategyDefinition, str(name)[:120] if name else "a definition"

    def _arguments(self, args: models.StartBacktestArgs) -> list[str]:
        """Return the arguments of the command; `ValidationError` names every field that cannot be used."""
        problems: dict[str, list[str]] = {}
        result: list[str] = []
        days: dict[str, date] = {}
        if args.Recording is None:
            result += ["--market", "simulated"]
        elif args.Recording in self._names() and self._recordings is not None:
            result += ["--recording", str(self._recordings / args.Recording)]
        else:
            problems["Recording"] = [f"expected one that ListBacktestMarkets names, got {args.Recording[:60]!r}"]
        for field, option, day in (("From", "--from", args.From), ("To", "--to", args.To)):
            if day is None:
                continue
            try:
                days[field] = date.fromisoformat(day)
            except ValueError:
                problems[field] = [f"expected a day as YYYY-MM-DD, got {day[:20]!r}"]
                continue
            if not FIRST_DAY <= days[field] <= LAST_DAY:
                problems[field] = [f"expected a day from {FIRST_DAY} to {LAST_DAY}, got {days[field]}"]
            result += [option, days[field].isoformat()]
        if len(days) == 2 and days["To"] < days["From"]:
            problems.setdefault("To", [f"expected {days['From']} or later, got {days['To']}"])
        if not 0 <= args.Seed <= MAX_SEED:
            problems["Seed"] = [f"expected 0 to {MAX_SEED}, got {args.Seed}"]
        if not 10 <= args.EverySeconds <= 23_400:
            problems["EverySeconds"] = [f"expected 10 to 23400, got {args.EverySeconds}"]
        if args.FillModel is not None and args.FillModel not in FILL_MODELS:
            problems["FillModel"] = [f"expected {' or '.join(FILL_MODELS)}, got {args.FillModel[:20]!r}"]
        result += ["--seed", str(args.Seed), "--every", str(args.EverySeconds)]
        result += ["--account-kind", "simulated" if args.Orders else "paper"]
        if args.FillModel is not None:
            result += ["--fill-model", args.FillModel]
        for field, option, amount in (
            ("LegSlippage", "--leg-slippage", args.LegSlippage),
            ("Cash", "--cash", args.Cash),
            ("Commission", "--commission", args.Commission),
        ):
            if amount is None:
                continue
            if not amount.is_finite() or not 0 <= amount <= Decimal(10) ** 15:
                problems[field] = [f"expected 0 or more, got {amount}"]
            else:
                result += [option, f"{amount:f}"]
        if problems:
            raise validation(problems)
        return result

    def _command(self, job: Job) -> str:
        """Return the command that does the same on a terminal; a recording by its name, without the server's paths."""
        own = None if self._recordings is None else f"{self._recordings}/"
        shown = [each.removeprefix(own) if own is not None else each for each in job.arguments]
        return shlex.join(["mesolive", "replay", "--strategy", "strategy.json", *shown, "--out", "results"])

    def _names(self) -> list[str]:
        """Return the entries of the folder of recordings, but for hidden ones and links that lead out of it."""
        if self._recordings is None:
            return []
        try:
            entries = sorted(self._recordings.iterdir())
        except OSError:
            return []
        return [
            entry.name
            for entry in entries
            if not entry.name.startswith((".", "-")) and entry.resolve().is_relative_to(self._recordings)
        ]


async def _reading(read: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(read)
    except (OSError, ValueError, KeyError, msgspec.MsgspecError):
        raise not_found("the files of the backtest") from None


def _must_have_days(args: models.StartBacktestArgs, definition: dict[str, Any]) -> None:
    """Refuse a simulated market without days before a process is started for it; a recording has days of its own."""
    own = definition.get("Backtest")
    section = cast("dict[str, object]", own) if isinstance(own, dict) else {}
    missing = {
        field: [f"expected a day: the definition has no Backtest.{name}"]
        for field, name, day in (("From", "Start", args.From), ("To", "End", args.To))
        if args.Recording is None and day is None and not section.get(name)
    }
    if missing:
        raise validation(missing)


def _why(ended: Ended) -> str:
    """Return why a replay failed, in its own words: without the server's paths, and what only a terminal can use."""
    if ended.stopped is not None:
        return ended.stopped
    lines = [line.removeprefix("mesolive: ").removeprefix("Invalid value: ") for line in ended.last_lines if line]
    lines = [_HELP.sub("", line) for line in lines]
    # Of a fault of the program the last line says what it was; those before it are places in its source.
    shown = lines[-1:] if any(_SOURCE.match(line) for line in lines) else lines[-3:]
    text = "; ".join(shown) or f"it ended with status {ended.status}"
    return _PATHS.sub("", text)[:600]


def _shown(job: Job, results: models.BacktestResults | None = None) -> models.BacktestInfo:
    fall = None if results is None else results.MaxDrawdown
    return models.BacktestInfo(
        BacktestId=job.id,
        Name=job.name,
        StrategyName=job.strategy_name,
        Market=job.market,
        From=job.first,
        To=job.last,
        State=job.state,
        Progress=job.progress,
        Day=job.day,
        StartedAt=job.started_at,
        EndedAt=job.ended_at,
        Message=job.message,
        PnL=None if results is None else results.PnL,
        Percent=None if results is None else results.Percent,
        MaxDrawdown=None if fall is None else fall.Amount,
        Asked=job.asked,
    )
