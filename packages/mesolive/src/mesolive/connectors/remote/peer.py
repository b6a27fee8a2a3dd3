"""One end of a link: questions with answers, and notices, over frames in one order. It knows nothing of trading."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

import msgspec
import structlog

from mesolive.connectors.protocol import ConnectorError, place_of
from mesolive.connectors.remote.messages import (
    Answer,
    Ask,
    Failure,
    Message,
    Notice,
    Question,
    Tell,
    decode_frame,
    encode_frame,
    encode_result,
)
from mesolive.tasks import Tasks
from mesolive.venues.base import AccountUnreachableError, VenueUnreachableError

_log = structlog.get_logger(__name__)

T = TypeVar("T")

MAX_WAITING: Final = 20_000
"""Messages that wait to be sent; beyond it the other side takes nothing, and the link is ended."""
END_SECONDS: Final = 5.0
"""How long the transport may take to end."""
FRAME_MESSAGES: Final = 64
"""Messages of one frame at most, so that a frame stays small."""


class LinkLostError(Exception):
    """The link has ended; whether the other side saw the message is unknown."""


class QuestionFailedError(Exception):
    """The other side could not answer, for a reason of its own."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Handler(Protocol):
    """What the owner of a link does with messages of the other side."""

    async def asked(self, connection: int, question: Question) -> object:
        """Answer a request; an exception is answered as a failure."""
        ...

    def notified(self, connection: int, notice: Notice) -> None:
        """Take a notice; must not wait."""
        ...


