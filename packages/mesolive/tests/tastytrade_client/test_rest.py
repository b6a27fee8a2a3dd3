"""The REST client: outcomes of calls, tokens, versions, pages, rate limits, and no secret in any log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from mesolive.records import replace
from mesolive.tastytrade_client import (
    STRICT_POSITION_EFFECTS,
    Answered,
    CallFailedError,
    NewLeg,
    NewOrder,
    Refused,
    RestApi,
    Transport,
    Unknown,
    rate_limits,
    value_of,
)
from mesolive.tastytrade_client.rate_limits import RateLimits
from mesolive_testkit.loop_time import PassTime
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.rest import QUICK, REFRESH, SECRET, FakeRest, body_of, transport
from mesolive_testkit.tastytrade.samples import ACCOUNT, LONG, SHORT

ORDERS = f"/accounts/{ACCOUNT}/orders"
LIVE = f"{ORDERS}/live"
SINCE = datetime(2026, 7, 27, 3, 0, tzinfo=UTC)
"""Still the 26th in New York."""
NEW = NewOrder(
    order_type="Limit",
    time_in_force="Day",
    price="1.05",
    price_effect="Credit",
    source="MesoLiveOpen/1.0",
    external_identifier="ref-1",
    automated_source=True,
    advanced_instructions=STRICT_POSITION_EFFECTS,
    legs=(
        NewLeg(instrument_type="Equity Option", symbol=SHORT, quantity=2, action="Sell to Open"),
        NewLeg(instrument_type="Equity Option", symbol=LONG, quantity=2, action="Buy to Open"),
    ),
)


@pytest.fixture
def fake() -> FakeRest:
    return FakeRest()


@pytest.fixture
async def api(fake: FakeRest) -> AsyncGenerator[RestApi]:
    async with transport(fake) as calls:
        yield RestApi(calls)


class TestOutcomes:
    async def test_a_submission_has_the_documented_shape_and_its_id_is_in_the_order(
        self, fake: FakeRest, api: RestApi
    ) -> None:
        fake.on("POST", ORDERS, httpx.Response(201, json=samples.placed(samples.order(7))))
        placed = value_of("submit", await api.submit(ACCOUNT, NEW))
        assert placed.order.order_id == "7"
        assert body_of(fake.requests[0]) == {
            "order-type": "Limit",
            "time-in-force": "Day",
            "price": "1.05",
            "price-effect": "Credit",
            "source": "MesoLiveOpen/1.0",
            "external-identifier": "ref-1",
            "automated-source": True,
            "advanced-instructions": {"strict-position-effect-validation": True},
            "legs": [
                {"instrument-type": "Equity Option", "symbol": SHORT, "quantity": 2, "action": "Sell to Open"},
                {"instrument-type": "Equity Option", "symbol": LONG, "quantity": 2, "action": "Buy to Open"},
            ],
        }

    async def test_the_id_of_a_replacement_is_the_answer_itself(self, fake: FakeRest, api: RestApi) -> None:
        fake.on("PUT", f"{ORDERS}/7", samples.envelope(samples.order(8, "Contingent", replaces_order_id=7)))
        order = value_of("replace", await api.replace(ACCOUNT, "7", NEW))
        assert (order.order_id, order.replaces) == ("8", "7")

    async def test_a_refusal_with_reasons_is_certain(self, fake: FakeRest, api: RestApi) -> None:
        reason = {"code": "margin_check_failed", "message": "too little buying power"}
        body = samples.error("preflight_check_failure", "checks failed", reason)
        fake.on("POST", ORDERS, httpx.Response(422, json=body))
        outcome = await api.submit(ACCOUNT, NEW)
        assert isinstance(outcome, Refused)
        assert outcome.has_code("margin_check_failed")
        assert "too little buying power" in str(outcome)

    async def test_a_dry_run_that_has_data_and_an_error_is_refused(self, fake: FakeRest, api: RestApi) -> None:
        reason = {"code": "margin_check_failed", "message": "too little buying power"}
        both = samples.envelope({"buying-power-effect": samples.effect()}) | samples.error("preflight", "no", reason)
        fake.on("POST", f"{ORDERS}/dry-run", httpx.Response(201, json=both))
        outcome = await api.dry_run(ACCOUNT, NEW)
        assert isinstance(outcome, Refused)
        assert outcome.has_code("margin_check_failed")

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(504, json="upstream timed out"),
            httpx.Response(502, html="<html>bad gateway</html>"),
            httpx.Response(500, json=samples.error("internal_server_error", "support id 12")),
            httpx.Response(400, html="<html>nginx</html>"),
            httpx.Response(201, content=b'{"data": {"order": {"id"'),
            httpx.Response(201, json={"data": {"order": {"status": "Routed"}}}),
            httpx.ReadTimeout("slow"),
            httpx.RemoteProtocolError("the server has closed the connection"),
            httpx.ReadError("reset"),
            httpx.Response(307, headers={"location": "https://elsewhere.test"}),
        ],
    )
    async def test_an_unreadable_answer_is_unknown_and_the_order_is_sent_once(
        self, fake: FakeRest, api: RestApi, answer: Any
    ) -> None:
        fake.on("POST", ORDERS, answer)
        outcome = await api.submit(ACCOUNT, NEW)
        assert isinstance(outcome, Unknown)
        assert outcome.sent
        assert fake.count("POST") == 1

    async def test_an_answer_that_is_held_beyond_the_deadline_is_unknown(
        self, fake: FakeRest, pass_time: PassTime
    ) -> None:
        fake.hang.add(("POST", ORDERS))
        async with transport(fake, replace(QUICK, order_seconds=60.0)) as calls:
            submitting = asyncio.create_task(RestApi(calls).submit(ACCOUNT, NEW))
            await fake.held.wait()
            pass_time(60.0)
            outcome = await submitting
        assert isinstance(outcome, Unknown)
        assert outcome.sent
        assert fake.count("POST") == 1

    async def test_without_a_connection_it_is_certain_that_nothing_was_sent(self, fake: FakeRest, api: RestApi) -> None:
        fake.on("POST", ORDERS, httpx.ConnectError("refused"))
        outcome = await api.submit(ACCOUNT, NEW)
        assert isinstance(outcome, Unknown)
        assert not outcome.sent

    async def test_a_read_is_repeated_until_it_is_answered(self, fake: FakeRest, api: RestApi) -> None:
        fake.on("GET", LIVE, httpx.Response(502, html="<html/>"), httpx.ReadTimeout("slow"), samples.items())
        assert await api.live_orders(ACCOUNT) == Answered([])

    async def test_a_throttled_read_waits_and_a_throttled_order_is_left_to_its_sender(
        self, fake: FakeRest, api: RestApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rate_limits, "PENALTY_SECONDS", 0.02)
        fake.on("GET", LIVE, httpx.Response(429), samples.items())
        assert await api.live_orders(ACCOUNT) == Answered([])
        fake.on("POST", ORDERS, httpx.Response(429))
        outcome = await api.submit(ACCOUNT, NEW)
        assert isinstance(outcome, Refused)
        assert outcome.is_throttled
        assert fake.count("POST") == 1

    async def test_the_error_of_value_of_names_the_failed_call(self, fake: FakeRest, api: RestApi) -> None:
        outcome = await api.order(ACCOUNT, "12")
        with pytest.raises(CallFailedError, match="order 12: no such thing") as refusal:
            value_of("order 12", outcome)
        assert refusal.value.is_refused

    async def test_a_text_of_the_server_is_one_line_of_bounded_length(self, fake: FakeRest, api: RestApi) -> None:
        fake.on("POST", ORDERS, httpx.Response(422, json=samples.error("x\nlevel=error", "y\x1b[2J" * 1000)))
        text = str(await api.submit(ACCOUNT, NEW))
        assert text.isprintable()
        assert len(text) < 700


class TestHeaders:
    async def test_every_call_has_the_product_the_version_and_the_token(self, fake: FakeRest, api: RestApi) -> None:
        fake.on("GET", LIVE, samples.items())
        await api.live_orders(ACCOUNT)
        for request in (*fake.requests, *fake.token_requests):
            assert request.headers["user-agent"] == "MesoLiveOpen/1.0"
            assert request.headers["accept"] == "application/json"
            assert request.headers["accept-version"] == "20261012"
        assert fake.requests[0].headers["authorization"] == "Bearer access-1"
        assert "authorization" not in fake.token_requests[0].headers

    async def test_a_version_that_is_refused_is_left_out_from_then_on(self, fake: FakeRest, api: RestApi) -> None:
        fake.on("GET", LIVE, httpx.Response(406), samples.items())
        for _ in range(2):
            assert await api.live_orders(ACCOUNT) == Answered([])
        assert ["accept-version" in item.headers for item in fake.requests] == [True, False, False]


class TestTokens:
    async def test_callers_that_come_together_share_one_refresh(self, fake: FakeRest, api: RestApi) -> None:
        fake.on("GET", LIVE, samples.items())
        await asyncio.gather(*(api.live_orders(ACCOUNT) for _ in range(8)))
        assert fake.tokens == 1

    async def test_a_token_is_renewed_at_two_thirds_of_its_life(self, fake: FakeRest, api: RestApi) -> None:
        fake.on("GET", LIVE, samples.items())
        fake.life = 0.0
        for _ in range(3):
            await api.live_orders(ACCOUNT)
        assert fake.tokens == 3

    async def test_a_read_that_got_401_is_made_again_and_an_order_is_not(self, fake: FakeRest, api: RestApi) -> None:
        refused = httpx.Response(401, json=samples.error("token_invalid", "expired"))
        fake.on("GET", LIVE, refused, samples.items())
        assert await api.live_orders(ACCOUNT) == Answered([])
        fake.on("POST", ORDERS, refused)
        outcome = await api.submit(ACCOUNT, NEW)
        assert isinstance(outcome, Refused)
        assert outcome.is_unauthorized
        assert fake.count("POST") == 1
        assert fake.tokens == 3, "the next order has another token"

    async def test_refreshes_that_are_refused_are_made_with_pauses_and_reads_recover(
        self, fake: FakeRest, api: RestApi
    ) -> None:
        refusal = {"error_code": "invalid_request", "error_description": "User is not a customer"}
        fake.token_answers = [httpx.Response(400, json=refusal), httpx.ReadTimeout("slow")]
        fake.on("GET", LIVE, samples.items())
        assert await api.live_orders(ACCOUNT) == Answered([])
        assert len(fake.token_requests) == 3

    async def test_an_order_without_a_token_is_not_sent(self, fake: FakeRest, api: RestApi) -> None:
        fake.token_answers = [httpx.Response(400, json={"error_code": "invalid_request", "error_description": ""})]
        outcome = await api.submit(ACCOUNT, NEW)
        assert isinstance(outcome, Unknown)
        assert not outcome.sent
        assert fake.requests == []

    async def test_a_wrong_client_secret_is_tried_once(self, fake: FakeRest, api: RestApi) -> None:
        refusal = httpx.Response(401, json={"error_code": "invalid_client", "error_description": "unknown client"})
        fake.token_answers = [refusal, refusal, refusal]
        for _ in range(3):
            outcome = await api.live_orders(ACCOUNT)
            assert isinstance(outcome, Refused)
            assert outcome.code == "login"
        assert len(fake.token_requests) == 1

    async def test_secrets_are_in_no_log_and_no_representation(
        self, fake: FakeRest, api: RestApi, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        fake.token_answers = [httpx.Response(400, json={"error_code": "invalid_grant", "error_description": "no"})]
        fake.on("GET", LIVE, httpx.Response(401), samples.items())
        fake.on("GET", "/api-quote-tokens", samples.envelope({"token": "quote-token-55", "dxlink-url": "wss://q.test"}))
        await api.live_orders(ACCOUNT)
        token = await api.quote_token()
        reported = caplog.text + repr(token) + repr(api.transport.tokens.__dict__) + repr(api.transport.__dict__)
        assert "access_token_refused" in reported
        for secret in (SECRET, REFRESH, "access-1", "access-2", "quote-token-55"):
            assert secret not in reported


class TestLists:
    async def test_all_pages_are_read_and_the_first_once_more(self, fake: FakeRest, api: RestApi) -> None:
        pages = [
            samples.items(samples.order(3), samples.order(2), page=0, pages=2),
            samples.items(samples.order(2), samples.order(1), page=1, pages=2),
            samples.items(samples.order(4), samples.order(3), page=0, pages=2),
        ]
        fake.on("GET", ORDERS, *pages)
        orders = value_of("orders", await api.search_orders(ACCOUNT, SINCE))
        assert [item.id for item in orders] == [4, 3, 2, 1]

    async def test_a_search_begins_on_the_day_before_in_new_york(self, fake: FakeRest, api: RestApi) -> None:
        fake.on("GET", ORDERS, samples.items())
        await api.search_orders(ACCOUNT, SINCE)
        assert fake.requests[0].url.params["start-date"] == "2026-07-25"

    async def test_a_page_that_is_not_answered_makes_the_whole_list_unknown(self, fake: FakeRest) -> None:
        fake.on("GET", ORDERS, samples.items(samples.order(1), pages=2), httpx.ReadTimeout("slow"))
        async with transport(fake, replace(QUICK, call_seconds=0.1)) as calls:
            outcome = await RestApi(calls).search_orders(ACCOUNT, SINCE)
        assert isinstance(outcome, Unknown)

    async def test_balances_come_as_an_object_or_as_a_list(self, fake: FakeRest, api: RestApi) -> None:
        path = f"/accounts/{ACCOUNT}/balances"
        fake.on("GET", path, samples.envelope(samples.balance()), samples.items(samples.balance()))
        for _ in range(2):
            (balance,) = value_of("balances", await api.balances(ACCOUNT))
            assert str(balance.cash_balance) == "51600.762"

    async def test_lists_in_a_query_are_repeated_with_brackets(self, fake: FakeRest, api: RestApi) -> None:
        fake.on("GET", f"/accounts/{ACCOUNT}/transactions", samples.items())
        await api.transactions(ACCOUNT, SINCE, types=["Trade", "Receive Deliver"], symbol=SHORT)
        query = fake.requests[0].url.params
        assert query.get_list("types[]") == ["Trade", "Receive Deliver"]
        assert query["symbol"] == SHORT


class TestRateLimits:
    async def test_calls_of_one_path_follow_one_another_at_its_rate(self) -> None:
        limits, loop = RateLimits({"positions": 50.0}), asyncio.get_running_loop()
        begun = loop.time()
        for _ in range(60):
            await limits.wait("/accounts/5WX00001/positions")
        assert loop.time() - begun >= 9 / 50

    async def test_other_paths_do_not_wait_for_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rate_limits, "PENALTY_SECONDS", 3600.0)
        monkeypatch.setattr(rate_limits, "MAX_PENALTY_SECONDS", 3600.0)
        limits = RateLimits({"positions": 1.0})
        await limits.wait("/accounts/5WX00001/positions")
        assert limits.throttled("/accounts/5WX00001/positions") == 3600.0
        await asyncio.wait_for(limits.wait("/accounts/5WX00001/orders"), 60)


async def test_closing_twice_is_harmless(fake: FakeRest) -> None:
    calls: Transport = transport(fake)
    await calls.close()
    await calls.close()
