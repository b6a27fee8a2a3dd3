"""The tastytrade connector: login, accounts, facts, states in words, and no secret anywhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from mesolive.clock import ManualClock
from mesolive.connectors.protocol import Check, ConnectorError, ConnectorRequest, ConnectorState, Problem
from mesolive.connectors.registry import KINDS
from mesolive.connectors.settings_model import ConnectorSettingsError, read_settings
from mesolive.connectors.tastytrade.connector import TastytradeConnector
from mesolive.connectors.tastytrade.settings import TastytradeSettings
from mesolive.market.calendar import us_options_calendar
from mesolive.market.quality import QuoteQuality
from mesolive.records import replace
from mesolive.tastytrade_client import ClientConfig, StreamConfig
from mesolive_testkit.loop_time import PassTime
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.broker import NOW, QUICK_TIMES, FakeBroker
from mesolive_testkit.tastytrade.quotes import CHAIN, DAY, QUICK, STRIKES, QuotingDxLink
from mesolive_testkit.tastytrade.rest import QUICK as QUICK_CLIENT
from mesolive_testkit.tastytrade.rest import REFRESH, SECRET
from mesolive_testkit.tastytrade.samples import ACCOUNT
from mesolive_testkit.tastytrade.sockets import serving, until

ACCOUNTS = "/customers/me/accounts"
TOKENS = "/api-quote-tokens"


@dataclass
class Connected:
    connector: TastytradeConnector
    broker: FakeBroker
    quotes: QuotingDxLink


@asynccontextmanager
async def connector(
    folder: Path | None = None, client: ClientConfig = QUICK_CLIENT, **given: str
) -> AsyncGenerator[Connected]:
    broker, server = FakeBroker(), QuotingDxLink()
    server.tokens = ("q-secret-91",)
    for strike in ("4000", "4900", "5000", "5100"):
        for right in "CP":
            server.quotes[f".SPXW260821{right}{strike}"] = [10.0, 10.4, 5, 7]
    rest = broker.rest
    rest.on("GET", ACCOUNTS, samples.items(samples.account(), samples.account("5WX00002", authority="read-only")))
    rest.on("GET", CHAIN, samples.items(samples.chain("SPXW", "PM", DAY, *STRIKES)))
    rest.on("GET", f"/accounts/{ACCOUNT}/balances", samples.envelope(samples.balance()))
    status = {
        "account-number": ACCOUNT,
        "is-frozen": False,
        "is-closing-only": False,
        "options-level": "No Restrictions",
    }
    rest.on("GET", f"/accounts/{ACCOUNT}/trading-status", samples.envelope(status))
    async with serving(broker.stream) as stream_url, serving(server) as quotes_url:
        rest.on("GET", TOKENS, samples.envelope({"token": "q-secret-91", "dxlink-url": quotes_url, "level": "api"}))
        values = {"client_secret": SECRET, "refresh_token": REFRESH, "stream_url": stream_url} | given
        made = TastytradeConnector(
            ConnectorRequest(
                "tasty", read_settings(TastytradeSettings, values), folder, ManualClock(NOW), us_options_calendar()
            ),
            client=client,
            stream=StreamConfig(heartbeat_seconds=20.0, connect_seconds=60.0),
            times=QUICK_TIMES,
            market_data=QUICK,
            http=rest,
        )
        try:
            yield Connected(made, broker, server)
        finally:
            await made.venue.stop()
            await made.disconnect()


class TestSettings:
    def test_the_kind_is_registered_and_begins_in_the_sandbox(self) -> None:
        settings = read_settings(KINDS["tastytrade"].settings, {"client_secret": "a", "refresh_token": "b"})
        assert isinstance(settings, TastytradeSettings)
        assert settings.environment == "sandbox"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("underlyings", "spx"),
            ("days", "0"),
            ("strikes_percent", "-1"),
            ("api_version", "soon"),
            ("rest_url", "http://api.example.org"),
            ("clock_offset", "60"),
            ("rest_url", "ftp://127.0.0.1"),
            ("stream_url", "https://127.0.0.1"),
            ("quotes_url", "wss://user@host"),
            ("rest_url", "https://api.tastyworks.com"),
            ("stream_url", "wss://streamer.tastyworks.com"),
        ],
    )
    def test_a_contradiction_names_the_setting(self, name: str, value: str) -> None:
        values = {"client_secret": "a", "refresh_token": "b", "accounts": "5WX00001", name: value}
        with pytest.raises(ConnectorSettingsError) as wrong:
            read_settings(TastytradeSettings, values)
        assert list(wrong.value.problems) == [name]

    @pytest.mark.parametrize(
        ("environment", "dry_run", "expected"),
        [
            ("production", None, True),
            ("production", "always", True),
            ("production", "never", False),
            ("sandbox", None, False),
            ("sandbox", "always", True),
        ],
    )
    async def test_the_broker_checks_orders_of_real_money_first_unless_the_setting_says_otherwise(
        self, environment: str, dry_run: str | None, *, expected: bool
    ) -> None:
        chosen: dict[str, Any] = {} if dry_run is None else {"dry_run": dry_run}
        async with connector(environment=environment, **chosen) as rig:
            assert rig.connector.venue.core.rules.dry_run is expected

    def test_a_setting_of_an_earlier_version_is_passed_over(self) -> None:
        values = {"client_secret": "a", "refresh_token": "b", "queued_accounts": "5WX00009"}
        assert read_settings(TastytradeSettings, values).accounts == ()


class TestConnection:
    async def test_it_connects_discovers_accounts_and_states_their_facts(self) -> None:
        async with connector() as rig:
            await rig.connector.connect()
            assert rig.connector.status.state is ConnectorState.CONNECTED
            first, second = await rig.connector.accounts()
            assert (first.account_id, first.live, first.can_trade) == (ACCOUNT, False, True)
            assert not second.can_trade
            assert rig.connector.venue.accounts == (ACCOUNT,)
            facts = await rig.connector.account_facts(ACCOUNT)
            assert str(facts.cash) == "51600.762"
            assert str(facts.maintenance_margin) == "43227.234"

    async def test_an_account_that_is_closed_since_is_named_with_what_to_do(self) -> None:
        async with connector() as one:
            rest = one.broker.rest
            rest.on("GET", ACCOUNTS, samples.items(samples.account(), samples.account("5WX00003")))
            await one.connector.connect()
            await one.connector.disconnect()
            closed = samples.account()
            closed["account"]["is-closed"] = True
            rest.on("GET", ACCOUNTS, samples.items(closed, samples.account("5WX00003")))
            await one.connector.connect()
            status = one.connector.status
            assert status.state is ConnectorState.RESTRICTED
            assert f"the login has account {ACCOUNT} no more" in status.message
            assert "closed" in status.remedy
            assert ACCOUNT not in status.cause

    async def test_accounts_of_production_are_real_money(self) -> None:
        async with connector(environment="production") as rig:
            await rig.connector.connect()
            assert all(account.live for account in await rig.connector.accounts())

    async def test_a_refused_login_waits_for_the_trader(self) -> None:
        async with connector() as rig:
            refusal = {"error_code": "invalid_client", "error_description": "unknown client"}
            rig.broker.rest.token_answers = [httpx.Response(401, json=refusal)]
            with pytest.raises(ConnectorError) as failure:
                await rig.connector.connect()
            assert failure.value.problem is Problem.CREDENTIALS
            assert "grant" in failure.value.remedy
            await rig.connector.connect()

    @pytest.mark.parametrize(
        ("answer", "problem"),
        [
            (httpx.Response(403, json=samples.error("not_permitted", "no")), Problem.NOT_PERMITTED),
            (httpx.Response(502, html="<html/>"), Problem.UNREACHABLE),
            (httpx.Response(200, content=b"what"), Problem.NONSENSE),
            (httpx.ConnectError("refused"), Problem.UNREACHABLE),
        ],
    )
    async def test_each_failure_is_reported_by_its_kind(
        self, answer: httpx.Response | Exception, problem: Problem, pass_time: PassTime
    ) -> None:
        async with connector(client=replace(QUICK_CLIENT, call_seconds=60.0)) as rig:
            rest = rig.broker.rest
            rest.on("GET", ACCOUNTS, answer)
            connecting = asyncio.create_task(rig.connector.connect())
            # Reads are repeated for as long as a call may take, and refusals are not.
            await until(lambda: connecting.done() or rest.count("GET", ACCOUNTS) >= 2)
            pass_time(60.0)
            with pytest.raises(ConnectorError) as failure:
                await connecting
            assert failure.value.problem is problem

    async def test_an_account_that_the_login_lacks_is_a_wrong_setting(self) -> None:
        async with connector(accounts="5WX00009") as rig:
            with pytest.raises(ConnectorError, match="5WX00009") as failure:
                await rig.connector.connect()
            assert failure.value.problem is Problem.SETTINGS

    async def test_lost_quotes_restrict_it_and_lost_orders_too_disconnect_it(self) -> None:
        async with connector() as rig:
            await rig.connector.connect()
            await rig.connector.venue.start()
            async with rig.connector.venue.session():
                rig.quotes.tokens = ()
                assert rig.quotes.socket is not None
                await rig.quotes.socket.close(1011)
                await until(lambda: rig.connector.status.state is ConnectorState.RESTRICTED)
                assert "market data" in rig.connector.status.message
            await until(lambda: rig.connector.status.state is ConnectorState.DISCONNECTED)

    async def test_alarms_of_orders_are_part_of_the_state(self) -> None:
        async with connector() as rig:
            await rig.connector.connect()
            rig.connector.venue.core.alarm("x", "order 7 was taken as something else")
            assert rig.connector.status.state is ConnectorState.RESTRICTED
            assert "order 7" in rig.connector.status.message

    async def test_it_may_be_disconnected_twice_and_connected_again(self) -> None:
        async with connector() as rig:
            await rig.connector.disconnect()
            for _ in range(2):
                await rig.connector.connect()
                await rig.connector.disconnect()
                await rig.connector.disconnect()
            with pytest.raises(ConnectorError):
                await rig.connector.accounts()


class TestReport:
    async def test_a_class_whose_terms_are_not_known_is_reported_and_left_out(self) -> None:
        async with connector() as rig:
            chains = [samples.chain(root, "PM", DAY, *STRIKES) for root in ("SPXW", "SPXQ")]
            rig.broker.rest.on("GET", CHAIN, samples.items(*chains))
            await rig.connector.connect()
            status = rig.connector.status
            assert status.state is ConnectorState.RESTRICTED
            assert status.message == "the terms of SPXQ on SPX are not known, so their contracts are left out"
            assert "the broker lists a class of options" in status.public_text
            findings = {finding.topic: finding for finding in (await rig.connector.test()).findings}
            assert findings["classes"].detail == status.message
            assert rig.connector.provider is not None
            assert {item.root for item in rig.connector.provider.books["SPX"].listing.expirations} == {"SPXW"}

    async def test_the_table_shows_login_accounts_data_and_clock(self) -> None:
        async with connector() as rig:
            report = await rig.connector.test()
            topics = [(finding.topic, finding.check) for finding in report.findings]
        assert topics == [
            ("login", Check.OK),
            (f"account {ACCOUNT}", Check.OK),
            ("account 5WX00002", Check.WARNING),
            ("market data SPX", Check.OK),
            ("clock", Check.OK),
        ]
        assert report.data_quality == {"SPX": QuoteQuality.LIVE}
        assert rig.broker.rest.count("POST") == 0

    async def test_delayed_quotes_and_a_closing_only_account_are_warned_of(self) -> None:
        async with connector() as rig:
            token = {"token": "t", "dxlink-url": "wss://q.test", "level": "demo"}
            rig.broker.rest.on("GET", TOKENS, samples.envelope(token))
            status = samples.envelope({"account-number": ACCOUNT, "is-closing-only": True})
            rig.broker.rest.on("GET", f"/accounts/{ACCOUNT}/trading-status", status)
            report = await rig.connector.test()
        reported = {finding.topic: finding for finding in report.findings}
        assert "closing orders only" in reported[f"account {ACCOUNT}"].detail
        assert "delayed" in reported["market data SPX"].detail


async def test_no_secret_is_logged_or_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("websockets.server", "websockets"):
        logging.getLogger(name).setLevel(logging.INFO)  # the test's own servers
    async with connector(tmp_path) as rig:
        await rig.connector.connect()
        await rig.connector.test()
        reported = caplog.text + repr(rig.connector.__dict__) + str(rig.connector.status)
    for secret in (SECRET, REFRESH, "access-1", "q-secret-91"):
        assert secret not in reported
