"""The life of a connection to TWS: every state in words, with what to do, and the way back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.clock import MonotonicClock
from mesolive.connectors.ibkr import IBKR
from mesolive.connectors.ibkr.connector import IbkrConnector
from mesolive.connectors.ibkr.settings import IbkrSettings
from mesolive.connectors.protocol import Check, ConnectorError, ConnectorState, Problem
from mesolive.connectors.settings_model import ConnectorSettingsError, read_settings
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.records import replace
from mesolive.venues.base import VenueUnreachableError
from mesolive_testkit.ibkr import connector_at, happens, state_of, turns
from mesolive_testkit.tws import TwsKit, running_double

QUIET = DoubleSettings(messages_per_second=0)


@asynccontextmanager
async def connected(
    settings: DoubleSettings = QUIET, folder: Path | None = None, **given: Any
) -> AsyncGenerator[tuple[TwsKit, IbkrConnector]]:
    async with running_double(settings) as kit:
        connector = connector_at(kit, folder, **given)
        await connector.connect()
        try:
            yield kit, connector
        finally:
            await connector.disconnect()


async def waiting_by_timer(kit: TwsKit, done: Callable[[], bool], seconds: float = 2.0) -> None:
    """Let the timer go on until something is true."""
    for _ in range(60):
        for _ in range(50):
            if done():
                return
            await asyncio.sleep(0.001)
        await kit.timer.advance(seconds)
    raise AssertionError("it did not happen")


async def test_a_connection_says_that_it_works_and_brings_its_accounts_and_their_figures() -> None:
    async with connected(replace(QUIET, accounts=("DU1111111", "DU2222222"))) as (_, connector):
        assert connector.status.state is ConnectorState.CONNECTED
        accounts = await connector.accounts()
        assert [(account.account_id, account.live, account.can_trade) for account in accounts] == [
            ("DU1111111", False, True),
            ("DU2222222", False, True),
        ]
        facts = await connector.account_facts("DU2222222")
        assert facts.net_liquidation == facts.cash == Decimal(1_000_000)
        with pytest.raises(ConnectorError, match="no figures"):
            await connector.account_facts("DU9999999")


@pytest.mark.parametrize("advisor", [False, True])
async def test_the_settings_choose_among_the_accounts_of_a_login(advisor: bool) -> None:
    settings = replace(QUIET, accounts=("DU1111111", "DU2222222"), advisor=advisor)
    async with connected(settings, accounts=("DU2222222",)) as (kit, connector):
        assert [account.account_id for account in await connector.accounts()] == ["DU2222222"]
        other = connector_at(kit, accounts=("DU3333333",), client_id=20, data_client_id=21)
        with pytest.raises(ConnectorError) as failed:
            await other.connect()
        assert failed.value.problem is Problem.SETTINGS
        assert "DU1111111, DU2222222" in failed.value.message


async def test_where_nothing_listens_it_says_to_start_tws() -> None:
    async with running_double(QUIET) as kit:
        connector = connector_at(kit, port=1)
        with pytest.raises(ConnectorError) as failed:
            await connector.connect()
        assert failed.value.problem is Problem.UNREACHABLE
        assert "nothing listens" in failed.value.message
        assert "Start TWS" in failed.value.remedy


@pytest.mark.parametrize(("account", "paper"), [("U7654321", True), ("DU7654321", False)])
async def test_a_live_login_where_a_paper_one_is_set_is_refused_and_the_other_way_round(
    account: str, paper: bool
) -> None:
    async with running_double(replace(QUIET, accounts=(account,))) as kit:
        connector = connector_at(kit, paper=paper)
        with pytest.raises(ConnectorError) as failed:
            await connector.connect()
        assert failed.value.problem is Problem.SETTINGS
        assert not failed.value.problem.retried
        assert account in failed.value.message
        assert not connector.orders.state.connected, "nothing is left connected"


async def test_a_read_only_api_is_a_restriction_with_the_place_of_the_setting() -> None:
    async with running_double(QUIET) as kit:
        kit.double.faults.switch_on("read_only")
        connector = connector_at(kit)
        await connector.connect()
        status = connector.status
        assert status.state is ConnectorState.RESTRICTED
        assert "read-only" in status.message
        assert "clear Read-Only API" in status.remedy
        assert [account.can_trade for account in await connector.accounts()] == [False]
        report = await connector.test()
        assert any(item.check is Check.WARNING and "read-only" in item.detail for item in report.findings)
        await connector.disconnect()


async def test_an_outage_of_ibs_servers_ends_by_itself() -> None:
    async with connected() as (kit, connector):
        happens(kit, "lose_link")
        status = await state_of(connector, ConnectorState.DISCONNECTED, "1100")
        assert "nothing is sent" in status.message
        assert "Wait" in status.remedy
        happens(kit, "restore_link")
        await state_of(connector, ConnectorState.CONNECTED)
        happens(kit, "lose_link", code=2110)
        await state_of(connector, ConnectorState.DISCONNECTED)
        happens(kit, "restore_link", code=1101)
        await state_of(connector, ConnectorState.CONNECTED)


async def test_a_nightly_restart_is_named_in_its_window_and_the_connection_comes_back() -> None:
    window = {"restart_window": "09:55-10:10"}  # the double's market time is ten o'clock
    async with connected(QUIET, None, **window) as (kit, connector):
        assert connector.status.state is ConnectorState.CONNECTED
        happens(kit, "restart", seconds=30)
        status = await state_of(connector, ConnectorState.DISCONNECTED)
        assert "TWS restarts at this time of the day" in status.message
        assert "comes back by itself" in status.remedy
        await waiting_by_timer(kit, lambda: connector.status.state is ConnectorState.CONNECTED)


async def test_the_end_of_the_weeks_login_asks_for_the_phone() -> None:
    sunday = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
    async with running_double(QUIET, start=sunday) as kit:
        connector = connector_at(kit)
        await connector.connect()
        happens(kit, "log_out")
        status = await state_of(connector, ConnectorState.DISCONNECTED)
        assert "Sunday at 01:00" in status.message
        assert "phone" in status.remedy
        happens(kit, "log_in")
        await waiting_by_timer(kit, lambda: connector.status.state is ConnectorState.CONNECTED)
        await connector.disconnect()


async def test_a_client_id_in_use_is_tried_again_with_the_same_id() -> None:
    async with connected() as (kit, connector):
        kit.double.faults.switch_on("client_id_lingers", seconds=20, client=10)
        happens(kit, "cut", client=10)
        await waiting_by_timer(kit, lambda: "client id 10 is in use" in connector.status.message)
        assert "another program" in connector.status.remedy
        await waiting_by_timer(kit, lambda: connector.status.state is ConnectorState.CONNECTED)
        assert connector.orders.client_id == 10


async def test_a_tws_that_says_nothing_points_to_its_window() -> None:
    async with running_double(QUIET) as kit:
        kit.double.faults.switch_on("silent_login")
        connector = connector_at(kit)
        connector._handshake_seconds = 0.2
        with pytest.raises(ConnectorError) as failed:
            await connector.connect()
        assert "says nothing" in failed.value.message
        assert "dialogs" in failed.value.remedy


async def test_a_broken_data_farm_and_lost_market_data_restrict_and_leave_orders_alone() -> None:
    async with running_double(QUIET) as kit:
        connector = connector_at(kit, timer=MonotonicClock(), market_data=True)
        await connector.connect()
        try:
            assert connector.status.state.is_connected
            assert connector.provider is not None
            assert connector.provider.books["SPX"].view().underlying.quote.mark is not None
            happens(kit, "break_farm", farm="usopt")
            await state_of(connector, ConnectorState.RESTRICTED, "usopt")
            happens(kit, "mend_farm", farm="usopt")
            async with asyncio.timeout(60), connector.status_changes.subscribe() as changes:
                while "usopt" in connector.status.message:
                    await anext(changes)
            happens(kit, "cut", client=11)
            await state_of(connector, ConnectorState.RESTRICTED, "market data is lost")
            assert connector.orders.state.sendable
        finally:
            await connector.disconnect()


async def test_a_changed_port_asks_for_the_new_one() -> None:
    async with connected() as (kit, connector):
        happens(kit, "reset_port", port=7499)
        status = await state_of(connector, ConnectorState.DISCONNECTED, "changed its port")
        assert "port=PORT" in status.remedy


async def test_a_test_reports_login_accounts_and_clock_without_staying_connected() -> None:
    async with running_double(QUIET) as kit:
        connector = connector_at(kit)
        report = await connector.test()
        topics = [item.topic for item in report.findings]
        assert topics[:3] == ["login", "account DU1234567", "clock"]
        assert report.clock_difference is not None
        assert not connector.orders.state.connected
        await turns(lambda: not list(kit.double.gateway.all_clients()))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"port": "70000"}, "expected 1 to 65535"),
        ({"client_id": "0"}, "0 would take over orders by hand"),
        ({"client_id": "11"}, "must differ"),
        ({"time_zone": "Mars/Olympus"}, "America/New_York"),
        ({"restart_window": "25:00-26:00"}, "23:40-00:10"),
        ({"underlyings": "spx"}, "such as SPX"),
        ({"routes": "SPX"}, "expected SYMBOL=EXCHANGE such as SPX=CBOE, got 'SPX'"),
        ({"routes": "SPX=CBOE,SPX=SMART"}, "names an underlying twice"),
        ({"routes": "ES=CBOE"}, "one exchange alone"),
    ],
)
def test_settings_that_contradict_themselves_are_named(given: dict[str, str], problem: str) -> None:
    with pytest.raises(ConnectorSettingsError, match=problem):
        read_settings(IbkrSettings, given)


def test_the_kind_is_registered_without_importing_the_client_library() -> None:
    assert IBKR.settings is IbkrSettings
    assert read_settings(IbkrSettings, {}).paper


@pytest.mark.parametrize("account", ["U7777777", "DU7777777"], ids=["live", "another paper login"])
async def test_tws_that_comes_back_as_another_login_is_not_connected_and_nothing_is_judged(
    account: str, tmp_path: Path
) -> None:
    async with (
        connected(QUIET, tmp_path) as (kit, connector),
        running_double(replace(QUIET, accounts=(account,))) as other,
    ):
        session, port, before = connector.orders, kit.double.port, connector.orders.accounts
        session._port = other.double.port
        session.disconnect("TWS has closed the connection")
        await waiting_by_timer(kit, lambda: "another user" in connector.status.message)
        assert connector.status.state is ConnectorState.DISCONNECTED
        assert "Log in to TWS with the account" in connector.status.remedy
        with pytest.raises(VenueUnreachableError, match="another user"):
            async with connector.venue.session():
                raise AssertionError("a session was opened")
        session._port = port
        await waiting_by_timer(kit, lambda: connector.status.state is ConnectorState.CONNECTED)
        assert session.accounts == before
