"""Keys of the answers of the double of tastytrade, compared with those of recorded answers of the real API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias, cast
from urllib.parse import quote

import msgspec
import pytest
import pytest_asyncio

from mesolive.doubles.tastytrade.actions import act
from mesolive_testkit.market import SHARED_DATA, needs_shared_data
from mesolive_testkit.tastytrade.answer_models import LISTS, ONES
from mesolive_testkit.tastytrade_double import ACCOUNT, BASE, TastyKit, limit, running_tastytrade
from mesolive_testkit.tws import IN_SESSION

Maker: TypeAlias = Callable[[TastyKit], Awaitable[Any]]

GONE: Final = {"session", "sessionValidate", "passwordChangeRequestError", "passwordResetError"}
"""Calls with passwords: the broker has ended them."""

ADDED: Final = {"external-identifier", "source", "replaces-order-id", "replacing-order-id", "last-state-timestamp"}
"""Keys that came after the samples were recorded."""

ROUTE_RULE: Final = {
    "conditions": [
        {
            "action": "route",
            "symbol": "AAPL",
            "instrument-type": "Equity",
            "indicator": "last",
            "comparator": "lte",
            "threshold": "0.01",
        }
    ]
}


def recorded() -> Mapping[str, set[str]]:
    """Return the paths of keys of each sample."""
    samples: dict[str, set[str]] = {}
    name = ""
    for line in Path(__file__).with_name("answer_keys.txt").read_text(encoding="utf-8").splitlines()[1:]:
        if line.startswith("  "):
            samples[name].add(line.strip())
        else:
            name = line
            samples[name] = set()
    return samples


AT_NIGHT: Final = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)
CLOSED: Final = {"order", "orderECRDryRun"}
"""Samples that were recorded while the market was closed."""


def paths(answer: Any) -> set[str]:
    """Return the paths of all keys of an answer: each once, although a chain has thousands of options alike."""
    result: set[str] = set()
    collect(answer, "", result)
    return result


def collect(value: Any, before: str, result: set[str]) -> None:
    """Add the paths of all keys below a path."""
    if isinstance(value, dict):
        for key, part in cast("dict[str, Any]", value).items():
            path = f"{before}.{key}" if before else key
            result.add(path)
            if isinstance(part, dict | list):
                collect(part, path, result)
    elif isinstance(value, list):
        path = f"{before}[]"
        for part in cast("list[Any]", value):
            collect(part, path, result)


def shares(action: str = "Buy to Open", price: str | None = "20.00", **fields: Any) -> dict[str, Any]:
    """Return the request of a share of AAPL, without what came later than the samples."""
    body = limit([("AAPL", 1, action)], price or "1", identifier=None, kind="Equity", strict=False, **fields)
    del body["source"]
    if price is None:
        del body["price"], body["price-effect"]
        body["order-type"] = "Market"
    return body


def read(path: str, **params: Any) -> Maker:
    """Return the answer to a read."""

    async def reading(kit: TastyKit) -> Any:
        return (await kit.call("GET", path, **params)).json()

    return reading


def post(path: str, body: Callable[[], Any]) -> Maker:
    """Return the answer to a POST."""

    async def reading(kit: TastyKit) -> Any:
        return (await kit.call("POST", path, body())).json()

    return reading


async def contingent(kit: TastyKit, **fields: Any) -> int:
    """Return an order that waits for a price."""
    return int((await kit.submit(shares(rules=ROUTE_RULE) | fields))["id"])


async def order_answer(kit: TastyKit) -> Any:
    """Return the answer to an order that waits, sent while the market is closed."""
    return (await kit.call("POST", f"{BASE}/orders", shares(rules=ROUTE_RULE))).json()


async def one_order(kit: TastyKit) -> Any:
    number = await contingent(kit)
    return (await kit.call("GET", f"{BASE}/orders/{number}")).json()


async def live_orders(kit: TastyKit) -> Any:
    await contingent(kit)
    answer = (await kit.call("GET", f"{BASE}/orders/live")).json()
    del answer["pagination"]  # lists were not paged then
    return answer


async def cancelled(kit: TastyKit) -> Any:
    number = await contingent(kit)
    await kit.call("DELETE", f"{BASE}/orders/{number}")
    return (await kit.call("GET", f"{BASE}/orders/{number}")).json()


async def changed(kit: TastyKit, method: str, *, searched: bool = False) -> Any:
    number = await contingent(kit)
    body = {"order-type": "Limit", "time-in-force": "Day", "price": "21.00", "price-effect": "Debit"}
    answer = (await kit.call(method, f"{BASE}/orders/{number}", body)).json()
    if searched:
        return (await kit.call("GET", f"{BASE}/orders", **{"per-page": 2})).json()
    return answer


async def dry_replace(kit: TastyKit) -> Any:
    number = await contingent(kit, **{"time-in-force": "GTC"})
    body = {"order-type": "Limit", "time-in-force": "Day", "price": "21.00", "price-effect": "Debit"}
    return (await kit.call("POST", f"{BASE}/orders/{number}/dry-run", body)).json()


async def too_dear(kit: TastyKit) -> Any:
    body = shares(price="400.00")
    body["legs"][0]["quantity"] = 40_000
    return (await kit.call("POST", f"{BASE}/orders/dry-run", body)).json()


async def filled_option(kit: TastyKit) -> Any:
    option = kit.option(1.0, root="AAPL")
    body = limit([(option.symbol, 1, "Buy to Open")], "90.00", identifier=None)
    del body["source"]
    return await kit.submit(body)


async def customer_live(kit: TastyKit) -> Any:
    await filled_option(kit)
    return (await kit.call("GET", "/customers/me/orders/live", **{"account-numbers[]": ACCOUNT})).json()


async def positions(kit: TastyKit) -> Any:
    await filled_option(kit)
    return (await kit.call("GET", f"{BASE}/positions")).json()


async def one_transaction(kit: TastyKit) -> Any:
    await filled_option(kit)
    row = (await kit.get(f"{BASE}/transactions"))["items"][0]
    return (await kit.call("GET", f"{BASE}/transactions/{row['id']}")).json()


async def transactions(kit: TastyKit) -> Any:
    order = await filled_option(kit)
    symbol = order["legs"][0]["symbol"]
    act(kit.double, "assign", {"account": ACCOUNT, "symbol": symbol, "quantity": "1"})
    return (await kit.call("GET", f"{BASE}/transactions")).json()


async def margin(kit: TastyKit) -> Any:
    await filled_option(kit)
    return (await kit.call("GET", f"/margin/accounts/{ACCOUNT}/requirements")).json()


async def reconfirmed(kit: TastyKit) -> Any:
    number = await contingent(kit)
    return (await kit.call("POST", f"{BASE}/orders/{number}/reconfirm")).json()


async def one_option(kit: TastyKit) -> Any:
    return (await kit.call("GET", f"/instruments/equity-options/{quote(kit.option(root='AAPL').symbol)}")).json()


async def some_options(kit: TastyKit) -> Any:
    return (await kit.call("GET", "/instruments/equity-options", **{"symbol[]": kit.option(root="AAPL").symbol})).json()


def future_option(kit: TastyKit) -> str:
    """Return the symbol of an option on a future."""
    desk = kit.double.desk
    product = next(item for item in desk.markets.products if item.symbol == "ES")
    listing = desk.markets.book("ES").listing
    return next(desk.instruments.options(product, kit.clock.now(), listing.expirations[:1])).symbol


async def one_future_option(kit: TastyKit) -> Any:
    return (await kit.call("GET", f"/instruments/future-options/{quote(future_option(kit), safe='')}")).json()


async def some_future_options(kit: TastyKit) -> Any:
    return (await kit.call("GET", "/instruments/future-options", **{"symbol[]": future_option(kit)})).json()


MAKERS: Final[Mapping[str, Maker]] = {
    "accountBalances": read(f"{BASE}/balances"),
    "accountOrders": lambda kit: changed(kit, "PUT", searched=True),
    "accountPositions": positions,
    "accountTradingStatus": read(f"{BASE}/trading-status"),
    "activeEquities": read("/instruments/equities/active"),
    "balanceSnapshots": read(f"{BASE}/balance-snapshots"),
    "cancelledOrder": cancelled,
    "customerLiveOrders": customer_live,
    "customerOrdersError": read("/customers/me/orders", **{"start-date": "2026-11-01"}),
    "effectiveMarginRequirements": read(f"{BASE}/margin-requirements/AAPL/effective"),
    "equities": read("/instruments/equities", **{"symbol[]": "AAPL"}),
    "equity": read("/instruments/equities/AAPL"),
    "equityOption": one_option,
    "equityOptionChains": read("/option-chains/AAPL"),
    "equityOptionChainsCompact": read("/option-chains/AAPL/compact"),
    "equityOptionChainsNested": read("/option-chains/AAPL/nested"),
    "equityOptions": some_options,
    "future": read("/instruments/futures/ESZ6"),
    "futureOption": one_future_option,
    "futureOptions": some_future_options,
    "futureProduct": read("/instruments/future-products/CME/ES"),
    "futureProducts": read("/instruments/future-products"),
    "futures": read("/instruments/futures"),
    "futuresOptionChains": read("/futures-option-chains/ES"),
    "getCustomer": read("/customers/me"),
    "getCustomerAccount": read(f"/customers/me/accounts/{ACCOUNT}"),
    "getOrder": one_order,
    "liveOrders": live_orders,
    "marginPublicConfig": read("/margin-requirements-public-configuration"),
    "marginReq": margin,
    "myAccounts": read("/customers/me/accounts"),
    "netLiqHistory": read(f"{BASE}/net-liq/history"),
    "order": order_answer,
    "orderDryRun": post(f"{BASE}/orders/dry-run", lambda: shares(price=None, rules=ROUTE_RULE)),
    "orderDryRunGTC": post(f"{BASE}/orders/dry-run", lambda: shares(rules=ROUTE_RULE)),
    "orderECRDryRun": dry_replace,
    "orderErrorDryRun": too_dear,
    "patchOrder": lambda kit: changed(kit, "PATCH"),
    "positionLimit": read(f"{BASE}/position-limit"),
    "quantityDecimalPrecisions": read("/instruments/quantity-decimal-precisions"),
    "quoteStreamerTokens": read("/api-quote-tokens"),
    "reconfirm": reconfirmed,
    "replaceOrder": lambda kit: changed(kit, "PUT"),
    "transaction": one_transaction,
    "transactionFees": read(f"{BASE}/transactions/total-fees"),
    "transactions": transactions,
    "warrant": read("/instruments/warrants/DOUBW"),
    "warrants": read("/instruments/warrants"),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kit() -> AsyncIterator[TastyKit]:
    """Return a double of shares and futures, shared by those tests that leave no orders."""
    async with running_tastytrade(symbols=("AAPL", "ES")) as running:
        yield running


def test_every_sample_is_compared_or_of_a_call_that_is_gone() -> None:
    assert set(recorded()) == set(MAKERS) | GONE


@needs_shared_data
@pytest.mark.shared_data
@pytest.mark.parametrize("name", sorted(recorded()))
def test_the_stored_keys_are_those_of_the_recorded_answers(name: str) -> None:
    content = json.loads((SHARED_DATA / "tastytrade" / f"go_{name}Resp.json").read_bytes())
    assert paths(content) == recorded()[name]


@needs_shared_data
@pytest.mark.shared_data
def test_the_keys_of_every_recorded_answer_are_stored() -> None:
    result = {path.stem.removeprefix("go_").removesuffix("Resp") for path in (SHARED_DATA / "tastytrade").glob("go_*")}
    assert result == set(recorded())


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", sorted(MAKERS))
async def test_an_answer_has_exactly_the_keys_of_the_real_one_and_the_client_reads_it(kit: TastyKit, name: str) -> None:
    if MAKERS[name].__name__ == "reading" or "ption" in name:
        answer = await MAKERS[name](kit)
    else:
        start = AT_NIGHT if name in CLOSED else IN_SESSION
        async with running_tastytrade(symbols=("AAPL",), start=start) as own:
            answer = await MAKERS[name](own)
    got = {path for path in paths(answer) if path.rpartition(".")[2] not in ADDED}
    wanted = {path for path in recorded()[name] if path.rpartition(".")[2] not in ADDED}
    assert sorted(got ^ wanted) == []
    if (model := {**ONES, **LISTS}.get(name)) is not None:
        read = msgspec.json.decode(json.dumps(answer), type=model)
        assert name not in LISTS or read.data.items
