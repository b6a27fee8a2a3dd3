"""Messages of TWS as the checklist keeps them: all but the many alike, without accounts; executions and commissions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from mesolive.connectors.verification import MessageRecorder

TICK_PRICE: Final = "1"
REQUEST_DATA: Final = "1"
ERROR: Final = "4"
EXECUTION: Final = "11"
ACCOUNTS: Final = "15"
COMMISSION: Final = "59"

MAX_LINES: Final = {
    (True, "1"): 60,
    (True, "2"): 60,
    (True, "10"): 60,
    (True, "21"): 60,
    (True, "45"): 30,
    (True, "46"): 30,
    (True, "58"): 60,
    (True, "81"): 30,
    (False, "1"): 60,
    (False, "2"): 30,
    (False, "9"): 60,
}
"""How many messages of a kind are kept: ticks, contract details, and the requests for them come by the thousand."""

MAX_OTHER_LINES: Final = 600


@dataclass(frozen=True, slots=True)
class RawExecution:
    """An execution as TWS wrote it.

    Attributes
    ----------
    sec_type
        `BAG` for the execution of a combo itself.
    """

    exec_id: str
    sec_type: str
    order_ref: str


class MessageLog:
    """Keeps messages in their order, beginning with the seconds since the start and the connection's name.

    Parameters
    ----------
    recorder
        Keeps the texts.
    """

    def __init__(self, recorder: MessageRecorder) -> None:
        self._recorder = recorder
        self._began = monotonic()
        self._counts: Counter[tuple[bool, str]] = Counter()
        self.executions: dict[str, RawExecution] = {}
        self.commissions: dict[str, str] = {}
        """By the id of the execution, as text."""
        self.errors: dict[tuple[str, int], str] = {}
        """The last one by connection and id of the request or order: code and text."""
        self.codes: Counter[str] = Counter()
        """How often each code of an error came."""
        self.ticks: Counter[int] = Counter()
        """Prices by the id of their subscription."""
        self.subscriptions = 0
        """How often market data were asked for."""

    def take(self, connection: str, received: bool, fields: Sequence[str]) -> None:
        """Keep a message."""
        kind = fields[0] if fields else ""
        if received:
            self._note(connection, kind, fields)
        elif kind == REQUEST_DATA:
            self.subscriptions += 1
        self._counts[received, kind] += 1
        if self._counts[received, kind] > MAX_LINES.get((received, kind), MAX_OTHER_LINES):
            return
        text = "|".join(fields).replace("\n", " ").replace("\r", " ")
        arrow = "<<<" if received else ">>>"
        self._recorder.record(f"{monotonic() - self._began:8.3f} {connection:6} {arrow} {text}")

    @property
    def left_out(self) -> list[str]:
        """Lines that say how many messages were not kept."""
        return [
            f"left out: {count - limit:,} more {'received' if received else 'sent'} messages of kind {kind}"
            for (received, kind), count in sorted(self._counts.items())
            if count > (limit := MAX_LINES.get((received, kind), MAX_OTHER_LINES))
        ]

    def _note(self, connection: str, kind: str, fields: Sequence[str]) -> None:
        if kind == TICK_PRICE and len(fields) > 2 and fields[2].isdecimal():
            self.ticks[int(fields[2])] += 1
        elif kind == ERROR and len(fields) > 4:
            self.codes[fields[3]] += 1
            if fields[2].isdecimal():
                self.errors[connection, int(fields[2])] = f"{fields[3]}: {fields[4]}"
        elif kind == ACCOUNTS:
            # Before anything of the login is kept, even where the login is then refused.
            self._recorder.rename(name for text in fields[2:] for name in text.split(",") if name)
        elif kind == EXECUTION and len(fields) > 26:
            self.executions[fields[14]] = RawExecution(fields[14], fields[5], fields[26])
        elif kind == COMMISSION and len(fields) > 3:
            self.commissions[fields[2]] = fields[3]

    def executions_of(self, references: Sequence[str]) -> list[RawExecution]:
        """Return the executions of orders."""
        return [row for row in self.executions.values() if row.order_ref in references]
