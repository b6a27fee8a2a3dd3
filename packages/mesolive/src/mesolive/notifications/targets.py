"""Where notifications go: the services that may be named, checks of addresses, and the sending by Apprise.

Apprise is imported when the first address is checked or used: 0.3 s and 45 MB that a server without rules does not pay.
It runs in threads of its own: its services wait for sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import ipaddress
import logging
import re
import socket
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

T = TypeVar("T")

SERVICES: Mapping[str, str] = {
    "mailto": "Mail",
    "mailtos": "Mail",
    "tgram": "Telegram",
    "slack": "Slack",
    "discord": "Discord",
    "workflows": "Microsoft Teams",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "gotify": "Gotify",
    "gotifys": "Gotify",
    "pover": "Pushover",
    "pbul": "Pushbullet",
    "mmost": "Mattermost",
    "mmosts": "Mattermost",
    "matrix": "Matrix",
    "matrixs": "Matrix",
    "zulip": "Zulip",
    "json": "Webhook (JSON)",
    "jsons": "Webhook (JSON)",
    "form": "Webhook (form)",
    "forms": "Webhook (form)",
}
"""The schemes that an address may have. Apprise knows many more, among them programs of this machine."""

REFUSED_PARAMETERS = frozenset({"pgp", "pgppub", "pgpprv", "wkd", "redirect", "retry", "wait", "store", "cto", "rto"})
"""What an address may not say: files of this machine, redirects to other hosts, second attempts, long waits."""

_OWN_HOST = frozenset({"json", "form", "gotify", "mmost", "matrix", "workflows"})
"""Schemes, without the `s` of TLS, whose host is connected to as it is written."""

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
SEND_SECONDS = 30.0
"""How long one message may take before its outcome counts as unknown."""

MAX_THREADS = 4
"""How many messages are sent at once, for all users together."""

_STATUS = re.compile(r"error[= ](\d{3})\b")


class TargetError(Exception):
    """An address that cannot be used, or a message that was not sent; the text holds nothing of the address."""


class Target(Protocol):
    """Sends messages to addresses."""

    async def check(self, url: str) -> str:
        """Return the name of the service of an address; raises `TargetError` for one that cannot be used."""
        ...

    async def send(self, url: str, title: str, body: str) -> None:
        """Send a message once; raises `TargetError` when it was not sent, or the outcome is unknown."""
        ...


class AppriseTarget:
    """Sends by Apprise.

    Parameters
    ----------
    hosts
        Hosts that may be addressed though they are on this machine or in its own network.
    """

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._threads = asyncio.Semaphore(MAX_THREADS)

    async def check(self, url: str) -> str:
        """Return the name of the service of an address; raises `TargetError` for one that cannot be used."""
        return await self._in_thread(lambda: self._open(url)[1])

    async def send(self, url: str, title: str, body: str) -> None:
        """Send a message once; raises `TargetError` when it was not sent, or the outcome is unknown."""
        await self._in_thread(lambda: self._send(url, title, body))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Run work in a thread that the end of the process does not wait for; one that hangs keeps its place."""
        await self._threads.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def finish(result: T | None, error: BaseException | None) -> None:
            self._threads.release()
            if done.done():
                return  # no caller waits any more
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # pyright: ignore[reportArgumentType]  # without an error there is a result

        def run() -> None:
            result: T | None = None
            error: BaseException | None = None
            try:
                result = work()
            except TargetError as problem:
                error = problem
            except Exception as problem:  # noqa: BLE001 - a service of Apprise may raise anything; its text may hold secrets
                error = TargetError(f"the service failed ({type(problem).__name__})")
            with contextlib.suppress(RuntimeError):  # the loop has ended: no caller waits
                loop.call_soon_threadsafe(finish, result, error)

        threading.Thread(target=run, name="notification", daemon=True).start()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await done
        except TimeoutError:
            raise TargetError(f"no answer within {SEND_SECONDS:.0f} s; whether it arrived is not known") from None

    def _open(self, url: str) -> tuple[Any, str]:
        """Return the address as a service of Apprise, and the service's name."""
        try:
            parts = urlsplit(url)
            parameters = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
        except ValueError:
            raise TargetError("the address is malformed") from None
        scheme = parts.scheme.lower()
        if scheme not in SERVICES:
            known = ", ".join(sorted(SERVICES))
            raise TargetError(f"expected an address that begins with one of {known}, got {scheme[:20]!r}")
        if refused := sorted(parameters & REFUSED_PARAMETERS):
            raise TargetError(f"the parameter {refused[0]} is not allowed")
        apprise = _apprise()

        _keep_logs_apart()
        asset = apprise.AppriseAsset(http_redirects=False, async_mode=False, secure_logging=True)
        opened: Any = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        if opened is None:
            raise TargetError(f"this is no complete address of {SERVICES[scheme]}: https://appriseit.com/services/")
        opened.socket_connect_timeout, opened.socket_read_timeout = CONNECT_SECONDS, READ_SECONDS
        opened.retry, opened.redirects = 0, False
        self._check_host(scheme, opened)
        return opened, SERVICES[scheme]

    def _check_host(self, scheme: str, opened: Any) -> None:  # noqa: ANN401 - a service of Apprise
        plain = scheme.removesuffix("s") if scheme != "workflows" else scheme
        if plain == "mailto":
            host = str(opened.smtp_host or opened.host)
        elif plain in _OWN_HOST or (plain == "ntfy" and str(opened.mode) == "private"):
            host = str(opened.host).strip("[]")
        else:
            return
        if host.lower() in self._hosts:
            return
        try:
            addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise TargetError("the host of the address has no IP address") from None
        for entry in addresses:
            if not ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_global:
                raise TargetError(
                    "the host is on this machine or in a private network: name it in MESOLIVE_NOTIFY_HOSTS"
                )

    def _send(self, url: str, title: str, body: str) -> None:
        apprise = _apprise()

        opened, _ = self._open(url)
        sender = apprise.Apprise(asset=opened.asset)
        sender.add(opened)
        result: Any = sender.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT)
        if not result:
            raise TargetError(_reason(result))


def _apprise() -> Any:  # noqa: ANN401 - its types are partly unknown
    return importlib.import_module("apprise")  # late: see the module's docstring


def _reason(result: Any) -> str:  # noqa: ANN401 - a result of Apprise
    """Return why a message was not sent; Apprise's own words may hold parts of the address and are not shown."""
    text = " ".join(str(entry.message) for of in result.results for attempt in of.attempts for entry in attempt.logs)
    if match := _STATUS.search(text):
        return f"the service answered {match[1]}"
    if "onnection error" in text or "Socket" in text:
        return "no connection to the service"
    return "the service did not take the message"


def _keep_logs_apart() -> None:
    """Keep what Apprise logs out of the server's log: it may hold tokens."""
    log = logging.getLogger("apprise")
    log.handlers = [logging.NullHandler()]
    log.propagate = False
