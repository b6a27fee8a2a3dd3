"""The agent: hosts connectors, and keeps one outbound link to the server."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec
import structlog

from mesolive import __version__
from mesolive.clock import Clock, WallClock
from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.protocol import Connector, ConnectorRequest
from mesolive.connectors.registry import KINDS
from mesolive.connectors.remote.agent_folder import AgentFolder, AgentFolderError
from mesolive.connectors.remote.hosted import HostedConnector
from mesolive.connectors.remote.messages import LINK, PROTOCOL, Hello, Notice, Question, ReadClock, Welcome
from mesolive.connectors.remote.peer import LinkLostError, Peer, QuestionFailedError
from mesolive.connectors.remote.venue_host import LIMITS, WriteLimits
from mesolive.connectors.settings_model import ConnectorSettingsError, read_settings
from mesolive.connectors.supervisor import SupervisionConfig
from mesolive.logs import hide_text
from mesolive.market.calendar import ExchangeCalendar, us_options_calendar
from mesolive.tasks import BackOff, Tasks, Turns

_log = structlog.get_logger(__name__)

RETRY: Final = BackOff(first=0.5, longest=15.0)
"""Pauses between attempts to reach the server, in seconds of real time."""
HELLO_SECONDS: Final = 30.0
REPEAT_SECONDS: Final = 10.0
"""Between two offers of a connector that the server has refused, and between two comparisons of clocks."""
CLOCK_SECONDS: Final = 5.0
SAME_CLOCK: Final = timedelta(milliseconds=20)
"""Clocks that differ by less are the same: NTP does not keep them closer."""

_WELCOME: Final = msgspec.msgpack.Decoder(Welcome)
_TIME: Final = msgspec.msgpack.Decoder(datetime)


class ServerUnreachableError(Exception):
    """There is no link to the server; the text says why."""


class Transport(Protocol):
    """Opens a link: within the block the peer's frames go to the server, and the server's to the peer."""

    def __call__(self) -> AbstractAsyncContextManager[Peer]:
        """Open it; raises `ServerUnreachableError`."""
        ...


class Agent:
    """Hosts the connectors of a folder, and offers them to the server.

    Parameters
    ----------
    name
        The agent's, as the server shows it.
    folder
        Its connectors.
    transport
        Opens links to the server.
    kinds
        The kinds of connectors.

    Raises
    ------
    AgentFolderError
        When a connector cannot be made from its settings.
    """

    def __init__(
        self,
        name: str,
        folder: AgentFolder,
        transport: Transport,
        *,
        kinds: Mapping[str, ConnectorKind] = KINDS,
        clock: Clock | None = None,
        calendar: ExchangeCalendar | None = None,
        config: SupervisionConfig | None = None,
        retry: BackOff = RETRY,
        limits: WriteLimits = LIMITS,
        report: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._limits = limits
        self.name = name
        self._folder = folder
        self._transport = transport
        self._clock = clock or WallClock()
        self._calendar = calendar or us_options_calendar()
        self._retry = retry
        self._report = report
        self._instance = secrets.token_hex(16)
        self._shift = timedelta(0)
        self._by_connection: dict[int, HostedConnector] = {}
        self.hosted: Sequence[HostedConnector] = [
            self._host(number, connector, kinds, config) for number, connector in enumerate(folder.connectors, 1)
        ]
        self.refused: dict[str, str] = {}
        self.linked = asyncio.Event()
        self.tasks = Tasks()

    def _host(
        self, number: int, name: str, kinds: Mapping[str, ConnectorKind], config: SupervisionConfig | None
    ) -> HostedConnector:
        stored, folder = self._folder.connectors[name], self._folder.folder_of(name)
        connector = opened_connector(self._folder, name, kinds, self._clock, self._calendar)
        hosted = HostedConnector(
            number, name, stored.kind, connector, folder, self._clock, lambda: self._shift, config, self._limits
        )
        hosted.epoch = self._folder.epoch(name)
        return hosted

    async def start(self) -> None:
        """Connect the connectors, and reach for the server."""
        for hosted in self.hosted:
            hosted.start()
        self.tasks.start_loop("link to the server", self._run)

    async def stop(self) -> None:
        """End the link, then the connectors; orders that work stay at the broker."""
        await self.tasks.stop()
        for hosted in self.hosted:
            await hosted.stop()

    # --- the link -----------------------------------------------------------------------------------------------------

    async def _run(self, turns: Turns) -> None:
        pauses = self._retry.pauses()
        reported = ""
        while True:
            turns.turned()
            reason = ""
            try:
                async with self._transport() as peer:
                    peer.start(_ServerMessages(self, peer))
                    try:
                        await self._greet(peer, self.hosted)
                        pauses = self._retry.pauses()
                        reported = ""
                        self._report("connected to the server")
                        self.linked.set()
                        await self._attend(peer, turns)
                        reason = peer.lost or "the link was lost"
                    finally:
                        self.linked.clear()
                        peer.close("the agent has ended the link")
                        for hosted in self.hosted:
                            hosted.detach(peer)
                        self._by_connection.clear()
            except ServerUnreachableError as error:
                reason = str(error)
            except (LinkLostError, QuestionFailedError, TimeoutError) as error:
                reason = str(error) or "the server does not answer"
            if reason != reported:
                _log.warning("server_unreachable", reason=reason)
                self._report(f"not connected to the server: {reason}")
                reported = reason
            await asyncio.sleep(next(pauses))

    async def _greet(self, peer: Peer, offered: Sequence[HostedConnector]) -> None:
        """Offer connectors to the server, and take what it gives."""
        hello = Hello(
            protocol=PROTOCOL,
            agent=self.name,
            instance=self._instance,
            version=__version__,
            offers=tuple(hosted.offer for hosted in offered),
        )
        await self._compare_clocks(peer)
        welcome = await peer.ask(LINK, hello, _WELCOME, HELLO_SECONDS)
        by_name = {hosted.name: hosted for hosted in self.hosted}
        epochs = {item.name: item.epoch for item in welcome.granted}
        for item in welcome.granted:
            if item.epoch <= by_name[item.name].epoch:
                # A server that was stopped and went on: a newer one has given a newer epoch.
                raise LinkLostError(f"the server is older than the last one (epoch {item.epoch} of {item.name})")
        # Kept before an order can come: an agent that starts again knows which servers are older.
        self._folder.note_epochs(epochs)
        for item in welcome.granted:
            if item.name in self.refused:
                self._report(f"connector {item.name}: taken by the server")
            self.refused.pop(item.name, None)
            self._by_connection[item.connection] = by_name[item.name]
            by_name[item.name].attach(peer, item.connection, item.epoch)
        for item in welcome.refused:
            if self.refused.get(item.name) != item.reason:
                self._report(f"connector {item.name}: the server refuses it: {item.reason}")
            self.refused[item.name] = item.reason

    async def _attend(self, peer: Peer, turns: Turns) -> None:
        """Stay until the link ends; offer again what was refused, and compare the clocks now and then."""
        while peer.lost is None:
            turns.turned()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPEAT_SECONDS):
                    await peer.ended.wait()
            if peer.lost is not None:
                return
            again = [hosted for hosted in self.hosted if not hosted.linked]
            if again:
                await self._greet(peer, again)
            else:
                await self._compare_clocks(peer)

    async def _compare_clocks(self, peer: Peer) -> None:
        """Estimate by how much the server's clock is ahead, from the quickest of three answers (as NTP does)."""
        best: tuple[timedelta, timedelta] | None = None
        for _ in range(3):
            asked = self._clock.now()
            server = await peer.ask(LINK, ReadClock(), _TIME, CLOCK_SECONDS)
            answered = self._clock.now()
            took = answered - asked
            if best is None or took < best[0]:
                best = took, server - (asked + took / 2)
        assert best is not None  # noqa: S101 - three answers
        self._shift = timedelta(0) if abs(best[1]) < SAME_CLOCK else best[1]

    async def asked(self, peer: Peer, connection: int, question: Question) -> object:
        """Answer a question of the server."""
        if isinstance(question, ReadClock):
            return self._clock.now()
        hosted = self._by_connection.get(connection)
        if hosted is None:
            raise LinkLostError("the agent does not have this connection")
        return await hosted.asked(peer, question)

    def notified(self, peer: Peer, connection: int, notice: Notice) -> None:
        """Take a notice of the server."""
        hosted = self._by_connection.get(connection)
        if hosted is not None:
            hosted.notified(peer, notice)


