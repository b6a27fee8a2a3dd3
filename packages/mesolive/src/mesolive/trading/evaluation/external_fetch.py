"""External data fetcher: small files from allowed hosts, cached for a minute, guarded against SSRF.

Addresses come from strategy definitions, so they are not trusted: only `https` to the allowed hosts (and, where the
operator allows it, files below one folder); every address that is connected to must be public, also after a redirect;
the connection goes to the very address that was checked, so that a name cannot change in between. Size and time are
bounded. Fetching happens off the evaluation path; evaluation reads what the last fetch brought.
"""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from mesolive.tasks import Tasks
from mesolive.trading.evaluation.fetch_rules import FetchRules

CACHE_SECONDS = 60.0
CACHE_ENTRIES = 256
MAX_REDIRECTS = 4
MAX_FETCHES = 4
"""How many fetches run at once; more wait, within their time."""
GRACE_SECONDS = 2.0
"""For how long a fetch may go on after its deadline before its caller gives up on it."""
_CHUNK = 64 * 1024

T = TypeVar("T")


class FetchError(Exception):
    """External data could not be fetched; the text gives the reason, without the server's answer."""


class Connection:
    """Opens one TLS connection to a checked address; replaced in tests."""

    def resolve(self, host: str) -> Sequence[str]:
        """Return the IP addresses of a host.

        Raises
        ------
        OSError
            When it has none.
        """
        result = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in result))

    def open(self, host: str, address: str, timeout: float) -> http.client.HTTPConnection:
        """Return a TLS connection to `address` whose certificate is checked for `host`.

        Raises
        ------
        OSError
            When it cannot be made.
        """
        connection = http.client.HTTPSConnection(host, 443, timeout=timeout)
        deadline = time.monotonic() + timeout
        plain = socket.create_connection((address, 443), timeout)
        try:
            secure = ssl.create_default_context().wrap_socket(
                plain, server_hostname=host, do_handshake_on_connect=False
            )
        except OSError:
            plain.close()
            raise
        connection.sock = secure
        try:
            with _cut_off_at(deadline, secure):
                secure.do_handshake()
        except OSError:
            secure.close()
            raise
        return connection


def fetch(url: str, rules: FetchRules, connection: Connection | None = None) -> bytes:
    """Return the content of an address. Blocks; `ExternalSource` calls it in a thread.

    Raises
    ------
    FetchError
        When the address is not allowed, not public, too large, too slow, or answers no content.
    """
    parts = _split(url)
    if parts.scheme == "file":
        return _read_file(parts, rules)
    if (parts.hostname or "").lower() not in rules.hosts:
        allowed = ", ".join(sorted(rules.hosts))
        raise FetchError(f"external data may not come from '{parts.hostname}'; allowed: {allowed}")
    deadline = time.monotonic() + rules.timeout
    via = connection if connection is not None else Connection()
    for _ in range(MAX_REDIRECTS + 1):
        answer = _get(url, rules, via, deadline)
        if isinstance(answer, bytes):
            return answer
        url = answer
    raise FetchError(f"external data is redirected more than {MAX_REDIRECTS} times")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # is read only now
    except ValueError:
        raise FetchError("the address of the external data is malformed") from None
    return parts


def _read_file(parts: SplitResult, rules: FetchRules) -> bytes:
    if rules.folder is None:
        raise FetchError("external data may not come from files here")
    folder = rules.folder.resolve()
    try:
        path = Path(unquote(parts.path)).resolve()
    except ValueError:
        raise FetchError("the address of the external data names no file") from None
    if parts.netloc not in {"", "localhost"} or not path.is_relative_to(folder):
        raise FetchError("the file of the external data is outside of the allowed folder")
    try:
        if not path.is_file():
            raise FetchError("the file of the external data does not exist")
        with path.open("rb") as file:
            content = file.read(rules.max_bytes + 1)
    except OSError as error:
        raise FetchError(f"the file of the external data cannot be read: {error.strerror}") from error
    _bounded(len(content), rules)
    return content


def _bounded(size: int, rules: FetchRules) -> None:
    if size > rules.max_bytes:
        raise FetchError(f"external data is larger than {rules.max_bytes:,} bytes")


def _get(url: str, rules: FetchRules, via: Connection, deadline: float) -> bytes | str:
    """Return the content, or the address of a redirect."""
    parts = _split(url)
    host = parts.hostname
    if parts.scheme != "https" or host is None or parts.port not in {None, 443} or parts.username is not None:
        raise FetchError("external data must come over https, from the usual port")
    try:
        address = _public_address(host, via)
        opened = via.open(host, address, _left(deadline))
        try:
            with _cut_off_at(deadline, opened.sock):
                target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
                opened.request("GET", target, headers={"Accept": "text/csv, text/plain", "User-Agent": "mesolive"})
                answer = opened.getresponse()
                if answer.status in {301, 302, 303, 307, 308}:
                    location = answer.getheader("Location")
                    if not location:
                        raise FetchError("external data is redirected to nowhere")
                    return urljoin(url, location)
                if answer.status != http.client.OK:
                    raise FetchError(f"the server of the external data answers {answer.status}")
                return _read(opened, answer, rules, deadline)
        finally:
            opened.close()
    except (OSError, http.client.HTTPException, UnicodeError, ValueError) as error:
        raise FetchError(f"external data could not be fetched from '{host}': {type(error).__name__}") from error


