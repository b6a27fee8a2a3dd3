"""Emergency file import: stores its halts and revocations once the database can be written again."""

from __future__ import annotations

import structlog

from mesolive.access.keys import Access
from mesolive.store.database import NOT_STORED, Database, WriteTransaction
from mesolive.store.emergency import HaltNote, Note
from mesolive.tasks import Tasks
from mesolive.trading.execution.halts import store_halt

EVERY_SECONDS = 1.0
"""Seconds between two imports. The entries of the file are in force meanwhile."""

_log = structlog.get_logger(__name__)


class EmergencyImport:
    """Moves the entries of a database's emergency file into its tables.

    Parameters
    ----------
    access
        Stores revocations of keys.
    every_seconds
        Real seconds between two imports.
    """

    def __init__(self, database: Database, access: Access, every_seconds: float = EVERY_SECONDS) -> None:
        self._database = database
        self._access = access
        self._every = every_seconds
        self._waits = False
        self.tasks = Tasks()

    async def start(self) -> None:
        """Start the import task."""
        self.tasks.start_periodic("emergency import", self.store, self._every, at_once=True)

    async def stop(self) -> None:
        """Stop the import task."""
        await self.tasks.stop()

    async def store(self) -> None:
        """Store the entries of the file; they stay in the file while the database cannot be written."""
        notes = self._database.emergency.notes()
        if not notes:
            return
        try:
            async with self._database.write() as tx:
                for note in notes:
                    await self._store(tx, note)
        except NOT_STORED as error:
            if not self._waits:  # log once, not every second while the disk is full
                self._waits = True
                _log.warning("emergency_import_delayed", entries=len(notes), error=type(error).__name__)
            return
        self._waits = False
        self._database.emergency.remove(notes)
        _log.warning("emergency_entries_stored", entries=len(notes))

    async def _store(self, tx: WriteTransaction, note: Note) -> None:
        """Store an entry; one that was stored before, by the command or before a crash, changes nothing."""
        if not isinstance(note, HaltNote):
            await self._access.store_revocation(tx, note.key_id, note.at)
            return
        await store_halt(tx, note.reason, note.at, note.broker_account_id)
