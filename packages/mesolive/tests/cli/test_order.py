"""The commands around orders, as an operator runs them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mesolive.cli.root import app
from mesolive.errors import ServiceError
from mesolive_sdk.models import LivePositionState
from mesolive_testkit.venues import SIM, at_venue, desk_server

runner = CliRunner()


@pytest.fixture
def database(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'mesolive.sqlite3'}"
    assert runner.invoke(app, ["apikey", "create", "--user", "ann", "--database", url]).exit_code == 0
    return url


def run(database: str, *arguments: str) -> str:
    result = runner.invoke(app, [*arguments, "--database", database])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_simulated_account_is_created_once_and_under_one_owner(database: str) -> None:
    create = ("account", "create-simulated", "--id", SIM, "--cash", "100000")
    assert "starts with 100,000.00 USD" in run(database, *create, "--user", "ann")
    assert runner.invoke(app, ["apikey", "create", "--user", "bob", "--database", database]).exit_code == 0
    again = runner.invoke(app, [*create, "--user", "bob", "--database", database])
    assert isinstance(again.exception, ServiceError)
    assert "exists already" in str(again.exception)


def test_limits_are_careful_until_they_are_changed(database: str) -> None:
    run(database, "account", "create-simulated", "--user", "ann", "--id", SIM, "--cash", "100000")
    limits = ("account", "limits", "--user", "ann", "--id", SIM)
    shown = run(database, *limits)
    assert "live orders allowed    no" in shown
    assert "contracts per order    100" in shown
    changed = run(database, *limits, "--max-contracts", "8", "--allow-live")
    assert "contracts per order    8" in changed
    assert "live orders allowed    yes" in run(database, *limits)


def test_a_halt_stands_until_it_is_lifted(database: str) -> None:
    run(database, "account", "create-simulated", "--user", "ann", "--id", SIM, "--cash", "100000")
    assert "all accounts" in run(database, "halt", "--reason", "the feed is wrong")
    assert SIM in run(database, "halt", "--account", SIM)
    assert "Halts lifted: 1" in run(database, "resume", "--account", SIM)
    assert "Halts lifted: 1" in run(database, "resume")
    assert runner.invoke(app, ["halt", "--account", "SIM9", "--database", database]).exit_code == 1


def test_the_story_of_an_order_is_shown_as_a_table_and_as_json(tmp_path: Path) -> None:
    async def trade() -> int:
        async with desk_server(tmp_path) as desk:
            entry = await desk.prepare_entry((await desk.strategy()).Id)
            sent = await desk.send(at_venue(entry))
            await desk.position_in(LivePositionState.Open)
            return sent.LiveOrderId

    order_id = asyncio.run(trade())
    url = f"sqlite:///{tmp_path / 'mesolive.sqlite3'}"
    assert f"order {order_id} of trader on {SIM}" in run(url, "order", "show", str(order_id))
    story = json.loads(run(url, "order", "show", str(order_id), "--json"))
    assert (story["OrderId"], story["BrokerAccountId"], story["State"]) == (order_id, SIM, "Filled")
    assert story["CumQty"] == story["Qty"]
    assert {"SendOrder", "Acknowledged", "Executed", "Booked"} == {entry["What"] for entry in story["History"]}
    assert all(name[0].isupper() and "_" not in name for name in story), "as the contract and the other listings"
    assert all(entry["At"].endswith("Z") for entry in story["History"])
    missing = runner.invoke(app, ["order", "show", "999", "--database", url])
    assert isinstance(missing.exception, ServiceError)
