"""A double of a broker for `mesolive demo --broker`: runs it in the process, and connects the server to it.

A new double is one function here and one line in `DOUBLES`: of the seed, and of the folder of the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesolive.cli.demo_strategy import in_range
from mesolive.cli.demo_view import StepFailedError
from mesolive_sdk import MesoLiveControlHubClient, models

if TYPE_CHECKING:
    from mesolive.clock import Clock
    from mesolive.doubles.markets import Markets
    from mesolive.market.book import QuoteBook

NAME: Final = "demo-broker"
CONNECT_SECONDS: Final = 60.0
CHAIN_SECONDS: Final = 120.0
SPOT: Final = 5000.0
TWS_STATE: Final = "demo-tws.json"
TASTYTRADE_STATE: Final = "demo-tastytrade.msgpack"
IN_SESSION: Final = timedelta(hours=1)
"""Market time after the opening at which a double begins while the exchange is closed."""


@dataclass(frozen=True, slots=True)
class BrokerDouble:
    """What a connector needs to know of a double.

    Attributes
    ----------
    kind
        The kind of connector.
    settings, secrets
        Of the connector.
    account
        The account that is traded.
    """

    kind: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    account: str


@dataclass(frozen=True, slots=True)
class _Market:
    """A simulated market in a session of the exchange."""

    markets: Markets
    clock: Clock

    @property
    def offset(self) -> str:
        """Seconds that its time is ahead of this computer's, as a setting of a connector."""
        return f"{(self.clock.now() - datetime.now(UTC)).total_seconds():.3f}"


@asynccontextmanager
async def _market(seed: int, reached: datetime | None = None, spot: float = SPOT) -> AsyncGenerator[_Market]:
    """Run the market behind a double, from where an earlier demo has `reached`."""
    from mesolive.clock import ScaledClock  # noqa: PLC0415 - only where a double is asked for
    from mesolive.doubles.markets import Markets  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    clock = ScaledClock(_in_session(now if reached is None else max(now, reached)))
    markets = Markets.simulated(clock, seed=seed, symbols=("SPX",), spot=spot)
    await markets.start()
    try:
        yield _Market(markets, clock)
    finally:
        await markets.stop()


@asynccontextmanager
async def tastytrade_double(seed: int, folder: Path) -> AsyncGenerator[BrokerDouble]:
    """Run the double of tastytrade; its account continues from an earlier demo."""
    from mesolive.doubles.tastytrade.double import TastytradeDouble  # noqa: PLC0415 - only where it is asked for
    from mesolive.doubles.tastytrade.settings import DoubleSettings  # noqa: PLC0415 - as above
    from mesolive.doubles.tastytrade.state import read_state  # noqa: PLC0415 - as above

    # Ids of the broker are permanent, and the database has positions: a double without its memory would know neither.
    settings = DoubleSettings(state_path=folder / TASTYTRADE_STATE)
    before = read_state(folder / TASTYTRADE_STATE)
    reached, spots = (None, {}) if before is None else (before.reached, before.spots)
    async with _market(seed, reached, spots.get("SPX", SPOT)) as market:
        double = TastytradeDouble(market.markets, market.clock, settings)
        await double.start()
        try:
            yield BrokerDouble(
                kind="tastytrade",
                settings={
                    "rest_url": double.url,
                    "stream_url": double.stream_url,
                    "clock_offset": market.offset,
                    "days": "120",
                    "strikes_percent": "20",
                    "dry_run": "always",
                },
                secrets={"client_secret": settings.client_secret, "refresh_token": settings.refresh_token},
                account=settings.accounts[0],
            )
        finally:
            await double.stop()


@asynccontextmanager
async def ibkr_double(seed: int, folder: Path) -> AsyncGenerator[BrokerDouble]:
    """Run the double of TWS of Interactive Brokers; its account continues from an earlier demo."""
    from mesolive.doubles.tws.double import TwsDouble  # noqa: PLC0415 - only where it is asked for
    from mesolive.doubles.tws.records import State, decode_state  # noqa: PLC0415 - as above
    from mesolive.doubles.tws.settings import DoubleSettings  # noqa: PLC0415 - as above

    # Ids at IB are permanent: a double without its memory would give those of orders that the database has.
    settings = DoubleSettings(state_path=folder / TWS_STATE)
    before = decode_state((folder / TWS_STATE).read_bytes()) if (folder / TWS_STATE).exists() else State()
    async with _market(seed, before.reached, before.spots.get("SPX", SPOT)) as market:
        double = TwsDouble(market.markets, market.clock, settings)
        await double.start()
        try:
            yield BrokerDouble(
                kind="ibkr",
                settings={
                    "port": str(double.port),
                    "clock_offset": market.offset,
                    "restart_window": "",
                    "preview_margin": "true",
                },
                secrets={},
                account=settings.accounts[0],
            )
        finally:
            await double.stop()


def _in_session(now: datetime) -> datetime:
    """Return the present moment while the exchange is open for another hour, else one in the next session."""
    from mesolive.market.calendar import us_options_calendar  # noqa: PLC0415 - only where a double is asked for

    opening, close = us_options_calendar().open_session_at_or_after(now)
    return now if opening <= now and now + IN_SESSION < close else max(opening, now) + IN_SESSION


DOUBLES: Final[Mapping[str, Callable[[int, Path], AbstractAsyncContextManager[BrokerDouble]]]] = {
    "ibkr-double": ibkr_double,
    "tastytrade-double": tastytrade_double,
}


async def connect_broker(control: MesoLiveControlHubClient, broker: BrokerDouble) -> None:
    """Add a connector for a double, enable it, wait until it is connected, and use its account.

    Raises
    ------
    StepFailedError
        When it does not connect in time.
    """
    known = {item.Name: item for item in (await control.list_connectors()).Connectors}
    for other in known.values():
        if other.Name.startswith(NAME) and other.Kind != broker.kind and other.Enabled:
            # Of an earlier demo with another broker, whose double does not run now.
            await control.disable_connector(models.ConnectorArgs(Name=other.Name))
    own = [name for name in (NAME, f"{NAME}-{broker.kind}") if name not in known or known[name].Kind == broker.kind]
    name = next((name for name in own if name in known), own[0])
    if name in known:
        # Of an earlier demo on this database: the double of today has other addresses.
        await control.update_connector(
            models.UpdateConnectorArgs(Name=name, Settings=dict(broker.settings), Secrets=dict(broker.secrets))
        )
    else:
        await control.add_connector(
            models.AddConnectorArgs(
                Name=name, Kind=broker.kind, Settings=dict(broker.settings), Secrets=dict(broker.secrets)
            )
        )
    await control.enable_connector(models.ConnectorArgs(Name=name))
    state = "it did not answer"
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            while True:
                (item,) = [
                    connector for connector in (await control.list_connectors()).Connectors if connector.Name == name
                ]
                state = item.Message or item.State.value
                if item.State.value == "Connected" and item.Accounts:
                    break
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise StepFailedError("Connect the broker", state) from None
    await control.enable_broker_account(models.EnableBrokerAccountArgs(Name=name, BrokerAccountId=broker.account))


async def chain_read(book: QuoteBook) -> None:
    """Wait until the chain has an expiration in the sample's range: a broker is asked for the nearest ones first.

    Raises
    ------
    StepFailedError
        When it is not read in time.
    """
    try:
        async with asyncio.timeout(CHAIN_SECONDS), book.changes.subscribe() as changes:
            while not in_range(book.listing, book.clock.now()):
                await anext(changes)
    except TimeoutError:
        raise StepFailedError("Read the chain", f"no expiration in range within {CHAIN_SECONDS:g} s") from None
