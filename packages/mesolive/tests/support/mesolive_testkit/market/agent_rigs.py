"""Rigs of providers that are reached through an agent: the wire's two ends in this loop, a provider at one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from mesolive.clock import ManualClock
from mesolive.connectors.remote.messages import Notice, Offer, OpenQuotes, Question
from mesolive.connectors.remote.peer import Peer, linked
from mesolive.connectors.remote.provider import RemotePartialProvider, RemoteProvider
from mesolive.connectors.remote.provider_host import ProviderHost
from mesolive.connectors.remote.slots import Slot
from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import OptionContract
from mesolive.market.provider import PartialProvider, Provider

CONNECTION = 3


class _AgentEnd:
    def __init__(self, host: ProviderHost, peer: Peer) -> None:
        self._host = host
        self._peer = peer

    async def asked(self, connection: int, question: Question) -> object:
        assert connection == CONNECTION
        assert isinstance(question, OpenQuotes)
        return await self._host.open(self._peer, question)

    def notified(self, connection: int, notice: Notice) -> None:
        assert connection == CONNECTION
        self._host.notified(self._peer, notice)


class _ServerEnd:
    def __init__(self, slot: Slot, peer: Peer) -> None:
        self._slot = slot
        self._peer = peer

    async def asked(self, connection: int, question: Question) -> object:
        raise NotImplementedError(question)

    def notified(self, connection: int, notice: Notice) -> None:
        assert connection == CONNECTION
        self._slot.notified(self._peer, notice)


class _StartedRemote:
    """Starts the provider at the agent's side with the remote one: the list starts and stops what it tests."""

    def __init__(self, rig: ThroughAgent) -> None:
        self._rig = rig

    async def start(self) -> None:
        await self._rig.begin()

    async def stop(self) -> None:
        await self._rig.remote.stop()


class ThroughAgent:
    """A rig whose provider is reached through an agent.

    Parameters
    ----------
    inner
        The rig of the provider that the agent hosts.
    cuts_link
        Whether the connection that is cut is the one between agent and server, and not the broker's.
    """

    def __init__(self, inner: Any, *, cuts_link: bool) -> None:
        self.inner = inner
        self.clock: ManualClock = inner.clock
        self.is_connected_to_a_broker: bool = inner.is_connected_to_a_broker
        self._cuts_link = cuts_link
        self.remote: Any = None
        self.ends: tuple[Peer, Peer] | None = None
        self._links = 0
        self._begun = False

    def _make(self) -> None:
        """Make both ends; the rig of a broker has its provider only once its double runs."""
        local: Provider = self.inner.provider
        self.slot = Slot(CONNECTION)
        kind = RemotePartialProvider if isinstance(local, PartialProvider) else RemoteProvider
        self.remote = kind(self.slot, local.name, self.clock, us_options_calendar())
        self.host = ProviderHost(local, self.clock, self.clock, lambda: timedelta(0), "rig")
        start, stop = _StartedRemote(self).start, self.remote.stop
        self.remote.start, self._open = start, self.remote.start
        self.remote.stop = stop

    @property
    def provider(self) -> Provider:
        return self.remote

    def link(self) -> None:
        self._links += 1
        server, agent = self.ends = linked(f"rig {self._links}")
        server.start(_ServerEnd(self.slot, server))
        agent.start(_AgentEnd(self.host, agent))
        self.host.attach(agent, CONNECTION)
        self.slot.attach(server, Offer(name="rig", kind="rig"), self._links, "desk")

    async def begin(self) -> None:
        """Start the provider at the agent, and open the stream."""
        await self.inner.provider.start()
        await self.inner.quote_all()
        await self.host.start()
        self._begun = True
        self.link()
        await self._open()

    async def settle(self) -> None:
        """Wait until the server has what the agent has."""
        async with asyncio.timeout(60):
            await self.host.settled()

    async def open(self) -> None:
        await self.inner.open()
        self._make()

    async def close(self) -> None:
        if self._begun:
            await self.host.stop()
            await self.inner.provider.stop()
        for end in self.ends or ():
            await end.stop()
        await self.inner.close()

    async def quote_all(self) -> None:
        await self.inner.quote_all()
        await self.settle()

    async def until(self, moment: datetime) -> None:
        await self.inner.until(moment)
        await self.settle()

    async def change(self) -> None:
        await self.inner.change()
        await self.settle()

    async def cut(self) -> None:
        if not self._cuts_link:
            await self.inner.cut()
            await self.settle()
            return
        assert self.ends is not None
        server, agent = self.ends
        server.close("the link was cut")
        self.slot.detach(server, "the link was cut")
        self.host.detach(agent)

    async def restore(self) -> None:
        if not self._cuts_link:
            await self.inner.restore()
            await self.settle()
            return
        self.link()
        await self._open()

    async def fall_silent(self) -> None:
        await self.inner.fall_silent()
        await self.settle()

    def revoke(self, contracts: Sequence[OptionContract]) -> bool:
        return self.inner.revoke(contracts)

    async def flood(self, count: int) -> None:
        await self.inner.flood(count)

    async def list_more(self) -> None:
        await self.inner.list_more()
        await self.settle()
