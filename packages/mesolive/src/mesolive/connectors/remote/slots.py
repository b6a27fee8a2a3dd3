"""Slots: the server's end of each connection that an agent may host, with the link that serves it at present."""

from __future__ import annotations

import itertools
from typing import Protocol, TypeVar

import msgspec

from mesolive.connectors.remote.messages import MayWrite, Notice, Offer, Question, State
from mesolive.connectors.remote.peer import LinkLostError, Peer
from mesolive.market.change_signal import ChangeSignal

T = TypeVar("T")


class Listener(Protocol):
    """A part of a remote connector that takes its messages."""

    def notified(self, notice: Notice) -> None:
        """Take a notice of the agent."""
        ...

    def lost(self, reason: str) -> None:
        """Take the loss of the link."""
        ...


class OrderGate(Protocol):
    """Says whether an order may be written now."""

    async def may_write(self, question: MayWrite) -> str | None:
        """Return why not, or `None`."""
        ...


class Slot:
    """One connection of an agent, through any number of links. Belongs to one event loop.

    Attributes
    ----------
    offer
        What the agent offered last.
    epoch
        The epoch of the present link.
    agent
        The agent's name.
    state
        How the connector is by the agent's last word; `None` without a link.
    changes
        Signals every change of link and state.
    listeners
        Who takes notices.
    gate
        Who answers whether an order may be written.
    """

    def __init__(self, connection: int) -> None:
        self.connection = connection
        self.offer: Offer | None = None
        self.epoch = 0
        self.agent = ""
        self.state: State | None = None
        self.changes = ChangeSignal()
        self.listeners: list[Listener] = []
        self.gate: OrderGate | None = None
        self.lost_because = "no agent is connected"
        # Tickets and streams are never given twice in a process: a late message of before means nothing now.
        self._numbers = itertools.count(1)
        self._peer: Peer | None = None

    @property
    def peer(self) -> Peer | None:
        """The present link."""
        return self._peer

    def number(self) -> int:
        """Return a number that was not given before."""
        return next(self._numbers)

    def attach(self, peer: Peer, offer: Offer, epoch: int, agent: str) -> None:
        """Take a link in place of the one before."""
        if self._peer is not None:
            self.detach(self._peer, "another link of the agent has taken its place")
        self._peer, self.offer, self.epoch, self.agent = peer, offer, epoch, agent
        self.state = None
        self.changes.bump()

    def detach(self, peer: Peer, reason: str) -> None:
        """Lose a link; one that is not the present one is left alone."""
        if self._peer is not peer:
            return
        self._peer = None
        self.state = None
        self.lost_because = reason
        for listener in list(self.listeners):
            listener.lost(reason)
        self.changes.bump()

    def notified(self, peer: Peer, notice: Notice) -> None:
        """Take a notice; one of an older link is not for us any more."""
        if self._peer is not peer:
            return
        if isinstance(notice, State):
            self.state = notice
            self.changes.bump()
            return
        for listener in list(self.listeners):
            listener.notified(notice)

    async def may_write(self, peer: Peer, question: MayWrite) -> str | None:
        """Return why an order must not be written now, or `None`."""
        if self._peer is not peer or question.epoch != self.epoch:
            return f"the server has a newer link to the connection (epoch {self.epoch}, not {question.epoch})"
        if self.gate is None:
            return "the server does not use the connection any more"
        return await self.gate.may_write(question)

    def notify(self, notice: Notice) -> bool:
        """Send a notice; return whether there is a link."""
        return self._peer is not None and self._peer.notify(self.connection, notice)

    async def ask(self, question: Question, answer: msgspec.msgpack.Decoder[T], seconds: float) -> T:
        """Ask the agent; raises as `Peer.ask`."""
        if self._peer is None:
            raise LinkLostError(self.lost_because)
        return await self._peer.ask(self.connection, question, answer, seconds)
