"""Preparation jobs: start a job with an idempotency key and poll its status until it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveTimeoutError
from mesolive_sdk.models import PreparationStatusResult, StartPreparationResult
from mesolive_sdk.models._prepare import JobArgs

__all__ = ["run_preparation", "wait_for_job"]

A = TypeVar("A", bound=msgspec.Struct)
S = TypeVar("S", bound=JobArgs)
J = TypeVar("J", bound=PreparationStatusResult)

FIRST_WAIT = 0.05
MAX_WAIT = 1.0


async def wait_for_job(
    ask: Callable[[], Awaitable[J]],
    *,
    within: float = 60.0,
    on_status: Callable[[J], object] | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> J:
    """Ask for a job's status until it is final.

    Parameters
    ----------
    ask
        Asks once, such as `lambda: control.get_prepare_position_entry_status(args)`.
    within
        For how many seconds to ask.
    on_status
        Called with each answer, to show progress.
    sleep
        Waits some seconds between two answers: 0.05 at first, then ever longer, at most 1.

    Returns
    -------
    PreparationStatusResult
        The final answer: completed, failed or cancelled.

    Raises
    ------
    MesoLiveTimeoutError
        When the job is not final within the time; it may still run.
    """
    wait = FIRST_WAIT
    waited = 0.0
    while True:
        answer = await ask()
        if on_status is not None:
            on_status(answer)
        if answer.Status.is_final:
            return answer
        if waited >= within:
            msg = f"the job {answer.JobId} is still {answer.Status.value} after {within:g} s"
            raise MesoLiveTimeoutError(msg)
        await sleep(wait)
        waited += wait
        wait = min(wait * 1.5, MAX_WAIT)


async def run_preparation(
    start: Callable[[A], Awaitable[StartPreparationResult]],
    args: A,
    ask: Callable[[S], Awaitable[J]],
    status_args: type[S],
    *,
    within: float = 60.0,
    on_status: Callable[[J], object] | None = None,
) -> J:
    """Start a preparation and wait until it is final; one that was started with the key before is reused.

    Parameters
    ----------
    start, args
        The method that starts it, such as `control.start_prepare_position_exit`, and its arguments.
    ask, status_args
        The method that tells its status, such as `control.get_prepare_position_exit_status`, and its arguments' model.
    within, on_status
        See `wait_for_job`.

    Raises
    ------
    MesoLiveApiException
        When it cannot be started.
    MesoLiveTimeoutError
        When it is not final within the time.
    """
    try:
        job = await start(args)
    except MesoLiveApiException as error:
        if not isinstance(error.data, StartPreparationResult):
            raise
        job = error.data
    question = status_args(JobId=job.JobId)
    return await wait_for_job(lambda: ask(question), within=within, on_status=on_status)
