"""Venue host: the agent's end of a venue. Keeps its session open, journals reports, and lets no order pass unasked."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import msgspec
import structlog

from mesolive.clock import Clock, boot_time
from mesolive.connectors.remote.messages import (
    Cancel,
    CloseReports,
    Executions,
    HeldPosition,
    MayWrite,
    OpenReports,
    Orders,
    Positions,
    Replace,
    Report,
    ReportsBooked,
    ReportsEnded,
    Settlements,
    Submit,
)
from mesolive.connectors.remote.peer import LinkLostError, Peer, QuestionFailedError
from mesolive.connectors.remote.report_journal import ReportJournal
from mesolive.tasks import BackOff, Tasks, Turns
from mesolive.venues.base import (
    NOT_SENT,
    CancelDenied,
    Ended,
    Ending,
    SendCheck,
    Venue,
    VenueFact,
    VenueUnreachableError,
)

_log = structlog.get_logger(__name__)

SESSION_SECONDS: Final = 5.0
"""How long a server that asks for reports waits for the venue's session to open."""
IN_FLIGHT: Final = 256
"""Reports that were sent and are not booked, at most."""
RECONNECT: Final = BackOff(first=0.5, longest=30.0)

_REASON: Final[msgspec.msgpack.Decoder[str | None]] = msgspec.msgpack.Decoder(str | None)

VenueQuestion = Submit | Replace | Cancel | Orders | Executions | Settlements | Positions | OpenReports


class WriteLimits(msgspec.Struct, frozen=True):
    """Limits of the server's permission to write an order, in seconds.

    Attributes
    ----------
    check
        How long the server's answer to `MayWrite` is awaited.
    valid
        For how long that answer holds, from the moment when it was asked for.
    """

    check: float = 2.0
    valid: float = 1.0


LIMITS: Final = WriteLimits()
"""Those of every agent; tests of something else have longer ones, for their machine may stand still for seconds."""


