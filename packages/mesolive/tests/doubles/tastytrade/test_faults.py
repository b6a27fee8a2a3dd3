"""Faults of the double of tastytrade on REST: what each switch does on the wire, and what has really happened."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from mesolive.doubles.tastytrade.actions import act
from mesolive.doubles.tastytrade.faults import FAULTS
from mesolive_testkit.loop_time import PassTime
from mesolive_testkit.tastytrade_double import ACCOUNT, BASE, TastyKit, limit, running_tastytrade


def orders(kit: TastyKit) -> list[str]:
    """Return the statuses of all orders that really exist."""
    return [order.status for order in kit.double.desk.orders.values()]


@pytest.mark.parametrize(
    ("fault", "status"), [("throttled", 429), ("internal_error", 500), ("bad_gateway", 502), ("request_lost", None)]
)
async def test_an_outage_leaves_nothing_behind(fault: str, status: int | None) -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on(fault, operation="submit", times=1)
        if status is None:
            with pytest.raises(httpx.TransportError):
                await kit.call("POST", f"{BASE}/orders", kit.vertical())
        else:
            answer = await kit.call("POST", f"{BASE}/orders", kit.vertical())
            assert answer.status_code == status
        assert orders(kit) == []
        await kit.submit(kit.vertical())


@pytest.mark.parametrize("fault", ["answer_lost", "answer_torn"])
async def test_an_answer_is_lost_and_the_order_lives_and_is_found_by_its_identifier(fault: str) -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on(fault, operation="submit", times=1)
        request = asyncio.ensure_future(kit.call("POST", f"{BASE}/orders", kit.vertical(identifier="m-7")))
        await kit.until(lambda: bool(kit.double.desk.orders))
        for _ in range(200):
            if request.done():
                break
            await kit.timer.advance(0.05)
            await asyncio.sleep(0.001)
        with pytest.raises(httpx.TransportError):
            await request
        live = (await kit.get(f"{BASE}/orders/live"))["items"]
        assert [order["external-identifier"] for order in live] == ["m-7"]
        assert len(kit.double.truth.of("submit_received")) == 1


async def test_an_answer_is_held_until_after_a_deadline(pass_time: PassTime) -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on("answer_held", operation="submit", times=1, seconds=60)
        posting = asyncio.create_task(kit.http.post(f"{BASE}/orders", json=kit.vertical(), timeout=60))
        await kit.until(lambda: bool(kit.double.desk.orders))
        pass_time(60)
        with pytest.raises(httpx.ReadTimeout):
            await posting
        assert orders(kit) == ["Filled"]


async def test_a_gateway_answers_504_with_a_json_string_and_html_in_place_of_json() -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on("gateway_timeout", operation="submit", times=1)
        answer = await kit.call("POST", f"{BASE}/orders", kit.vertical())
        assert answer.status_code == 504
        assert isinstance(answer.json(), str)
        kit.double.faults.switch_on("answer_garbled", operation="live", times=1)
        garbled = await kit.call("GET", f"{BASE}/orders/live")
        assert (garbled.status_code, garbled.text[:6]) == (200, "<html>")
        assert orders(kit) == ["Filled"]


async def test_an_answer_trickles() -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on("answer_trickles", times=1, seconds=0, bytes=16)
        assert (await kit.get(f"{BASE}/balances"))["account-number"] == ACCOUNT


async def test_calls_that_come_too_fast_are_throttled_until_a_second_has_passed() -> None:
    async with running_tastytrade(rate_limits=True) as kit:
        statuses = [(await kit.call("GET", f"{BASE}/balances")).status_code for _ in range(2)]
        assert statuses == [200, 429]
        await kit.timer.advance(1.0)
        assert (await kit.call("GET", f"{BASE}/balances")).status_code == 200


async def test_a_token_is_needed_and_a_product_that_names_its_version() -> None:
    async with running_tastytrade() as kit:
        for headers in ({"authorization": "Bearer x"}, {"user-agent": "noversion"}, {"authorization": ""}):
            assert (await kit.http.get(f"{BASE}/balances", headers=headers)).status_code == 401
        bare = await kit.http.post("/oauth/token", json={}, headers={"user-agent": "noversion"})
        assert bare.status_code == 401
        foreign = await kit.call("GET", "/accounts/5WX99999/balances")
        assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "not_permitted")


async def test_tokens_die_at_their_time_before_it_and_live_side_by_side() -> None:
    async with running_tastytrade() as kit:
        first = kit.bearer
        second = f"Bearer {await kit.token()}"
        for bearer in (first, second):
            assert (await kit.http.get(f"{BASE}/balances", headers={"authorization": bearer})).status_code == 200
        kit.double.faults.switch_on("token_dies_early", times=1)
        answer = await kit.call("GET", f"{BASE}/balances")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_invalid")
        assert (await kit.http.get(f"{BASE}/balances", headers={"authorization": second})).status_code == 200
        await kit.timer.advance(900.0)
        assert (await kit.http.get(f"{BASE}/balances", headers={"authorization": second})).status_code == 401
        kit.double.faults.switch_on("token_short_lived", times=1, seconds=1)
        third = f"Bearer {await kit.token()}"
        await kit.timer.advance(1.0)
        assert (await kit.http.get(f"{BASE}/balances", headers={"authorization": third})).status_code == 401


async def test_refused_token_calls_have_a_shape_of_their_own() -> None:
    async with running_tastytrade() as kit:
        settings = kit.double.desk.settings
        good = {
            "grant_type": "refresh_token",
            "refresh_token": settings.refresh_token,
            "client_secret": settings.client_secret,
        }
        kit.double.faults.switch_on("refresh_refused", times=1)
        refused = await kit.http.post("/oauth/token", json=good)
        assert (refused.status_code, refused.json()["error_code"]) == (400, "invalid_request")
        wrong = await kit.http.post("/oauth/token", json=good | {"client_secret": "x"})
        assert (wrong.status_code, wrong.json()["error_code"]) == (401, "invalid_client")
        reading = (await kit.http.post("/oauth/token", json=good | {"scope": "read"})).json()
        headers = {"authorization": f"Bearer {reading['access_token']}"}
        denied = await kit.http.post(f"{BASE}/orders", json=kit.vertical(), headers=headers)
        assert denied.status_code == 403
        act(kit.double, "revoke_tokens", {"kind": "grant"})
        gone = await kit.http.post("/oauth/token", json=good)
        assert gone.json()["error_code"] == "invalid_grant"


async def test_versions_are_refused_and_calls_not_permitted() -> None:
    async with running_tastytrade() as kit:
        kit.double.faults.switch_on("version_refused", times=1)
        headers = {"accept-version": "20260211"}
        assert (await kit.http.get(f"{BASE}/balances", headers=headers)).status_code == 406
        kit.double.faults.switch_on("not_permitted", operation="balances", times=1)
        assert (await kit.call("GET", f"{BASE}/balances")).status_code == 403


async def test_shapes_vary() -> None:
    async with running_tastytrade() as kit:
        for name in ("fields_added", "fields_left_out"):
            kit.double.faults.switch_on(name)
        order = await kit.submit(kit.vertical())
        assert "global-request-id" in order
        assert "size" not in order
        kit.double.faults.switch_on("balances_as_list", times=1)
        assert len((await kit.get(f"{BASE}/balances"))["items"]) == 1
        kit.double.faults.switch_on("types_mixed")
        seen: set[type] = {type((await kit.get(f"{BASE}/positions"))["items"][0]["quantity"]) for _ in range(12)}
        assert seen == {int, str, float}


async def test_orders_are_refused_rejected_later_or_stay_on_their_way() -> None:
    async with running_tastytrade() as kit:
        faults = kit.double.faults
        faults.switch_on("order_refused", times=1)
        refused = await kit.call("POST", f"{BASE}/orders", kit.vertical())
        assert (refused.status_code, orders(kit)) == (422, [])
        faults.switch_on("order_rejected_later", times=1)
        rejected = await kit.order((await kit.submit(kit.vertical()))["id"])
        assert (rejected["status"], rejected["reject-reason"]) == ("Rejected", "Rejected by exchange")
        faults.switch_on("stays_routed", times=1, seconds=5)
        assert (await kit.submit(kit.vertical()))["status"] == "Routed"
        await kit.timer.advance(5.0)
        assert orders(kit) == ["Rejected", "Filled"]
        faults.switch_on("unknown_status", times=1, status="Waiting Room")
        assert (await kit.submit(kit.vertical(1, "0.05")))["status"] == "Waiting Room"


async def test_orders_are_listed_and_read_late_and_without_their_identifier() -> None:
    async with running_tastytrade() as kit:
        faults = kit.double.faults
        faults.switch_on("order_listed_late", times=1, seconds=30)
        faults.switch_on("order_read_late", times=1, seconds=2)
        faults.switch_on("identifier_lost", times=1)
        number = (await kit.submit(kit.vertical()))["id"]
        assert (await kit.call("GET", f"{BASE}/orders/{number}")).status_code == 404
        await kit.timer.advance(2.0)
        assert "external-identifier" not in await kit.order(number)
        assert (await kit.get(f"{BASE}/orders/live"))["items"] == []
        await kit.timer.advance(28.0)
        assert [item["id"] for item in (await kit.get(f"{BASE}/orders/live"))["items"]] == [number]


async def test_reads_lag_behind_what_has_happened() -> None:
    async with running_tastytrade(rest_lag=2.0, search_lag=5.0) as kit:
        number = (await kit.submit(kit.vertical()))["id"]
        await kit.timer.advance(2.0)
        assert (await kit.order(number))["status"] == "Filled"
        assert (await kit.get(f"{BASE}/orders/live"))["items"] == []
        await kit.timer.advance(3.0)
        assert len((await kit.get(f"{BASE}/orders/live"))["items"]) == 1


async def test_cancels_are_late_lost_or_too_late_for_a_fill() -> None:
    async with running_tastytrade() as kit:
        faults = kit.double.faults
        ends: dict[str, list[str]] = {}
        for name in ("cancel_late", "cancel_unheard", "cancel_lost_to_fill"):
            number = (await kit.submit(kit.vertical(1, "0.05")))["id"]
            faults.switch_on(name, times=1)
            await kit.call("DELETE", f"{BASE}/orders/{number}")
            ends[name] = [(await kit.order(number))["status"]]
            await kit.timer.advance(5.0)
            ends[name].append((await kit.order(number))["status"])
        assert ends == {
            "cancel_late": ["Cancel Requested", "Cancelled"],
            "cancel_unheard": ["Cancel Requested", "Cancel Requested"],
            "cancel_lost_to_fill": ["Filled", "Filled"],
        }


async def test_a_replacement_is_answered_without_its_envelope() -> None:
    async with running_tastytrade() as kit:
        number = (await kit.submit(kit.vertical(1, "0.05")))["id"]
        kit.double.faults.switch_on("replace_answer_bare", times=1)
        body = {"order-type": "Limit", "time-in-force": "Day", "price": "0.10", "price-effect": "Debit"}
        answer = (await kit.call("PUT", f"{BASE}/orders/{number}", body)).json()
        assert answer["replaces-order-id"] == number


def filled(order: Any) -> list[int]:
    """Return how many contracts of each leg are told to be filled."""
    return [sum(int(fill["quantity"]) for fill in leg["fills"]) for leg in order["legs"]]


async def test_fills_come_in_parts_late_apart_broken_split_and_not_at_all() -> None:
    async with running_tastytrade() as kit:
        faults = kit.double.faults

        async def fresh(quantity: int = 4) -> int:
            return int((await kit.submit(kit.vertical(quantity)))["id"])

        faults.switch_on("partial_fills", times=1, quantity=1)
        number = await fresh()
        assert filled(await kit.order(number)) == [1, 1]
        await kit.step()
        assert (await kit.order(number))["status"] == "Filled"
        faults.switch_on("legs_shown_late", times=1, seconds=1)
        number = await fresh()
        order = await kit.order(number)
        assert (order["status"], filled(order)) == ("Filled", [4, 0])
        await kit.timer.advance(1.0)
        assert filled(await kit.order(number)) == [4, 4]
        faults.switch_on("legs_fill_apart", times=1, seconds=1)
        number = await fresh()
        order = await kit.order(number)
        assert (order["status"], filled(order)) == ("Live", [4, 0])
        await kit.timer.advance(1.0)
        assert (await kit.order(number))["status"] == "Filled"
        faults.switch_on("combo_broken", times=1)
        order = await kit.order(await fresh())
        assert (order["status"], filled(order)) == ("Cancelled", [4, 0])
        faults.switch_on("fill_split", times=2, quantity=1)
        faults.switch_on("fills_unsorted")
        order = await kit.order(await fresh())
        ids = [fill["fill-id"] for fill in order["legs"][0]["fills"]]
        assert len(set(ids)) == 4
        assert ids != sorted(ids)
        faults.switch_off("fills_unsorted")
        faults.switch_on("no_fills")
        assert (await kit.order(await fresh()))["status"] == "Live"


async def test_legs_are_priced_apart() -> None:
    async with running_tastytrade() as kit:
        plain = await kit.order((await kit.submit(kit.vertical()))["id"])
        kit.double.faults.switch_on("legs_priced_apart", times=1, fraction="0.5")
        apart = await kit.order((await kit.submit(kit.vertical()))["id"])
        prices = [[float(leg["fills"][0]["fill-price"]) for leg in order["legs"]] for order in (plain, apart)]
        assert prices[1][0] == pytest.approx(prices[0][0] * 1.5, abs=0.01)
        assert prices[1][1] == prices[0][1]


async def test_a_strict_close_meets_a_late_ledger_and_a_loose_one_is_relabelled() -> None:
    async with running_tastytrade() as kit:
        symbol = kit.option(1.0).symbol
        await kit.submit(limit([(symbol, 1, "Buy to Open")], "200.0"))
        close = limit([(symbol, 1, "Sell to Close")], "300.0", "Credit")
        kit.double.faults.switch_on("ledger_late", times=1, seconds=3)
        assert (await kit.call("POST", f"{BASE}/orders", close)).status_code == 422
        kit.double.faults.switch_on("close_relabelled", times=1)
        loose = await kit.submit(close | {"advanced-instructions": {}})
        assert loose["legs"][0]["action"] == "Sell to Open"
        assert (await kit.submit(close))["legs"][0]["action"] == "Sell to Close"


async def test_transactions_are_late_missing_or_without_commission_and_positions_late_or_zero() -> None:
    async with running_tastytrade() as kit:
        faults = kit.double.faults
        symbol = kit.option(1.0).symbol
        body = limit([(symbol, 1, "Buy to Open")], "200.0")
        faults.switch_on("transactions_late", times=1, seconds=30)
        faults.switch_on("positions_late", seconds=10)
        await kit.submit(body)
        assert (await kit.get(f"{BASE}/transactions"))["items"] == []
        assert (await kit.get(f"{BASE}/positions"))["items"] == []
        await kit.timer.advance(30.0)
        faults.switch_off("positions_late")
        assert len((await kit.get(f"{BASE}/transactions"))["items"]) == 1
        faults.switch_on("transactions_missing", times=1)
        faults.switch_on("commission_missing", times=1)
        await kit.submit(body)
        await kit.submit(body)
        rows = (await kit.get(f"{BASE}/transactions"))["items"]
        assert sorted(row["commission"] for row in rows) == ["0.0", "1.0"]
        await kit.submit(limit([(symbol, 3, "Sell to Close")], "1.0", "Credit"))
        assert (await kit.get(f"{BASE}/positions"))["items"] == []
        faults.switch_on("zero_rows")
        assert (await kit.get(f"{BASE}/positions"))["items"][0]["quantity-direction"] == "Zero"


def test_every_fault_has_a_test_that_switches_it_on() -> None:
    from pathlib import Path

    texts = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in FAULTS if f'"{name}"' not in texts] == []
