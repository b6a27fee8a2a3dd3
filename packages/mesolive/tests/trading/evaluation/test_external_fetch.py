"""Fetching external data: only from where it may come, bounded, cached, never from inside the network."""

from __future__ import annotations

import asyncio
import http.client
import io
import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mesolive.trading.evaluation.external_fetch import (
    CACHE_ENTRIES,
    Connection,
    ExternalSource,
    FetchError,
    fetch,
    is_public,
)
from mesolive.trading.evaluation.fetch_rules import FetchRules

URL = "https://gist.githubusercontent.com/user/1/raw/signal.csv"
PUBLIC = "140.82.121.4"


class FakeSocket:
    """A socket that answers with fixed bytes."""

    def __init__(self, answer: bytes) -> None:
        self.sent = bytearray()
        self._answer = answer

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._answer)

    def settimeout(self, _seconds: float) -> None:
        pass

    def close(self) -> None:
        pass


class FakeNetwork(Connection):
    """Hosts with addresses and answers; remembers what was connected to and asked."""

    def __init__(self, answers: Sequence[bytes], addresses: dict[str, list[str]] | None = None) -> None:
        self.addresses = addresses or {}
        self.connected: list[tuple[str, str]] = []
        self.requests: list[str] = []
        self._answers = list(answers)

    def resolve(self, host: str) -> Sequence[str]:
        return self.addresses.get(host, [PUBLIC])

    def open(self, host: str, address: str, timeout: float) -> http.client.HTTPConnection:
        assert timeout > 0
        self.connected.append((host, address))
        connection = http.client.HTTPConnection(host, 443)
        fake = FakeSocket(self._answers.pop(0))
        connection.sock = fake  # pyright: ignore[reportAttributeAccessIssue]  # a stand-in for the real socket
        return connection


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def redirect(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def test_a_file_comes_from_a_documented_host() -> None:
    network = FakeNetwork([ok(b"date,x\n")])
    assert fetch(URL, FetchRules(), network) == b"date,x\n"
    assert network.connected == [("gist.githubusercontent.com", PUBLIC)]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.csv",
        "https://gist.githubusercontent.com.evil.example/a.csv",
        "http://gist.githubusercontent.com/a.csv",
        "https://gist.githubusercontent.com:8443/a.csv",
        "https://user:word@gist.githubusercontent.com/a.csv",
        "https://127.0.0.1/a.csv",
        "ftp://gist.githubusercontent.com/a.csv",
        "file:///etc/passwd",
        "gopher://gist.githubusercontent.com/",
        "",
        "https://",
        "https://[::1",
        "https://gist.githubusercontent.com:99999/a.csv",
        "https://gist.githubusercontent.com:port/a.csv",
    ],
)
def test_other_hosts_schemes_ports_and_files_are_refused_before_anything_is_asked(url: str) -> None:
    network = FakeNetwork([])
    with pytest.raises(FetchError):
        fetch(url, FetchRules(), network)
    assert network.connected == []


def test_an_operator_may_allow_further_hosts() -> None:
    network = FakeNetwork([ok(b"a")])
    assert fetch("https://data.example.org/a.csv", FetchRules(hosts={"data.example.org"}), network) == b"a"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.5",
        "192.168.1.1",
        "172.16.3.4",
        "169.254.169.254",
        "0.0.0.1",
        "100.64.0.1",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fc00::1",
        "::ffff:10.0.0.1",
        "ff02::1",
    ],
)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    host = "gist.githubusercontent.com"
    for addresses in ([address], [PUBLIC, address]):
        network = FakeNetwork([], {host: addresses})
        with pytest.raises(FetchError, match="not a public address"):
            fetch(URL, FetchRules(), network)
        assert network.connected == []


def test_a_redirect_to_a_private_address_is_refused() -> None:
    for inside in ("https://169.254.169.254/latest", "https://router.internal/x"):
        network = FakeNetwork(
            [redirect(inside)], {"router.internal": ["192.168.0.1"], "169.254.169.254": ["169.254.169.254"]}
        )
        with pytest.raises(FetchError, match="not a public address"):
            fetch(URL, FetchRules(), network)
        assert [host for host, _ in network.connected] == ["gist.githubusercontent.com"]


def test_a_redirect_to_a_public_host_is_followed() -> None:
    network = FakeNetwork([redirect("https://files.example.net/b.csv?x=1"), redirect("/c.csv"), ok(b"date,x\n")])
    assert fetch(URL, FetchRules(), network) == b"date,x\n"
    assert [host for host, _ in network.connected] == [
        "gist.githubusercontent.com",
        "files.example.net",
        "files.example.net",
    ]