class Peer:
    """One end of a link.

    Parameters
    ----------
    send
        Sends one frame; waits while the transport is full, and raises when it has ended.
    end
        Ends the transport with a reason; called once.
    """

    def __init__(
        self, send: Callable[[bytes], Awaitable[None]], end: Callable[[str], Awaitable[None] | None], name: str
    ) -> None:
        self._send = send
        self._end = end
        self._name = name
        self._handler: Handler | None = None
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._outgoing: deque[Message] = deque()
        self._news = asyncio.Event()
        self._lost: str | None = None
        self._writer: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()
        self.tasks = Tasks()

    def start(self, handler: Handler) -> None:
        """Begin to send, and to hand messages over."""
        self._handler = handler
        self._writer = self.tasks.spawn("link writer", self._write(), detail=self._name)

    @property
    def lost(self) -> str | None:
        """Why the link has ended; `None` while it has not."""
        return self._lost

    def close(self, reason: str) -> None:
        """End the link: every question that waits fails."""
        if self._lost is not None:
            return
        self._lost = reason
        asked, self._asked = self._asked, {}
        for waiting in asked.values():
            if not waiting.done():
                waiting.set_exception(LinkLostError(reason))
        self.ended.set()
        self._news.set()

    async def stop(self) -> None:
        """End the link, and wait for its tasks."""
        self.close("the link was closed")
        if self._writer is not None:
            await asyncio.wait({self._writer}, timeout=END_SECONDS)
        await self.tasks.stop()

    # --- sending ------------------------------------------------------------------------------------------------------

    def notify(self, connection: int, notice: Notice) -> bool:
        """Send a notice behind everything that was sent before; return whether there is a link to send it by."""
        return self._queue(Tell(connection=connection, body=notice))

    async def ask(self, connection: int, question: Question, answer: msgspec.msgpack.Decoder[T], seconds: float) -> T:
        """Ask the other side, and return its answer.

        Parameters
        ----------
        answer
            Reads it.
        seconds
            How long it may take, in real time.

        Raises
        ------
        LinkLostError
            When the link has ended, or ends meanwhile.
        TimeoutError
            When there is no answer in time.
        QuestionFailedError
            When the other side says why it has none.
        """
        if self._lost is not None:
            raise LinkLostError(self._lost)
        number = next(self._numbers)
        waiting: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._asked[number] = waiting
        self._queue(Ask(connection=connection, number=number, body=question))
        try:
            async with asyncio.timeout(seconds):
                raw = await waiting
        finally:
            self._asked.pop(number, None)
            if waiting.done() and not waiting.cancelled():
                waiting.exception()  # seen, also where the caller was cancelled in the same moment
        try:
            return answer.decode(raw)
        except msgspec.DecodeError as error:
            text = f"its answer to {type(question).__name__} cannot be read: {error}"
            raise QuestionFailedError(Failure(message=text)) from None

    def _queue(self, message: Message) -> bool:
        if self._lost is not None:
            return False
        if len(self._outgoing) >= MAX_WAITING:
            self.close(f"the other side takes nothing: {MAX_WAITING} messages wait")
            return False
        self._outgoing.append(message)
        self._news.set()
        return True

    async def _write(self) -> None:
        while self._lost is None:
            await self._news.wait()
            self._news.clear()
            while self._outgoing and self._lost is None:
                batch = [self._outgoing.popleft() for _ in range(min(len(self._outgoing), FRAME_MESSAGES))]
                try:
                    await self._send(encode_frame(batch))
                except Exception as error:  # noqa: BLE001 - whatever the transport raises, the link has ended
                    self.close(f"the link was lost ({type(error).__name__})")
        ending = self._end(self._lost)
        if ending is not None:
            await ending

    # --- receiving ----------------------------------------------------------------------------------------------------

    def receive(self, frame: bytes) -> None:
        """Take a frame of the other side; one that cannot be read ends the link."""
        if self._lost is not None or self._handler is None:
            return
        try:
            messages = decode_frame(frame)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            _log.warning("link_frame_unreadable", link=self._name, error=str(error)[:200])
            self.close("the other side sent what is no message of this version")
            return
        for message in messages:
            self._take(message, self._handler)

    def _take(self, message: Message, handler: Handler) -> None:
        match message:
            case Tell():
                try:
                    handler.notified(message.connection, message.body)
                except Exception:  # noqa: BLE001 - a defect: the link begins anew, and the log has the trace
                    _log.exception("link_notice_failed", link=self._name, notice=type(message.body).__name__)
                    self.close("a message could not be taken")
            case Ask():
                self.tasks.spawn("link question", self._answer(message, handler))
            case Answer():
                waiting = self._asked.pop(message.number, None)
                if waiting is None or waiting.done():
                    return
                if message.failure is None:
                    waiting.set_result(message.result)
                else:
                    waiting.set_exception(QuestionFailedError(message.failure))

    async def _answer(self, message: Ask, handler: Handler) -> None:
        try:
            result = encode_result(await handler.asked(message.connection, message.body))
            answer = Answer(number=message.number, result=result)
        except ConnectorError as error:
            failure = Failure(message=error.message, problem=error.problem, remedy=error.remedy)
            answer = Answer(number=message.number, failure=failure)
        except (VenueUnreachableError, LinkLostError) as error:
            of_account = isinstance(error, AccountUnreachableError)
            answer = Answer(number=message.number, failure=Failure(message=str(error), is_of_account=of_account))
        except TimeoutError:
            answer = Answer(number=message.number, failure=Failure(message="no answer in time"))
        except Exception as error:  # noqa: BLE001 - a defect of what answers must not end the link
            # Neither text nor trace is sent or logged: the error of a library may repeat what was sent, a secret too.
            question, kind = type(message.body).__name__, type(error).__name__
            _log.error("link_question_failed", link=self._name, question=question, error=kind, at=place_of(error))
            answer = Answer(number=message.number, failure=Failure(message=f"it failed ({type(error).__name__})"))
        self._queue(answer)


def linked(name: str = "memory") -> tuple[Peer, Peer]:
    """Return both ends of a link within this event loop, for tests and for one process."""
    ends: list[Peer] = []

    def sender(to: int) -> Callable[[bytes], Awaitable[None]]:
        async def send(frame: bytes) -> None:
            await asyncio.sleep(0)
            ends[to].receive(frame)

        return send

    def ender(to: int) -> Callable[[str], None]:
        def end(reason: str) -> None:
            ends[to].close(reason)

        return end

    ends.extend(Peer(sender(1 - at), ender(1 - at), f"{name} {at}") for at in (0, 1))
    return ends[0], ends[1]
