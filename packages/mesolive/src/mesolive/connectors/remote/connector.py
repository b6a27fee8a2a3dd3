"""Remote connector: a connection that an agent hosts, as a connector of this server."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec

from mesolive.clock import Clock
from mesolive.connectors.protocol import (
    Check,
    ConnectionReport,
    ConnectorError,
    ConnectorState,
    ConnectorStatus,
    Finding,
    Problem,
)
from mesolive.connectors.remote.messages import Connect, Offer, Question, ReadAccounts, ReadFacts, RunTest
from mesolive.connectors.remote.peer import LinkLostError, QuestionFailedError
from mesolive.connectors.remote.provider import AgentClock, RemotePartialProvider, RemoteProvider
from mesolive.connectors.remote.slots import Slot
from mesolive.connectors.remote.venue import RemoteVenue
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.change_signal import ChangeSignal
from mesolive.records import replace
from mesolive.tasks import Tasks, Turns
from mesolive.venues.account_facts import BrokerFacts, DiscoveredAccount

T = TypeVar("T")

CONNECT_SECONDS: Final = 50.0
"""How long the agent's connector may take to connect, while it is connecting."""
CALL_SECONDS: Final = 14.0
TEST_SECONDS: Final = 85.0
MAX_TEXT: Final = 500
"""Characters of the agent's words that are shown."""
REOPEN_SECONDS: Final = 1.0
"""Before the quotes are asked for again that the agent did not send."""

_NOTHING: Final = msgspec.msgpack.Decoder(None)
_REPORT: Final = msgspec.msgpack.Decoder(ConnectionReport)
_ACCOUNTS: Final = msgspec.msgpack.Decoder(list[DiscoveredAccount])
_FACTS: Final = msgspec.msgpack.Decoder(BrokerFacts)

_FAILURE: Final = re.compile(
    r"(?:(?P<problem>[a-z ]+): )?(?P<text>.*?)(?:; the next attempt is in [\d.]+ s)?", re.DOTALL
)
"""What the agent's supervision says of a failure: the kind of problem, and the words."""


