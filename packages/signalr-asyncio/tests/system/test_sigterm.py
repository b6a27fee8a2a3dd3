"""SIGTERM to uvicorn as people run it: the process ends within its time, and its clients are answered."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

pytestmark = pytest.mark.system

PATIENCE = 60.0

PLAIN = """
import asyncio
from signalr_asyncio import Hub, SignalRServer

class WorkHub(Hub):
    async def Work(self, seconds: float) -> str:
        print("working", flush=True)
        await asyncio.sleep(seconds)
        return "done"

hubs = SignalRServer({"/hub": WorkHub}, shutdown_timeout=60)
app = hubs
"""

MOUNTED = (
    PLAIN
    + """
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.routing import Mount

@asynccontextmanager
async def lifespan(app):
    async with hubs.lifespan():
        yield

app = Starlette(routes=[Mount("/", app=hubs)], lifespan=lifespan)
"""
)

HANDSHAKE = '{"protocol":"json","version":1}\x1e'


def call(seconds: float) -> str:
    return json.dumps({"type": 1, "target": "Work", "arguments": [seconds], "invocationId": "1"}) + "\x1e"


class Server:
    """A uvicorn process."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.address = f"127.0.0.1:{port}"

    @classmethod
    async def start(cls, directory: Path, program: str) -> Server:
        (directory / "server.py").write_text(program)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        command = [sys.executable, "-m", "uvicorn", "server:app", "--port", str(port), "--log-level", "warning"]
        process = await asyncio.create_subprocess_exec(*command, cwd=directory, stdout=asyncio.subprocess.PIPE)
        server = cls(process, port)
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(timeout=60) as http:
            while True:
                try:
                    await http.get(f"http://{server.address}/nothing")
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    return server

    async def working(self) -> None:
        assert self.process.stdout is not None
        assert await asyncio.wait_for(self.process.stdout.readline(), PATIENCE) == b"working\n"


PROGRAMS, NAMES = (PLAIN, MOUNTED), ("as the application", "mounted in Starlette")
PATIENT, HASTY = "shutdown_timeout=60", "shutdown_timeout=4"


@pytest.fixture(params=PROGRAMS, ids=NAMES)
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    server = await Server.start(tmp_path, request.param)
    yield server
    if server.process.returncode is None:
        server.process.kill()
    await server.process.communicate()  # its pipe is closed as well then


async def ended(server: Server) -> None:
    server.process.terminate()
    # As long as nothing hangs: a machine that is busy may take its time.
    await asyncio.wait_for(server.process.wait(), 60)


async def test_a_call_over_a_websocket_is_answered(server: Server) -> None:
    async with connect(f"ws://{server.address}/hub") as client:
        await client.send(HANDSHAKE)
        await client.recv()
        await client.send(call(0.5))
        await server.working()
        ending = asyncio.create_task(ended(server))
        assert json.loads(str(await asyncio.wait_for(client.recv(), PATIENCE))[:-1])["result"] == "done"
        assert json.loads(str(await asyncio.wait_for(client.recv(), PATIENCE))[:-1]) == {
            "type": 7,
            "allowReconnect": True,
        }
    await ending


@pytest.mark.parametrize("server", [program.replace(PATIENT, HASTY) for program in PROGRAMS], indirect=True, ids=NAMES)
async def test_a_call_that_takes_too_long_is_notified(server: Server) -> None:
    async with connect(f"ws://{server.address}/hub") as client:
        await client.send(HANDSHAKE)
        await client.recv()
        await client.send(call(600))
        await server.working()
        ending = asyncio.create_task(ended(server))
        assert "The server is stopping." in str(await asyncio.wait_for(client.recv(), PATIENCE))
    await ending


@pytest.mark.parametrize("server", [program.replace(PATIENT, HASTY) for program in PROGRAMS], indirect=True, ids=NAMES)
@pytest.mark.parametrize("accept", ["text/event-stream", "*/*"], ids=["events", "polling"])
async def test_an_open_answer_does_not_keep_the_process(server: Server, accept: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://{server.address}", timeout=PATIENCE) as http:
        answer = await http.post("/hub/negotiate?negotiateVersion=1")
        url = f"/hub?id={answer.json()['connectionToken']}"
        if accept == "*/*":
            await http.get(url)
        async with http.stream("GET", url, headers={"accept": accept}) as stream:
            lines = stream.aiter_raw()
            await http.post(url, content=HANDSHAKE)
            got = await anext(lines)
            if accept == "*/*":
                ending = asyncio.create_task(ended(server))
            else:
                while b"{}" not in got:
                    got += await anext(lines)
                ending = asyncio.create_task(ended(server))
                async for more in lines:
                    got += more
                assert b'"allowReconnect":true' in got
        await ending
