"""Double of tastytrade in tests: a running one on manual clocks, with plain HTTP and websocket clients on its port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from mesolive.clock import ManualClock
from mesolive.doubles.markets import Markets
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.doubles.tastytrade.instruments import Instrument
from mesolive.doubles.tastytrade.settings import DoubleSettings
from mesolive.market.contracts import OptionContract, Right
from mesolive.records import replace
from mesolive_testkit.tws import IN_SESSION, few_options

ACCOUNT = "5WX00001"
BASE = f"/accounts/{ACCOUNT}"
WAIT_SECONDS = 60.0
"""How long a test waits for a frame before it fails: only a broken test waits so long."""

PLAIN_SETTINGS = DoubleSettings(
    rate_limits=False,
    flight_seconds=0.0,
    live_seconds=0.0,
    leg_seconds=0.0,
    cancel_seconds=0.0,
    position_lag=0.0,
    ledger_lag=0.0,
    transaction_lag=0.0,
)
"""Everything that takes its time is done at once."""


@dataclass
class SocketClient:
    """A websocket of a test with all frames that it was sent."""

    connection: ClientConnection
    frames: list[Any] = field(default_factory=list[Any])

    async def say(self, **frame: Any) -> None:
        """Send a frame; the underscores of its keys are hyphens."""
        await self.connection.send(
            msgspec.json.encode({key.replace("_", "-"): value for key, value in frame.items()}).decode()
        )

    async def text(self) -> str:
        """Return the next frame as it came."""
        async with asyncio.timeout(WAIT_SECONDS):
            frame = await self.connection.recv()
        return frame if isinstance(frame, str) else frame.decode()

    async def next(self) -> Any:
        """Return the next frame."""
        frame = msgspec.json.decode(await self.text())
        self.frames.append(frame)
        return frame

    async def get(self, matching: Callable[[Any], bool]) -> Any:
        """Return the next frame that matches; others are kept in `frames`."""
        while True:
            frame = await self.next()
            if matching(frame):
                return frame

    async def of_type(self, kind: str) -> Any:
        """Return the next frame of a type."""
        return await self.get(lambda frame: frame.get("type") == kind)


@dataclass
class TastyKit:
    """A running double with its clocks and a client that has a token."""

    double: TastytradeDouble
    clock: ManualClock
    timer: ManualClock
    http: httpx.AsyncClient
    sockets: list[ClientConnection] = field(default_factory=list[ClientConnection])

    async def token(self) -> str:
        """Return a new access token."""
        settings = self.double.desk.settings
        body = {
            "grant_type": "refresh_token",
            "refresh_token": settings.refresh_token,
            "client_secret": settings.client_secret,
        }
        answer = await self.http.post("/oauth/token", json=body)
        return str(answer.json()["access_token"])

    async def call(self, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        """Call the REST API."""
        return await self.http.request(method, path, json=body, params=params or None)

    async def get(self, path: str, **params: Any) -> Any:
        """Return the `data` of a read that must succeed."""
        answer = await self.http.get(path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def submit(self, body: Any) -> Any:
        """Return the order of a submit that must succeed."""
        answer = await self.http.post(f"{BASE}/orders", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]["order"]

    async def order(self, order_id: int) -> Any:
        """Return an order."""
        return await self.get(f"{BASE}/orders/{order_id}")

    async def socket(self, url: str) -> SocketClient:
        """Return a websocket without a word on it yet."""
        connection = await connect(url, max_size=None, ping_interval=None, compression=None)
        self.sockets.append(connection)
        return SocketClient(connection)

    async def stream(self) -> SocketClient:
        """Return a connected account stream."""
        client = await self.socket(self.double.stream_url)
        await client.say(action="connect", value=[ACCOUNT], auth_token=self.bearer, request_id=1)
        answer = await client.next()
        assert answer["status"] == "ok", answer
        client.frames.clear()
        return client

    @property
    def bearer(self) -> str:
        """The value of the header `Authorization`."""
        return self.http.headers["authorization"]

    async def feed(self, *, fields: dict[str, Sequence[str]] | None = None) -> SocketClient:
        """Return a market data socket with the open channel 1."""
        client = await self.socket(self.double.market_data_url)
        await client.say(type="SETUP", channel=0, version="0.1-test/1", keepaliveTimeout=60, acceptKeepaliveTimeout=60)
        await client.of_type("AUTH_STATE")
        token = (await self.get("/api-quote-tokens"))["token"]
        await client.say(type="AUTH", channel=0, token=token)
        await client.get(lambda frame: frame.get("state") == "AUTHORIZED")
        await client.say(type="CHANNEL_REQUEST", channel=1, service="FEED", parameters={"contract": "AUTO"})
        await client.of_type("CHANNEL_OPENED")
        asked = fields or {"Quote": ["eventType", "eventSymbol", "bidPrice", "askPrice", "bidSize", "askSize"]}
        await client.say(
            type="FEED_SETUP",
            channel=1,
            acceptAggregationPeriod=0.1,
            acceptDataFormat="COMPACT",
            acceptEventFields=asked,
        )
        client.frames.clear()
        return client

    async def until(self, done: Callable[[], bool]) -> None:
        """Let the loop turn until something is true of the double."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not done():  # noqa: ASYNC110 - the double has no event for tests
                await asyncio.sleep(0)

    async def step(self) -> None:
        """Let a second of the market and of the connection pass."""
        await self.timer.advance(1.0)
        await self.clock.advance(1.0)

    def option(self, moneyness: float = 1.0, right: str = "C", root: str = "SPXW", days: int = 18) -> Instrument:
        """Return the option nearest to a strike, `moneyness` times the price of the underlying, some days ahead."""
        desk = self.double.desk
        symbol = {"SPXW": "SPX"}.get(root, root)
        product = next(candidate for candidate in desk.markets.products if candidate.symbol == symbol)
        listing = desk.markets.book(symbol).listing
        now, spot = self.clock.now(), float(desk.markets.spot(symbol) or 0)
        expiration = min(
            (
                expiration
                for expiration in listing.expirations
                if expiration.root == root and expiration.settles_at > now
            ),
            key=lambda expiration: abs((expiration.day - now.date()).days - days),
        )
        first, end = listing.span(root, expiration.day, Right(right)) or (0, 0)
        contract: OptionContract = min(
            (listing.contract(index) for index in range(first, end)),
            key=lambda option: abs(float(option.strike) - spot * moneyness),
        )
        return desk.instruments.option(product, contract, expiration)

    def vertical(self, quantity: int = 1, price: str = "60.0", identifier: str | None = "m-1") -> dict[str, Any]:
        """Return the request of a call spread that is bought; 60.0 fills at once, 0.05 rests."""
        return limit(
            [
                (self.option(1.01).symbol, quantity, "Buy to Open"),
                (self.option(1.03).symbol, quantity, "Sell to Open"),
            ],
            price,
            identifier=identifier,
        )