class RemoteConnector:
    """A connection that an agent hosts; implements `mesolive.connectors.protocol.Connector`.

    The agent keeps its connector connected by itself. `connect` waits until it is, and until its quotes are here; from
    then on the status follows the agent's and the link.

    Parameters
    ----------
    offer
        What the agent offered last.
    agent
        The agent's name.
    wall
        The computer's time.
    """

    def __init__(self, slot: Slot, offer: Offer, agent: str, wall: Clock, calendar: ExchangeCalendar) -> None:
        self._slot = slot
        self._agent = agent
        self.clock: Clock = AgentClock(wall) if offer.own_time else wall
        self.provider: RemoteProvider | None = None
        if offer.data_provider is not None:
            kind = RemotePartialProvider if offer.partial else RemoteProvider
            self.provider = kind(slot, offer.data_provider, self.clock, calendar)
        self.venue = None if offer.broker is None else RemoteVenue(slot, offer.broker)
        self.status_changes = ChangeSignal()
        self._status = ConnectorStatus(ConnectorState.DISABLED)
        self._asked_to_connect = False
        self.tasks = Tasks()

    @property
    def status(self) -> ConnectorStatus:
        """The present state."""
        return self._status

    # --- the connection -----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Wait until the agent's connector is connected, and read its quotes."""
        if self._slot.peer is None:
            raise ConnectorError(
                Problem.UNREACHABLE,
                f"agent {self._agent} is not connected to this server ({self._slot.lost_because})",
                "Start it on its machine: mesolive agent --server URL.",
            )
        state = self._slot.state
        if state is not None and state.state == ConnectorState.ACTION_REQUIRED.value and not self._asked_to_connect:
            # Once for each time that the owner enables it: repeated logins without them may lock the login.
            await self._ask(Connect(), _NOTHING, CALL_SECONDS)
        self._asked_to_connect = True
        await self._until_connected()
        if self.provider is not None:
            await self.provider.start()
        self._show(self._reported_status())
        self.tasks.start_loop("agent connector", self._follow)

    async def _until_connected(self) -> None:
        waits = {ConnectorState.CONNECTING, ConnectorState.DISABLED}
        async with self._slot.changes.subscribe() as changes:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    while self._reported_status().state in waits:
                        await anext(changes)
        status = self._reported_status()
        if not status.state.is_connected:
            raise _error_of(status)

    async def disconnect(self) -> None:
        """Use the agent's connector no more; the agent keeps it connected."""
        await self.tasks.stop()
        if self.provider is not None:
            await self.provider.stop()
        if self._status.state.is_connected:
            self._show(ConnectorStatus(ConnectorState.DISCONNECTED, "disconnected"))

    async def _follow(self, turns: Turns) -> None:
        async with self._slot.changes.subscribe() as changes:
            while True:
                turns.turned()
                status = self._reported_status()
                provider = self.provider
                pause: float | None = None
                if status.state.is_connected and provider is not None and not provider.is_open:
                    try:
                        await provider.start()
                        status = self._reported_status()
                    except ConnectorError as error:
                        status = ConnectorStatus(ConnectorState.DISCONNECTED, error.message)
                        pause = REOPEN_SECONDS
                self._show(status)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await anext(changes)

    def _reported_status(self) -> ConnectorStatus:
        """Return the state by the agent's last word, and lost while the link is."""
        if self._slot.peer is None:
            return ConnectorStatus(
                ConnectorState.DISCONNECTED,
                self._slot.lost_because,
                f"Nothing, or look after agent {self._agent} on its machine.",
            )
        state = self._slot.state
        if state is None:
            return ConnectorStatus(ConnectorState.CONNECTING)
        try:
            return ConnectorStatus(ConnectorState(state.state), state.message[:MAX_TEXT], state.remedy[:MAX_TEXT])
        except ValueError:
            return ConnectorStatus(
                ConnectorState.DISCONNECTED, f"the agent is in a state that is unknown: {state.state}"
            )

    def _show(self, status: ConnectorStatus) -> None:
        if status != self._status:
            self._status = status
            self.status_changes.bump()

    # --- questions ----------------------------------------------------------------------------------------------------

    async def test(self) -> ConnectionReport:
        """Have the agent run the connector's test."""
        if self._slot.peer is None:
            finding = Finding(
                "agent",
                Check.FAILED,
                f"{self._agent} is not connected to this server",
                "Start it on its machine: mesolive agent --server URL.",
            )
            return ConnectionReport([finding])
        report = await self._ask(RunTest(), _REPORT, TEST_SECONDS)
        first = Finding("agent", Check.OK, f"{self._agent} is connected to this server, epoch {self._slot.epoch}")
        return replace(report, findings=[first, *report.findings])

    async def accounts(self) -> Sequence[DiscoveredAccount]:
        """Return the accounts of the login."""
        return await self._ask(ReadAccounts(), _ACCOUNTS, CALL_SECONDS)

    async def account_facts(self, account_id: str) -> BrokerFacts:
        """Return what the broker states about an account."""
        return await self._ask(ReadFacts(account=account_id), _FACTS, CALL_SECONDS)

    async def _ask(self, question: Question, answer: msgspec.msgpack.Decoder[T], seconds: float) -> T:
        try:
            return await self._slot.ask(question, answer, seconds)
        except LinkLostError as error:
            raise ConnectorError(Problem.INTERRUPTED, str(error)) from None
        except TimeoutError:
            raise ConnectorError(
                Problem.INTERRUPTED, f"no answer of agent {self._agent} within {seconds:g} s"
            ) from None
        except QuestionFailedError as error:
            failure = error.failure
            raise ConnectorError(failure.problem or Problem.NONSENSE, failure.message, failure.remedy) from None


def _error_of(status: ConnectorStatus) -> ConnectorError:
    """Return the failure that a state tells of, so that this server's supervision decides about it as the agent's."""
    match = _FAILURE.fullmatch(status.message)
    word, text = (None, status.message) if match is None else (match["problem"], match["text"])
    try:
        problem = Problem(word)
    except ValueError:
        problem, text = Problem.UNREACHABLE, status.message or "the agent's connector is not connected"
    if status.state is ConnectorState.ACTION_REQUIRED and problem.retried:
        problem = Problem.SETTINGS
    return ConnectorError(problem, text, status.remedy)
