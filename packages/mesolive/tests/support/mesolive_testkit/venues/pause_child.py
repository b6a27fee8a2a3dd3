"""The server in a process of its own, which stops itself between the commit of its first order and its submission."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from enum import Enum
from multiprocessing.connection import Connection
from typing import Any

import structlog

from mesolive.assembly import Overrides
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.trading.execution.send_permits import Denied, PermitCheck, SendPermits
from mesolive.trading.orders.repository import StoredOrder
from mesolive.trading.portfolio.accounts import Account
from mesolive_testkit.store.crash_child import SECRET, START
from mesolive_testkit.venues.desk import QUICK
from mesolive_testkit.venues.remote import RemoteVenue


class Pause(Enum):
    """Where the process stops."""

    BEFORE_PERMIT = "before the permit"
    AFTER_PERMIT = "after the permit"
    WITHOUT_PERMITS = "before the submission, with no permit asked for"


def run(database_url: str, parent: Connection, venue_port: int, pause: Pause) -> None:
    """Serve; tell the parent the address, then that the process is about to stop, then what the permit came to."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    _install(pause, parent)
    asyncio.run(_serve(database_url, parent, venue_port))


async def _serve(database_url: str, parent: Connection, venue_port: int) -> None:
    settings = Settings(market="simulated", port=0, database=database_url, secret_key=SECRET, start=START)
    venues = [RemoteVenue(venue_port)]
    async with serving(settings, Overrides(None, venues, QUICK, answer_seconds=5.0)) as application:
        parent.send(application.url)
        await asyncio.Event().wait()


def _install(pause: Pause, parent: Connection) -> None:
    ask, commit = SendPermits.request, SendPermits._commit

    def stop() -> None:
        parent.send("stopping")
        os.kill(os.getpid(), signal.SIGSTOP)

    async def request(self: SendPermits, order: StoredOrder, account: Account, admitted: float) -> Denied | None:
        if pause is not Pause.AFTER_PERMIT:
            stop()
        denied = None if pause is Pause.WITHOUT_PERMITS else await ask(self, order, account, admitted)
        parent.send(None if denied is None else denied.why.value)
        return denied

    async def unchecked(self: PermitCheck) -> str | None:
        """Permit every write, as before there was the check."""
        return None

    async def commit_and_stop(self: SendPermits, batch: Sequence[Any]) -> Sequence[Denied | BaseException | None]:
        answers = await commit(self, batch)
        if pause is Pause.AFTER_PERMIT:
            stop()
        return answers

    if pause is Pause.WITHOUT_PERMITS:
        PermitCheck.__call__ = unchecked
    SendPermits.request = request
    SendPermits._commit = commit_and_stop
