"""Connections by the Control Hub: added, tested, enabled, disabled and removed, with accounts enabled one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from functools import partialmethod
from pathlib import Path

import httpx
import pytest

from mesolive.connectors.repository import MAX_CONNECTORS_PER_USER
from mesolive.connectors.simulated.connector import SimulatedConnector
from mesolive.connectors.tastytrade.connector import TastytradeConnector
from mesolive.records import replace
from mesolive_sdk import MesoLiveApiException, models
from mesolive_testkit.connectors import add, enabled, running_live, until
from mesolive_testkit.tastytrade.rest import QUICK as QUICK_CLIENT

State = models.ConnectorStateType
NONSENSE = {"ibkr": "no message of TWS", "tastytrade": "unreadable"}
SIM = models.ConnectorArgs(Name="sim")


async def test_a_live_server_without_a_connector_runs_and_says_so(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        assert (await kit.control.list_agents()).Agents == []
        async with httpx.AsyncClient() as http:
            health = (await http.get(f"{kit.url}/health")).json()
        assert health["status"] == "warning"
        assert any("no connector is configured" in line for line in health["warnings"])
        with pytest.raises(MesoLiveApiException, match="this server has no Ibkr provider"):
            await (await kit.data()).get_underlying_snapshot(
                models.GetUnderlyingSnapshotArgs(
                    Underlying=models.LiveUnderlying(
                        Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD"
                    ),
                    Provider=models.DataProviderType.Ibkr,
                )
            )


async def test_the_kinds_of_connectors_list_their_settings_and_which_of_them_are_secret(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        kinds = {kind.Kind: kind for kind in (await kit.control.list_connector_kinds()).Kinds}
        simulated = kinds["simulated"]
        assert (simulated.DataProvider, simulated.BrokerType) == (
            models.DataProviderType.Simulated,
            models.BrokerType.Simulated,
        )
        assert {setting.Name: setting.Secret for setting in simulated.Settings}["password"]


async def test_a_connection_is_added_disabled_and_shows_its_settings_without_secrets(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await add(kit, secrets={"password": "correct horse"}, seed="7")
        (shown,) = (await kit.control.list_connectors()).Connectors
        assert (shown.Enabled, shown.State) == (False, State.Disabled)
        assert shown.Settings["seed"] == "7"
        assert shown.SecretsSet == ["password"]
        assert "correct horse" not in repr(shown)
        with pytest.raises(MesoLiveApiException, match="exists already"):
            await add(kit)


@pytest.mark.parametrize(
    ("settings", "secrets", "message"),
    [
        ({"accounts": "U1"}, {}, r"Settings.accounts: expected SIM and capital letters or digits, got 'U1'"),
        ({"colour": "red"}, {}, r"Settings.colour: there is no such setting"),
        ({"password": "x"}, {}, r"Settings.password: it is a secret: give it in Secrets"),
        ({}, {"seed": "7"}, r"Secrets.seed: it is no secret"),
    ],
)
async def test_settings_that_cannot_be_used_are_refused_by_their_name(
    tmp_path: Path, settings: dict[str, str], secrets: dict[str, str], message: str
) -> None:
    async with running_live(tmp_path) as kit:
        with pytest.raises(MesoLiveApiException, match=message):
            await add(kit, secrets=secrets, **settings)
        assert (await kit.control.list_connectors()).Connectors == []


async def test_a_test_shows_accounts_quality_permissions_and_clock_in_one_table(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await add(
            kit, accounts="SIM1,SIM2", live_accounts="SIM2", closed_accounts="SIM1", quality="delayed", clock_ahead="9"
        )
        report = await kit.control.test_connector(SIM)
        assert report.Passed
        topics = {finding.Topic: finding for finding in report.Findings}
        assert list(topics) == ["login", "account SIM1", "account SIM2", "market data SPX", "clock"]
        assert topics["account SIM1"].Check is models.ConnectorCheck.Warning
        assert "real money" in topics["account SIM2"].Detail
        assert topics["market data SPX"].Remedy
        assert "+9.0 s" in topics["clock"].Detail
        assert report.DataQuality == {"SPX": "delayed"}
        assert report.ClockDifferenceSeconds == Decimal(9)
        assert [(account.BrokerAccountId, account.Live, account.CanTrade) for account in report.Accounts] == [
            ("SIM1", False, False),
            ("SIM2", True, True),
        ]


@pytest.mark.parametrize(
    ("refusal", "line", "state"),
    [
        ("credentials", "wrong credentials: the broker refuses user name and password", State.ActionRequired),
        ("expired", "expired credentials: the token has expired", State.ActionRequired),
        ("permission", "not permitted: the login has no permission for the API", State.ActionRequired),
        ("settings", "wrong settings: the broker's time zone is Mars/Olympus_Mons", State.ActionRequired),
        ("unreachable", "unreachable: nothing listens at the broker's address", State.Disconnected),
        ("nonsense", "unreadable answer: the broker answered what is no message", State.Disconnected),
        ("defect", "unreadable answer: the answer could not be used (RuntimeError at mesolive", State.Disconnected),
    ],
)
async def test_a_login_that_fails_is_one_clear_line_and_the_server_lives_on(
    tmp_path: Path, refusal: str, line: str, state: models.ConnectorStateType
) -> None:
    async with running_live(tmp_path) as kit:
        events: asyncio.Queue[models.MesoLiveEvent] = asyncio.Queue()
        (await kit.events()).on_any_event(events.put_nowait)
        await add(kit, secrets={"password": "correct horse"}, refuse=refusal)
        report = await kit.control.test_connector(SIM)
        assert not report.Passed
        (finding,) = report.Findings
        assert finding.Detail.startswith(line)
        await kit.control.enable_connector(SIM)
        shown = await until(kit, lambda item: item.State is state)
        assert shown.Message.startswith(line)
        async with asyncio.timeout(30):
            while not isinstance(event := await events.get(), models.AgentStatusEvent):
                pass
        assert event.Status is not models.AgentStatus.Connected
        assert line in event.Message
        async with httpx.AsyncClient() as http, asyncio.timeout(30):
            # Between two attempts the connection is for a moment "connecting": the state that lasts is awaited.
            while (health := (await http.get(f"{kit.url}/health")).json())["connectors"] != {
                "simulated": {state.value: 1}
            }:
                assert health["connectors"]["simulated"].keys() <= {
                    state.value,
                    models.ConnectorStateType.Connecting.value,
                }
        assert health["status"] == "warning", "a broker that is away is no failure of the server"
        log = (await kit.control.get_connector_log(models.GetConnectorLogArgs(Name="sim"))).Entries
        assert any(entry.Message.startswith(line) for entry in log)
        assert (await kit.control.list_accounts()).Accounts == []


@asynccontextmanager
async def talking_nonsense() -> AsyncGenerator[str]:
    """Serve bytes that are no message of any broker; gives the port."""
    connections = set[asyncio.StreamWriter]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        with suppress(ConnectionError):
            while await reader.read(4096):
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n<\x00\xff\xfe>{[,"
                )

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        try:
            yield str(server.sockets[0].getsockname()[1])
        finally:
            # A connection that the end of the loop closes is reported as left open, in whatever test comes next.
            for writer in connections:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for writer in connections), return_exceptions=True)


@pytest.mark.parametrize("kind", ["ibkr", "tastytrade"])
async def test_a_broker_that_answers_nonsense_is_one_clear_line_and_the_server_lives_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    # A read is asked again until this limit, and the limit must leave a busy machine the time for a first answer.
    quick = partialmethod(TastytradeConnector.__init__, client=replace(QUICK_CLIENT, call_seconds=5.0))
    monkeypatch.setattr(TastytradeConnector, "__init__", quick)
    async with talking_nonsense() as port, running_live(tmp_path) as kit:
        events: asyncio.Queue[models.MesoLiveEvent] = asyncio.Queue()
        (await kit.events()).on_any_event(events.put_nowait)
        settings = {"port": port} if kind == "ibkr" else {"rest_url": f"http://127.0.0.1:{port}"}
        secrets = {} if kind == "ibkr" else {"client_secret": "correct horse", "refresh_token": "battery"}
        await kit.control.add_connector(
            models.AddConnectorArgs(Name="sim", Kind=kind, Settings=settings, Secrets=secrets)
        )
        report = await kit.control.test_connector(SIM)
        assert not report.Passed
        (finding,) = report.Findings
        line = finding.Detail
        assert NONSENSE[kind] in line
        assert "\n" not in line
        await kit.control.enable_connector(SIM)
        shown = await until(kit, lambda item: item.State is State.Disconnected)
        assert NONSENSE[kind] in shown.Message
        async with asyncio.timeout(30):
            while not isinstance(event := await events.get(), models.AgentStatusEvent):
                pass
        assert NONSENSE[kind] in event.Message
        async with httpx.AsyncClient() as http:
            health = (await http.get(f"{kit.url}/health")).json()
        assert health["connectors"].keys() == {kind}
        assert health["status"] == "warning"
        assert (await kit.control.list_accounts()).Accounts == []


async def test_a_silent_broker_is_given_up_after_the_time_limit(tmp_path: Path) -> None:
    from mesolive.records import replace
    from mesolive_testkit.connectors import QUICK

    async with running_live(tmp_path, supervision=replace(QUICK, connect_seconds=0.1, test_seconds=0.1)) as kit:
        await add(kit, refuse="silent")
        (finding,) = (await kit.control.test_connector(SIM)).Findings
        assert finding.Detail == "unreachable: no answer within 0.1 s"
        await kit.control.enable_connector(SIM)
        await until(kit, lambda item: "no answer within 0.1 s" in item.Message)


async def test_accounts_are_discovered_listed_and_enabled_one_by_one_with_careful_limits(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit, accounts="SIM1,SIM2,SIM3", live_accounts="SIM2", closed_accounts="SIM3", cash="250000")
        assert (await kit.control.list_accounts()).Accounts == []
        shown = await until(kit, lambda item: len(item.Accounts) == 3)
        assert [account.Enabled for account in shown.Accounts] == [False, False, False]
        for name in ("SIM1", "SIM2"):
            account = await kit.control.enable_broker_account(
                models.EnableBrokerAccountArgs(Name="sim", BrokerAccountId=name)
            )
            assert account.BrokerFacts is not None
            assert account.BrokerFacts.Cash == account.Cash == Decimal(250_000)
            assert account.BrokerFacts.AsOf.year == 2026
            assert account.Books is None, "the books agree with the broker"
        with pytest.raises(MesoLiveApiException, match="does not permit orders of this login for account SIM3"):
            await kit.control.enable_broker_account(models.EnableBrokerAccountArgs(Name="sim", BrokerAccountId="SIM3"))
        with pytest.raises(MesoLiveApiException, match=r"discovered: SIM1, SIM2, SIM3"):
            await kit.control.enable_broker_account(models.EnableBrokerAccountArgs(Name="sim", BrokerAccountId="SIM9"))
        (agent,) = (await kit.control.list_agents()).Agents
        assert agent.BrokerAccountIds == ["SIM1", "SIM2"]
        assert agent.DataProvider is models.DataProviderType.Simulated


async def test_a_lost_connection_is_made_again_and_reported_each_time(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        manager = kit.application.connectors
        (supervision,) = manager._running.values()
        connector = supervision.connector
        assert isinstance(connector, SimulatedConnector)
        connector.lose("the night has come")
        async with asyncio.timeout(30):
            while True:
                log = (await kit.control.get_connector_log(models.GetConnectorLogArgs(Name="sim"))).Entries
                states = [entry.State for entry in reversed(log)]
                if states.count(State.Connected) == 2:
                    break
                await asyncio.sleep(0.02)
        assert State.Disconnected in states
        assert any("the night has come" in entry.Message for entry in log)


async def test_a_connection_that_is_enabled_is_never_shown_as_disabled(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await add(kit, refuse="silent")
        shown = await kit.control.enable_connector(SIM)
        assert (shown.Enabled, shown.State) == (True, State.Connecting)
        (listed,) = (await kit.control.list_connectors()).Connectors
        assert (listed.Enabled, listed.State) == (True, State.Connecting)


async def test_a_connection_outlives_a_restart_and_ends_when_it_is_disabled(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
    async with running_live(tmp_path) as kit:
        await until(kit, lambda item: item.State is State.Connected)
        shown = await kit.control.disable_connector(SIM)
        assert (shown.State, shown.DataProvider) == (State.Disabled, None)
        assert kit.application.market.providers == {}
    async with running_live(tmp_path) as kit:
        (shown,) = (await kit.control.list_connectors()).Connectors
        assert shown.State is State.Disabled


async def test_a_connection_is_removed_with_its_secrets_and_its_name_is_free_again(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit, secrets={"password": "correct horse"})
        await kit.control.remove_connector(SIM)
        assert (await kit.control.list_connectors()).Connectors == []
        with pytest.raises(MesoLiveApiException, match="was not found"):
            await kit.control.test_connector(SIM)
        await add(kit)
        (shown,) = (await kit.control.list_connectors()).Connectors
        assert shown.SecretsSet == []


async def test_another_user_neither_sees_nor_touches_a_connection(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await add(kit)
        other = await kit.other_user()
        assert (await other.list_connectors()).Connectors == []
        for call in (other.test_connector, other.enable_connector, other.remove_connector):
            with pytest.raises(MesoLiveApiException, match="was not found"):
                await call(SIM)


async def test_two_connections_with_the_same_market_data_do_not_run_side_by_side(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        await add(kit, "second", accounts="SIM2")
        await kit.control.enable_connector(models.ConnectorArgs(Name="second"))
        shown = await until(kit, lambda item: item.State is State.ActionRequired, "second")
        assert "connector sim brings Simulated market data already" in shown.Message
        await kit.control.update_connector(
            models.UpdateConnectorArgs(Name="second", Settings={"market_data": "false"}, Secrets={})
        )
        await until(kit, lambda item: item.State is State.Connected, "second")


async def test_an_answer_about_accounts_that_cannot_be_read_is_part_of_the_state(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit, nonsense_facts="true")
        account = await kit.control.enable_broker_account(
            models.EnableBrokerAccountArgs(Name="sim", BrokerAccountId="SIM1000")
        )
        assert account.BrokerFacts is None
        shown = await until(kit, lambda item: item.State is State.Restricted)
        assert shown.Message.startswith("accounts cannot be read: unreadable answer: the answer could not be used")
        assert shown.Remedy == "It is tried again every 60 s."
        await kit.control.update_connector(
            models.UpdateConnectorArgs(Name="sim", Settings={"nonsense_facts": "false"}, Secrets={})
        )
        await until(kit, lambda item: item.State is State.Connected)


async def test_an_account_that_the_login_has_no_more_is_named_before_and_after_a_restart(tmp_path: Path) -> None:
    def is_lost(shown: models.ConnectorInfo) -> bool:
        return shown.State is State.Restricted and "the login has these accounts no more" in shown.Message

    async with running_live(tmp_path) as kit:
        await enabled(kit, accounts="SIM1000,SIM2000")
        for account in ("SIM1000", "SIM2000"):
            await kit.control.enable_broker_account(models.EnableBrokerAccountArgs(Name="sim", BrokerAccountId=account))
        await until(kit, lambda item: item.State is State.Connected)
        await kit.control.update_connector(
            models.UpdateConnectorArgs(Name="sim", Settings={"accounts": "SIM2000"}, Secrets={})
        )
        await until(kit, is_lost)
    async with running_live(tmp_path) as kit:
        shown = await until(kit, is_lost)
        assert "SIM1000: in the books are no open positions and no working orders" in shown.Message
        assert "SIM2000:" not in shown.Message
        async with httpx.AsyncClient() as http:
            health = (await http.get(f"{kit.url}/health")).text
        assert "an account is missing" in health
        assert "SIM1000" not in health


async def test_one_user_has_a_bounded_number_of_connectors(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        for number in range(MAX_CONNECTORS_PER_USER):
            await add(kit, f"sim{number}")
        with pytest.raises(MesoLiveApiException, match="there are 20 connectors already"):
            await add(kit)


async def test_health_counts_connectors_by_kind_and_names_neither_users_nor_connectors(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit, "private-name")
        other = await kit.other_user()
        settings = {"refuse": "credentials"}
        await other.add_connector(
            models.AddConnectorArgs(Name="theirs", Kind="simulated", Settings=settings, Secrets={})
        )
        await other.enable_connector(models.ConnectorArgs(Name="theirs"))
        async with httpx.AsyncClient() as http:
            health = await http.get(f"{kit.url}/health")
            metrics = await http.get(f"{kit.url}/metrics")
        assert health.json()["connectors"] == {"simulated": {"Connected": 1, "ActionRequired": 1}}
        assert any("1 connector of kind simulated: ActionRequired" in line for line in health.json()["warnings"])
        for text in (health.text, metrics.text):
            assert "private-name" not in text
            assert "theirs" not in text
            assert "market data already" not in text
        (shown,) = (await other.list_connectors()).Connectors
        assert "another user's connector brings Simulated market data already" in shown.Message
        assert "private-name" not in repr(shown)
