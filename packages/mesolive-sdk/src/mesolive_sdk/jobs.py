"""Waiting for preparation jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mesolive_sdk.exceptions import MesoLiveTimeoutError
from mesolive_sdk.models import PreparationStatusResult

J = TypeVar("J", bound=PreparationStatusResult)

FIRST_WAIT = 0.05
LONGEST_WAIT = 1.0


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
        wait = min(wait * 1.5, LONGEST_WAIT)
