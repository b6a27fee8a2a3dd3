"""The token, and what else is secret, shows up nowhere."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable

import pytest

from signalr_asyncio.client import (
    ClientError,
    ClientOptions,
    HubConnection,
    LongPolling,
    RetryPolicy,
    ServerSentEvents,
    WebSockets,
)
from signalr_client_kit.hub import ScriptedHub, connected

TOKEN = "hunter2-token"
SECRETS = (TOKEN, "secret/token", "secret%2Ftoken", "hunter2-query", "hunter2-password")


def shows(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


async def test_no_log_shows_a_secret_whatever_the_level(hub: ScriptedHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("websockets", "websockets.client", "httpx", "httpcore", "signalr_asyncio.client.websockets"):
        caplog.set_level(logging.DEBUG, name)
    hub.url += "?access_token=hunter2-query"
    back = asyncio.Event()
    connection, peer = await connected(hub, token=TOKEN, reconnect=RetryPolicy(initial=0, maximum=0))
    connection.on_reconnected(lambda _: back.set())
    call = asyncio.create_task(connection.invoke("Get"))
    await peer.complete(await peer.receive(), result=1)
    await call
    hub.negotiations = [500, hub.negotiations[0]]
    hub.server.sever()
    await back.wait()
    await connection.stop()
    client_records = [record for record in caplog.records if not record.name.startswith("uvicorn")]
    assert client_records
    assert shows("\n".join(record.getMessage() for record in client_records)) == []


async def _refused(hub: ScriptedHub) -> None:
    hub.refusals = [500] * 3


async def _unauthorized(hub: ScriptedHub) -> None:
    hub.refusals = [401]


async def _not_found(hub: ScriptedHub) -> None:
    hub.negotiations = [404]


async def _away(hub: ScriptedHub) -> None:
    await hub.server.stop()


async def _silent(hub: ScriptedHub) -> None:
    hub.handshake = None


async def _bad_redirect(hub: ScriptedHub) -> None:
    hub.negotiations = [{"url": "ftp://host/hunter2-query"}]


@pytest.mark.parametrize("transport", [WebSockets, ServerSentEvents, LongPolling], ids=repr)
@pytest.mark.parametrize("fault", [_refused, _unauthorized, _not_found, _away, _silent, _bad_redirect])
async def test_no_exception_shows_a_secret(
    hub: ScriptedHub, fault: Callable[[ScriptedHub], object], transport: object
) -> None:
    await fault(hub)  # type: ignore[misc] - all of them are async
    url = hub.url + "?access_token=hunter2-query"
    connection = HubConnection(
        url,
        token=lambda: TOKEN,
        transports=(transport,),  # type: ignore[arg-type] - one of the three
        options=ClientOptions(handshake_timeout=0.05),
    )
    with pytest.raises(ClientError) as caught:
        await connection.start()
    reported = "".join(traceback.format_exception(caught.value))
    assert shows(reported) == []


def test_no_repr_shows_a_secret() -> None:
    options = ClientOptions(proxy="http://user:hunter2-password@proxy")
    connection = HubConnection("https://host/hub?access_token=hunter2-query", token=TOKEN, options=options)
    assert shows(repr(connection) + repr(options)) == []
    assert repr(connection) == "<HubConnection to https://host/hub: Disconnected>"
