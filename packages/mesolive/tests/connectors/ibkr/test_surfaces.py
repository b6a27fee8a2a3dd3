"""Each state of a connection to TWS as its trader reads it: `connector list`, `/health` and `OnAgentStatusChange`.

One live server for all; each state has a double of its own. How a connection comes back is in `test_states.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import httpx
import pytest
import pytest_asyncio

from mesolive.assembly import Overrides
from mesolive.cli.connector import list_connectors
from mesolive.clock import ManualClock
from mesolive.connectors.ibkr import IBKR
from mesolive.connectors.ibkr.connector import IbkrConnector
from mesolive.connectors.protocol import ConnectorRequest
from mesolive.connectors.registry import KINDS
from mesolive.doubles.tws.settings import DoubleSettings, Entitlement
from mesolive.notifications.notifier import NotifierConfig
from mesolive.records import replace
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.tasks import BackOff
from mesolive.venues.base import VenueLeg, VenueRequest, VenueUnreachableError
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.models import OrderType, TimeInForce
from mesolive_testkit.connectors import QUICK, until
from mesolive_testkit.http_sink import http_sink
from mesolive_testkit.ibkr import happens, session_at
from mesolive_testkit.server import Kit
from mesolive_testkit.tws import IN_SESSION, TwsKit, running_double

pytestmark = pytest.mark.asyncio(loop_scope="module")

State = models.ConnectorStateType
QUIET = DoubleSettings(messages_per_second=0)
SUNDAY = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
SECONDS = 60.0


@dataclass
class World:
    """A double, and the connector of the server that is at it."""

    tws: TwsKit
    connectors: list[IbkrConnector]
    stack: AsyncExitStack

    async def other_program(self) -> None:
        """Use the client id of orders."""
        await self.stack.enter_async_context(session_at(self.tws, 10))

    def switch_on(self, fault: str, **arguments: Any) -> None:
        self.tws.double.faults.switch_on(fault, **arguments)


Act: TypeAlias = Callable[[World], Awaitable[None]]


def action(name: str, **arguments: object) -> Act:
    async def act(world: World) -> None:
        happens(world.tws, name, **arguments)

    return act


def fault(name: str, **arguments: Any) -> Act:
    async def act(world: World) -> None:
        world.switch_on(name, **arguments)

    return act


async def order_held_by_dialog(world: World) -> None:
    """Send an order that no one answers."""
    world.switch_on("order_held_by_dialog")
    connector = world.connectors[-1]
    option = world.tws.option(right="P").option
    assert option is not None
    order = VenueRequest(
        account="DU1234567",
        reference="held-1",
        legs=(VenueLeg(name="a", contract=option, ratio=Decimal(1)),),
        qty=Decimal(1),
        order_type=OrderType.Market,
        time_in_force=TimeInForce.Day,
    )
    async with asyncio.timeout(SECONDS):
        while connector.venue.status.state is not models.AgentStatus.Connected:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
    with pytest.raises(VenueUnreachableError):
        await connector.venue.submit(order)


@dataclass(frozen=True)
class Shown:
    """How a state comes about, and what is read of it.

    Attributes
    ----------
    message, remedy, cause
        Words that must be shown; the cause is what everybody may read in `/health`.
    before
        What happens before the connector is enabled; `after`: once it is connected.
    """

    state: models.ConnectorStateType
    message: str
    remedy: str
    cause: str
    before: Act | None = None
    after: Act | None = None
    settings: DoubleSettings = QUIET
    given: Mapping[str, str] = field(default_factory=dict[str, str])
    start: datetime = IN_SESSION
    clock_behind: float = 0.0


async def other_program(world: World) -> None:
    await world.other_program()


STATES = {
    "not running": Shown(
        State.Disconnected, "nothing listens at", "Start TWS", "nothing listens where", given={"port": "1"}
    ),
    "login not finished": Shown(
        State.Disconnected, "says nothing", "confirm on the phone", "says nothing", before=fault("silent_login")
    ),
    "client id in use": Shown(
        State.Disconnected, "client id 10 is in use", "another program", "client id is in use", before=other_program
    ),
    "1100": Shown(State.Disconnected, "(1100)", "resets its servers", "(1100)", after=action("lose_link")),
    "1100 before the login": Shown(
        State.Disconnected, "(1100)", "resets its servers", "(1100)", before=action("lose_link")
    ),
    "2110": Shown(State.Disconnected, "(1100)", "resets its servers", "(1100)", after=action("lose_link", code=2110)),
    "nightly restart": Shown(
        State.Disconnected,
        "",
        "comes back by itself",
        "TWS restarts at this time of the day",
        after=action("restart", seconds=600),
        given={"restart_window": "09:55-10:10"},
    ),
    "weekly login": Shown(
        State.Disconnected, "", "on the phone", "the week's login on Sunday", after=action("log_out"), start=SUNDAY
    ),
    "read-only API": Shown(
        State.Restricted, "refuses orders", "ReadOnlyApi=no", "the API of TWS is read-only", before=fault("read_only")
    ),
    "precautions dialog": Shown(
        State.Restricted,
        "has not answered order held-1",
        "Bypass Order Precautions",
        "TWS has not answered an order",
        after=order_held_by_dialog,
    ),
    "live login at a paper setting": Shown(
        State.ActionRequired,
        "U7654321 is a live account",
        "correct its settings",
        "logged in as another user",
        settings=replace(QUIET, accounts=("U7654321",)),
    ),
    "paper login at a live setting": Shown(
        State.ActionRequired,
        "DU1234567 is a paper account",
        "correct its settings",
        "logged in as another user",
        given={"paper": "false"},
    ),
    "two accounts, and not the configured one": Shown(
        State.ActionRequired,
        "no account DU3333333; it has: DU1111111, DU2222222",
        "correct its settings",
        "logged in as another user",
        settings=replace(QUIET, accounts=("DU1111111", "DU2222222")),
        given={"accounts": "DU3333333"},
    ),
    "another port": Shown(
        State.Disconnected, "changed its port", "port=PORT", "changed its port", after=action("reset_port", port=7499)
    ),
    "broken farm": Shown(
        State.Restricted,
        "farm usopt is not connected",
        "quotes count as stale",
        "a market data farm of IB",
        after=action("break_farm", farm="usopt"),
        given={"market_data": "true"},
    ),
    "delayed data": Shown(
        State.Restricted,
        "are delayed (10167)",
        "Subscribe in IB's Client Portal",
        "market data are not complete, or not live",
        settings=replace(QUIET, entitlement=Entitlement.DELAYED),
        given={"market_data": "true"},
    ),
    "unknown class": Shown(
        State.Restricted,
        "the terms of SPXQ on SPX are not known, so their contracts are left out",
        "all else works",
        "a class of options whose terms are not known here",
        before=fault("class_unknown"),
        given={"market_data": "true"},
    ),
    "other clock": Shown(State.Restricted, "the clock of TWS is +30.0 s", "NTP", "the clock of TWS", clock_behind=30.0),
}


class Server:
    """A live server whose connectors wait by real time, and have the market time of their own doubles."""

    def __init__(self) -> None:
        self.kit: Kit
        self.clocks: dict[str, ManualClock] = {}
        self.connectors: list[IbkrConnector] = []
        self.events: list[models.AgentStatusEvent] = []

    def open(self, request: ConnectorRequest) -> IbkrConnector:
        """Make a connector at the time of its double."""
        asked = replace(request, clock=self.clocks[request.name])
        self.connectors.append(IbkrConnector(asked, handshake_seconds=60.0 if request.name != "login" else 0.3))
        return self.connectors[-1]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Server]:
    result = Server()
    directory = tmp_path_factory.mktemp("surfaces")
    database = f"sqlite:///{directory / 'mesolive.sqlite3'}"
    settings = Settings(port=0, database=database, notify_hosts=("127.0.0.1",))
    kinds = {**KINDS, "ibkr": replace(IBKR, open=result.open)}
    async with AsyncExitStack() as stack:
        # A state stays until the test has read it: no attempt follows by itself.
        patient = replace(QUICK, lost_seconds=600.0, retry=BackOff(first=600.0, longest=600.0))
        at_once = NotifierConfig(gather=0.0, sweep=0.1)
        overrides = Overrides(supervision=patient, kinds=kinds, notifier=at_once)
        application = await stack.enter_async_context(serving(settings, overrides))
        made = await application.access.create_key("trader")
        result.kit = Kit(application, made.token, stack)
        result.kit.control = await result.kit.client(MesoLiveControlHubClient)
        events = await result.kit.events()
        events.on_agent_status_change(result.events.append)
        yield result


async def shown_by_the_command(kit: Kit, monkeypatch: pytest.MonkeyPatch, name: str) -> dict[str, str]:
    """Return a connection's line of the table that `mesolive connector list` prints, by its columns."""
    lines: list[dict[str, str]] = []

    def table(_title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], _empty: str) -> None:
        lines.extend(dict(zip(columns, row, strict=True)) for row in rows)

    monkeypatch.setattr("mesolive.cli.connector.print_table", table)
    await asyncio.to_thread(list_connectors, kit.url, kit.token)
    return next(line for line in lines if line["name"] == name)


