"""The double of tastytrade put together: one server for REST, the account stream and market data."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from starlette.routing import WebSocketRoute

from mesolive.clock import Clock, MonotonicClock
from mesolive.doubles.markets import Markets
from mesolive.doubles.tastytrade.account_stream import AccountStream
from mesolive.doubles.tastytrade.application import Application
from mesolive.doubles.tastytrade.complex_orders import ComplexOrders
from mesolive.doubles.tastytrade.connections import Connections, QuietServer, listen, server_of
from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.dxlink import DxLink
from mesolive.doubles.tastytrade.expirations import Expirations
from mesolive.doubles.tastytrade.faults import Faults
from mesolive.doubles.tastytrade.ledger import Ledger
from mesolive.doubles.tastytrade.oauth import Tokens
from mesolive.doubles.tastytrade.order_checks import OrderChecks
from mesolive.doubles.tastytrade.order_life import OrderLife
from mesolive.doubles.tastytrade.order_service import OrderService
from mesolive.doubles.tastytrade.rest_accounts import AccountOperations
from mesolive.doubles.tastytrade.rest_instruments import InstrumentOperations
from mesolive.doubles.tastytrade.rest_orders import OrderOperations
from mesolive.doubles.tastytrade.settings import DoubleSettings
from mesolive.doubles.tastytrade.state import LONG_AGO, restore
from mesolive.doubles.tastytrade.transactions import Transactions
from mesolive.doubles.truth import Truth
from mesolive.tasks import Tasks

STEP: Final = timedelta(seconds=1)
MAX_FRAME_BYTES: Final = 16 << 20
"""Frames that clients may send; market data sockets have a limit of their own, `frame_bytes`."""


class TastytradeDouble:
    """A double of tastytrade: serves clients on one port and behaves as the broker does, good days and bad.

    Parameters
    ----------
    markets
        Quotes; started and stopped by the caller.
    clock
        Market time.
    settings
        What it is like.
    timer
        Time on the connection (pauses, lags, lives of tokens, rate limits); real time by default.
    seed
        Of the faults.
    step
        Market time between two looks at the market.
    """

    def __init__(
        self,
        markets: Markets,
        clock: Clock,
        settings: DoubleSettings | None = None,
        *,
        timer: Clock | None = None,
        seed: int = 1,
        step: timedelta = STEP,
    ) -> None:
        desk = Desk(settings or DoubleSettings(), markets, clock, timer or MonotonicClock(), seed)
        self.desk = desk
        self.tokens = Tokens(desk)
        self.ledger = Ledger(desk)
        self.transactions = Transactions(desk)
        self.life = OrderLife(desk, self.ledger, self.transactions)
        self.checks = OrderChecks(desk, self.ledger)
        self.orders = OrderService(desk, self.checks, self.life)
        self.complex_orders = ComplexOrders(desk, self.orders, self.life)
        self.expirations = Expirations(desk, self.ledger, self.transactions)
        self.connections = Connections()
        self.stream = AccountStream(desk, self.tokens, self.connections)
        self.market_data = DxLink(desk, self.tokens, self.connections)
        self._step = step
        self._server: QuietServer | None = None
        self._owner = Tasks()
        self._tasks: list[asyncio.Task[None]] = []
        self._host, self._port = "127.0.0.1", 0

    @property
    def faults(self) -> Faults:
        """The switches."""
        return self.desk.faults

    @property
    def truth(self) -> Truth:
        """What really happened."""
        return self.desk.truth

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        return self._port

    @property
    def url(self) -> str:
        """The address of the REST API."""
        return f"http://{self._address}"

    @property
    def stream_url(self) -> str:
        """The address of the account stream."""
        return f"ws://{self._address}/streamer"

    @property
    def market_data_url(self) -> str:
        """The address of the market data, which `/api-quote-tokens` names."""
        return f"ws://{self._address}/dxlink"

    @property
    def _address(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Accept clients, and match orders at every step of the market.

        Raises
        ------
        OSError
            When the address cannot be taken.
        """
        if (before := self.desk.state.before) is not None:
            self.desk.state.before = None
            working = restore(self.desk, before)
            self.ledger.restore(self.desk.timer.now() - LONG_AGO)
            self.life.resume(working)
        listener = listen(host, port)
        self._host, self._port = host, int(listener.getsockname()[1])
        self._server = server_of(self._application().asgi, self.connections, MAX_FRAME_BYTES)
        serving = self._owner.spawn("server", self._server.serve([listener]))
        self._tasks = [serving, self._owner.spawn("market steps", self._run())]
        while not self._server.started:
            if serving.done():
                serving.result()
                raise OSError(f"the server on {host}:{port} ended as it started")
            await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Close all sockets.

        Raises
        ------
        BaseException
            What failed in a step of the market, or in what happened later.
        """
        await self.desk.timeline.stop()
        self.stream.cut_all()
        self.market_data.cut_all()
        while self.stream.clients or self.market_data.clients:  # noqa: ASYNC110 - their handlers end within turns
            await asyncio.sleep(0)
        if self._server is not None:
            self._server.end()
        results: list[BaseException | None] = []
        if self._tasks:
            serving, running = self._tasks
            running.cancel()
            results = list(await asyncio.gather(serving, running, return_exceptions=True))
        self.desk.commit()
        failures = list(self.desk.timeline.failures)
        failures += [
            result for result in results if result is not None and not isinstance(result, asyncio.CancelledError)
        ]
        if failures:
            raise failures[0]

    def step(self) -> None:
        """Look at the market: send data, fill, expire and settle."""
        self.market_data.step()
        self.life.step()
        self.expirations.step()
        self.desk.commit()

    def _application(self) -> Application:
        desk = self.desk
        operations = (
            *OrderOperations(self.orders, self.complex_orders).all(),
            *AccountOperations(
                desk, self.ledger, self.orders, self.transactions, self.tokens, self.market_data_url
            ).all(),
            *InstrumentOperations(desk).all(),
        )
        sockets = (
            WebSocketRoute("/streamer", self.stream.serve),
            WebSocketRoute("/dxlink", self.market_data.serve),
        )
        return Application(desk, self.tokens, operations, sockets, self.connections)

    async def _run(self) -> None:
        while True:
            await self.desk.clock.sleep(self._step.total_seconds())
            self.step()