def limit(
    legs: Sequence[tuple[str, int, str]],
    price: str,
    effect: str = "Debit",
    *,
    identifier: str | None = "m-1",
    kind: str = "Equity Option",
    strict: bool = True,
    **fields: Any,
) -> dict[str, Any]:
    """Return the request of a limit order of legs: symbol, quantity and action."""
    body: dict[str, Any] = {
        "order-type": "Limit",
        "time-in-force": "Day",
        "price": price,
        "price-effect": effect,
        "source": "Test/1.0",
        "advanced-instructions": {"strict-position-effect-validation": strict},
        "legs": [
            {"instrument-type": kind, "symbol": symbol, "quantity": quantity, "action": action}
            for symbol, quantity, action in legs
        ],
    }
    if identifier is not None:
        body["external-identifier"] = identifier
    return body | {key.replace("_", "-"): value for key, value in fields.items()}


@asynccontextmanager
async def running_tastytrade(
    settings: DoubleSettings = PLAIN_SETTINGS,
    *,
    start: datetime = IN_SESSION,
    symbols: Sequence[str] = ("SPX",),
    seed: int = 1,
    step: timedelta = timedelta(seconds=1),
    **changes: Any,
) -> AsyncGenerator[TastyKit]:
    """Run a double on manual clocks; `changes` are of the settings. Only some expirations are listed."""
    clock, timer = ManualClock(start), ManualClock(start)
    if "ES" in symbols:
        markets = Markets.simulated(clock, seed=seed, symbols=symbols, step=step)
    else:
        markets = few_options(clock, symbols, seed, step)
    await markets.start()
    double = TastytradeDouble(markets, clock, replace(settings, **changes), timer=timer, seed=seed, step=step)
    await double.start()
    headers = {"user-agent": "MesoLiveTest/1.0", "accept": "application/json"}
    client = httpx.AsyncClient(base_url=double.url, headers=headers, timeout=WAIT_SECONDS, verify=False)  # noqa: S501 - plain HTTP: certificates take 30 ms to load
    async with client as http:
        kit = TastyKit(double, clock, timer, http)
        http.headers["authorization"] = f"Bearer {await kit.token()}"
        try:
            yield kit
        finally:
            for socket in kit.sockets:
                await socket.close()
            await double.stop()
            await markets.stop()
