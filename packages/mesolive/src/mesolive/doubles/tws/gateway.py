"""Gateway: what all services of the double of TWS share: state, market, clients, faults, and time on the connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from mesolive.clock import Clock
from mesolive.doubles.markets import Markets
from mesolive.doubles.timeline import Timeline
from mesolive.doubles.truth import Truth
from mesolive.doubles.tws.contract_messages import GatewayZone
from mesolive.doubles.tws.faults import Faults
from mesolive.doubles.tws.instruments import Instrument, Instruments
from mesolive.doubles.tws.order_messages import TimeForm, Writing
from mesolive.doubles.tws.records import Account, State, decode_state, encode_state
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.doubles.tws.wire import Message


class Client(Protocol):
    """A client that has logged in, as services see it."""

    @property
    def client_id(self) -> int:
        """Its number."""
        ...

    @property
    def version(self) -> int:
        """The server version that was agreed on with it."""
        ...

    def send(self, message: Message) -> None:
        """Send a message, once the state behind it is kept."""
        ...

    def send_raw(self, data: bytes) -> None:
        """Send frames that are made already."""
        ...

    def error(self, req_id: int, code: int, **details: object) -> None:
        """Send an error, a warning or a notice."""
        ...


class Gateway:
    """What the services share.

    Parameters
    ----------
    settings
        What the double is like.
    markets
        Quotes.
    clock
        Market time: days, sessions, quotes.
    timer
        Time on the connection: pacing, delays, outages.
    seed
        Of the faults.

    Attributes
    ----------
    clients
        Those that have logged in, by number.
    link
        Whether TWS is connected to IB's servers.
    """

    def __init__(self, settings: DoubleSettings, markets: Markets, clock: Clock, timer: Clock, seed: int) -> None:
        self.settings = settings
        self.markets = markets
        self.clock = clock
        self.timer = timer
        self.faults = Faults(seed)
        self.instruments = Instruments(markets)
        self.zone = GatewayZone.of(settings.zone, settings.written_zone)
        self.clients: dict[int, Client] = {}
        self.link = True
        self.timeline = Timeline(timer, self.commit)
        self.state = _read_state(settings.state_path)
        self.truth = Truth(clock.now, settings.truth_path, None if settings.state_path is None else self.state.truths)
        for name in settings.accounts:
            self.state.accounts.setdefault(name, Account(name, settings.cash))
        self.instruments.adopt(self.state.instruments.values())
        self._after: list[Callable[[], None]] = []
        self._saved: tuple[object, ...] = ()

    def now(self) -> datetime:
        """Return the market's time."""
        return self.clock.now()

    def today(self) -> date:
        """Return the day in the gateway's time zone: lists of executions and completed orders begin with it."""
        return self.now().astimezone(self.zone.zone).date()

    def writing(self, client: Client) -> Writing:
        """Return how messages are written for a client."""
        times = TimeForm.LOCAL
        if self.faults.is_on("zone_left_out", client=client.client_id):
            times = TimeForm.WITHOUT_ZONE
        elif self.faults.is_on("times_in_utc", client=client.client_id):
            times = TimeForm.UTC
        return Writing(self.markets.calendar, self.written_zone(client.client_id), client.version, times)

    def written_zone(self, client_id: int) -> GatewayZone:
        """Return the zone of times in messages: that of a fault, or the gateway's own."""
        if not self.faults.is_on("unknown_zone", client=client_id):
            return self.zone
        struck = self.faults.strike("unknown_zone", client=client_id)
        return self.zone if struck is None else GatewayZone(self.zone.zone, struck["zone"])

    def instrument(self, con_id: int) -> Instrument | None:
        """Return a contract and keep it: it stays known after its expiration."""
        instrument = self.instruments.known(con_id)
        if instrument is not None:
            self.state.instruments.setdefault(con_id, instrument)
        return instrument

    def account(self, name: str) -> Account:
        """Return an account."""
        return self.state.accounts[name]

    def all_clients(self) -> Iterator[Client]:
        """Return the clients that have logged in."""
        return iter(list(self.clients.values()))

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something once the state is kept: write to sockets, or close them."""
        self._after.append(action)

    def commit(self) -> None:
        """Save the state, then send the messages: a message that was sent survives a kill of the double."""
        self.truth.flush()
        current = (len(self.truth.entries), self.state.next_execution, tuple(self.state.next_order_ids.items()))
        if self.settings.state_path is not None and current != self._saved:
            self._saved = current
            for product in self.markets.products:
                spot = self.markets.spot(product.symbol)
                if spot is not None:
                    self.state.spots[product.symbol] = float(spot)
            self.state.reached, self.state.truths = self.now(), len(self.truth.entries)
            path = self.settings.state_path
            new = path.with_name(f"{path.name}.new")
            new.write_bytes(encode_state(self.state))
            new.replace(path)
        while self._after:
            actions, self._after = self._after, []
            for action in actions:
                action()


def _read_state(path: Path | None) -> State:
    return State() if path is None or not path.exists() else decode_state(path.read_bytes())
