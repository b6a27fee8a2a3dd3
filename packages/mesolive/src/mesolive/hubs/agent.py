"""The hub of agents, `/hubs/agent/v1`: frames between the server and an agent, in both directions.

A hub of ours, which the published API does not have. Its messages are `mesolive.connectors.remote.messages`.
"""

from __future__ import annotations

from mesolive.connectors.remote.links import AgentLinks, AgentSession
from mesolive.hubs.envelope import user_of
from signalr_asyncio import Hub, hub_method

_SESSION = "session"


class AgentHub(Hub):
    """One link of an agent; one object per connection.

    Parameters
    ----------
    links
        All links.
    """

    def __init__(self, links: AgentLinks) -> None:
        self._links = links

    async def on_connected(self) -> None:
        """Begin the link."""
        caller, context = self.clients.caller, self.context

        async def send(frame: bytes) -> None:
            await caller.send("Frame", frame)

        def end(_reason: str) -> None:
            context.abort()

        self.context.items[_SESSION] = self._links.open(user_of(context).user_id, context.connection_id, send, end)

    async def on_disconnected(self, error: str | None) -> None:
        """End the link."""
        del error
        session: AgentSession | None = self.context.items.get(_SESSION)
        if session is not None:
            self._links.close(session)

    @hub_method(name="Frame")
    async def frame(self, data: bytes) -> None:
        """Take a frame of the agent."""
        session: AgentSession | None = self.context.items.get(_SESSION)
        if session is not None:
            session.peer.receive(data)