@contextmanager
def _cut_off_at(deadline: float, connected: object) -> Generator[None]:
    """Shut a socket down at the deadline, so that any wait of the block ends.

    A time-out of the socket bounds one wait for bytes. A server that sends one header line per second never exceeds it.
    """
    if not isinstance(connected, socket.socket):  # there is none, or a stand-in
        yield
        return

    def cut_off() -> None:
        with suppress(OSError):
            # The method of the plain socket: that of a TLS socket would first send a close notification and wait for a
            # slow peer.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)

    timer = threading.Timer(max(deadline - time.monotonic(), 0.0), cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= deadline:
            raise FetchError("external data took too long") from error
        raise
    else:
        _left(deadline)  # a header or a body that was cut off ends like a whole one
    finally:
        timer.cancel()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise FetchError("external data took too long")
    return left


def _read(
    opened: http.client.HTTPConnection, answer: http.client.HTTPResponse, rules: FetchRules, deadline: float
) -> bytes:
    """Read the body in pieces, so that neither a large nor a slow one goes on past its bound."""
    content = bytearray()
    while True:
        if opened.sock is not None:
            opened.sock.settimeout(_left(deadline))
        piece = answer.read1(_CHUNK)
        if not piece:
            if answer.length:
                raise FetchError("external data broke off before its end")
            return bytes(content)
        content += piece
        _left(deadline)
        _bounded(len(content), rules)


def _public_address(host: str, via: Connection) -> str:
    """Return an address of a host; refuse the host when any of its addresses is not public."""
    addresses = [ipaddress.ip_address(result.split("%")[0]) for result in via.resolve(host)]
    if not addresses:
        raise FetchError(f"'{host}' has no address")
    if not all(is_public(address) for address in addresses):
        raise FetchError(f"'{host}' is not a public address: external data may not come from inside")
    return str(addresses[0])


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an address, and every address that is written within it, is one of the public internet.

    Translators and tunnels deliver to the address within: an IPv6 address of theirs reaches an inner network.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in net for net in _SPECIAL)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address not in _TRANSLATION and (address not in _GLOBAL_UNICAST or address in _DOCUMENTATION):
        return False
    if not address.is_global:
        return False
    if address.sixtofour is not None:
        # Withdrawn by RFC 7526, and Python's own tables disagree: 3.11 calls it global, 3.13 does not.
        return False
    return all(is_public(inner) for inner in _inner_addresses(address))


_SPECIAL = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("192.88.99.0/24"))
"""Protocol assignments, among them metadata services of clouds, and the relays of 6to4: tables of Python differ."""
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is handed out of IPv6. Outside are site-local, multicast, translated (SIIT) and compatible addresses."""
_DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")
_TRANSLATION = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
_LOW = 0xFFFFFFFF


def _inner_addresses(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses within an IPv6 one: of NAT64 (RFC 6052), Teredo and ISATAP."""
    inner: list[ipaddress.IPv4Address] = []
    low = ipaddress.IPv4Address(int(address) & _LOW)
    if address in _TRANSLATION or (int(address) >> 32) & _LOW in _ISATAP:
        inner.append(low)
    if address.teredo is not None:
        inner.extend(address.teredo)
    return inner


class ExternalSource(Generic[T]):
    """Fetches and decodes external data, and keeps each result for a minute.

    Parameters
    ----------
    decode
        Makes what is kept out of the bytes, such as `language.external_data.parse_csv`; its exceptions reach the caller
        and are kept for the same time, so that a broken file is not fetched with every evaluation.
    rules
        Where data may come from.
    fetcher
        Replaces `fetch` in tests.
    monotonic
        Seconds that only ever grow, for the age of what is kept.
    """

    def __init__(
        self,
        decode: Callable[[bytes], T],
        rules: FetchRules | None = None,
        *,
        fetcher: Callable[[str, FetchRules], bytes] = fetch,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._decode = decode
        self._rules = rules if rules is not None else FetchRules()
        self._fetch = fetcher
        self._monotonic = monotonic
        self.tasks = Tasks()
        # Of their own: slow servers must not keep imports of strategies, which use the common threads, from theirs.
        self._threads = ThreadPoolExecutor(MAX_FETCHES, thread_name_prefix="external data")
        self._cached: OrderedDict[str, tuple[float, asyncio.Task[T]]] = OrderedDict()

    async def get(self, url: str) -> T:
        """Return the decoded data of an address, at most a minute old; concurrent calls share one fetch.

        Raises
        ------
        FetchError
            When it cannot be fetched.
        """
        known = self._cached.get(url)
        if known is None or self._monotonic() - known[0] >= CACHE_SECONDS:
            # The next caller gets a failure too, for as long as data would be kept.
            known = (self._monotonic(), self.tasks.spawn("external data", self._load(url), expected=Exception))
            self._cached[url] = known
        self._cached.move_to_end(url)
        while len(self._cached) > CACHE_ENTRIES:
            self._cached.popitem(last=False)
        return await asyncio.shield(known[1])

    async def _load(self, url: str) -> T:
        loop = asyncio.get_running_loop()
        # Looking a name up has no time limit of its own: the caller does not wait for it, its thread does.
        async with asyncio.timeout(self._rules.timeout + GRACE_SECONDS):
            return await loop.run_in_executor(self._threads, self._read, url)

    def close(self) -> None:
        """Stop: queued fetches are not started."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _read(self, url: str) -> T:
        """Fetch and decode; in a thread, because both may take seconds."""
        return self._decode(self._fetch(url, self._rules))
