"""Links of agents: welcomes agents, gives each connection to one of them at a time, and counts epochs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakValueDictionary

import msgspec
import structlog

from mesolive.connectors.manager import ConnectionManager
from mesolive.connectors.protocol import ConnectorState, ConnectorStatus
from mesolive.connectors.remote.messages import (
    LINK,
    PROTOCOL,
    Granted,
    Hello,
    MayWrite,
    Notice,
    Offer,
    Question,
    ReadClock,
    Refused,
    State,
    Welcome,
)
from mesolive.connectors.remote.peer import LinkLostError, Peer, QuestionFailedError
from mesolive.connectors.repository import (
    MAX_CONNECTORS_PER_USER,
    StoredConnection,
    add_connection,
    append_log,
    change_connection,
    connections_of_user,
)
from mesolive.records import replace
from mesolive.store.database import Database
from mesolive.tasks import Tasks

_log = structlog.get_logger(__name__)

ALIVE_SECONDS: Final = 3.0
"""How long an agent that has a connection may take to show that it lives, when another one offers the connection."""
MAX_OFFERS: Final = 20
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")

_TIME: Final = msgspec.msgpack.Decoder()


class AgentSession:
    """The server's end of one link.

    Parameters
    ----------
    user_id
        Whose agent it is.
    """

    def __init__(self, links: AgentLinks, user_id: int, peer: Peer) -> None:
        self._links = links
        self.user_id = user_id
        self.peer = peer
        self.agent = ""
        self.instance = ""
        self.granted: set[int] = set()

    async def asked(self, connection: int, question: Question) -> object:
        """Answer a question of the agent."""
        match question:
            case Hello():
                return await self._links.welcome(self, question)
            case ReadClock():
                return self._links.now()
            case MayWrite():
                if connection not in self.granted:
                    return "this link does not have the connection"
                return await self._links.slot(connection).may_write(self.peer, question)
            case _:
                raise LinkLostError("an agent does not ask that")

    def notified(self, connection: int, notice: Notice) -> None:
        """Take a notice of a connection that this link has."""
        if connection not in self.granted:
            return
        self._links.slot(connection).notified(self.peer, notice)
        if isinstance(notice, State) and notice.state != ConnectorState.CONNECTING.value:
            self._links.state_changed(connection, notice)

    async def is_alive(self) -> bool:
        """Whether the agent answers now."""
        try:
            await self.peer.ask(LINK, ReadClock(), _TIME, ALIVE_SECONDS)
        except (LinkLostError, QuestionFailedError, TimeoutError):
            return False
        return True


class AgentLinks:
    """All links of agents with this server.

    Parameters
    ----------
    manager
        The connections that agents host are among its connections.
    """

    def __init__(self, database: Database, manager: ConnectionManager) -> None:
        self._database = database
        self._manager = manager
        self._holders: dict[int, AgentSession] = {}
        self._turns: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()
        self.slot = manager.slot
        self.now = manager.clock.now
        self.tasks = Tasks()

    def open(
        self, user_id: int, name: str, send: Callable[[bytes], Awaitable[None]], end: Callable[[str], None]
    ) -> AgentSession:
        """Begin a link; what it receives goes to `session.peer`."""
        peer = Peer(send, end, name)
        session = AgentSession(self, user_id, peer)
        peer.start(session)
        return session

    def close(self, session: AgentSession, reason: str = "") -> None:
        """End a link: its connections are lost until an agent is back."""
        session.peer.close(reason or "the link was lost")
        for connection in session.granted:
            self._release(session, connection, reason or f"the link to agent {session.agent} was lost")

    async def stop(self) -> None:
        """End all links."""
        for session in set(self._holders.values()):
            self.close(session, "the server stops")
        await self.tasks.stop()

    def state_changed(self, connection: int, state: State) -> None:
        """Wake a waiting connection, so that it reads the agent's changes at once."""
        if state.state in {ConnectorState.CONNECTED.value, ConnectorState.RESTRICTED.value}:
            self._manager.hurry(connection)

    # --- welcome ------------------------------------------------------------------------------------------------------

    async def welcome(self, session: AgentSession, hello: Hello) -> Welcome:
        """Give an agent the connections that it offers, or say why not."""
        problem = self._problem(hello)
        if problem is not None:
            return Welcome(refused=tuple(Refused(name=offer.name, reason=problem) for offer in hello.offers))
        session.agent, session.instance = hello.agent, hello.instance
        granted: list[Granted] = []
        refused: list[Refused] = []
        for offer in hello.offers:
            given = await self._give(session, offer)
            if isinstance(given, str):
                _log.warning("agent_offer_refused", agent=hello.agent, connector=offer.name, reason=given)
                refused.append(Refused(name=offer.name, reason=given))
            else:
                granted.append(given)
        return Welcome(granted=tuple(granted), refused=tuple(refused))

    def _problem(self, hello: Hello) -> str | None:
        if hello.protocol != PROTOCOL:
            return f"the agent speaks version {hello.protocol} of the protocol, and the server version {PROTOCOL}"
        if not NAME.fullmatch(hello.agent) or len(hello.instance) > 64:
            return "the agent's name: expected letters, digits, spaces, dots and dashes, at most 64"
        if len(hello.offers) > MAX_OFFERS:
            return f"an agent offers at most {MAX_OFFERS} connectors, and this one {len(hello.offers)}"
        if not self._manager.runs:
            return "the server runs with --market, and with no connector beside it"
        return None

    def _problem_of(self, offer: Offer) -> str | None:
        kind = self._manager.kinds.get(offer.kind)
        if not NAME.fullmatch(offer.name):
            return "its name: expected letters, digits, spaces, dots and dashes, at most 64"
        if kind is None:
            return f"the server knows no connector of kind {offer.kind[:40]!r}"
        if offer.data_provider not in {None, kind.data_provider} or offer.broker not in {None, kind.broker}:
            return f"a connector of kind {offer.kind} brings no such market data or accounts"
        return None

    async def _give(self, session: AgentSession, offer: Offer) -> Granted | str:
        problem = self._problem_of(offer)
        if problem is not None:
            return problem
        lock = self._turns.setdefault((session.user_id, offer.name), asyncio.Lock())
        async with lock:
            return await self._give_alone(session, offer)

    async def _give_alone(self, session: AgentSession, offer: Offer) -> Granted | str:
        async with self._database.read() as tx:
            known = {item.name: item for item in await connections_of_user(tx, session.user_id)}
        before = known.get(offer.name)
        if before is None and len(known) >= MAX_CONNECTORS_PER_USER:
            return f"there are {len(known)} connectors already"
        if before is not None:
            if before.agent is None:
                return "a connector of this name runs in the server itself: remove it there, or name this one otherwise"
            if before.kind != offer.kind:
                return f"a connector of this name is of kind {before.kind}: remove it, or name this one otherwise"
            holder = self._holders.get(before.id)
            if holder is not None and holder is not session:
                # The same process that comes back has lost its link before the server noticed.
                if holder.instance != session.instance and await holder.is_alive():
                    return f"agent {holder.agent} has this connector; stop that one first"
                self.close(holder, f"agent {session.agent} has taken its place")
        epoch = max(0 if before is None else before.agent_epoch, offer.epoch) + 1
        connection = await self._store(session, offer, before, epoch)
        if session.peer.lost is not None:
            return "the link was lost"
        self._holders[connection.id] = session
        session.granted.add(connection.id)
        self.slot(connection.id).attach(session.peer, offer, epoch, session.agent)
        _log.info("agent_link_attached", agent=session.agent, connector=offer.name, epoch=epoch)
        self._use(connection, before, offer)
        return Granted(name=offer.name, connection=connection.id, epoch=epoch)

    async def _store(
        self, session: AgentSession, offer: Offer, before: StoredConnection | None, epoch: int
    ) -> StoredConnection:
        now = self._manager.clock.now()
        async with self._database.write(session.user_id) as tx:
            if before is None:
                added = await add_connection(tx, session.user_id, offer.name, offer.kind, {}, now)
                words = f"offered by agent {session.agent}"
                status = ConnectorStatus(ConnectorState.DISABLED, words, f"mesolive connector enable {offer.name}")
                await append_log(tx, added, now, status)
            else:
                added = before.id
            text = msgspec.json.encode(replace(offer, epoch=0)).decode()
            await change_connection(tx, added, now, agent=session.agent, agent_epoch=epoch, agent_offer=text)
            stored = {item.id: item for item in await connections_of_user(tx, session.user_id)}
        return stored[added]

    def _use(self, connection: StoredConnection, before: StoredConnection | None, offer: Offer) -> None:
        """Have the connection use the link: at once where it waits, anew where the agent offers something else."""
        if before is None or not before.enabled:
            return
        earlier = msgspec.json.decode(before.agent_offer or b"{}", type=dict[str, object])
        if earlier == msgspec.json.decode(connection.agent_offer or b"{}", type=dict[str, object]):
            self._manager.hurry(connection.id)
        else:
            _log.info("agent_offer_changed", connector=offer.name)
            self.tasks.spawn("agent offer", self._manager.run(connection), detail=connection.id)

    def _release(self, session: AgentSession, connection: int, reason: str) -> None:
        if self._holders.get(connection) is session:
            del self._holders[connection]
        self.slot(connection).detach(session.peer, reason)
