"""Orders that wait before they are sent to tastytrade: a cancel, a halt or a late moment keeps them from leaving."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path

import anyio
import anyio.abc
import httpx
import pytest

from mesolive.connectors.tastytrade.order_requests import new_order
from mesolive.connectors.tastytrade.symbols import order_symbol
from mesolive.connectors.tastytrade.venue_core import VenueRules
from mesolive.records import replace
from mesolive.tastytrade_client import Answered, RestApi
from mesolive.venues.base import (
    NOT_SENT,
    Accepted,
    Ended,
    Ending,
    Execution,
    OrderStatus,
    VenueLeg,
    VenueRequest,
    VenueUnreachableError,
)
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.bench import (
    CLIENT,
    MORNING,
    QUICK_SETTINGS,
    TastytradeBench,
    at_the_broker,
    at_the_double,
    client_of,
)
from mesolive_testkit.tastytrade.broker import NOW, ORDERS, spread, trading
from mesolive_testkit.tastytrade.sockets import until
from mesolive_testkit.venues.benches import ACCOUNT

SLOW_STEPS = ["throttled", "dry_run", "ledger"]


class Check:
    """The server's check of an order.

    Attributes
    ----------
    reason
        Why the order must not be sent any more.
    meanwhile
        Called when the check is asked.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.reason: str | None = None
        self.meanwhile: Callable[[], None] = lambda: None

    async def __call__(self) -> str | None:
        self.asked += 1
        self.meanwhile()
        return self.reason


