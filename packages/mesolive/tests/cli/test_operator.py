"""What an operator does from a terminal with a running server: looking, and acting by hand."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from sqlalchemy import delete
from typer.testing import CliRunner, Result

from mesolive.cli.root import app, main
from mesolive.clock import ManualClock
from mesolive.operations.market_clock import MarketClockRecorder
from mesolive.operations.retention import Retention, RetentionPeriods
from mesolive.store.tables.server import market_times
from mesolive.trading.execution import halts
from mesolive.trading.execution.risk_limits import Limits
from mesolive.venues.base import VenueLeg
from mesolive_sdk import models
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveError
from mesolive_sdk.models import LivePositionState
from mesolive_testkit.server import ACCOUNT, Kit, definition
from mesolive_testkit.venues import SIM, Desk, at_venue

Ended = Callable[..., Awaitable[tuple[object, list[str]]]]


@dataclass
class Terminal:
    """Runs commands against a server, as its user."""

    url: str
    token: str

    async def run(self, *arguments: str, answers: str = "") -> Result:
        """Run a command in a thread, while the server goes on in this one."""
        environment = {"MESOLIVE_URL": self.url, "MESOLIVE_API_KEY": self.token, "COLUMNS": "170"}
        invoke = CliRunner(env=environment).invoke
        return await asyncio.wait_for(asyncio.to_thread(invoke, app, arguments, input=answers), 60)

    async def output_of(self, *arguments: str, status: int = 0, answers: str = "") -> str:
        """Run a command and return its standard output."""
        result = await self.run(*arguments, answers=answers)
        assert result.exit_code == status, result.output + repr(result.exception)
        return result.stdout

    async def json(self, *arguments: str, status: int = 0) -> Any:
        """Run a command with `--json` and return what it writes."""
        return json.loads(await self.output_of(*arguments, "--json", status=status))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep what the server logs out of what the commands write: both run in this process."""
    with structlog.testing.capture_logs():
        yield


def terminal(server: Desk | Kit) -> Terminal:
    return Terminal(server.application.url, server.token)


async def test_the_status_shows_agents_accounts_halts_errors_and_the_last_events(desk: Desk) -> None:
    await desk.enter((await desk.strategy()).Id)
    desk.venue.close_by_hand(SIM)
    await desk.until(lambda: any(isinstance(event, models.ErrorEvent) for event in desk.events))
    await halts.halt(desk.application.database, "the feed is wrong", desk.application.clock.now(), SIM)
    shown = await terminal(desk).output_of("status")
    for text in (
        "simulated-1",
        "Connected",
        SIM,
        "the feed is wrong",
        "Error",
        "PositionUpdate",
        "2026-01-05 16:00:00Z",
    ):
        assert text in shown
    status = await terminal(desk).json("status")
    assert status["Health"]["status"] in {"ok", "warning", "failing"}
    assert [agent["Status"] for agent in status["Agents"]] == ["Connected"]
    assert [account["BrokerAccountId"] for account in status["Accounts"]] == [SIM]
    assert [halt["Reason"] for halt in status["Halts"]] == ["the feed is wrong"]
    assert [(error["EventType"], error["Event"]["State"]) for error in status["Active"]] == [("OnError", "Active")]
    assert [item["EventSeqId"] for item in status["LastEvents"]] == list(
        range(status["LatestEventSeqId"] - 9, status["LatestEventSeqId"] + 1)
    )


async def test_the_status_is_shown_when_the_last_events_have_been_deleted(desk: Desk) -> None:
    await desk.enter((await desk.strategy()).Id)
    database, now = desk.application.database, desk.application.clock.now()
    much_later, after = ManualClock(now + timedelta(days=500)), ManualClock(now + timedelta(days=1))
    async with database.write() as tx:
        await tx.execute(delete(market_times))  # as if this server's time had always been real time
    await MarketClockRecorder(database, after, "simulated", None, wall=after).note()
    await Retention(database, much_later, RetentionPeriods(), wall=much_later).prune()
    status = await terminal(desk).json("status")
    assert (status["LatestEventSeqId"] > 10, status["LastEvents"]) == (True, [])


