"""HTTP server process: binds the socket before the application starts, drains clients before it stops."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version
from typing import Any, TypeVar, cast

import structlog
import uvicorn

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

from mesolive.app import Application, running
from mesolive.assembly import Overrides
from mesolive.settings import Settings, SettingsError, check_certificate
from mesolive.sockets import BACKLOG, LoopErrors, PromptRequests, PromptWebSockets, allow_many_files
from mesolive.store.engines import UnusableDatabaseError
from mesolive.tasks import until_first

HANDSHAKE_SECONDS = 10.0
"""How long a TLS handshake may take; asyncio would wait for a minute."""

DRAIN_SECONDS = 5.0
"""How long connections may take to close when the server stops."""

STOP_SECONDS = 25.0
"""How long stopping may take as a whole: less than systemd and container runtimes wait before they kill."""

FORCED = 1
"""The exit status of a server that did not end by itself."""

MAX_TURN = 0.001
"""Seconds for which a thread may compute while the event loop waits for its turn. Strategies are evaluated in a thread;
with Python's 5 ms an order sent meanwhile took three times as long, for it waits for its turn a dozen times."""

YOUNG_OBJECTS = 10_000
"""How many more objects there are before the garbage collector searches among them: about a millisecond of search."""

_log = structlog.get_logger(__name__)

T = TypeVar("T")


def bind(settings: Settings) -> socket.socket:
    """Take the address to listen on.

    Raises
    ------
    SettingsError
        When another program has the port, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off on accepted sockets: small answers go at once.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            text = f"port: {settings.port} on {settings.host} is in use; stop the other program or choose another port"
        elif error.errno == errno.EACCES:
            text = f"port: {settings.port} needs privileges; choose one of 1024 or more"
        else:
            text = f"host: cannot listen on {settings.host}: {error.strerror}"
        raise SettingsError(text) from None
    listener.set_inheritable(False)
    return listener


class _Server(uvicorn.Server):
    """A uvicorn server that reports when it listens and handles no signals.

    uvicorn would raise the signals again after a clean stop.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen as uvicorn does, with a timeout for the TLS handshake."""
        await self.lifespan.startup()
        config, loop = self.config, asyncio.get_running_loop()

        def protocol(_loop: asyncio.AbstractEventLoop | None = None) -> asyncio.Protocol:
            make = cast("Callable[..., asyncio.Protocol]", config.http_protocol_class)
            return make(config=config, server_state=self.server_state, app_state=self.lifespan.state, _loop=_loop)

        self.servers = [
            await loop.create_server(
                protocol,
                sock=listener,
                ssl=config.ssl,
                backlog=config.backlog,
                ssl_handshake_timeout=None if config.ssl is None else HANDSHAKE_SECONDS,
            )
            for listener in sockets or ()
        ]
        self.started = True
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self):  # noqa: ANN202 - the base's own annotation is a private alias
        """Capture none."""
        yield


@asynccontextmanager
async def serving(settings: Settings, overrides: Overrides | None = None) -> AsyncGenerator[Application]:
    """Run the server while the context lasts; on leaving, connections are closed and everything is stopped in order.

    Parameters
    ----------
    settings
        What to run.
    overrides
        Parts in place of those that the settings ask for: for tests, benchmarks and the backtester.

    Yields
    ------
    The application, listening. With port 0 its `url` has the port that the system chose.

    Raises
    ------
    SettingsError
        When the address cannot be taken, or the TLS files cannot be used.
    """
    if settings.tls_certificate is not None and settings.tls_key is not None:
        check_certificate(settings.tls_certificate, settings.tls_key)
    listener = bind(settings)
    port: int = listener.getsockname()[1]
    try:
        async with running(settings, overrides, port=port) as application:
            config = uvicorn.Config(
                application.asgi,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                http=PromptRequests,
                backlog=BACKLOG,
                ws=_websockets(settings),
                ws_max_size=16 * 1024 * 1024,  # the hubs' own limits are lower and answer better
                ws_per_message_deflate=False,  # on one machine and in a data centre it costs more than it saves
                ws_ping_interval=None,  # the hub protocol has pings of its own
                timeout_graceful_shutdown=int(DRAIN_SECONDS),
                ssl_certfile=settings.tls_certificate,
                ssl_keyfile=settings.tls_key,
            )
            server = _Server(config)
            task = application.tasks.spawn("http server", server.serve(sockets=[listener]), expected=Exception)
            try:
                await until_first(_ended(task), server.listening.wait())
                if task.done():
                    await task
                yield application
            finally:
                await application.drain()
                server.should_exit = True
                await task
    finally:
        listener.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end on a new event loop: uvloop's where there is one, it costs less per message.

    A server runs on it: the process may open many files, and a lack of them is reported now and then. No thread keeps
    the loop waiting for long.
    """
    allow_many_files()
    sys.setswitchinterval(MAX_TURN)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.get_loop().set_exception_handler(LoopErrors())
        return runner.run(work)


async def _ended(task: asyncio.Task[None]) -> None:
    """Wait until a task has ended, however it did."""
    await asyncio.wait({task})


async def serve(settings: Settings, ready: Callable[[Application], Awaitable[None]]) -> None:
    """Run the server until SIGINT or SIGTERM; a second one ends the process at once.

    Stopping takes no longer than `STOP_SECONDS`. Committed data is durable however the process ends.

    Parameters
    ----------
    ready
        Awaited once the server listens.

    Raises
    ------
    UnusableDatabaseError
        When another server has taken the database.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopped.is_set():
            _log.warning("exit_forced", reason="a second signal")
            os._exit(FORCED)
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    with contextlib.ExitStack() as stack:
        async with serving(settings) as application:
            calm_collector()
            _log.info("server_started", url=application.url, version=version("mesolive"))
            await ready(application)
            await until_first(stopped.wait(), application.lock.lost.wait())
            _log.info("server_stopping")
            stack.enter_context(_bounded_stop())
            lost = application.lock.lost.is_set()
        _log.info("server_stopped")
    if lost:
        raise UnusableDatabaseError("another server has taken this database; there can be only one, so this one ended")


def calm_collector() -> None:
    """Have the garbage collector search less: for a process that is a server, once all has been made.

    Objects made at the start live for the whole run. Frozen, they do not lengthen the collector's pauses, which delay
    ticks. What a call makes is freed as it ends; at Python's threshold of 700 new objects the collector searched in
    each batch of orders, which took 6 % of their processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def _websockets(settings: Settings) -> Any:  # noqa: ANN401 - a name or a class, as uvicorn takes it
    """Return what carries WebSockets; picows is imported only where it is used."""
    if settings.websockets == "picows":
        return import_module("signalr_asyncio.server.picows").PicowsProtocol
    return PromptWebSockets


@contextlib.contextmanager
def _bounded_stop() -> Generator[None]:
    """End the process when the block takes too long. The timer is a thread: the block may hold the event loop."""

    def end() -> None:
        _log.error("server_stop_timed_out", seconds=STOP_SECONDS)
        os._exit(FORCED)

    timer = threading.Timer(STOP_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