async def happened(found: Callable[[], Any]) -> Any:
    """Wait until something is there, and return it."""
    async with asyncio.timeout(SECONDS):
        while not (result := found()):  # noqa: ASYNC110 - what is waited for has no event here
            await asyncio.sleep(0.02)
    return result


@pytest.mark.parametrize("case", STATES)
async def test_a_state_is_read_in_words_with_what_to_do_on_all_three_surfaces(
    case: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, kit = STATES[case], server.kit
    name = "login" if case == "login not finished" else "private-name"
    monkeypatch.setattr("mesolive.connectors.ibkr.order_entry.ANSWER_SECONDS", 0.1)
    if shown.clock_behind:
        monkeypatch.setattr("mesolive.connectors.ibkr.session.HEARTBEAT_SECONDS", 0.05)
    async with AsyncExitStack() as stack, running_double(shown.settings, start=shown.start) as tws:
        world = World(tws, server.connectors, stack)
        if shown.before is not None:
            await shown.before(world)
        server.clocks[name] = ManualClock(shown.start - timedelta(seconds=shown.clock_behind))
        given = {"port": str(tws.double.port), "market_data": "false", "restart_window": "", "lines": "5"}
        settings = {**given, **shown.given}
        await kit.control.add_connector(models.AddConnectorArgs(Kind="ibkr", Name=name, Settings=settings, Secrets={}))
        server.events.clear()
        await kit.control.enable_connector(models.ConnectorArgs(Name=name))
        moving = asyncio.create_task(moved(server.clocks[name], tws)) if "market_data" in shown.given else None
        try:
            if shown.after is not None:
                await until(kit, lambda item: item.State in {State.Connected, State.Restricted}, name)
                await shown.after(world)
            await must_be_read(shown, server, name, monkeypatch)
        finally:
            if moving is not None:
                moving.cancel()
                await asyncio.gather(moving, return_exceptions=True)
            await kit.control.disable_connector(models.ConnectorArgs(Name=name))
            await kit.control.remove_connector(models.ConnectorArgs(Name=name))


async def moved(clock: ManualClock, tws: TwsKit) -> None:
    """Let market time go on: the provider's turns are made in it."""
    while True:
        await clock.advance(0.1)
        await tws.advance(0.1)
        await asyncio.sleep(0.01)


async def must_be_read(shown: Shown, server: Server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = server.kit

    def fits(item: models.ConnectorInfo) -> bool:
        return item.State is shown.state and shown.message in item.Message and shown.remedy in item.Remedy

    await until(kit, fits, name)
    printed = await shown_by_the_command(kit, monkeypatch, name)
    assert shown.remedy in printed["what to do"]
    assert shown.message in printed["what it says"]
    status = {"Restricted": "Connected", "Disconnected": "Disconnected", "ActionRequired": "Error"}[shown.state.value]
    event = await happened(
        lambda: next(
            (one for one in server.events if shown.message in one.Message and shown.remedy in one.Message), None
        )
    )
    assert event.Status.value == status
    assert event.Connector is models.AgentConnector.Ibkr
    async with httpx.AsyncClient(timeout=60) as http, asyncio.timeout(SECONDS):
        while True:
            health = await http.get(f"{kit.url}/health")
            lines = [line for line in health.json()["warnings"] if line.startswith(f"ibkr, {shown.state.value}: ")]
            if any(shown.cause in line and shown.remedy in line for line in lines):
                break
            await asyncio.sleep(0.02)
    for private in ("private-name", "DU1234567", "U7654321", "DU1111111", "held-1", "127.0.0.1"):
        assert all(private not in line for line in lines), "everybody may read it"


async def test_an_ended_state_is_not_shown_any_more(server: Server) -> None:
    async with running_double(replace(QUIET, accounts=("DU1111111", "DU2222222"))) as tws:
        kit = server.kit
        server.clocks["two"] = ManualClock(IN_SESSION)
        settings = {"port": str(tws.double.port), "market_data": "false", "restart_window": ""}
        await kit.control.add_connector(models.AddConnectorArgs(Kind="ibkr", Name="two", Settings=settings, Secrets={}))
        await kit.control.enable_connector(models.ConnectorArgs(Name="two"))
        result = await until(kit, lambda item: item.State is State.Connected and len(item.Accounts) == 2, "two")
        assert [account.BrokerAccountId for account in result.Accounts] == ["DU1111111", "DU2222222"]
        happens(tws, "lose_link")
        await until(kit, lambda item: item.State is State.Disconnected, "two")
        happens(tws, "restore_link", code=1101)
        server.events.clear()
        result = await until(kit, lambda item: item.State is State.Connected, "two")
        assert (result.Message, result.Remedy) == ("", "")
        event = await happened(lambda: server.events[-1:])
        assert event[0].Status is models.AgentStatus.Connected
        async with httpx.AsyncClient(timeout=60) as http:
            health = (await http.get(f"{kit.url}/health")).json()
        assert not any("ibkr" in line for line in health["warnings"])
        await kit.control.disable_connector(models.ConnectorArgs(Name="two"))


@pytest.mark.parametrize(
    "switch",
    [
        pytest.param("glued_frames", id="glued_frames: they are taken apart"),
        pytest.param("snapshot_late", id="snapshot_late: lines stream, and no snapshot is asked for"),
        pytest.param("whole_chain_hangs", id="whole_chain_hangs: each expiration is asked for by itself"),
    ],
)
async def test_a_fault_that_harms_nothing_leaves_quotes_fresh_and_all_three_surfaces_quiet(
    switch: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit, name = server.kit, "unharmed"
    async with running_double(QUIET) as tws:
        tws.double.faults.switch_on(switch)
        server.clocks[name] = ManualClock(IN_SESSION)
        given = {"port": str(tws.double.port), "restart_window": "", "lines": "40"}
        await kit.control.add_connector(models.AddConnectorArgs(Kind="ibkr", Name=name, Settings=given, Secrets={}))
        server.events.clear()
        await kit.control.enable_connector(models.ConnectorArgs(Name=name))
        moving = asyncio.create_task(moved(server.clocks[name], tws))
        try:
            result = await until(kit, lambda item: item.State is State.Connected, name)
            provider = server.connectors[-1].provider
            assert provider is not None
            await happened(lambda: provider.chains_are_read and provider.greeks("SPX"))
            assert (result.Message, result.Remedy) == ("", "")
            printed = await shown_by_the_command(kit, monkeypatch, name)
            assert (printed["what it says"], printed["what to do"]) == ("", "")
            assert await happened(lambda: [event.Status for event in server.events]) == [models.AgentStatus.Connected]
            async with httpx.AsyncClient(timeout=60) as http:
                health = (await http.get(f"{kit.url}/health")).json()
            assert not any("ibkr" in line for line in health["warnings"])
            assert switch not in tws.double.faults.fired, "what the fault harms was asked for"
        finally:
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)
            await kit.control.disable_connector(models.ConnectorArgs(Name=name))
            await kit.control.remove_connector(models.ConnectorArgs(Name=name))


async def test_the_end_of_the_weeks_login_is_sent_to_the_trader_with_what_to_do(server: Server) -> None:
    """Nobody looks at a server on a Sunday: a login that has ended must not be found out days later."""
    kit, name = server.kit, "weekly"
    with http_sink() as sink:
        rule = await kit.control.add_notification_rule(
            models.AddNotificationRuleArgs(Name="phone", Url=sink.address(), Kinds=[models.NotificationKind.Agents])
        )
        async with running_double(QUIET, start=SUNDAY) as tws:
            server.clocks[name] = ManualClock(SUNDAY)
            given = {"port": str(tws.double.port), "market_data": "false", "restart_window": ""}
            await kit.control.add_connector(models.AddConnectorArgs(Kind="ibkr", Name=name, Settings=given, Secrets={}))
            await kit.control.enable_connector(models.ConnectorArgs(Name=name))
            await until(kit, lambda item: item.State is State.Connected, name)
            happens(tws, "log_out")
            while "disconnected" not in (message := await sink.next()):
                pass
            assert "confirm on the phone" in message
            await kit.control.disable_connector(models.ConnectorArgs(Name=name))
        await kit.control.remove_notification_rule(models.NotificationRuleArgs(RuleId=rule.RuleId))


async def test_ibs_greeks_are_compared_with_ours_in_metrics_and_in_the_test_of_the_connector(server: Server) -> None:
    async with running_double(QUIET) as tws:
        kit = server.kit
        server.clocks["greeks"] = ManualClock(IN_SESSION)
        settings = {"port": str(tws.double.port), "restart_window": "", "lines": "20"}
        await kit.control.add_connector(
            models.AddConnectorArgs(Kind="ibkr", Name="greeks", Settings=settings, Secrets={})
        )
        await kit.control.enable_connector(models.ConnectorArgs(Name="greeks"))
        moving = asyncio.create_task(moved(server.clocks["greeks"], tws))
        try:
            async with httpx.AsyncClient(timeout=60) as http, asyncio.timeout(4 * SECONDS):
                while (values := gauges((await http.get(f"{kit.url}/metrics")).text)).get(COMPARED, 0.0) < 3:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert values[APART.format(value="delta", statistic="median")] < 0.02
            assert values[APART.format(value="volatility", statistic="median")] < 0.02
            collected: list[models.ConnectorFinding] = []
            async with asyncio.timeout(4 * SECONDS):
                while not collected:  # at times all lines have just been given to other contracts
                    result = await kit.control.test_connector(models.ConnectorArgs(Name="greeks"))
                    collected = [item for item in result.Findings if item.Topic == "IB's greeks SPX"]
            (finding,) = collected
            assert "contracts, median difference from ours: volatility" in finding.Detail
            assert finding.Check.value == "Ok"
        finally:
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)
            await kit.control.disable_connector(models.ConnectorArgs(Name="greeks"))


COMPARED = 'mesolive_broker_greeks_contracts{provider="Ibkr",underlying="SPX"}'
APART = 'mesolive_broker_greeks_difference{{provider="Ibkr",statistic="{statistic}",underlying="SPX",value="{value}"}}'


def gauges(text: str) -> dict[str, float]:
    """Return the values of a page of metrics by name and labels."""
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}