async def test_accounts_are_listed_with_their_value_cash_and_margin(desk: Desk) -> None:
    await desk.enter((await desk.strategy(Settings={"Core": {"Margin": {"Model": "RegT"}}})).Id)
    (listed,) = (await terminal(desk).json("account", "list"))["Accounts"]
    (known,) = (await desk.control.list_accounts()).Accounts
    assert listed["Cash"] == float(known.Cash or 0)
    assert listed["NetLiquidationValue"] == float(known.NetLiquidationValue or 0)
    shown = await terminal(desk).output_of("account", "list")
    assert f"{known.Cash:,.2f}" in shown
    assert f"{known.MaintenanceMarginReq:,.2f}" in shown


async def test_positions_and_orders_are_listed_and_shown(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    listed = await terminal(desk).output_of("position", "list")
    assert "Iron condor" in listed
    position = (await desk.control.list_positions(models.ListPositionsArgs(IncludeValues=True))).Positions[0]
    for amount in (position.UnrealizedPnL, position.DayPnL):
        assert amount is not None
        assert f"{amount:,.2f}" in listed
    shown = await terminal(desk).output_of("position", "show", str(opened.Id))
    for text in ("short_put", "SPXW 2026-02-20", "Executions", "0.65"):
        assert text in shown
    page = await terminal(desk).json("position", "show", str(opened.Id))
    assert (page["Position"]["Id"], len(page["Executions"])) == (opened.Id, 4)
    assert "Filled" in await terminal(desk).output_of("order", "list")
    assert (await terminal(desk).json("order", "list", "--working"))["Orders"] == []
    leave = await desk.prepare_exit(opened.Id)
    sent = await desk.send(at_venue(leave, kind=models.OrderType.Limit, limit=Decimal("0.05")))
    (working,) = (await terminal(desk).json("order", "list", "--working"))["Orders"]
    assert working["OrderId"] == sent.LiveOrderId
    both = (await terminal(desk).json("order", "list"))["Orders"]
    assert [position["OrderId"] for position in both] == [sent.LiveOrderId - 1, sent.LiveOrderId]
    (newest,) = (await terminal(desk).json("order", "list", "--last", "1"))["Orders"]
    assert newest["OrderId"] == sent.LiveOrderId


async def test_closed_positions_are_listed_when_asked_for(kit: Kit) -> None:
    strategy = await kit.strategy()
    first = await kit.enter(strategy.Id)
    second = await kit.enter(strategy.Id)
    await kit.leave(first.PositionId)
    living = (await terminal(kit).json("position", "list"))["Positions"]
    assert [position["Id"] for position in living] == [second.PositionId]
    everything = (await terminal(kit).json("position", "list", "--all"))["Positions"]
    assert [position["Id"] for position in everything] == [first.PositionId, second.PositionId]


async def test_a_position_is_liquidated_after_a_yes_and_once_per_key(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    number = str(opened.Id)
    refused = await terminal(desk).run("position", "liquidate", number, answers="n\n")
    assert refused.exit_code == 1
    assert "PnL at mark" in refused.stderr
    assert (await terminal(desk).json("order", "list", "--working"))["Orders"] == []
    assert len((await terminal(desk).json("order", "list"))["Orders"]) == 1
    output = await terminal(desk).output_of("position", "liquidate", number, "--key", "out", answers="y\n")
    assert "Order 2 was sent" in output
    await desk.position_in(LivePositionState.Closed)
    again = await terminal(desk).output_of("position", "liquidate", number, "--key", "out", "--yes")
    assert "Order 2 was sent" in again
    assert "done before" in again
    assert len((await terminal(desk).json("order", "list"))["Orders"]) == 2
    closed = await terminal(desk).run("position", "liquidate", number, "--yes")
    assert isinstance(closed.exception, MesoLiveApiException)
    assert "is closed" in str(closed.exception)


async def test_an_account_is_flattened_after_a_yes_and_once_per_key(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    refused = await terminal(desk).run("position", "flatten", "--reason", "enough", answers="n\n")
    assert refused.exit_code == 1
    output = await terminal(desk).output_of("position", "flatten", "--reason", "enough", "--key", "flat", answers="y\n")
    assert f"Position {opened.Id}: order 2 was sent" in output
    await desk.position_in(LivePositionState.Closed)
    again = await terminal(desk).output_of("position", "flatten", "--reason", "enough", "--key", "flat", "--yes")
    assert "done before" in again


async def test_positions_that_flattening_leaves_are_named_with_status_3(kit: Kit) -> None:
    await kit.enter((await kit.strategy()).Id)
    left = await terminal(kit).run("position", "flatten", "--reason", "enough", "--yes")
    assert left.exit_code == 3
    assert "is not closed" in left.stderr


async def test_a_liquidation_of_which_only_a_part_was_sent_ends_with_status_3(desk: Desk) -> None:
    legs = [
        {"Name": name, "Qty": "-1", "OptionType": kind, "ExpirationName": "month", "LegGroupId": group} | selector
        for name, kind, group, selector in (
            ("put", "Put", "1", {"StrikeSelector": {"Delta": "16"}}),
            ("call", "Call", "2", {"StrikeSelector": {"Delta": "16"}}),
        )
    ]
    month = {"Name": "month", "DTE": "45", "Min": "30", "Max": "60", "Roots": {"Include": ["SPXW"]}}
    sections: dict[str, Any] = {"Structure": {"Expirations": [month], "Legs": legs}, "Entry": {}, "Exit": {}}
    await desk.set_limits(Limits(allow_unlimited_loss=True))  # the call is sold alone
    entry = await desk.prepare_entry((await desk.strategy(**sections, Adjustment={})).Id)
    for group in (1, 2):
        await desk.order_in((await desk.send(at_venue(entry, group=group))).LiveOrderId, models.OrderState.Filled)
    opened = await desk.position_in(LivePositionState.Open)
    await desk.set_limits(Limits(max_orders_per_minute=3, allow_unlimited_loss=True))
    result = await terminal(desk).run("position", "liquidate", str(opened.Id), "--yes")
    assert result.exit_code == 3
    assert "Order 3 was sent" in result.stdout
    assert "Leg group 2 was not sent" in result.stderr


async def test_a_position_is_closed_in_the_books_and_its_pnl_corrected(kit: Kit) -> None:
    entered = await kit.enter((await kit.strategy()).Id)
    number = str(entered.PositionId)
    leg = (await terminal(kit).json("position", "show", number))["Position"]["Legs"][0]["Id"]
    assert "is Closed" in await terminal(kit).output_of("position", "set-closed", number, answers="y\n")
    output = await terminal(kit).output_of("position", "adjust-pnl", str(leg), "-120.50")
    assert "has realised -120.50, tracked: 0.00" in output
    (account,) = (await terminal(kit).json("account", "list"))["Accounts"]
    assert account["Cash"] == 99_879.5
    back = await terminal(kit).json("position", "adjust-pnl", str(leg), "--tracked")
    assert back["UserSetRealizedPnL"] is None


async def test_contracts_bought_by_hand_are_shown_and_taken_into_a_position(desk: Desk) -> None:
    strategy = await desk.strategy()
    plan = await desk.prepare_entry(strategy.Id)
    contract = desk.application.market.resolve(next(iter(plan.SelectedLegs.values())).LiveContract)
    desk.venue.trade_by_hand(SIM, [VenueLeg(name="by hand", contract=contract, ratio=Decimal(2))], Decimal(1))
    differing = await terminal(desk).run("account", "reconcile", SIM, "--refresh")
    assert differing.exit_code == 3
    assert contract.root in differing.stdout
    leg = f"mine:2:{contract.root}:{contract.day}:{contract.strike:f}{contract.right.value}:10.25"
    output = await terminal(desk).output_of(
        "position", "adopt", "by hand", "--account", SIM, "--strategy-id", str(strategy.Id), "--leg", leg
    )
    assert output == f"Position 1 (by hand) of strategy {strategy.Id} holds it now.\n"
    assert "they agree" in await terminal(desk).output_of("account", "reconcile", SIM, "--refresh")
    (shown,) = (await terminal(desk).json("account", "reconcile", SIM))["Contracts"]
    assert (shown["AtBroker"], shown["InBooks"], shown["Difference"]) == (2, 2, 0)
    odd = await terminal(desk).run(
        "position", "adopt", "x", "--account", SIM, "--strategy-id", "1", "--leg", "mine:two:SPXW"
    )
    assert odd.exit_code == 2
    assert "NAME:QTY:ROOT" in odd.stderr


async def test_a_running_server_obeys_a_changed_limit_at_once(desk: Desk) -> None:
    plan = await desk.prepare_entry((await desk.strategy()).Id)
    limits = ("account", "limits", "--user", "trader", "--id", SIM, "--database", desk.application.settings.database)
    for option, code in (("--max-premium", "PremiumTooLarge"), ("--max-notional", "NotionalTooLarge")):
        await terminal(desk).output_of(*limits, option, "1")
        with pytest.raises(MesoLiveApiException) as caught:
            await desk.send(at_venue(plan))
        assert caught.value.error is not None
        assert caught.value.error.Code == code
        await terminal(desk).output_of(*limits, option, "1000000000")
    await terminal(desk).output_of(*limits, "--max-loss", "1")
    with pytest.raises(MesoLiveApiException, match="can be lost at expiration; the account's limit is 1"):
        await desk.send(at_venue(plan))
    await terminal(desk).output_of(*limits, "--max-loss", "2000000")
    await desk.send(at_venue(plan))
    await desk.position_in(models.LivePositionState.Open)


async def test_an_order_that_works_is_cancelled(desk: Desk) -> None:
    opened = await desk.enter((await desk.strategy()).Id)
    leave = await desk.prepare_exit(opened.Id)
    sent = await desk.send(at_venue(leave, kind=models.OrderType.Limit, limit=Decimal("0.05")))
    assert "is " in await terminal(desk).output_of("order", "cancel", str(sent.LiveOrderId))
    await desk.order_in(sent.LiveOrderId, models.OrderState.Cancelled)
    assert (await terminal(desk).json("order", "cancel", str(sent.LiveOrderId)))["State"] == "Cancelled"
    filled = await terminal(desk).run("order", "cancel", str(sent.LiveOrderId - 1))
    assert "cannot be cancelled" in str(filled.exception)


async def test_a_definition_is_imported_and_listed(kit: Kit, tmp_path: Path, ended: Ended) -> None:
    file = tmp_path / "condor.json"
    file.write_bytes(msgspec.json.encode(definition()))
    output = await terminal(kit).output_of(
        "strategy", "import", str(file), "--name", "my condor", "--active-on", ACCOUNT
    )
    assert output == f"Strategy 1 (my condor) on SPX is imported, active on {ACCOUNT}.\n"
    (listed,) = (await terminal(kit).json("strategy", "list"))["Strategies"]
    assert (listed["Name"], listed["ActiveOnAccounts"]) == ("my condor", [ACCOUNT])
    assert "my condor" in await terminal(kit).output_of("strategy", "list")
    file.write_text("[1, 2]")
    broken = await terminal(kit).run("strategy", "import", str(file))
    assert "expected a JSON object" in str(broken.exception)
    file.write_bytes(msgspec.json.encode(definition(Structure=[])))
    wrong = await terminal(kit).run("strategy", "import", str(file))
    assert "StrategyDefinition.Structure" in str(wrong.exception)
    code, lines = await ended(kit.url, kit.token, "strategy", "import", str(file))
    assert (code, len(lines)) == (1, 1)
    assert "Structure" in lines[0]


async def test_warnings_of_a_definition_are_shown_at_its_import(kit: Kit, tmp_path: Path) -> None:
    file = tmp_path / "saturdays.json"
    saturdays = {"AfterMarketOpenMinutes": 60, "Every": "sat"}
    file.write_bytes(msgspec.json.encode(definition(Exit={"Schedule": saturdays, "MaxDaysInTrade": 3})))
    result = await terminal(kit).run("strategy", "import", str(file))
    assert result.exit_code == 0, result.output
    assert "warning  Exit.Schedule.Every: the exchange is closed at weekends: never" in result.stderr
    assert result.stdout.startswith("Strategy 1 "), "warnings do not mix with what scripts read"


async def test_a_strategy_is_activated_and_deactivated_on_accounts(kit: Kit, ended: Ended) -> None:
    number = str((await kit.strategy()).Id)
    screen = terminal(kit)
    stopped = await screen.output_of("strategy", "deactivate", number, answers="y\n")
    assert stopped.endswith("is active on no account.\n")
    started = await screen.json("strategy", "activate", number, "--account", ACCOUNT, "--yes")
    assert started["ActiveOnAccounts"] == [ACCOUNT]
    assert "StrategyDefinition" not in started
    again = await screen.json("strategy", "activate", number, "--account", ACCOUNT)
    assert again == started, "nothing is to be done, so nothing is asked"
    unknown = await screen.run("strategy", "activate", number, "--account", "ML9", "--yes")
    assert "ML9" in str(unknown.exception)
    elsewhere = await screen.run("strategy", "deactivate", number, "--account", "ML9", "--yes")
    assert f"expected an account on which it is active ({ACCOUNT}), got ML9" in str(elsewhere.exception)
    code, written = await ended(kit.url, kit.token, "strategy", "deactivate", number)
    assert (code, written[-1]) == (1, "mesolive: nothing was done"), "nobody was there to say yes"
    (listed,) = (await screen.json("strategy", "list"))["Strategies"]
    assert listed["ActiveOnAccounts"] == [ACCOUNT]


async def test_a_strategy_is_deleted_after_a_question_and_with_open_positions_only_by_force(kit: Kit) -> None:
    strategy = await kit.strategy()
    await kit.enter(strategy.Id)
    screen, number = terminal(kit), str(strategy.Id)
    asked = await screen.run("strategy", "delete", number, answers="n\n")
    assert (asked.exit_code, "1 position not closed" in asked.stderr) == (1, True)
    refused = await screen.run("strategy", "delete", number, "--yes")
    assert "delete with Force" in str(refused.exception)
    assert await screen.json("strategy", "delete", number, "--yes", "--force") == {"StrategyId": strategy.Id}
    assert (await screen.json("strategy", "list"))["Strategies"] == []


@pytest.mark.parametrize("arguments", [(), ("1", "--tracked"), ("nonsense",), ("nan",)])
async def test_an_invalid_amount_is_a_usage_error(kit: Kit, arguments: tuple[str, ...]) -> None:
    result = await terminal(kit).run("position", "adjust-pnl", "1", *arguments)
    assert result.exit_code == 2


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ended:
    """Return what runs `mesolive` as a shell would, and tells its status and the lines of its standard error."""

    async def run(url: str, token: str, *arguments: str) -> tuple[object, list[str]]:
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        monkeypatch.setattr(sys, "argv", ["mesolive", *arguments])
        monkeypatch.setenv("MESOLIVE_URL", url)
        monkeypatch.setenv("MESOLIVE_API_KEY", token)
        capsys.readouterr()
        status = await asyncio.wait_for(asyncio.to_thread(status_of_main), 60)
        return status, capsys.readouterr().err.splitlines()

    return run


def status_of_main() -> object:
    # Here, in the thread: no event loop may see a `SystemExit`.
    try:
        main()
    except SystemExit as end:
        return end.code
    return None


async def test_an_error_is_one_line_and_an_exit_status(kit: Kit, ended: Ended) -> None:
    url = kit.url

    async def lines(status: int, token: str, *arguments: str, at: str = url) -> str:
        code, written = await ended(at, token, *arguments)
        assert (code, len(written)) == (status, 1), written
        assert written[0].startswith("mesolive: ")
        return written[0]

    assert "position 9 was not found" in await lines(1, kit.token, "position", "show", "9")
    assert "MESOLIVE_API_KEY" in await lines(2, "", "status")
    assert "refused the API key" in await lines(1, "a.b.c", "status")
    assert "says where the server is" in await lines(1, kit.token, "account", "list", at="http://127.0.0.1:1")
    assert "URL" in await lines(2, kit.token, "order", "list", at="nonsense")
    assert "Did you mean 'position'?" in await lines(2, kit.token, "positon")
    assert "mesolive order show --help" in await lines(2, kit.token, "order", "show", "the first")
    assert "--nope" in await lines(2, kit.token, "status", "--nope")
    await kit.enter((await kit.strategy()).Id)
    code, written = await ended(url, kit.token, "position", "set-closed", "1")
    assert (code, written[-1]) == (1, "mesolive: nothing was done"), "nobody was there to say yes"


@pytest.mark.parametrize("arguments", [(), ("position",)])
async def test_a_command_without_its_subcommand_shows_its_help(arguments: tuple[str, ...], ended: Ended) -> None:
    code, written = await ended("", "", *arguments)
    assert code == 2
    assert not written or written[0].startswith("Usage: ")


async def test_help_and_success_end_with_status_0(kit: Kit, ended: Ended) -> None:
    assert await ended(kit.url, kit.token, "--help") == (0, [])
    assert await ended(kit.url, kit.token, "account", "list") == (0, [])


async def test_a_server_that_is_not_there_is_no_success(kit: Kit) -> None:
    away = Terminal("http://127.0.0.1:1", kit.token)
    result = await away.run("status")
    assert isinstance(result.exception, MesoLiveError)
