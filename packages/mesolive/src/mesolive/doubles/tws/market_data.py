"""Market data served to clients: subscriptions within the limit of lines, snapshots, kinds of data, and silence."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from mesolive.doubles.products import MARKET_RULES, PRODUCTS
from mesolive.doubles.tws.gateway import Client, Gateway
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.messages import market_data_type, tick_price, tick_req_params, tick_snapshot_end
from mesolive.doubles.tws.requests import ReqMktData
from mesolive.doubles.tws.settings import Entitlement
from mesolive.doubles.tws.ticks import ASK, BID, Ticks, changes, combo_ticks, option_ticks, underlying_ticks
from mesolive.doubles.tws.wire import frame

LIVE, FROZEN, DELAYED_TYPE, DELAYED_FROZEN = 1, 2, 3, 4
BURST_FRAMES: Final = 500
"""How many ticks of a burst are written at once."""

OPTION_FARM: Final = "usopt"
OTHER_FARM: Final = "usfarm"


@dataclass(slots=True)
class Subscription:
    """One subscription of a client.

    Attributes
    ----------
    legs
        What it is of: one contract, or the legs of a combo, with signed ratios.
    kind
        Of data that it really has.
    silent
        Whether nothing comes any more, without a message that says so.
    last
        The ticks that the client has.
    """

    client: Client
    req_id: int
    legs: Sequence[tuple[Instrument, int]]
    is_combo: bool
    generic: frozenset[int]
    snapshot: bool
    kind: int
    computed: bool
    silent: bool = False
    last: Ticks | None = None

    @property
    def farm(self) -> str:
        """The data farm that serves it."""
        return OPTION_FARM if self.legs[0][0].option is not None else OTHER_FARM


class MarketDataService:
    """Keeps the subscriptions of all clients and sends them their ticks.

    Attributes
    ----------
    broken
        Names of the farms that are broken: their subscriptions are silent.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._subscriptions: dict[tuple[int, int], Subscription] = {}
        self._kinds: dict[int, int] = {}
        self.broken: set[str] = set()
        self._competing = False

    @property
    def lines(self) -> int:
        """How many lines are in use, over all clients."""
        return len(self._subscriptions)

    def subscriptions(self, client_id: int) -> list[Subscription]:
        """Return the subscriptions of one client."""
        return [
            subscription for subscription in self._subscriptions.values() if subscription.client.client_id == client_id
        ]

    def set_kind(self, client: Client, kind: int) -> None:
        """Take the kind of data that later subscriptions of this client ask for."""
        if kind not in {LIVE, FROZEN, DELAYED_TYPE, DELAYED_FROZEN}:
            client.error(-1, 321, request="reqMarketDataType", cause="Invalid market data type")
            return
        self._kinds[client.client_id] = kind

    def subscribe(self, client: Client, request: ReqMktData) -> None:
        """Begin a subscription or a snapshot, or answer why not."""
        gateway, req_id = self._gateway, request.req_id
        key = (client.client_id, req_id)
        if key in self._subscriptions:
            client.error(req_id, 322, request="reqMktData", cause="Duplicate ticker id")
            return
        if request.snapshot and request.generic_ticks:
            cause = "Snapshot market data subscription is not applicable to generic ticks"
            client.error(req_id, 321, request="reqMktData", cause=cause)
            return
        legs = self._legs(request)
        if not legs:
            client.error(req_id, 200)
            return
        if self.lines >= gateway.settings.lines:
            client.error(req_id, 101)
            return
        symbol = legs[0][0].product
        kind = self._granted(client, req_id, symbol, legs[0][0].con_id)
        if kind is None:
            return
        partly = gateway.faults.strike("partly_subscribed", client=client.client_id, symbol=symbol)
        if partly is not None:
            client.error(req_id, int(partly["code"]))
        subscription = Subscription(
            client=client,
            req_id=req_id,
            legs=legs,
            is_combo=request.contract.sec_type == "BAG",
            generic=request.generic_ticks,
            snapshot=request.snapshot,
            kind=kind,
            computed=partly is None and gateway.faults.strike("no_computations", client=client.client_id) is None,
        )
        self._subscriptions[key] = subscription
        self._begin(subscription)

    def _begin(self, subscription: Subscription) -> None:
        gateway, client, req_id = self._gateway, subscription.client, subscription.req_id
        if self._competing or gateway.faults.is_on("competing_session"):
            self._competing = True
            client.error(req_id, 10197)
            if subscription.snapshot:
                self._end_snapshot(subscription)
            return
        client.send(market_data_type(req_id, subscription.kind))
        product = PRODUCTS[subscription.legs[0][0].product]
        step = product.combo_tick if subscription.is_combo else min(at for _, at in MARKET_RULES[product.market_rule])
        client.send(tick_req_params(req_id, step, "9c0001", 3))
        self._send(subscription)
        if not subscription.snapshot:
            return
        late = gateway.faults.strike("snapshot_late", client=client.client_id) is not None
        whole = subscription.last is not None and subscription.last.is_whole
        wait = 0.0 if whole and not late else gateway.settings.snapshot_seconds
        gateway.timeline.after(wait, partial(self._end_snapshot, subscription))

    def _end_snapshot(self, subscription: Subscription) -> None:
        key = (subscription.client.client_id, subscription.req_id)
        if self._subscriptions.get(key) is subscription:
            del self._subscriptions[key]
            subscription.client.send(tick_snapshot_end(subscription.req_id))

    def cancel(self, client: Client, req_id: int) -> None:
        """End a subscription; 300 when there is none."""
        if self._subscriptions.pop((client.client_id, req_id), None) is None:
            client.error(req_id, 300)

    def leave(self, client_id: int) -> None:
        """End what a client had when its socket was lost."""
        self._kinds.pop(client_id, None)
        for key in [key for key in self._subscriptions if key[0] == client_id]:
            del self._subscriptions[key]

    def step(self) -> None:
        """Send what has changed in the market."""
        gateway = self._gateway
        if not gateway.link:
            return
        if gateway.faults.is_on("competing_session") != self._competing:
            self._compete(not self._competing)
        if self._competing:
            return
        for key, subscription in list(self._subscriptions.items()):
            if gateway.faults.strike("subscription_lost", client=subscription.client.client_id) is not None:
                del self._subscriptions[key]
                subscription.client.error(subscription.req_id, 10182)
                continue
            self._send(subscription)

    def lose(self) -> None:
        """Forget all subscriptions: IB's servers did (1101)."""
        self._subscriptions.clear()

    def fall_silent(self, farms: Sequence[str] = (OPTION_FARM, OTHER_FARM)) -> None:
        """Send nothing for the present subscriptions any more, and do not say so."""
        for subscription in self._subscriptions.values():
            if subscription.farm in farms:
                subscription.silent = True

    def burst(self, count: int) -> int:
        """Send price ticks as fast as they can be written, over all subscriptions in turn; return how many."""
        subscriptions = [
            subscription
            for subscription in self._subscriptions.values()
            if subscription.last is not None and not subscription.snapshot
        ]
        if not subscriptions:
            return 0
        sent = 0
        waiting: dict[int, tuple[Subscription, list[bytes]]] = {}
        for subscription in itertools.islice(itertools.cycle(subscriptions), count):
            tick = BID if sent % (2 * len(subscriptions)) < len(subscriptions) else ASK
            last = subscription.last
            assert last is not None  # noqa: S101 - only those with ticks were taken
            price, size = last.prices.get(tick, (0.0, 0))
            moved = price if price < 0 else round(price + 0.05 * (sent % 2), 2)
            message = tick_price(subscription.req_id, tick, moved, size, 1)
            frames = waiting.setdefault(subscription.client.client_id, (subscription, []))[1]
            frames.append(frame(message))
            sent += 1
            if len(frames) >= BURST_FRAMES:
                subscription.client.send_raw(b"".join(frames))
                frames.clear()
        for subscription, frames in waiting.values():
            subscription.client.send_raw(b"".join(frames))
        return sent

    def _send(self, subscription: Subscription) -> None:
        if subscription.silent or subscription.farm in self.broken or not self._gateway.link:
            return
        ticks = self._ticks(subscription)
        if ticks is None:
            return
        delayed = subscription.kind in {DELAYED_TYPE, DELAYED_FROZEN}
        for message in changes(subscription.req_id, subscription.last, ticks, delayed=delayed):
            subscription.client.send(message)
        subscription.last = ticks

    def _ticks(self, subscription: Subscription) -> Ticks | None:
        markets = self._gateway.markets
        if subscription.is_combo:
            if self._gateway.faults.is_on("combo_data_dead", client=subscription.client.client_id):
                return None
            return combo_ticks(markets, subscription.legs)
        instrument = subscription.legs[0][0]
        if instrument.option is None:
            return underlying_ticks(markets, instrument, self._gateway.now())
        return option_ticks(markets, instrument, subscription.generic, computed=subscription.computed)

    def _legs(self, request: ReqMktData) -> list[tuple[Instrument, int]]:
        """Return what a request is of; nothing when there is no such contract."""
        gateway = self._gateway
        if request.contract.sec_type != "BAG":
            matching = gateway.instruments.find(request.contract, gateway.now())
            return [(matching[0], 1)] if len(matching) == 1 else []
        legs: list[tuple[Instrument, int]] = []
        for leg in request.legs:
            instrument = gateway.instruments.known(leg.con_id)
            if instrument is None or not gateway.instruments.alive(instrument, gateway.now()):
                return []
            legs.append((instrument, leg.ratio if leg.action == "BUY" else -leg.ratio))
        return legs

    def _granted(self, client: Client, req_id: int, symbol: str, con_id: int) -> int | None:
        """Return the kind of data that a subscription gets, or `None` when it was refused."""
        gateway = self._gateway
        asked = self._kinds.get(client.client_id, LIVE)
        is_open = gateway.markets.trades(symbol, gateway.now())
        entitlement = gateway.settings.entitlement
        if gateway.faults.strike("not_subscribed", client=client.client_id, symbol=symbol, con_id=con_id) is not None:
            entitlement = Entitlement.NONE if asked in {LIVE, FROZEN} else Entitlement.DELAYED
        if entitlement is Entitlement.LIVE:
            return LIVE if is_open or asked in {LIVE, DELAYED_TYPE} else FROZEN
        if asked in {LIVE, FROZEN}:
            client.error(req_id, 354)
            return None
        if entitlement is Entitlement.NONE or not gateway.settings.delayed_enabled:
            client.error(req_id, 10168 if not gateway.settings.delayed_enabled else 10186)
            return None
        client.error(req_id, 10167)
        return DELAYED_TYPE if is_open or asked == DELAYED_TYPE else DELAYED_FROZEN

    def _compete(self, competing: bool) -> None:
        """Begin or end the time in which another session of the user has the data."""
        self._competing = competing
        for subscription in self._subscriptions.values():
            if competing:
                subscription.client.error(subscription.req_id, 10197)
            else:
                subscription.last = None
