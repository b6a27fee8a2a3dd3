"""Writes a small database of this version, as SQL, for the tests of upgrades.

`python -m mesolive_testkit.store.example_database DIRECTORY` writes `sqlite.sql` and `postgresql.sql`, dumps of a
database that a server filled through its own hubs, and `sqlite.json` and `postgresql.json`, what that server answered
of it. `tests/store/data` has a directory for each version whose databases must open.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from mesolive.market.history import DailySeries, Day
from mesolive.settings import Settings
from mesolive.store.tables.settlements import underlying_days
from mesolive.trading.execution.halts import halt, resume
from mesolive.trading.execution.risk_limits import Limits
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import MesoLiveEventHubClient, models, wire
from mesolive_testkit.adjusting import STRIKE, Operation, Play, strangle
from mesolive_testkit.server import ACCOUNT, fills_args
from mesolive_testkit.signals import Json, ScriptedMarket, leg, short_put
from mesolive_testkit.store.postgres import postgres
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

SECRET = "s" * 40
AFTERWARDS = datetime(2024, 3, 18, 14, 0, tzinfo=UTC)
"""The market time at which the database ends: the Monday after an expiration."""

_POSITION = (
    "Id", "Name", "State", "LiveStrategyId", "BrokerAccountId", "CreatedAt", "ClosedAt", "QtyMultiplier", "RealizedPnL",
    "Vars", "Legs",
)  # fmt: skip
_ORDER = (
    "OrderId", "State", "BrokerAccountId", "ExecPlanId", "LegGroupId", "Qty", "CumQty", "AvgFillPrice", "LimitPrice",
    "OrderType", "CreatedAt", "FilledAt",
)  # fmt: skip
_STRATEGY = ("Id", "Name", "Symbol", "ActiveOnAccounts", "CreatedAt", "UpdatedAt")
_RECORD = ("IdempotencyKey", "Operation", "Status", "RequestHash", "LiveExecPlanId", "LiveOrderIds", "CreatedAt")
KEYS = ("cancel", "replace", "fill-paper-open")


def _expiring(days: int, strike: int) -> Json:
    return {
        "Expirations": [{"Name": "e", "DTE": str(days), "Roots": {"Include": ["SPXW"]}}],
        "Legs": [leg("p", -1, StrikePrice=strike)],
    }


async def answers(desk: Desk) -> dict[str, Any]:
    """Return what a server answers of its stored data: nothing that depends on the market of the moment."""
    control = desk.control
    hub = await desk.stack.enter_async_context(MesoLiveEventHubClient(desk.application.url, desk.token))
    events = await hub.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))
    positions = (await control.list_positions(models.ListPositionsArgs(Limit=500))).Positions
    records = [
        await control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey=key)) for key in KEYS
    ]
    return {
        "accounts": [
            [account["BrokerAccountId"], account["BrokerType"], account["Cash"]]
            for account in _plain((await control.list_accounts(models.ListAccountsArgs())).Accounts)
        ],
        "strategies": _only(
            _STRATEGY, (await control.list_strategies(models.ListStrategiesArgs(Limit=500))).Strategies
        ),
        "positions": _only(
            _POSITION,
            [await control.get_position(models.GetPositionArgs(PositionId=position.Id)) for position in positions],
        ),
        "orders": _only(_ORDER, (await control.list_orders(models.ListOrdersArgs(Limit=500))).Orders),
        "executions": _plain((await control.list_executions(models.ListExecutionsArgs(Limit=500))).Executions),
        "records": _only(_RECORD, records),
        "connectors": _only(("Name", "Kind"), (await control.list_connectors()).Connectors),
        "rules": _only(("Name", "Kinds"), (await control.list_notification_rules()).Rules),
        "events": [
            [event.EventSeqId, type(event.Event).__name__, str(event.Event.EventTime)] for event in events.Events
        ],
    }


def _plain(value: object) -> Any:
    return json.loads(wire.encode_json(value))


def _only(names: tuple[str, ...], items: object) -> list[dict[str, Any]]:
    return [{name: item[name] for name in names} for item in _plain(items)]


async def fill(url: str, directory: Path) -> dict[str, Any]:
    """Fill a database as traders do: every table gets rows. Return what the server answers of it.

    Parameters
    ----------
    url
        An empty database.
    directory
        Where the venue keeps its memory.
    """
    market = ScriptedMarket()
    settings = Settings(market="simulated", port=0, database=url, secret_key=SECRET, notify_hosts=("127.0.0.1",))
    async with desk_server(directory, market=(market.market, market.clock), settings=settings) as desk:
        await _accounts_and_keys(desk, market)
        await _orders(Play(desk, market), market)
        await _paper(desk)
        await _after_expiration(desk, market)
        await _unfilled_orders(desk)
        await _connector_and_rule(desk)
        return await answers(desk)


async def _accounts_and_keys(desk: Desk, market: ScriptedMarket) -> None:
    application = desk.application
    await application.accounts.create_paper(await application.access.user("trader"), ACCOUNT, Decimal(50_000))
    limits = Limits(True, Decimal(40), Decimal(250_000), 30, Decimal("0.4"), allow_unlimited_loss=True)
    await desk.set_limits(limits)
    await application.access.create_key("somebody else", "laptop", 30)
    await application.access.create_key("trader", "lost")
    keys = await application.access.list_keys("trader")
    await application.access.revoke(next(key.key_id for key in keys if key.label == "lost"))
    await halt(application.database, "lunch", market.clock.now(), SIM)
    await resume(application.database, market.clock.now(), SIM)


async def _strategy(desk: Desk, accounts: list[str], definition: Json) -> int:
    made = await desk.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=accounts)
    )
    await desk.listen()
    return made.Id


async def _orders(stage: Play, market: ScriptedMarket) -> None:
    """Adjust a position by orders; enter and leave another; hold one that expires on the Friday."""
    desk = stage.desk
    await stage.enter(strangle(MoveLegAdjustment=STRIKE))
    market.move(4900)
    await stage.adjust(Operation.MoveLeg)
    await stage.completed(1)
    left = await _strategy(desk, [SIM], short_put(StrategyName="left"))
    plan = await desk.prepare_entry(left, "left again")
    await stage.fill((await desk.send(at_venue(plan))).LiveOrderId)
    opened = await desk.position_in(models.LivePositionState.Open)
    out = await desk.prepare_exit(opened.Id)
    await stage.fill((await desk.send(at_venue(out))).LiveOrderId)
    await desk.position_in(models.LivePositionState.Closed)
    soon = await _strategy(desk, [SIM], short_put(StrategyName="soon", Structure=_expiring(4, 4950)))
    plan = await desk.prepare_entry(soon, "expires")
    await stage.fill((await desk.send(at_venue(plan))).LiveOrderId)
    await desk.position_in(models.LivePositionState.Open)


async def _paper(desk: Desk) -> None:
    """Fill two positions by hand and leave one of them; the other has an exit signal."""
    watched = short_put(
        StrategyName="watched",
        Exit={"Conditions": ["underlying_price > 1"]},
        Entry={"VarDefines": {"seen": "underlying_price"}},
    )
    strategy = await _strategy(desk, [ACCOUNT, SIM], watched)
    position_id = 0
    for name in ("paper open", "paper closed"):
        plan = await desk.prepare_entry(strategy, name, account=ACCOUNT)
        key = f"fill-{name.replace(' ', '-')}"
        fills = fills_args(plan.ExecPlanId, plan.SelectedLegs, plan.LegPrices, key=key)
        position_id = (await desk.control.apply_paper_fills(fills)).PositionId
    out = await desk.prepare_exit(position_id)
    await desk.control.apply_paper_fills(fills_args(out.ExecPlanId, out.PositionLegs, out.LegPrices))
    await desk.application.signals.evaluate()


async def _after_expiration(desk: Desk, market: ScriptedMarket) -> None:
    market.book.history = DailySeries.of([Day(date(2024, 3, 15), open=4890.0, close=4900.0)])
    await market.at(AFTERWARDS, spot=4900.0)
    await desk.application.desk.supervisors[0].reconciled()
    await desk.application.signals.evaluate()
    day = {
        "source": "simulated", "symbol": "NDX", "day": date(2024, 3, 15), "open": 18_000.25, "close": 18_010.5,
        "last": 18_010.5, "iv": 0.2, "noted_at": AFTERWARDS,
    }  # fmt: skip
    async with desk.application.database.write() as tx:
        await tx.execute(insert(underlying_days).values(day))


async def _unfilled_orders(desk: Desk) -> None:
    """Cancel an order, replace one that works on, prepare a plan that is never executed, delete a strategy."""
    control = desk.control
    waiting = await _strategy(desk, [SIM], short_put(StrategyName="waiting", Structure=_expiring(32, 4700)))
    plan = await desk.prepare_entry(waiting, "waits")
    limit = models.OrderType.Limit
    first = await desk.send(at_venue(plan, kind=limit, limit=Decimal(-400)))
    await control.cancel_order(models.CancelOrderArgs(IdempotencyKey="cancel", LiveOrderId=first.LiveOrderId))
    second = await desk.send(at_venue(plan, kind=limit, limit=Decimal(-400)))
    await desk.send(at_venue(plan, kind=limit, limit=Decimal(-399), replaces=second.LiveOrderId, key="replace"))
    await desk.prepare_entry(waiting, "never sent")
    deleted = await _strategy(desk, [SIM], short_put(StrategyName="deleted"))
    await control.delete_strategy(models.DeleteStrategyArgs(StrategyId=deleted))


async def _connector_and_rule(desk: Desk) -> None:
    """Store a connector and a notification rule, both disabled: neither reaches for the network after an upgrade."""
    control = desk.control
    await control.add_connector(
        models.AddConnectorArgs(Name="broker", Kind="simulated", Settings={}, Secrets={"password": "stored"})
    )
    rule = await control.add_notification_rule(
        models.AddNotificationRuleArgs(Name="phone", Url="json://127.0.0.1:9", Kinds=[models.NotificationKind.Halts])
    )
    await control.update_notification_rule(models.UpdateNotificationRuleArgs(RuleId=rule.RuleId, Enabled=False))


async def upgraded_answers(url: str, directory: Path) -> dict[str, Any]:
    """Start this version's server on a database of an earlier one, with its venue out of reach, and ask it.

    Parameters
    ----------
    url
        The database, as `load_sqlite` or `Postgres.load` made it.
    directory
        Where the venue keeps its memory.
    """
    market = ScriptedMarket(AFTERWARDS)
    market.move(4900.0)
    venue = SimulatedVenue(market.market, market.clock, directory / "venue.jsonl")
    venue.go_down()
    settings = Settings(market="simulated", port=0, database=url, secret_key=SECRET)
    async with desk_server(directory, market=(market.market, market.clock), venue=venue, settings=settings) as desk:
        return await answers(desk)


def load_sqlite(dump: Path, file: Path) -> None:
    """Make a database file from a dump."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(file) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()


def _dump_sqlite(file: Path) -> str:
    with sqlite3.connect(file) as connection:
        lines = list(connection.iterdump())
    connection.close()
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def main(directory: Path) -> None:
    """Write the dumps and the answers."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as text:
        file = Path(text) / "mesolive.sqlite3"
        summary = asyncio.run(fill(f"sqlite:///{file}", Path(text)))
        (directory / "sqlite.sql").write_text(_dump_sqlite(file), encoding="utf-8")
        (directory / "sqlite.json").write_text(_text(summary), encoding="utf-8")
    with postgres() as server, tempfile.TemporaryDirectory() as text:
        url = server.create_database()
        summary = asyncio.run(fill(url, Path(text)))
        (directory / "postgresql.sql").write_text(server.dump(url), encoding="utf-8")
        (directory / "postgresql.json").write_text(_text(summary), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
