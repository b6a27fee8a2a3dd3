"""Link of an agent over the server's hub of agents: one WebSocket, outbound."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from mesolive.connectors.remote.agent import ServerUnreachableError
from mesolive.connectors.remote.peer import Peer
from signalr_asyncio.client import (
    ClientError,
    ClientOptions,
    HubConnection,
    UnauthorizedError,
    WebSockets,
)
from signalr_asyncio.protocol import MessagePackHubProtocol

PATH: Final = "/hubs/agent/v1"
OPTIONS: Final = ClientOptions(keep_alive=5.0, server_timeout=20.0, connect_timeout=10.0, handler_buffer=20_000)


def hub_transport(url: str, key: str) -> Callable[[], AbstractAsyncContextManager[Peer]]:
    """Return what opens links to a server.

    Parameters
    ----------
    url
        The server's.
    key
        An API key of the role `agent`.
    """

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Peer]:
        connection = HubConnection(
            url.rstrip("/") + PATH,
            token=key,
            protocol=MessagePackHubProtocol(),
            transports=(WebSockets,),
            skip_negotiation=True,
            reconnect=None,
            options=OPTIONS,
        )

        async def send(frame: bytes) -> None:
            await connection.send("Frame", frame)

        async def end(_reason: str) -> None:
            await connection.stop()

        peer = Peer(send, end, "server")
        connection.on("Frame", peer.receive, [bytes])
        connection.on_close(lambda error: peer.close(_words_of(error)))
        try:
            await connection.start()
        except UnauthorizedError:
            raise ServerUnreachableError(
                "the server refuses the key: make one there with mesolive apikey create --user NAME --agent"
            ) from None
        except (ClientError, OSError) as error:
            raise ServerUnreachableError(_words_of(error)) from None
        try:
            yield peer
        finally:
            peer.close("the link was closed")
            await peer.stop()
            await connection.stop()

    return opened


def _words_of(error: BaseException | None) -> str:
    return "the link was closed" if error is None else str(error) or type(error).__name__