def opened_connector(
    folder: AgentFolder,
    name: str,
    kinds: Mapping[str, ConnectorKind] = KINDS,
    clock: Clock | None = None,
    calendar: ExchangeCalendar | None = None,
) -> Connector:
    """Make a connector of an agent, without connecting it; its secrets are hidden in logs from then on.

    Raises
    ------
    AgentFolderError
        When its settings cannot be used.
    """
    stored = folder.connectors.get(name)
    if stored is None:
        raise AgentFolderError(f"this agent has no connector {name!r}: mesolive agent list")
    kind = kinds.get(stored.kind)
    if kind is None:
        raise AgentFolderError(f"connector {name}: there is no kind {stored.kind!r}")
    opened = folder.secrets(name)
    for text in opened.values():
        hide_text(text)
    try:
        settings = read_settings(kind.settings, {**stored.settings, **opened})
    except ConnectorSettingsError as error:
        raise AgentFolderError(f"connector {name}: {error}") from None
    request = ConnectorRequest(
        name, settings, folder.folder_of(name), clock or WallClock(), calendar or us_options_calendar()
    )
    return kind.open(request)


class _ServerMessages:
    def __init__(self, agent: Agent, peer: Peer) -> None:
        self._agent = agent
        self._peer = peer

    async def asked(self, connection: int, question: Question) -> object:
        return await self._agent.asked(self._peer, connection, question)

    def notified(self, connection: int, notice: Notice) -> None:
        self._agent.notified(self._peer, connection, notice)
