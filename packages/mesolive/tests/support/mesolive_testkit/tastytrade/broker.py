"""A small broker behind the scripted REST server and the account stream: orders, fills, positions, transactions.

It does what its tests tell it, and nothing by itself: orders work until they are filled or ended by hand.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import httpx

from mesolive.clock import ManualClock
from mesolive.connectors.tastytrade.order_journal import OrderJournal
from mesolive.connectors.tastytrade.symbols import contract_of
from mesolive.connectors.tastytrade.venue import TastytradeVenue
from mesolive.connectors.tastytrade.venue_core import VenueRules, VenueTimes
from mesolive.market.calendar import us_options_calendar
from mesolive.records import replace
from mesolive.tastytrade_client import AccountStream, RestApi, StreamConfig
from mesolive.venues.base import VenueLeg, VenueRequest
from mesolive.venues.combo_quotes import ComboQuote
from mesolive_sdk.models import OrderType, TimeInForce
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.rest import FakeRest, body_of, transport
from mesolive_testkit.tastytrade.samples import ACCOUNT, LONG, SHORT
from mesolive_testkit.tastytrade.sockets import FakeAccountStream, serving

NOW = datetime(2026, 7, 27, 14, 40, tzinfo=UTC)
"""In the session."""
# Nothing gives up because the machine is busy: a test that waits for the end of a time makes that time short.
QUICK_TIMES = VenueTimes(
    search_pauses=(0.02, 0.05),
    quarantine=3600.0,
    quiet=0.03,
    commission=60.0,
    fills_missing=0.3,
    ledger=60.0,
    settle=60.0,
    work=0.02,
    settlements=0.1,
    settlements_due=0.1,
    dry_run=60.0,
)
ORDERS = f"/accounts/{ACCOUNT}/orders"


@dataclass
class FakeBroker:
    """What the broker has, and what goes wrong there.

    Attributes
    ----------
    lose_answers
        How many submissions are taken and not answered.
    lose_orders
        How many submissions are neither taken nor answered.
    echo
        Whether answers and states have the identifier.
    """

    rest: FakeRest = field(default_factory=FakeRest)
    stream: FakeAccountStream = field(default_factory=FakeAccountStream)
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    lose_answers: int = 0
    lose_orders: int = 0
    refusals: list[httpx.Response] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    echo: bool = True
    next_id: int = 1000
    ticks: int = 0

    def __post_init__(self) -> None:
        rest = self.rest
        rest.on("POST", ORDERS, self._submit)
        rest.on("POST", f"{ORDERS}/dry-run", httpx.Response(201, json=samples.placed(samples.order())))
        rest.on("GET", ORDERS, self._list)
        rest.on("GET", f"{ORDERS}/live", self._list)
        rest.on("GET", f"/accounts/{ACCOUNT}/positions", self._positions)
        rest.on("GET", f"/accounts/{ACCOUNT}/transactions", self._rows)

    # --- what tests do ------------------------------------------------------------------------------------------------

    def stamp(self) -> int:
        self.ticks += 1
        return int((NOW + timedelta(milliseconds=self.ticks)).timestamp() * 1000)

    async def set(self, number: int, status: str, *, tell: bool = True, **more: object) -> None:
        self.orders[number] |= {"status": status, "updated-at": self.stamp()}
        self.orders[number] |= {name.replace("_", "-"): value for name, value in more.items()}
        if status in {"Cancelled", "Filled", "Expired", "Rejected"}:
            self.orders[number]["terminal-at"] = (NOW + timedelta(milliseconds=self.ticks)).isoformat()
        if tell:
            await self.stream.tell("Order", self.shown(number))

    async def fill(
        self, number: int, *, legs: int | None = None, quantity: int = 1, status: str = "Filled", tell: bool = True
    ) -> None:
        """Fill the first legs of an order, with one fill each."""
        order = self.orders[number]
        for leg in order["legs"][:legs]:
            self.ticks += 1
            made = samples.fill(self.ticks, quantity, "2.55" if leg["action"].startswith("Sell") else "1.50")
            made["filled-at"] = (NOW + timedelta(milliseconds=self.ticks)).isoformat()
            leg["fills"] = [*leg["fills"], made]
            sign = 1 if leg["action"].startswith("Buy") else -1
            self.positions[leg["symbol"]] = self.positions.get(leg["symbol"], 0) + sign * quantity
            self.rows.append(
                samples.transaction(
                    5000 + self.ticks, symbol=leg["symbol"], order_id=number, quantity=f"{quantity}.0",
                    action=leg["action"], transaction_sub_type=leg["action"], executed_at=made["filled-at"],
                )
            )  # fmt: skip
        await self.set(number, status, tell=tell)

    def shown(self, number: int) -> dict[str, Any]:
        order = json.loads(json.dumps(self.orders[number]))
        if not self.echo:
            order.pop("external-identifier", None)
        return order

    # --- the API ------------------------------------------------------------------------------------------------------

    def make(self, body: dict[str, Any], **more: object) -> int:
        self.next_id += 3
        number = self.next_id
        legs = [samples.leg(leg["symbol"], leg["action"], leg["quantity"]) for leg in body["legs"]]
        self.orders[number] = samples.order(
            number, "Live", legs=legs, external_identifier=body.get("external-identifier"), source=body.get("source"),
            price=body.get("price"), price_effect=body.get("price-effect"), updated_at=self.stamp(),
            received_at=NOW.isoformat(), **more,
        )  # fmt: skip
        base = f"{ORDERS}/{number}"
        self.rest.on("GET", base, partial(self._one, number))
        self.rest.on("DELETE", base, partial(self._cancel, number))
        self.rest.on("PUT", base, partial(self._replace, number))
        return number

    def _submit(self, request: httpx.Request) -> httpx.Response:
        if self.refusals:
            return self.refusals.pop(0)
        if self.lose_orders:
            self.lose_orders -= 1
            raise httpx.ReadTimeout("lost on the way")
        number = self.make(body_of(request))
        if self.lose_answers:
            self.lose_answers -= 1
            raise httpx.ReadTimeout("the answer was lost")
        return httpx.Response(201, json=samples.placed(self.shown(number)))

    def _one(self, number: int, request: httpx.Request | None = None) -> httpx.Response:
        return httpx.Response(200, json=samples.envelope(self.shown(number)))

    def _cancel(self, number: int, request: httpx.Request) -> httpx.Response:
        order = self.orders[number]
        if order["status"] in {"Filled", "Cancelled", "Expired"}:
            body = samples.error("cannot_update_order", "the order could not be cancelled")
            return httpx.Response(422, json=body)
        order |= {"status": "Cancelled", "updated-at": self.stamp(), "terminal-at": NOW.isoformat()}
        return self._one(number)

    def _replace(self, number: int, request: httpx.Request) -> httpx.Response:
        old = self.orders[number]
        body = {"legs": old["legs"], **body_of(request)}
        new = self.make(body, replaces_order_id=number)
        old |= {"status": "Cancelled", "edited": True, "replacing-order-id": new, "updated-at": self.stamp()}
        if self.lose_answers:
            self.lose_answers -= 1
            raise httpx.ReadTimeout("the answer was lost")
        return self._one(new)

    def _list(self, request: httpx.Request) -> httpx.Response:
        shown = [self.shown(number) for number in sorted(self.orders, reverse=True) if number not in self.hidden]
        return httpx.Response(200, json=samples.items(*shown))

    def _positions(self, request: httpx.Request) -> httpx.Response:
        items = [
            samples.position(symbol, abs(quantity), "Long" if quantity > 0 else "Short")
            for symbol, quantity in self.positions.items()
            if quantity
        ]
        return httpx.Response(200, json=samples.items(*items))

    def _rows(self, request: httpx.Request) -> httpx.Response:
        types = request.url.params.get_list("types[]")
        symbol = request.url.params.get("symbol")
        items = [
            row
            for row in self.rows
            if (not types or row["transaction-type"] in types) and symbol in (None, row["symbol"])
        ]
        return httpx.Response(200, json=samples.items(*items))


@dataclass
class Traded:
    """A venue at a small broker."""

    broker: FakeBroker
    venue: TastytradeVenue
    clock: ManualClock

    def take_times(self, **seconds: float) -> None:
        """Let the venue have other times from now on."""
        self.venue.core.times = replace(self.venue.core.times, **seconds)


def no_quote(_legs: object) -> ComboQuote | None:
    return None


@asynccontextmanager
async def trading(
    broker: FakeBroker | None = None, *, journal: OrderJournal | None = None, rules: VenueRules | None = None
) -> AsyncGenerator[Traded]:
    broker = broker or FakeBroker()
    clock = ManualClock(NOW)
    async with serving(broker.stream) as url, transport(broker.rest) as calls:
        stream = AccountStream(url, calls.tokens, StreamConfig(heartbeat_seconds=20.0, connect_seconds=60.0))
        venue = TastytradeVenue(
            RestApi(calls), stream, clock, us_options_calendar(), no_quote,
            journal=journal, rules=rules or VenueRules(dry_run=False), times=QUICK_TIMES,
        )  # fmt: skip
        venue.come_up([ACCOUNT])
        await venue.start()
        try:
            yield Traded(broker, venue, clock)
        finally:
            await venue.stop()


def spread(qty: int = 1, limit: str = "-1.05", reference: str = "ref-1", *, closing: bool = False) -> VenueRequest:
    """Return a put spread that is sold, or bought back."""
    short, long = contract_of(SHORT), contract_of(LONG)
    assert short is not None
    assert long is not None
    sign = -1 if closing else 1
    return VenueRequest(
        account=ACCOUNT,
        reference=reference,
        legs=(
            VenueLeg(name="short", contract=short, ratio=Decimal(-sign)),
            VenueLeg(name="long", contract=long, ratio=Decimal(sign)),
        ),
        qty=Decimal(qty),
        order_type=OrderType.Limit,
        time_in_force=TimeInForce.Day,
        limit_price=Decimal(limit),
    )
