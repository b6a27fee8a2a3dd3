"""Strangers who connect and say nothing, or too much, do not keep the server from those who have a key."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import resource
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from mesolive import sockets
from mesolive.server import run
from mesolive_testkit.loop_time import PassTime
from mesolive_testkit.server import Kit

MESOLIVE = Path(sys.executable).parent / "mesolive"


async def connected(url: str, first_words: bytes) -> tuple[StreamReader, StreamWriter]:
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(first_words)
    return reader, writer


@pytest.mark.parametrize(
    "first_words",
    [
        b"",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow:",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\nHost",
    ],
    ids=["silence", "half a request", "one request and half of another"],
)
async def test_a_connection_that_never_finishes_a_request_is_closed(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, first_words: bytes
) -> None:
    monkeypatch.setattr(sockets, "REQUEST_SECONDS", 0.05)
    reader, writer = await connected(kit.url, first_words)
    async with asyncio.timeout(60):
        try:
            answers = await reader.read()
        except ConnectionResetError:
            answers = b""
    assert answers.count(b"HTTP/1.1 200") <= first_words.count(b"\r\n\r\n")
    writer.transport.abort()


async def test_a_websocket_is_not_taken_for_a_slow_request(kit: Kit, pass_time: PassTime) -> None:
    events = await kit.events()
    pass_time(sockets.REQUEST_SECONDS)
    await asyncio.sleep(0)  # the looks that are due by now are made
    await asyncio.sleep(0)
    assert (await events.get_latest_event_seq_id()).LatestEventSeqId >= 0


def few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


async def test_a_lack_of_files_is_logged_once_and_other_faults_of_the_loop_always() -> None:
    loop = asyncio.get_running_loop()
    handler = sockets.LoopErrors()
    left_to_the_loop: list[str] = []

    def note(context: dict[str, Any]) -> None:
        left_to_the_loop.append(context["message"])

    with capture_logs() as lines, pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "default_exception_handler", note)
        for _ in range(1000):
            lack = OSError(errno.EMFILE, "Too many open files")
            handler(loop, {"message": "socket.accept() out of system resource", "exception": lack})
        handler(loop, {"message": "a task was forgotten", "exception": ValueError("x")})
    assert [(line["event"], line["reason"]) for line in lines] == [("connections_delayed", "Too many open files")]
    assert left_to_the_loop == ["a task was forgotten"]


async def test_a_server_without_file_descriptors_does_not_flood_its_log_and_recovers(
    tmp_path: Path,
) -> None:
    with (tmp_path / "log").open("w") as errors:
        process = await asyncio.create_subprocess_exec(
            MESOLIVE,
            "serve",
            "--port",
            "0",
            "--database",
            f"sqlite:///{tmp_path / 'x.sqlite3'}",
            stdout=subprocess.PIPE,
            stderr=errors,
            preexec_fn=few_files,
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(240):
            url = (await process.stdout.readline()).split()[-1].decode()
            await process.stdout.readuntil(b"Ctrl-C stops it.")
            strangers = [await connected(url, b"") for _ in range(80)]
            async with httpx.AsyncClient(timeout=60) as client:
                with pytest.raises(httpx.TransportError):
                    await client.get(f"{url}/health", timeout=2.5)
            for _, writer in strangers:
                writer.transport.abort()
            # A connection may still be cut that came before the server has closed those of the strangers.
            status = 0
            while status != 200:
                async with httpx.AsyncClient(timeout=60) as client:
                    with contextlib.suppress(httpx.TransportError):
                        status = (await client.get(f"{url}/health", timeout=30)).status_code
            process.terminate()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
    log = (tmp_path / "log").read_text()
    assert log.count("connections_delayed") <= 1
    assert len(log.splitlines()) < 10, "no flood of tracebacks"


def test_every_server_command_watches_its_file_descriptors() -> None:
    async def handler() -> object:
        return asyncio.get_running_loop().get_exception_handler()

    assert isinstance(run(handler()), sockets.LoopErrors)
