"""Orders at the double of tastytrade: what is taken, what is refused, and what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mesolive.doubles.tastytrade.actions import act
from mesolive_testkit.tastytrade_double import ACCOUNT, BASE, TastyKit, limit, running_tastytrade


async def refusal(kit: TastyKit, body: Any, path: str = f"{BASE}/orders", method: str = "POST") -> tuple[int, str, str]:
    """Return the status and the codes of a request that is refused."""
    answer = await kit.call(method, path, body)
    error = answer.json()["error"]
    first = error.get("errors", [{}])[0]
    return answer.status_code, error["code"], first.get("code") or first.get("domain") or ""


def fills(order: Any) -> list[int]:
    """Return how many contracts of each leg are filled."""
    return [sum(int(fill["quantity"]) for fill in leg["fills"]) for leg in order["legs"]]


async def resting(kit: TastyKit, quantity: int = 2, **fields: Any) -> int:
    """Return a combo that rests at the exchange."""
    return int((await kit.submit(kit.vertical(quantity, "0.05") | fields))["id"])


async def test_a_submit_is_answered_with_the_order_its_margin_and_its_fees() -> None:
    async with running_tastytrade(live_seconds=0.02) as kit:
        answer = await kit.call("POST", f"{BASE}/orders", kit.vertical(2))
        data = answer.json()["data"]
        order = data["order"]
        assert answer.status_code == 201
        assert (order["status"], order["size"], order["external-identifier"]) == ("In Flight", 2, "m-1")
        assert (order["price"], order["price-effect"], order["underlying-symbol"]) == ("60.0", "Debit", "SPX")
        assert data["fee-calculation"]["commission"] == "4.0"
        assert data["buying-power-effect"]["is-spread"] is True
        assert data["warnings"] == []


async def test_a_dry_run_takes_no_order() -> None:
    async with running_tastytrade() as kit:
        answer = (await kit.call("POST", f"{BASE}/orders/dry-run", kit.vertical())).json()["data"]["order"]
        assert (answer["status"], answer["updated-at"]) == ("Received", 0)
        assert "id" not in answer
        assert kit.double.desk.orders == {}


async def test_malformed_and_unwanted_orders_are_refused_and_none_exists() -> None:
    async with running_tastytrade() as kit:
        near, far = kit.option(1.01).symbol, kit.option(1.03).symbol
        good = kit.vertical()
        five = [(kit.option(0.9 + 0.03 * step).symbol, 1, "Buy to Open") for step in range(5)]
        market = {key: value for key, value in good.items() if not key.startswith("price")} | {"order-type": "Market"}
        single = limit([(near, 1, "Buy to Open")], "40.0")
        stop = {key: value for key, value in single.items() if not key.startswith("price")}
        stop |= {"order-type": "Stop", "stop-trigger": "1.0", "time-in-force": "GTC"}
        wrong: list[tuple[Any, tuple[int, str, str]]] = [
            (good | {"price": "-1.00"}, (400, "validation_error", "price")),
            ({key: value for key, value in good.items() if key != "price"}, (400, "validation_error", "price")),
            (good | {"order-type": "Dream"}, (400, "validation_error", "order-type")),
            (good | {"legs": "none"}, (400, "validation_error", "legs")),
            (limit(five, "1.0"), (422, "preflight_check_failure", "too_many_legs")),
            (limit([(near, 1, "Buy to Open")] * 2, "1.0"), (422, "preflight_check_failure", "duplicate_legs")),
            (
                limit([("SPXW  261218P00001000", 1, "Buy to Open")], "1.0"),
                (422, "preflight_check_failure", "invalid_symbol"),
            ),
            (good | {"price": "1.03"}, (422, "preflight_check_failure", "invalid_price_increment")),
            (limit([(near, 1, "Buy to Open")], "3.05"), (422, "preflight_check_failure", "invalid_price_increment")),
            (good | {"order-type": "Marketable Limit"}, (422, "order_must_omit_price", "")),
            (market, (422, "preflight_check_failure", "market_orders_single_leg")),
            (stop, (422, "preflight_check_failure", "tif_no_stop_market_gtc_options")),
            (limit([(near, 1, "Buy to Open")], "1.0", "Credit"), (422, "cant_buy_for_credit", "")),
            (
                limit([(far, 900, "Sell to Open")], "1.0", "Credit"),
                (422, "preflight_check_failure", "margin_check_failed"),
            ),
            (
                limit([(near, 1, "Sell to Close")], "1.0", "Credit"),
                (422, "preflight_check_failure", "position_effect_mismatch"),
            ),
        ]
        for body, expected in wrong:
            assert await refusal(kit, body) == expected
        assert kit.double.desk.orders == {}
        broken = await kit.http.post(f"{BASE}/orders", content=b"{", headers={"content-type": "application/json"})
        assert broken.status_code == 400


async def test_a_price_off_the_tick_is_named_before_anything_is_sent() -> None:
    async with running_tastytrade() as kit:
        assert (await refusal(kit, kit.vertical(1, "1.03"), f"{BASE}/orders/dry-run"))[2] == "invalid_price_increment"


async def test_cancels_of_working_ended_and_unknown_orders() -> None:
    async with running_tastytrade(cancel_seconds=1.0) as kit:
        number = await resting(kit)
        assert (await kit.order(number))["status"] == "Live"
        answer = await kit.call("DELETE", f"{BASE}/orders/{number}")
        assert answer.json()["data"]["status"] == "Cancel Requested"
        await kit.timer.advance(1.0)
        order = await kit.order(number)
        assert (order["status"], order["cancellable"]) == ("Cancelled", False)
        assert {"cancelled-at", "terminal-at"} <= set(order)
        assert await refusal(kit, None, f"{BASE}/orders/{number}", "DELETE") == (422, "cannot_update_order", "")
        assert await refusal(kit, None, f"{BASE}/orders/1", "DELETE") == (404, "record_not_found", "")


async def test_a_replacement_is_a_new_order_that_has_an_identifier_only_if_it_is_given_one() -> None:
    async with running_tastytrade(cancel_seconds=1.0) as kit:
        number = await resting(kit)
        body = {"order-type": "Limit", "time-in-force": "Day", "price": "0.10", "price-effect": "Debit"}
        new = (await kit.call("PUT", f"{BASE}/orders/{number}", body)).json()["data"]
        assert (new["status"], new["contingent-status"]) == ("Contingent", "Pending Order")
        assert new["replaces-order-id"] == number
        assert "external-identifier" not in new
        assert (await kit.order(number))["status"] == "Replace Requested"
        await kit.timer.advance(1.0)
        old = await kit.order(number)
        assert (old["status"], old["edited"], old["replacing-order-id"]) == ("Cancelled", True, new["id"])
        assert (await kit.order(new["id"]))["status"] == "Live"
        again = (await kit.call("PUT", f"{BASE}/orders/{new['id']}", body | {"external-identifier": "m-2"})).json()
        assert again["data"]["external-identifier"] == "m-2"
        edited = await kit.call("PATCH", f"{BASE}/orders/{number}", {"price": "0.15"})
        assert edited.json()["error"]["code"] == "cannot_update_order"


async def test_a_fill_of_the_old_order_aborts_its_replacement() -> None:
    async with running_tastytrade(cancel_seconds=1.0) as kit:
        number = await resting(kit)
        kit.double.faults.switch_on("replace_lost_to_fill", times=1)
        body = {"order-type": "Limit", "time-in-force": "Day", "price": "0.10", "price-effect": "Debit"}
        new = (await kit.call("PUT", f"{BASE}/orders/{number}", body)).json()["data"]
        await kit.timer.advance(1.0)
        assert (await kit.order(number))["status"] == "Filled"
        aborted = await kit.order(new["id"])
        assert (aborted["status"], fills(aborted)) == ("Cancelled", [0, 0])


async def test_a_partly_filled_order_is_replaced_by_what_is_left() -> None:
    async with running_tastytrade() as kit:
        number = await resting(kit, 5)
        act(kit.double, "fill", {"order": str(number), "combos": "2"})
        body = {"order-type": "Limit", "time-in-force": "Day", "price": "0.10", "price-effect": "Debit"}
        new = (await kit.call("PUT", f"{BASE}/orders/{number}", body)).json()["data"]
        assert (new["size"], [leg["quantity"] for leg in new["legs"]]) == (3, [3, 3])
        assert fills(await kit.order(number)) == [2, 2]


async def test_an_order_of_the_night_waits_for_the_opening_and_a_day_order_ends_with_its_session() -> None:
    night = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)
    async with running_tastytrade(start=night, step=timedelta(minutes=30)) as kit:
        answer = (await kit.call("POST", f"{BASE}/orders", kit.vertical(1, "0.05"))).json()["data"]
        assert answer["warnings"][0]["code"] == "tif_next_valid_sesssion"
        number = answer["order"]["id"]
        assert answer["order"]["status"] == "Received"
        await kit.clock.advance(17 * 3600.0)
        assert (await kit.order(number))["status"] == "Live"
        await kit.clock.advance(7 * 3600.0)
        assert (await kit.order(number))["status"] == "Expired"


async def test_options_on_indexes_are_routed_until_a_quarter_past_four() -> None:
    after_the_stocks = datetime(2026, 11, 30, 21, 5, tzinfo=UTC)
    async with running_tastytrade(start=after_the_stocks, step=timedelta(minutes=5)) as kit:
        number = await resting(kit)
        assert (await kit.order(number))["status"] == "Live"
        await kit.clock.advance(600.0)
        assert (await kit.order(number))["status"] == "Expired"


async def test_closing_is_checked_against_a_ledger_that_lags() -> None:
    async with running_tastytrade(ledger_lag=2.0) as kit:
        symbol = kit.option(1.0).symbol
        await kit.submit(limit([(symbol, 1, "Buy to Open")], "200.0"))
        close = limit([(symbol, 1, "Sell to Close")], "300.0", "Credit")
        assert (await refusal(kit, close))[2] == "position_effect_mismatch"
        loose = await kit.submit(close | {"advanced-instructions": {}})
        assert loose["legs"][0]["action"] == "Sell to Open"
        await kit.timer.advance(2.5)
        assert (await kit.submit(close))["legs"][0]["action"] == "Sell to Close"


async def test_identifiers_are_not_unique_and_only_found_by_reading_lists_page_by_page() -> None:
    async with running_tastytrade() as kit:
        for _ in range(5):
            await resting(kit, 1)
        numbers: list[int] = []
        for page in range(3):
            params = {"start-date": "2026-11-29", "per-page": 2, "page-offset": page, "external-identifier": "other"}
            answer = (await kit.call("GET", f"{BASE}/orders", **params)).json()
            assert answer["pagination"]["total-pages"] == 3
            numbers += [order["id"] for order in answer["data"]["items"]]
        assert numbers == sorted(kit.double.desk.orders, reverse=True)
        by_status = await kit.get(f"{BASE}/orders", **{"status[]": ["Filled", "Rejected"]})
        assert by_status["items"] == []


async def test_a_search_needs_its_first_day_from_a_version_on() -> None:
    async with running_tastytrade() as kit:
        old = await kit.http.get(f"{BASE}/orders")
        new = await kit.http.get(f"{BASE}/orders", headers={"accept-version": "20261012"})
        assert (old.status_code, new.status_code) == (200, 400)
        assert new.json()["error"]["errors"] == [{"domain": "start-date", "reason": "is missing"}]
        bad = await kit.http.get(f"{BASE}/orders", headers={"accept-version": "newest"})
        assert bad.status_code == 406


async def test_an_oto_releases_its_order_and_an_oco_cancels_the_partner() -> None:
    async with running_tastytrade() as kit:
        symbol = kit.option(1.0).symbol
        bought = limit([(symbol, 1, "Buy to Open")], "200.0")
        profit = limit([(symbol, 1, "Sell to Close")], "400.0", "Credit", strict=False)
        loss = {key: value for key, value in profit.items() if not key.startswith("price")}
        loss |= {"order-type": "Stop", "stop-trigger": "0.05"}
        body = {"type": "OTOCO", "trigger-order": bought | {"price": "0.50"}, "orders": [profit, loss]}
        answer = await kit.call("POST", f"/accounts/{ACCOUNT}/complex-orders", body)
        entry = answer.json()["data"]["complex-order"]
        assert [order["status"] for order in entry["orders"]] == ["Contingent", "Contingent"]
        assert entry["trigger-order"]["complex-order-tag"] == "OTOCO::trigger-order"
        act(kit.double, "fill", {"order": str(entry["trigger-order"]["id"])})
        first, second = (order["id"] for order in entry["orders"])
        assert [(await kit.order(number))["status"] for number in (first, second)] == ["Live", "Live"]
        act(kit.double, "fill", {"order": str(first)})
        assert (await kit.order(second))["status"] == "Cancelled"
        both = await kit.call(
            "POST", f"/accounts/{ACCOUNT}/complex-orders", {"type": "OCO", "orders": [profit, profit]}
        )
        assert both.json()["error"]["code"] == "invalid_oco_order_type_combo"
        pair = {"type": "OCO", "orders": [profit, loss]}
        number = (await kit.call("POST", f"/accounts/{ACCOUNT}/complex-orders", pair)).json()["data"]["complex-order"][
            "id"
        ]
        await kit.call("DELETE", f"/accounts/{ACCOUNT}/complex-orders/{number}")
        view = await kit.get(f"/accounts/{ACCOUNT}/complex-orders/{number}")
        assert {order["status"] for order in view["orders"]} == {"Cancelled"}


async def test_a_condition_routes_an_order_when_its_price_is_reached() -> None:
    async with running_tastytrade() as kit:
        rule = {"action": "route", "symbol": "SPX", "instrument-type": "Index", "indicator": "last"}
        rules = {"conditions": [rule | {"comparator": "gte", "threshold": "5100"}]}
        number = await resting(kit, 1, rules=rules)
        await kit.step()
        assert (await kit.order(number))["contingent-status"] == "Pending Condition"
        kit.double.desk.markets.gap(0.05)
        await kit.step()
        assert (await kit.order(number))["status"] == "Live"


async def test_a_stop_looks_at_the_quote_of_the_option_and_a_market_order_fills_at_once() -> None:
    async with running_tastytrade() as kit:
        symbol = kit.option(1.0).symbol
        market: dict[str, Any] = limit([(symbol, 2, "Buy to Open")], "1.0") | {"order-type": "Market"}
        del market["price"], market["price-effect"]
        assert fills(await kit.order((await kit.submit(market))["id"])) == [2]
        stop = market | {"order-type": "Stop", "stop-trigger": "20.0"}
        stop["legs"] = [{**market["legs"][0], "action": "Sell to Close"}]
        number = (await kit.submit(stop))["id"]
        await kit.step()
        assert (await kit.order(number))["status"] == "Live"
        kit.double.desk.markets.gap(-0.08)
        await kit.step()
        assert (await kit.order(number))["status"] == "Filled"


@pytest.mark.parametrize("status", ["Removed", "Partially Removed"])
async def test_orders_end_in_rare_statuses_by_an_action(status: str) -> None:
    async with running_tastytrade() as kit:
        number = await resting(kit)
        act(kit.double, "end", {"order": str(number), "status": status})
        assert (await kit.order(number))["status"] == status


async def test_an_order_by_hand_has_no_identifier_and_a_change_by_hand_loses_it() -> None:
    async with running_tastytrade() as kit:
        symbol = kit.option(1.0).symbol
        arguments = {"account": ACCOUNT, "symbol": symbol, "action": "Buy to Open", "price": "0.50"}
        by_hand = int(act(kit.double, "order_by_hand", arguments) or 0)
        assert "external-identifier" not in await kit.order(by_hand)
        number = await resting(kit)
        changed = act(kit.double, "replace_by_hand", {"order": str(number), "price": "0.10"})
        order = await kit.order(int(changed or 0))
        assert (order["replaces-order-id"], "external-identifier" in order) == (number, False)
        act(kit.double, "cancel_by_hand", {"order": str(by_hand)})
        assert (await kit.order(by_hand))["status"] == "Cancelled"


async def test_a_frozen_account_takes_no_order_and_one_that_only_closes_none_that_opens() -> None:
    async with running_tastytrade() as kit:
        symbol = kit.option(1.0).symbol
        await kit.submit(limit([(symbol, 1, "Buy to Open")], "200.0"))
        close = limit([(symbol, 1, "Sell to Close")], "300.0", "Credit")
        act(kit.double, "restrict", {"account": ACCOUNT})
        assert (await kit.get(f"{BASE}/trading-status"))["is-closing-only"] is True
        assert (await refusal(kit, kit.vertical()))[2] == "account_closing_only"
        await kit.submit(close)
        act(kit.double, "restrict", {"account": ACCOUNT, "flag": "is-frozen"})
        assert (await refusal(kit, close))[2] == "account_frozen"
        for flag in ("is-frozen", "is-closing-only"):
            act(kit.double, "restrict", {"account": ACCOUNT, "flag": flag, "on": "no"})
        await kit.submit(kit.vertical())


async def test_an_order_expires_with_its_option_whatever_its_time_in_force() -> None:
    last_day = datetime(2026, 11, 30, 20, 0, tzinfo=UTC)
    async with running_tastytrade(start=last_day, step=timedelta(minutes=15)) as kit:
        body = limit([(kit.option(1.0, days=0).symbol, 1, "Buy to Open")], "0.05", time_in_force="GTC")
        number = (await kit.submit(body))["id"]
        await kit.clock.advance(1.5 * 3600.0)
        assert (await kit.order(number))["status"] == "Expired"