@pytest.mark.parametrize("location", ["http://gist.githubusercontent.com/a", "file:///etc/passwd", "https://x:99/"])
def test_a_redirect_away_from_https_is_refused(location: str) -> None:
    with pytest.raises(FetchError, match="https"):
        fetch(URL, FetchRules(), FakeNetwork([redirect(location)]))


def test_a_redirect_to_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(FetchError, match="malformed"):
        fetch(URL, FetchRules(), FakeNetwork([redirect("https://files.example.net:99999/a")]))


def test_endless_redirects_end() -> None:
    network = FakeNetwork([redirect(URL)] * 50)
    with pytest.raises(FetchError, match="redirected more than"):
        fetch(URL, FetchRules(), network)
    assert len(network.connected) == 5


def test_a_file_of_a_gigabyte_is_cut_off_at_the_limit() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"
    network = FakeNetwork([head + b"x" * 400_000])
    with pytest.raises(FetchError, match="larger than 100,000 bytes"):
        fetch(URL, FetchRules(max_bytes=100_000), network)
    endless = FakeNetwork([b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 400_000])
    with pytest.raises(FetchError, match="larger"):
        fetch(URL, FetchRules(max_bytes=100_000), endless)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\nsecret",
        b"HTTP/1.1 500 Oops\r\n\r\n",
        b"nonsense",
        b"",
        b"HTTP/1.1 302 Found\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    ],
)
def test_a_bad_answer_is_an_error_without_the_servers_text(answer: bytes) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(URL, FetchRules(), FakeNetwork([answer]))
    assert "secret" not in str(caught.value)


def test_a_fetch_that_takes_too_long_ends() -> None:
    with pytest.raises(FetchError, match="took too long"):
        fetch(URL, FetchRules(timeout=0.0), FakeNetwork([ok(b"x")]))


def test_a_host_that_cannot_be_reached_is_an_error() -> None:
    class Broken(FakeNetwork):
        def open(self, host: str, address: str, timeout: float) -> http.client.HTTPConnection:
            raise TimeoutError(f"{host} {address} {timeout}")

    class Unknown(FakeNetwork):
        def resolve(self, host: str) -> Sequence[str]:
            raise socket.gaierror(host)

    for network in (Broken([]), Unknown([])):
        with pytest.raises(FetchError, match="could not be fetched"):
            fetch(URL, FetchRules(), network)


def test_files_come_from_the_allowed_folder_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a b.csv").write_text("date,x\n")
    (tmp_path / "outside.csv").write_text("secret")
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    rules = FetchRules(folder=folder, max_bytes=10)
    assert fetch((folder / "a b.csv").as_uri(), rules) == b"date,x\n"
    refused = [
        (tmp_path / "outside.csv").as_uri(),
        f"{folder.as_uri()}/../outside.csv",
        f"{folder.as_uri()}/%2e%2e/outside.csv",
        (folder / "link.csv").as_uri(),
        f"file://elsewhere{folder}/a%20b.csv",
        folder.as_uri(),
        (folder / "none.csv").as_uri(),
        f"{folder.as_uri()}/%00.csv",
    ]
    for url in refused:
        with pytest.raises(FetchError):
            fetch(url, rules)
    (folder / "large.csv").write_text("x" * 11)
    with pytest.raises(FetchError, match="larger"):
        fetch((folder / "large.csv").as_uri(), rules)


# --- the cache


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def counting(answer: Callable[[str], bytes]) -> tuple[Callable[[str, FetchRules], bytes], list[str]]:
    asked: list[str] = []

    def fetcher(url: str, _rules: FetchRules) -> bytes:
        asked.append(url)
        return answer(url)

    return fetcher, asked


def length(content: bytes) -> int:
    return len(content)


async def test_a_fetched_file_is_cached_for_a_minute() -> None:
    fetcher, asked = counting(lambda _: b"12345")
    seconds = Seconds()
    source = ExternalSource(length, fetcher=fetcher, monotonic=seconds)
    assert [await source.get(URL) for _ in range(3)] == [5, 5, 5]
    seconds.now += 59.9
    await source.get(URL)
    assert len(asked) == 1
    seconds.now += 0.2
    await source.get(URL)
    assert len(asked) == 2


async def test_concurrent_readers_share_one_fetch() -> None:
    fetcher, asked = counting(lambda _: b"1")
    source = ExternalSource(length, fetcher=fetcher)
    assert await asyncio.gather(*(source.get(URL) for _ in range(20))) == [1] * 20
    assert len(asked) == 1


