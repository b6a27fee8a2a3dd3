"""Bench of a venue that is reached through an agent: the simulated one behind a link with both ends in this loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from mesolive.connectors.remote.messages import (
    CloseReports,
    MayWrite,
    Notice,
    Offer,
    Question,
    ReportsBooked,
)
from mesolive.connectors.remote.peer import Peer, linked
from mesolive.connectors.remote.report_journal import ReportJournal
from mesolive.connectors.remote.slots import Slot
from mesolive.connectors.remote.venue import RemoteVenue
from mesolive.connectors.remote.venue_host import VenueHost, WriteLimits
from mesolive.market.contracts import ExerciseStyle, OptionContract
from mesolive.records import replace
from mesolive.venues.base import Venue
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk.models import BrokerType
from mesolive_testkit.signals import EXPIRATIONS, ScriptedMarket
from mesolive_testkit.venues.benches import ACCOUNT, Bench

PATIENT = WriteLimits(60.0, 60.0)
"""A machine that stands still for seconds refuses no order."""

CONNECTION = 7


class AgentEnd:
    """The agent's end of the link: one venue."""

    def __init__(self, host: VenueHost, peer: Peer) -> None:
        self._host = host
        self._peer = peer

    async def asked(self, connection: int, question: Question) -> object:
        """Have the host answer."""
        assert connection == CONNECTION
        return await self._host.asked(self._peer, question)  # pyright: ignore[reportArgumentType]  # a venue's alone

    def notified(self, connection: int, notice: Notice) -> None:
        """Hand notices to the host."""
        assert connection == CONNECTION
        if isinstance(notice, ReportsBooked):
            self._host.booked(self._peer, notice)
        elif isinstance(notice, CloseReports):
            self._host.closed(self._peer, notice)


class ServerEnd:
    """The server's end of the link: one slot."""

    def __init__(self, slot: Slot, peer: Peer) -> None:
        self._slot = slot
        self._peer = peer

    async def asked(self, connection: int, question: Question) -> object:
        """Answer whether an order may be written."""
        assert connection == CONNECTION
        assert isinstance(question, MayWrite)
        return await self._slot.may_write(self._peer, question)

    def notified(self, connection: int, notice: Notice) -> None:
        """Hand notices to the slot."""
        assert connection == CONNECTION
        self._slot.notified(self._peer, notice)


class TestVenue(RemoteVenue):
    """A remote venue whose link a test can cut."""

    __test__ = False

    def __init__(self, slot: Slot, kind: BrokerType, cut: Callable[[], None]) -> None:
        super().__init__(slot, kind)
        self._cut = cut

    def disconnect(self) -> None:
        """Cut the link."""
        self._cut()


@dataclass
class AgentBench(Bench):
    """The simulated venue through an agent."""

    local: SimulatedVenue = field(init=False)
    host: VenueHost = field(init=False)
    slot: Slot = field(init=False)
    ends: tuple[Peer, Peer] = field(init=False)
    epoch: int = 0

    async def open(self) -> None:
        terms = SimulatedVenueConfig(displayed=Decimal(2))
        self.local = SimulatedVenue(self.market, self.clock, self.directory / "venue.jsonl", terms=terms)
        self.host = VenueHost(self.local, ReportJournal(self.directory / "reports.jsonl"), self.clock, "sim", PATIENT)
        await self.host.start()
        self.slot = Slot(CONNECTION)
        self.venue: Any = TestVenue(self.slot, self.local.kind, self.cut)
        await self.venue.start()
        self.link()

    def link(self) -> None:
        """Make a link between both ends."""
        self.epoch += 1
        server, agent = self.ends = linked(f"bench {self.epoch}")
        server.start(ServerEnd(self.slot, server))
        agent.start(AgentEnd(self.host, agent))
        self.host.attach(agent, CONNECTION, self.epoch)
        offer = Offer(name="sim", kind="simulated", broker=self.local.kind, dedupes=self.local.dedupes)
        self.slot.attach(server, offer, self.epoch, "desk")

    def cut(self) -> None:
        """Cut the link: both ends notice."""
        server, agent = self.ends
        server.close("the link was cut")
        agent.close("the link was cut")
        self.slot.detach(server, "the link was cut")
        self.host.detach(agent)

    async def close(self) -> None:
        self.cut()
        await self.venue.stop()
        await self.host.stop()
        for end in self.ends:
            await end.stop()

    async def restart(self) -> None:
        await self.close()
        await self.open()

    def american(self) -> AgentBench:
        american = [replace(expiration, style=ExerciseStyle.AMERICAN) for expiration in EXPIRATIONS]
        scripted = ScriptedMarket(expirations=american)
        directory = self.directory / "american"
        directory.mkdir()
        return AgentBench(directory, scripted.market, scripted.clock)

    def work(self) -> None:
        self.local.work()

    async def trade_by_hand(self) -> None:
        self.local.trade_by_hand(ACCOUNT, self.legs(), Decimal(1))

    async def exercise_early(self, contract: OptionContract, qty: Decimal) -> None:
        self.local.exercise_early(ACCOUNT, contract, qty)


class _Running:
    """A venue that its bench has started and stops."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""


class BenchThroughAgent:
    """Any bench, its venue reached through an agent; everything else is the bench's own.

    Parameters
    ----------
    inner
        The bench of the broker.
    """

    def __init__(self, inner: Bench) -> None:
        self.inner = inner
        self._epoch = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def open(self) -> None:
        await self.inner.open()
        await self._open()

    async def _open(self) -> None:
        inner = self.inner
        journal = ReportJournal(inner.directory / "reports.jsonl")
        self.host = VenueHost(cast("Venue", _Running(inner.venue)), journal, inner.clock, "broker", PATIENT)
        await self.host.start()
        self.slot = Slot(CONNECTION)
        self.venue = TestVenue(self.slot, inner.venue.kind, self.cut)
        await self.venue.start()
        self._epoch += 1
        server, agent = self.ends = linked(f"bench {self._epoch}")
        server.start(ServerEnd(self.slot, server))
        agent.start(AgentEnd(self.host, agent))
        self.host.attach(agent, CONNECTION, self._epoch)
        offer = Offer(name="broker", kind="broker", broker=inner.venue.kind, dedupes=inner.venue.dedupes)
        self.slot.attach(server, offer, self._epoch, "desk")

    def cut(self) -> None:
        """Cut the link: both ends notice."""
        server, agent = self.ends
        server.close("the link was cut")
        agent.close("the link was cut")
        self.slot.detach(server, "the link was cut")
        self.host.detach(agent)

    async def _close(self) -> None:
        self.cut()
        await self.venue.stop()
        await self.host.stop()
        for end in self.ends:
            await end.stop()

    async def close(self) -> None:
        await self._close()
        await self.inner.close()

    async def restart(self) -> None:
        await self._close()
        await self.inner.restart()
        await self._open()

    def american(self) -> BenchThroughAgent:
        return BenchThroughAgent(self.inner.american())
