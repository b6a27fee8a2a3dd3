"""An asyncio client of SignalR hubs."""