@asynccontextmanager
async def at_a_slow_step(
    directory: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[tuple[TastytradeBench, VenueRequest, Check, asyncio.Task[Accepted | Ended]]]:
    """Yield an order that a slow step keeps from being sent, or from being sent once more."""
    monkeypatch.setattr("mesolive.tastytrade_client.rate_limits.PENALTY_SECONDS", 0.5)
    settings = replace(QUICK_SETTINGS, ledger_lag=60.0, position_lag=60.0) if step == "ledger" else QUICK_SETTINGS
    rules, config = VenueRules(dry_run=step == "dry_run"), CLIENT
    async with (
        at_the_double(directory, MORNING, settings=settings, rules=rules, config=config) as bench,
        bench.venue.session() as facts,
    ):
        order, check = bench.order(1), Check()
        if step == "ledger":  # a close is refused, as the broker does not know yet what was opened
            await bench.venue.submit(order)
            await bench.tick()
            async for fact in facts:
                if isinstance(fact, Execution):
                    break
            legs = tuple(VenueLeg(name=leg.name, contract=leg.contract, ratio=-leg.ratio) for leg in order.legs)
            order = bench.order(1, legs=legs)
        elif step == "throttled":
            bench.double.faults.switch_on("throttled", operation="submit", times=1)
        else:
            bench.double.faults.switch_on("answer_held", operation="dry_run", seconds=0.5, times=1)
        sending = asyncio.create_task(bench.venue.submit(order, check))
        if step == "dry_run":
            await until(lambda: bool(bench.double.faults.fired.get("answer_held")))
        else:
            await until(lambda: check.asked == 1)
        yield bench, order, check, sending


@pytest.mark.parametrize("step", SLOW_STEPS)
async def test_a_cancel_during_a_slow_step_ends_the_order_unsent(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_a_slow_step(tmp_path, step, monkeypatch) as (bench, order, _, sending):
        with suppress(VenueUnreachableError):  # in the moment in which it was on its way
            answer = await bench.venue.cancel(ACCOUNT, order.reference, None)
            assert isinstance(answer, Ended)
            assert answer.how is Ending.CANCELLED
        sent = await sending
        assert isinstance(sent, Ended)
        assert sent.how is Ending.CANCELLED
        assert at_the_broker(bench, order) == 0
        listed = {item.reference: item.status for item in await bench.venue.orders(ACCOUNT, MORNING)}
        assert listed[order.reference] is OrderStatus.CANCELLED
        again = await bench.venue.cancel(ACCOUNT, order.reference, None)
        assert isinstance(again, Ended)
        assert again.how is Ending.CANCELLED


@pytest.mark.parametrize("step", SLOW_STEPS)
async def test_a_check_that_says_no_behind_a_slow_step_ends_the_order_unsent(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_a_slow_step(tmp_path, step, monkeypatch) as (bench, order, check, sending):
        check.reason = "the account is halted"
        sent = await sending
        assert isinstance(sent, Ended)
        assert (sent.how, sent.code) == (Ending.REJECTED, NOT_SENT)
        assert "the account is halted" in sent.reason
        assert at_the_broker(bench, order) == 0


async def test_the_check_is_asked_when_the_connection_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect, connected = anyio.connect_tcp, list[bool]()

    async def noted(*, remote_host: str, remote_port: int, local_host: str | None) -> anyio.abc.SocketStream:
        stream = await connect(remote_host, remote_port, local_host=local_host)
        connected.append(True)
        return stream

    async with at_the_double(tmp_path, MORNING) as bench, client_of(bench.double) as transport:
        api, order = RestApi(transport), bench.resting()
        await api.positions(ACCOUNT)  # it has a token then
        await transport.close()  # the next request makes a connection first
        monkeypatch.setattr("anyio.connect_tcp", noted)
        check, at_check = Check(), list[bool]()
        check.meanwhile = lambda: at_check.append(bool(connected))
        actions = {order_symbol(leg.contract): "Buy to Open" if leg.ratio > 0 else "Sell to Open" for leg in order.legs}
        outcome = await api.submit(ACCOUNT, new_order(order, actions, order.limit_price), check)
        assert isinstance(outcome, Answered)
        assert at_check == [True]


async def test_an_order_whose_cancel_comes_while_it_is_written_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mesolive.tastytrade_client.rate_limits.PENALTY_SECONDS", 0.01)
    async with trading() as rig, rig.venue.session():
        rig.broker.refusals = [httpx.Response(429)]
        check, cancels = Check(), list[asyncio.Task[object]]()

        def cancel() -> None:
            if not cancels:
                cancels.append(asyncio.create_task(rig.venue.cancel(samples.ACCOUNT, "ref-1", None)))

        check.meanwhile = cancel
        sent = await rig.venue.submit(spread(), check)
        assert isinstance(sent, Ended)
        assert sent.how is Ending.CANCELLED
        with pytest.raises(VenueUnreachableError, match="is being sent"):
            await cancels[0]
        assert rig.broker.rest.count("POST", ORDERS) == 1


async def test_a_replacement_whose_check_says_no_leaves_the_order_as_it_is() -> None:
    async with trading() as rig, rig.venue.session():
        await rig.venue.submit(spread())
        check = Check()
        check.reason = "the account is halted"
        answer = await rig.venue.replace("ref-1", Decimal(0), spread(limit="-1.00", reference="ref-2"), check)
        assert isinstance(answer, Ended)
        assert (answer.reference, answer.code) == ("ref-2", NOT_SENT)
        assert rig.broker.rest.count("PUT") == 0
        listed = {item.reference: item.status for item in await rig.venue.orders(samples.ACCOUNT, NOW)}
        assert listed["ref-1"] is OrderStatus.WORKING


async def test_an_order_that_cannot_be_looked_for_after_a_refused_token_is_in_doubt() -> None:
    async with trading() as rig, rig.venue.session():
        rig.broker.refusals = [httpx.Response(401, json=samples.error("token_invalid", "old"))]
        forbidden = httpx.Response(403, json=samples.error("not_permitted", "no"))
        rig.broker.rest.on("GET", f"{ORDERS}/live", forbidden)
        with pytest.raises(VenueUnreachableError):
            await rig.venue.submit(spread())
        rig.broker.rest.on("GET", f"{ORDERS}/live", rig.broker._list)
        listed = {item.reference: item.status for item in await rig.venue.orders(samples.ACCOUNT, NOW)}
        assert listed["ref-1"] is OrderStatus.IN_DOUBT
