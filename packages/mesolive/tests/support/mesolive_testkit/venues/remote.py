"""A venue in another process: the venue's side of a socket, and ours. Lines of JSON; one connection is one session."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from mesolive.market.contracts import OptionContract
from mesolive.venues.base import (
    NOT_SENT,
    Accepted,
    CancelDenied,
    Dedupes,
    Ended,
    Ending,
    Execution,
    SendCheck,
    SettlementFact,
    Venue,
    VenueFact,
    VenueOrder,
    VenueRequest,
    VenueStatus,
    VenueUnreachableError,
    unchecked,
)
from mesolive_sdk.models import AgentStatus, BrokerType


class Call(msgspec.Struct, tag=True):
    """A request."""

    number: int
    method: str
    arguments: dict[str, Any]


class Answer(msgspec.Struct, tag=True):
    """What a request came to; `lost` when nothing can be said."""

    number: int
    value: msgspec.Raw = msgspec.Raw(b"null")
    lost: str | None = None


class VenueReport(msgspec.Struct, tag=True):
    """A fact."""

    fact: VenueFact


class PositionRow(msgspec.Struct):
    """One position."""

    contract: OptionContract
    qty: Decimal


_encode = msgspec.json.encode
_message: msgspec.json.Decoder[Call | Answer | VenueReport] = msgspec.json.Decoder(Call | Answer | VenueReport)


async def serve_venue(venue: Venue) -> asyncio.Server:
    """Let other processes use a venue over a socket."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks: set[asyncio.Task[None]] = set()
        try:
            async with venue.session() as facts:
                tasks.add(asyncio.create_task(_tell(facts, writer)))
                while line := await reader.readline():
                    message = _message.decode(line)
                    assert isinstance(message, Call)
                    task = asyncio.create_task(_answer(venue, message, writer))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
        except (OSError, VenueUnreachableError):
            pass  # the other side was killed
        finally:
            for task in list(tasks):
                task.cancel()
            writer.close()
            await asyncio.gather(*tasks, writer.wait_closed(), return_exceptions=True)

    return await asyncio.start_server(connected, "127.0.0.1", 0, limit=8 * 1024 * 1024)


async def _tell(facts: AsyncIterator[VenueFact], writer: asyncio.StreamWriter) -> None:
    try:
        async for fact in facts:
            writer.write(_encode(VenueReport(fact)) + b"\n")
    except VenueUnreachableError:
        writer.close()


async def _answer(venue: Venue, call: Call, writer: asyncio.StreamWriter) -> None:
    kinds = {"request": VenueRequest, "since": datetime, "filled": Decimal}
    arguments = {
        name: msgspec.convert(value, kinds[name], strict=False) if name in kinds else value
        for name, value in call.arguments.items()
    }
    try:
        value = await getattr(venue, call.method)(**arguments)
        if isinstance(value, dict):
            value = [PositionRow(contract, qty) for contract, qty in value.items()]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # the one method that answers a mapping
        answer = Answer(call.number, msgspec.Raw(_encode(value)))
    except VenueUnreachableError as error:
        answer = Answer(call.number, lost=str(error))
    writer.write(_encode(answer) + b"\n")


def _unsent(request: VenueRequest, reason: str) -> Ended:
    return Ended(
        account=request.account,
        reference=request.reference,
        venue_id=None,
        how=Ending.REJECTED,
        at=datetime.now(UTC),
        reason=reason,
        code=NOT_SENT,
    )


class RemoteVenue:
    """Our side: implements `mesolive.venues.base.Venue`."""

    kind = BrokerType.Simulated
    dedupes = Dedupes.FOREVER
    listing_seconds = 0.0

    def __init__(self, port: int) -> None:
        self._port = port
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._numbers = itertools.count(1)

    @property
    def status(self) -> VenueStatus:
        state = AgentStatus.Disconnected if self._writer is None else AgentStatus.Connected
        return VenueStatus(state=state)

    async def start(self) -> None:
        """Do nothing: the venue is another process."""

    async def stop(self) -> None:
        """Do nothing: the venue goes on."""

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncIterator[VenueFact]]:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=8 * 1024 * 1024)
        except OSError as error:
            raise VenueUnreachableError(str(error)) from error
        self._writer = writer
        facts: asyncio.Queue[VenueFact | None] = asyncio.Queue()
        reading = asyncio.create_task(self._read(reader, facts))
        try:
            yield self._listen(facts)
        finally:
            reading.cancel()
            await asyncio.wait({reading})
            self._lose()
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    async def submit(self, request: VenueRequest, check: SendCheck = unchecked) -> Accepted | Ended:
        if (reason := await check()) is not None:
            return _unsent(request, reason)
        return msgspec.json.decode(await self._call("submit", request=request), type=Accepted | Ended)

    async def replace(
        self, reference: str, filled: Decimal, request: VenueRequest, check: SendCheck = unchecked
    ) -> Accepted | Ended:
        if (reason := await check()) is not None:
            return _unsent(request, reason)
        raw = await self._call("replace", reference=reference, filled=filled, request=request)
        return msgspec.json.decode(raw, type=Accepted | Ended)

    async def cancel(self, account: str, reference: str, venue_id: str | None) -> Ended | CancelDenied | None:
        raw = await self._call("cancel", account=account, reference=reference, venue_id=venue_id)
        return msgspec.json.decode(raw, type=Ended | CancelDenied | None)

    async def orders(self, account: str, since: datetime) -> Sequence[VenueOrder]:
        return msgspec.json.decode(await self._call("orders", account=account, since=since), type=list[VenueOrder])

    async def executions(self, account: str, since: datetime) -> Sequence[Execution]:
        return msgspec.json.decode(await self._call("executions", account=account, since=since), type=list[Execution])

    async def settlements(self, account: str, since: datetime) -> Sequence[SettlementFact]:
        raw = await self._call("settlements", account=account, since=since)
        return msgspec.json.decode(raw, type=list[SettlementFact])

    async def positions(self, account: str) -> Mapping[OptionContract, Decimal]:
        positions = msgspec.json.decode(await self._call("positions", account=account), type=list[PositionRow])
        return {item.contract: item.qty for item in positions}

    async def _call(self, method: str, **arguments: Any) -> msgspec.Raw:
        if self._writer is None:
            raise VenueUnreachableError("there is no connection to the venue")
        number = next(self._numbers)
        waiting: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        self._writer.write(_encode(Call(number, method, arguments)) + b"\n")
        try:
            return await waiting
        finally:
            self._waiting.pop(number, None)

    async def _read(self, reader: asyncio.StreamReader, facts: asyncio.Queue[VenueFact | None]) -> None:
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                match _message.decode(line):
                    case VenueReport(fact=fact):
                        facts.put_nowait(fact)
                    case Answer(number=number, value=value, lost=lost):
                        waiting = self._waiting.get(number)
                        if waiting is not None and not waiting.done():
                            if lost is None:
                                waiting.set_result(value)
                            else:
                                waiting.set_exception(VenueUnreachableError(lost))
                    case _:
                        raise AssertionError(line)
        self._lose()
        facts.put_nowait(None)

    def _lose(self) -> None:
        self._writer = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(VenueUnreachableError("the connection was lost"))

    async def _listen(self, facts: asyncio.Queue[VenueFact | None]) -> AsyncIterator[VenueFact]:
        while (fact := await facts.get()) is not None:
            yield fact
        raise VenueUnreachableError("the connection was lost")
