"""SignalR Core for asyncio: protocol, ASGI server and client."""
