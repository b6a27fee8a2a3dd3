"""Retries entry-time variables that failed to evaluate, until they succeed or the position is closed.

A position without its profit target or stop loss has no such exit. The active errors of entries list the positions to
retry; an error ends when all variables are captured. Values that the entry captured stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import structlog

from mesolive.journal.journal import Journal
from mesolive.store.database import Database
from mesolive.trading.evaluation.entry_variables import AT_ENTRY, EntryVariableCapture
from mesolive.trading.portfolio.accounts import Account, account_by_id
from mesolive.trading.portfolio.plans import find_plan
from mesolive.trading.portfolio.position_queries import open_positions_among
from mesolive.trading.portfolio.positions import find_position
from mesolive.trading.portfolio.repository import open_with_variables, set_variables
from mesolive.trading.portfolio.variable_errors import active_errors, resolved
from mesolive_sdk import models

_log = structlog.get_logger(__name__)

MAX_PASS = 100
"""Most positions in one pass; the others follow with the next evaluation."""


class EntryVariableRetry:
    """Captures the missing entry-time variables of open positions."""

    def __init__(self, database: Database, journal: Journal, capture: EntryVariableCapture) -> None:
        self._database = database
        self._journal = journal
        self._capture = capture
        self._nothing_at = -1  # the database's version at which nothing was missing

    async def retry(self, trades: Callable[[Account, str], bool]) -> int:
        """Retry every open position with a missing variable; return how many there were.

        Parameters
        ----------
        trades
            Returns whether an account trades the options on an underlying now: a position waits for that, since there
            are no quotes to evaluate on before.
        """
        if self._database.is_unchanged_since(self._nothing_at):
            return 0
        version = self._database.version
        async with self._database.read() as tx:
            errors = await active_errors(tx, what=AT_ENTRY)
            ids = {event.PositionId for event in errors}
            waiting = await open_positions_among(tx, ids, MAX_PASS)
        if not waiting:
            self._nothing_at = version
        of_position = {
            position_id: list(its)
            for position_id, its in groupby(
                sorted(errors, key=lambda event: event.PositionId or 0), key=lambda event: event.PositionId
            )
        }
        for position_id, user_id in waiting.items():
            try:
                await self._make_up(user_id, position_id, of_position[position_id], trades)
            except Exception:  # noqa: BLE001 - the others are tried all the same; the log has the trace
                _log.exception("entry_variables_failed", position_id=position_id)
        return len(waiting)

    async def _make_up(
        self,
        user_id: int,
        position_id: int,
        errors: Sequence[models.ErrorEvent],
        trades: Callable[[Account, str], bool],
    ) -> None:
        async with self._database.read() as tx:
            position = await find_position(tx, user_id, position_id)
            plan = await find_plan(tx, user_id, position.entry_plan_id)
            account = await account_by_id(tx, user_id, position.account_id)
            context = await self._capture.context(tx, user_id, account, position.strategy_id)
        if not trades(account, self._capture.underlying(context, position.language_state)):
            return
        captured = await self._capture.capture(context, position.language_state, plan.data_provider)
        failing = {
            event.ErrorId for event in captured.error_events(plan, position_id) if isinstance(event, models.ErrorEvent)
        }
        if captured.unavailable is not None:
            return  # the statements have no result
        events: list[models.MesoLiveEvent] = [resolved(event) for event in errors if event.ErrorId not in failing]
        events += captured.error_events(plan, position_id, known={event.ErrorId for event in errors})
        if not events and not captured.variables:
            return
        async with self._database.write(user_id) as tx:
            record = await open_with_variables(tx, position_id, position.variables)
            if record is None:
                return  # the position was closed or its variables changed meanwhile: the next evaluation retries
            await set_variables(tx, record, {**captured.variables, **record.variables})
            await self._journal.append(tx, user_id, events)
