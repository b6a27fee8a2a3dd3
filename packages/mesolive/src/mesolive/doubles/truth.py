"""Truth ledger of a double of a broker: what really happened, separate from what clients are shown.

A test compares a client's books with it. Every entry is one JSON object; with a file they are written before
any client receives it, so that the ledger also has what happened before the double was killed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import msgspec

Fact: TypeAlias = str | int | bool | Decimal | datetime | Sequence[str] | None


class Truth:
    """What happened, in its order.

    Parameters
    ----------
    now
        Returns the time of an entry.
    path
        A file of JSON lines that entries are appended to; those that it has are read first. `None` keeps them in
        memory only.
    kept
        How many entries the state of the run before knew: later ones were written just before a kill, and what they
        tell of was undone by it. `None` keeps all.
    """

    def __init__(self, now: Callable[[], datetime], path: Path | None = None, known_entries: int | None = None) -> None:
        self._now = now
        self._path = path
        self._waiting: list[bytes] = []
        self.entries: list[dict[str, object]] = []
        if path is not None and path.exists():
            # A kill may have cut the last line.
            lines = path.read_bytes().split(b"\n")[:-1][:known_entries]
            path.write_bytes(b"".join(line + b"\n" for line in lines))
            self.entries = [msgspec.json.decode(line, type=dict[str, object]) for line in lines]

    def note(self, kind: str, **facts: Fact) -> None:
        """Add an entry; it is written with the next `flush`."""
        entry: dict[str, object] = {"seq": len(self.entries) + 1, "at": self._now(), "kind": kind, **facts}
        plain: dict[str, object] = msgspec.to_builtins(entry)
        self.entries.append(plain)
        if self._path is not None:
            self._waiting.append(msgspec.json.encode(plain) + b"\n")

    def flush(self) -> None:
        """Write the entries that wait."""
        if self._waiting and self._path is not None:
            with self._path.open("ab") as file:
                file.write(b"".join(self._waiting))
            self._waiting.clear()

    def of(self, kind: str) -> list[dict[str, object]]:
        """Return the entries of one kind."""
        return [entry for entry in self.entries if entry["kind"] == kind]

    def as_json(self) -> bytes:
        """Return all entries as a JSON array."""
        return msgspec.json.encode(self.entries)
