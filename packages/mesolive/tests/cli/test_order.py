"""The commands around orders, as an operator runs them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from mesolive.cli.root import app
from mesolive.errors import ServiceError
from mesolive.store.database import Database
from mesolive.store.tables.trading import audit_entries
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


CHANGES: dict[tuple[str, ...], tuple[str, object, str]] = {
    ("--max-premium", "250000"): ("max_premium", "250000", "premiums per order     250000"),
    ("--max-notional", "3000000"): ("max_notional", "3000000", "notional per order     3000000"),
    ("--max-loss", "12345.5"): ("max_loss", "12345.5", "largest loss per order 12345.5"),
    ("--allow-unlimited-loss",): ("allow_unlimited_loss", True, "unlimited loss allowed yes"),
    ("--stale-exits", "refuse"): ("stale_exit_policy", "Refuse", "exits on old quotes    refuse"),
    ("--stale-exits", "allow"): ("stale_exit_policy", "Allow", "exits on old quotes    allow"),
    ("--queue-orders",): ("queue_orders", True, "orders out of hours    wait for the session"),
    ("--max-orders-per-minute", "7"): ("max_orders_per_minute", 7, "orders per minute      7"),
    ("--price-band", "0.1"): ("price_band", "0.1", "price band             0.1"),
}


@pytest.mark.parametrize("options", CHANGES, ids=" ".join)
def test_each_limit_is_changed_alone_and_its_change_is_in_the_audit(database: str, options: tuple[str, ...]) -> None:
    run(database, "account", "create-simulated", "--user", "ann", "--id", SIM, "--cash", "100000")
    limits = ("account", "limits", "--user", "ann", "--id", SIM)
    before = json.loads(run(database, *limits, "--json"))
    name, value, line = CHANGES[options]
    assert line in run(database, *limits, *options)
    after = json.loads(run(database, *limits, "--json"))
    assert after == before | {name: value}
    assert before[name] != value
    assert asyncio.run(audited(database)) == [{name: {"from": before[name], "to": value}}]


async def audited(url: str) -> list[object]:
    opened = await Database.open(url)
    try:
        async with opened.read() as tx:
            rows = await tx.all(select(audit_entries.c.detail).where(audit_entries.c.action == "AccountLimitsChanged"))
            return [row.detail for row in rows]
    finally:
        await opened.close()


@pytest.mark.parametrize(
    "options",
    [
        ("--max-premium", "-1"),
        ("--max-notional", "nan"),
        ("--max-loss", "infinity"),
        ("--max-loss", "a lot"),
        ("--price-band", "-0.1"),
        ("--stale-exits", "sometimes"),
        ("--max-orders-per-minute", "-1"),
    ],
    ids=" ".join,
)
def test_a_limit_that_is_none_is_refused_and_nothing_is_changed(database: str, options: tuple[str, ...]) -> None:
    run(database, "account", "create-simulated", "--user", "ann", "--id", SIM, "--cash", "100000")
    limits = ("account", "limits", "--user", "ann", "--id", SIM)
    before = run(database, *limits)
    result = runner.invoke(app, [*limits, *options, "--database", database])
    assert result.exit_code == 2
    assert options[0] in result.output
    assert run(database, *limits) == before


def test_a_halt_lasts_until_it_is_lifted(database: str) -> None:
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