async def test_a_failure_is_raised_to_every_reader_and_not_fetched_again_within_the_minute() -> None:
    def fail(url: str) -> bytes:
        raise FetchError(f"no {url}")

    fetcher, asked = counting(fail)
    seconds = Seconds()
    source = ExternalSource(length, fetcher=fetcher, monotonic=seconds)
    for _ in range(3):
        with pytest.raises(FetchError):
            await source.get(URL)
    assert len(asked) == 1
    seconds.now += 61
    with pytest.raises(FetchError):
        await source.get(URL)
    assert len(asked) == 2


async def test_the_cache_is_bounded() -> None:
    fetcher, asked = counting(lambda _: b"1")
    source = ExternalSource(length, fetcher=fetcher)
    for number in range(CACHE_ENTRIES + 1):
        await source.get(f"{URL}?{number}")
    await source.get(f"{URL}?{CACHE_ENTRIES}")
    assert len(asked) == CACHE_ENTRIES + 1
    await source.get(f"{URL}?0")
    assert len(asked) == CACHE_ENTRIES + 2


async def test_a_reader_that_gives_up_does_not_take_the_fetch_from_the_others() -> None:
    fetcher, asked = counting(lambda _: b"123")
    source = ExternalSource(length, fetcher=fetcher)
    first = asyncio.create_task(source.get(URL))
    await asyncio.sleep(0)
    first.cancel()
    assert await source.get(URL) == 3
    assert len(asked) == 1
    with pytest.raises(asyncio.CancelledError):
        await first


@pytest.mark.parametrize(
    "address",
    [
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::8.8.8.8",
        "2002:7f00:1::1",
        "2002:8c52:7904::1",
        "2002:c0a8:101::1",
        "::10.0.0.1",
        "::ffff:192.168.0.1",
        "fec0::1",
        "feff::8.8.8.8",
        "2001:0:7f00:1:0:0:f5ff:fffe",
        "2a00:1450:4001::5efe:10.0.0.1",
        "2a00:1450:4001::200:5efe:127.0.0.1",
        "ff0e::1",
        "::1",
        "fd00::1",
        "::ffff:0:10.0.0.1",
        "5f00::1",
        "3fff::1",
        "192.0.0.192",
        "192.88.99.1",
    ],
)
def test_an_address_with_an_inner_one_within_is_judged_by_that(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", [PUBLIC, "2a00:1450:4001:800::200e", "64:ff9b::140.82.121.4", "::ffff:140.82.121.4"]
)
def test_public_addresses_may_be_fetched_from_whatever_their_form(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


class DrippingNetwork(Connection):
    """A host that answers with one header line after another and never comes to the end of them."""

    def __init__(self) -> None:
        self.lines = 0
        self.ended = threading.Event()

    def resolve(self, host: str) -> Sequence[str]:
        return [PUBLIC]

    def open(self, host: str, address: str, timeout: float) -> http.client.HTTPConnection:
        ours, theirs = socket.socketpair()
        threading.Thread(target=self._drip, args=(theirs,), daemon=True).start()
        connection = http.client.HTTPConnection(host, 443, timeout=timeout)
        ours.settimeout(timeout)
        connection.sock = ours
        return connection

    def _drip(self, theirs: socket.socket) -> None:
        try:
            theirs.sendall(b"HTTP/1.1 200 OK\r\n")
            while not self.ended.wait(0.02):
                theirs.sendall(b"X")  # never a whole line: the number of lines is not a limit either
                self.lines += 1
        except OSError:
            self.ended.set()  # the other side has hung up
        finally:
            theirs.close()


def test_a_server_that_drips_its_header_is_hung_up_on_at_the_deadline() -> None:
    network = DrippingNetwork()
    with pytest.raises(FetchError, match="took too long"):
        fetch(URL, FetchRules(timeout=1.0), network)
    assert network.ended.wait(60), "the server is told: nothing goes on behind the caller's back"


async def test_fetches_have_threads_of_their_own() -> None:
    held, names = threading.Event(), list[str]()

    def slow(_url: str, _rules: FetchRules) -> bytes:
        names.append(threading.current_thread().name)
        held.wait(60)
        return b""

    source = ExternalSource(bytes, fetcher=slow)
    fetches = [asyncio.create_task(source.get(f"{URL}?{number}")) for number in range(40)]
    await asyncio.sleep(0)
    # However many fetches hang: what uses the common threads, as imports do, goes on.
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "imported"), 60) == "imported"
    held.set()
    await asyncio.gather(*fetches)
    source.close()
    assert all(name.startswith("external data") for name in names)
