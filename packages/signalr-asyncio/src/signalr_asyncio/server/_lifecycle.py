"""Lifecycle events of a hub: `on_connected` and `on_disconnected`, behind the filters."""

from __future__ import annotations

from signalr_asyncio.server._hub import Hub, HubContext
from signalr_asyncio.server._runtime import HubRuntime


async def announce_connected(runtime: HubRuntime, context: HubContext, hub: Hub) -> None:
    """Call the filters of a hub, and within them its `on_connected`."""

    async def proceed(depth: int = 0) -> None:
        filters = runtime.filters
        if depth < len(filters):
            await filters[depth].connected(context, lambda: proceed(depth + 1))
        else:
            await hub.on_connected()

    await proceed()


async def announce_disconnected(runtime: HubRuntime, context: HubContext, hub: Hub, error: str | None) -> None:
    """Call the filters of a hub, and within them its `on_disconnected`."""

    async def proceed(depth: int = 0) -> None:
        filters = runtime.filters
        if depth < len(filters):
            await filters[depth].disconnected(context, error, lambda: proceed(depth + 1))
        else:
            await hub.on_disconnected(error)

    await proceed()
