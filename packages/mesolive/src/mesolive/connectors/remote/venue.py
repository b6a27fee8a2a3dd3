"""Remote venue: the orders of a connector that runs in an agent; implements `mesolive.venues.base.Venue`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from mesolive.connectors.remote.messages import (
    Cancel,
    CloseReports,
    Executions,
    HeldPosition,
    MayWrite,
    Notice,
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
from mesolive.connectors.remote.peer import LinkLostError, QuestionFailedError
from mesolive.connectors.remote.slots import Slot
from mesolive.market.contracts import OptionContract
from mesolive.venues.base import (
    Accepted,
    AccountUnreachableError,
    CancelDenied,
    Dedupes,
    Ended,
    Execution,
    SendCheck,
    SettlementFact,
    VenueFact,
    VenueOrder,
    VenueRequest,
    VenueStatus,
    VenueUnreachableError,
    unchecked,
)
from mesolive_sdk.models import AgentStatus, BrokerType

T = TypeVar("T")

MAX_WAITING: Final = 2000
"""Reports that wait to be booked; an agent has 256 on their way at most."""
QUESTION_SECONDS: Final = 60.0
"""How long an answer may take, in real time; callers have shorter limits of their own."""

_OUTCOME: Final[msgspec.msgpack.Decoder[Accepted | Ended]] = msgspec.msgpack.Decoder(Accepted | Ended)
_CANCELLED: Final[msgspec.msgpack.Decoder[Ended | CancelDenied | None]] = msgspec.msgpack.Decoder(
    Ended | CancelDenied | None
)
_ORDERS: Final = msgspec.msgpack.Decoder(list[VenueOrder])
_EXECUTIONS: Final = msgspec.msgpack.Decoder(list[Execution])
_SETTLEMENTS: Final = msgspec.msgpack.Decoder(list[SettlementFact])
_POSITIONS: Final = msgspec.msgpack.Decoder(list[HeldPosition])
_NOTHING: Final = msgspec.msgpack.Decoder(None)


class ReportStream:
    """The reports of one session: those that the agent has kept, oldest first, then new ones.

    Parameters
    ----------
    number
        Of the stream.
    """

    def __init__(self, slot: Slot, number: int) -> None:
        self._slot = slot
        self.number = number
        self._waiting: deque[Report] = deque()
        self._unbooked: dict[int, tuple[VenueFact, int]] = {}  # by identity: equal reports are not the same report
        self._news = asyncio.Event()
        self._failure: str | None = None

    def take(self, report: Report) -> None:
        """Queue a report; an agent that sends more than it may without an answer ends the stream."""
        if len(self._waiting) >= MAX_WAITING:
            self.fail(f"the agent sent more than {MAX_WAITING} reports at once")
            return
        self._waiting.append(report)
        self._news.set()

    def fail(self, reason: str) -> None:
        """End the stream behind what has come."""
        self._failure = self._failure or reason
        self._news.set()

    def booked(self, fact: VenueFact) -> None:
        """Tell the agent that a report is in the books."""
        _, number = self._unbooked.pop(id(fact), (fact, None))
        if number is not None:
            self._slot.notify(ReportsBooked(numbers=(number,)))

    def __aiter__(self) -> AsyncIterator[VenueFact]:
        return self

    async def __anext__(self) -> VenueFact:
        while not self._waiting:
            if self._failure is not None:
                raise VenueUnreachableError(self._failure)
            self._news.clear()
            await self._news.wait()
        report = self._waiting.popleft()
        if report.number is not None:
            self._unbooked[id(report.fact)] = (report.fact, report.number)
        return report.fact


class RemoteVenue:
    """The venue of a connector in an agent.

    Parameters
    ----------
    slot
        The connection.
    kind
        Which accounts it serves.
    """

    def __init__(self, slot: Slot, kind: BrokerType) -> None:
        self._slot = slot
        self._kind = kind
        self._checks: dict[int, SendCheck] = {}
        self._stream: ReportStream | None = None
        self._session: ReportStream | None = None

    @property
    def kind(self) -> BrokerType:
        """Which accounts it serves."""
        return self._kind

    @property
    def dedupes(self) -> Dedupes:
        """For how long the broker knows a client order id again."""
        return Dedupes.NEVER if self._slot.offer is None else self._slot.offer.dedupes

    @property
    def listing_seconds(self) -> float:
        """For how long the broker's lists may lack an order that is on its way."""
        return 0.0 if self._slot.offer is None else self._slot.offer.listing_seconds

    @property
    def status(self) -> VenueStatus:
        """The connection status."""
        if self._session is not None:
            return VenueStatus(state=AgentStatus.Connected)
        return VenueStatus(state=AgentStatus.Disconnected, message=self._slot.lost_because)

    async def start(self) -> None:
        """Take messages of the agent."""
        if self not in self._slot.listeners:
            self._slot.listeners.append(self)
        self._slot.gate = self

    async def stop(self) -> None:
        """End the session, and let no order be written any more."""
        if self in self._slot.listeners:
            self._slot.listeners.remove(self)
        if self._slot.gate is self:
            self._slot.gate = None
        self.lost("the connection was ended")

    # --- reports ------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncIterator[VenueFact]]:
        """Have the agent send its reports, from the oldest that is not booked."""
        stream = self._stream = ReportStream(self._slot, self._slot.number())
        try:
            await self._ask(OpenReports(stream=stream.number), _NOTHING)
            self._session = stream
            yield stream
        finally:
            if self._stream is stream:
                self._stream = self._session = None
            self._slot.notify(CloseReports(stream=stream.number))

    def notified(self, notice: Notice) -> None:
        """Take a report, or the end of the agent's session."""
        stream = self._stream
        if stream is None:
            return
        if isinstance(notice, Report) and notice.stream == stream.number:
            stream.take(notice)
        elif isinstance(notice, ReportsEnded) and notice.stream == stream.number:
            self._end(notice.reason)

    def lost(self, reason: str) -> None:
        """End the session: the link was lost."""
        self._end(reason)

    def _end(self, reason: str) -> None:
        if self._stream is not None:
            self._stream.fail(reason)
        self._session = None

    # --- calls --------------------------------------------------------------------------------------------------------

    async def submit(self, request: VenueRequest, check: SendCheck = unchecked) -> Accepted | Ended:
        """Have the agent submit an order; it asks `check` here before each write."""
        return await self._write(lambda ticket: Submit(epoch=self._slot.epoch, ticket=ticket, request=request), check)

    async def replace(
        self, reference: str, filled: Decimal, request: VenueRequest, check: SendCheck = unchecked
    ) -> Accepted | Ended:
        """Have the agent replace an order; it asks `check` here before each write."""
        return await self._write(
            lambda ticket: Replace(
                epoch=self._slot.epoch, ticket=ticket, reference=reference, filled=filled, request=request
            ),
            check,
        )

    async def _write(self, made: Callable[[int], Submit | Replace], check: SendCheck) -> Accepted | Ended:
        self._must_have_a_session()
        ticket = self._slot.number()
        self._checks[ticket] = check
        try:
            return await self._ask(made(ticket), _OUTCOME)
        finally:
            del self._checks[ticket]

    async def may_write(self, question: MayWrite) -> str | None:
        """Return why an order must not be written now: its own check, while its answer is awaited here."""
        check = self._checks.get(question.ticket)
        if check is None:
            return "the server does not wait for its answer any more"
        return await check()

    async def cancel(self, account: str, reference: str, venue_id: str | None) -> Ended | CancelDenied | None:
        """Have the agent request a cancel."""
        self._must_have_a_session()
        return await self._ask(Cancel(account=account, reference=reference, venue_id=venue_id), _CANCELLED)

    async def orders(self, account: str, since: datetime) -> Sequence[VenueOrder]:
        """Return the venue's orders."""
        self._must_have_a_session()
        return await self._ask(Orders(account=account, since=since), _ORDERS)

    async def executions(self, account: str, since: datetime) -> Sequence[Execution]:
        """Return the venue's fills."""
        self._must_have_a_session()
        return await self._ask(Executions(account=account, since=since), _EXECUTIONS)

    async def settlements(self, account: str, since: datetime) -> Sequence[SettlementFact]:
        """Return the venue's settlements."""
        self._must_have_a_session()
        return await self._ask(Settlements(account=account, since=since), _SETTLEMENTS)

    async def positions(self, account: str) -> Mapping[OptionContract, Decimal]:
        """Return what the account holds."""
        self._must_have_a_session()
        positions = await self._ask(Positions(account=account), _POSITIONS)
        return {item.contract: item.qty for item in positions}

    def _must_have_a_session(self) -> None:
        if self._session is None:
            raise VenueUnreachableError("there is no session with the venue by the agent")

    async def _ask(
        self,
        question: Submit | Replace | Cancel | Orders | Executions | Settlements | Positions | OpenReports,
        answer: msgspec.msgpack.Decoder[T],
    ) -> T:
        try:
            return await self._slot.ask(question, answer, QUESTION_SECONDS)
        except QuestionFailedError as error:
            if error.failure.is_of_account:
                raise AccountUnreachableError(str(error)) from None
            raise VenueUnreachableError(str(error)) from None
        except LinkLostError as error:
            raise VenueUnreachableError(str(error)) from None
        except TimeoutError:
            raise VenueUnreachableError(f"no answer of the agent within {QUESTION_SECONDS:g} s") from None