class VenueHost:
    """The venue of a hosted connector, through any number of links.

    Parameters
    ----------
    venue
        The connector's.
    journal
        Where its reports are kept.
    clock
        Market time.
    """

    def __init__(
        self, venue: Venue, journal: ReportJournal, clock: Clock, name: str, limits: WriteLimits = LIMITS
    ) -> None:
        self._limits = limits
        self._venue = venue
        self._journal = journal
        self._clock = clock
        self._name = name
        self._opened = asyncio.Event()
        self._pending: list[VenueFact] = []
        self._booked: list[int] = []
        self._pending_news = asyncio.Event()
        self._link: tuple[Peer, int, int] | None = None
        self._stream: int | None = None
        self._sent = 0
        self._in_flight: set[int] = set()
        self.tasks = Tasks()

    async def start(self) -> None:
        """Keep the venue's session open, and write its reports down."""
        await self._venue.start()
        self.tasks.start_loop(f"venue session {self._name}", self._run)
        self.tasks.start_loop(f"report journal {self._name}", self._write)

    async def stop(self) -> None:
        """End the session; what was reported and not written is at the venue."""
        await self.tasks.stop()
        await self._venue.stop()

    # --- the link -----------------------------------------------------------------------------------------------------

    def attach(self, peer: Peer, connection: int, epoch: int) -> None:
        """Take a link: from now on orders of this epoch alone pass."""
        self._link = (peer, connection, epoch)
        self._stream = None

    def detach(self, peer: Peer) -> None:
        """Lose a link."""
        if self._link is not None and self._link[0] is peer:
            self._link = None
            self._stream = None

    # --- reports ------------------------------------------------------------------------------------------------------

    async def _run(self, turns: Turns) -> None:
        pauses = RECONNECT.pauses()
        while True:
            reason = "the venue's session has ended"
            try:
                async with self._venue.session() as facts:
                    self._opened.set()
                    pauses = RECONNECT.pauses()
                    turns.turned()
                    async for fact in facts:
                        self._pending.append(fact)
                        self._pending_news.set()
            except VenueUnreachableError as error:
                reason = str(error)
            finally:
                self._opened.clear()
            if self._link is not None and self._stream is not None:
                peer, connection, _ = self._link
                peer.notify(connection, ReportsEnded(stream=self._stream, reason=reason))
                self._stream = None
            await asyncio.sleep(next(pauses))

    async def _write(self, turns: Turns) -> None:
        """Write reports down, many with one sync, and send them in their order."""
        while True:
            await self._pending_news.wait()
            self._pending_news.clear()
            turns.turned()
            taken, self._pending = self._pending, []
            booked, self._booked = self._booked, []
            numbered = self._journal.number([fact for fact in taken if not isinstance(fact, CancelDenied)])
            try:
                if await asyncio.to_thread(self._journal.write, numbered, booked) and not self._journal.open:
                    self._journal.replace()
            except OSError as error:
                # A full disk: the reports are at the venue, and are sent now; only a kill of the agent before they are
                # booked leaves them to reconciliation.
                _log.error("report_journal_failed", error=error.strerror or type(error).__name__)
            self._journal.keep(numbered)
            self._send_open()
            for fact in taken:
                if isinstance(fact, CancelDenied) and self._link is not None and self._stream is not None:
                    peer, connection, _ = self._link
                    peer.notify(connection, Report(stream=self._stream, number=None, fact=fact))

    def _send_open(self) -> None:
        if self._link is None or self._stream is None:
            return
        peer, connection, _ = self._link
        for number, fact in self._journal.open.items():
            if number <= self._sent:
                continue
            if len(self._in_flight) >= IN_FLIGHT:
                return
            if not peer.notify(connection, Report(stream=self._stream, number=number, fact=fact)):
                return
            self._sent = number
            self._in_flight.add(number)

    def booked(self, peer: Peer, notice: ReportsBooked) -> None:
        """Forget what the server has booked, and send what waited for it."""
        if self._link is None or self._link[0] is not peer:
            return
        self._booked += self._journal.booked(notice.numbers)
        self._pending_news.set()
        self._in_flight.difference_update(notice.numbers)
        self._send_open()

    def closed(self, peer: Peer, notice: CloseReports) -> None:
        """Send no more reports of a stream."""
        if self._link is not None and self._link[0] is peer and self._stream == notice.stream:
            self._stream = None

    # --- questions ----------------------------------------------------------------------------------------------------

    async def asked(self, peer: Peer, question: VenueQuestion) -> object:
        """Answer a question of the server."""
        match question:
            case Submit():
                denied = self._denied(peer, question.epoch, question.request.account, question.request.reference)
                if denied is not None:
                    return denied
                return await self._venue.submit(question.request, self._check(peer, question.epoch, question.ticket))
            case Replace():
                denied = self._denied(peer, question.epoch, question.request.account, question.request.reference)
                if denied is not None:
                    return denied
                check = self._check(peer, question.epoch, question.ticket)
                return await self._venue.replace(question.reference, question.filled, question.request, check)
            case Cancel():
                return await self._venue.cancel(question.account, question.reference, question.venue_id)
            case Orders():
                return list(await self._venue.orders(question.account, question.since))
            case Executions():
                return list(await self._venue.executions(question.account, question.since))
            case Settlements():
                return list(await self._venue.settlements(question.account, question.since))
            case Positions():
                positions = await self._venue.positions(question.account)
                return [HeldPosition(contract=contract, qty=qty) for contract, qty in positions.items()]
            case OpenReports():
                await self._open(peer, question.stream)
                return None

    async def _open(self, peer: Peer, stream: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SESSION_SECONDS):
                await self._opened.wait()
        if not self._opened.is_set():
            raise VenueUnreachableError(self._venue.status.message or "the venue's session is not open")
        if self._link is None or self._link[0] is not peer:
            raise LinkLostError("another link has taken its place")
        self._stream = stream
        self._sent = 0
        self._in_flight.clear()
        self._send_open()

    def _why_not(self, peer: Peer, epoch: int) -> str | None:
        if self._link is None:
            return "the link to the server was lost"
        if self._link[0] is not peer:
            return "another link to the server has taken its place"
        if self._link[2] != epoch:
            return f"it is of epoch {epoch}, and the link is of epoch {self._link[2]}"
        return None

    def _denied(self, peer: Peer, epoch: int, account: str, reference: str) -> Ended | None:
        """Return the end of an order that does not belong to the present link: it was not sent, which is certain."""
        reason = self._why_not(peer, epoch)
        if reason is None:
            return None
        return Ended(
            account=account,
            reference=reference,
            venue_id=None,
            how=Ending.REJECTED,
            at=self._clock.now(),
            reason=f"not sent: {reason}",
            code=NOT_SENT,
        )

    def _check(self, peer: Peer, epoch: int, ticket: int) -> SendCheck:
        """Return the check of an order: it asks the server over the link by which the order came."""

        async def check() -> str | None:
            for _ in range(2):
                if (reason := self._why_not(peer, epoch)) is not None:
                    return reason
                assert self._link is not None  # noqa: S101 - `_why_not` has looked
                asked_at = boot_time()
                try:
                    question = MayWrite(epoch=epoch, ticket=ticket)
                    reason = await peer.ask(self._link[1], question, _REASON, self._limits.check)
                except LinkLostError:
                    return "the link to the server was lost"
                except TimeoutError:
                    return f"the server did not say within {self._limits.check:g} s that it may be sent"
                except QuestionFailedError as error:
                    return f"the server could not say that it may be sent: {error}"
                if reason is not None:
                    return reason
                if (reason := self._why_not(peer, epoch)) is not None:
                    return reason
                # A machine that slept, or a process that stood still: the permission is of the past.
                if boot_time() - asked_at <= self._limits.valid:
                    return None
            return f"the server's permission was older than {self._limits.valid:g} s"

        return check
