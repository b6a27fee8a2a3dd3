"""`mesolive status`: health, agents, accounts, halts, active signals and recent events of a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import msgspec

from mesolive.cli.remote import AsJson, Token, Url, client, everything, money, print_fields, print_json, print_table
from mesolive.errors import EVENTS_PRUNED
from mesolive.settings import client_url
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveEventHubClient, models
from mesolive_sdk.exceptions import MesoLiveApiException

LAST_EVENTS = 10
HEALTH_SECONDS = 10.0

_plain = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a running server.

    Attributes
    ----------
    health
        The `/health` report; empty where that is not reached, as behind a proxy.
    active
        Active signals and errors.
    last
        The user's last events, oldest first.
    """

    health: Mapping[str, Any]
    latest: models.GetLatestEventSeqIdResult
    agents: Sequence[models.AgentInfo]
    accounts: Sequence[models.LiveAccount]
    halts: Sequence[models.TradingHalt]
    active: Sequence[models.MesoLiveEvent]
    last: Sequence[models.MesoLiveEventEnvelope]


def status(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show the running server: its health, agents, accounts, halts, active signals and errors, and the last events.

    Status 0: it answers. 1: it cannot be reached, or refuses the key.
    """
    result = asyncio.run(_ask(url, token))
    if as_json:
        print_json(
            {
                "Health": result.health,
                "MarketTime": result.latest.SnapshotTime,
                "LatestEventSeqId": result.latest.LatestEventSeqId,
                "Agents": result.agents,
                "Accounts": result.accounts,
                "Halts": result.halts,
                "Active": [{"EventType": type(event).callback, "Event": event} for event in result.active],
                "LastEvents": result.last,
            }
        )
        return
    print_fields(
        [
            ("server", result.health.get("status", "answers")),
            *(("failure", text) for text in result.health.get("failures", ())),
            *(("warning", text) for text in result.health.get("warnings", ())),
            ("market time", result.latest.SnapshotTime),
            ("events", result.latest.LatestEventSeqId),
        ]
    )
    print_table(
        "Agents",
        ("Agent", "Name", "Status", "Since, market time", "Last data, market time", "Says"),
        (
            (agent.AgentId, agent.Name, agent.Status, agent.ConnectedAt, agent.LastSnapshotAt, agent.Message)
            for agent in result.agents
        ),
        "none",
    )
    print_accounts(result.accounts)
    print_table(
        "Halts",
        ("Account", "Since, wall clock", "Reason"),
        ((halt.BrokerAccountId or "all accounts", halt.CreatedAt, halt.Reason) for halt in result.halts),
        "none; orders may be sent",
    )
    print_table(
        "Active signals and errors",
        ("Since, market time", "What", "Strategy", "Position", "About"),
        (_active_row(event) for event in result.active),
        "none",
    )
    print_table(
        f"Last {LAST_EVENTS} events",
        ("Id", "At, market time", "What", "About"),
        (
            (item.EventSeqId, item.EventTime, item.EventType.removeprefix("On"), about(item.Event))
            for item in result.last
        ),
        "none",
    )


def print_accounts(accounts: Sequence[models.LiveAccount]) -> None:
    """Print accounts with their value, cash and margin."""
    print_table(
        "Accounts",
        (
            "Account",
            "Type",
            "Net liquidation value",
            "Cash",
            "Margin",
            "PnL of the day",
            "Currency",
            "Positions",
            "As of, market time",
        ),
        (
            (
                account.BrokerAccountId,
                account.AccountType if account.DisabledAt is None else f"{account.AccountType}, disabled",
                money(account.NetLiquidationValue),
                money(account.Cash),
                money(account.MaintenanceMarginReq),
                money(account.DayPnL),
                account.Currency,
                account.ActivePositions,
                account.LastUpdated,
            )
            for account in accounts
        ),
        "none; mesolive account create-paper makes one",
    )


async def _health(url: str) -> Mapping[str, Any]:
    """Return the `/health` report, also of a failing server; empty where `/health` cannot be reached."""
    scheme, _, rest = url.rstrip("/").partition("://")
    base = f"{scheme.replace('ws', 'http')}://{rest}"
    try:
        return _plain.decode(await asyncio.to_thread(_read, f"{base}/health"))
    except (OSError, HTTPException, ValueError):
        return {}


def _read(url: str) -> bytes:
    """Read a page, also that of an error: the standard library's client loads in a third of the time of others."""
    try:
        with urlopen(url, timeout=HEALTH_SECONDS) as answer:  # noqa: S310 - http or https: of the server's URL
            content: bytes = answer.read()
    except HTTPError as error:
        return error.read()
    return content


async def _ask(url: str | None, token: str | None) -> Status:
    active: list[models.MesoLiveEvent] = []
    hub = client(MesoLiveEventHubClient, url, token)
    hub.on_any_event(active.append)
    async with client(MesoLiveControlHubClient, url, token) as control, hub:
        # On connect the hub sends the active signals and errors before the first answer.
        latest = await hub.get_latest_event_seq_id()
        errors = list(active)
        last = await _last_events(hub, max(latest.LatestEventSeqId - LAST_EVENTS, 0))
        return Status(
            health=await _health(url or client_url()),
            latest=latest,
            agents=(await control.list_agents()).Agents,
            accounts=await everything(
                control.list_accounts, models.ListAccountsArgs(), lambda answer: answer.Accounts, 1000
            ),
            halts=(await control.list_halts()).Halts,
            active=errors,
            last=last,
        )


async def _last_events(hub: MesoLiveEventHubClient, since: int) -> Sequence[models.MesoLiveEventEnvelope]:
    """Return the events after an `EventSeqId`, or those that retention has left of them."""
    args = models.GetEventsSinceArgs(SinceEventSeqId=since, Limit=LAST_EVENTS)
    try:
        return (await hub.get_events_since(args)).Events
    except MesoLiveApiException as error:
        if error.error is None or error.error.Code != EVENTS_PRUNED or error.error.Detail is None:
            raise
        args.SinceEventSeqId = int(error.error.Detail)
        return (await hub.get_events_since(args)).Events


def _active_row(event: models.MesoLiveEvent) -> Sequence[object]:
    return (
        event.EventTime,
        type(event).callback.removeprefix("On"),
        getattr(event, "StrategyName", None),
        getattr(event, "PositionName", None),
        about(event),
    )


def about(event: object) -> str:
    """Return a short description of an event."""
    match event:
        case models.OrderUpdateEvent():
            return f"order {event.OrderId} on {event.BrokerAccountId}: {event.State.value}"
        case models.PositionUpdateEvent():
            return f"position {event.PositionId} {event.PositionName}: {event.Status.value}, {money(event.RealizedPnL)}"
        case models.LegUpdateEvent():
            return f"leg {event.LegName} of position {event.PositionId}: {event.Status.value}"
        case models.EntrySignalEvent():
            return f"entry of {event.StrategyName} on {event.BrokerAccountId}: {event.State.value}"
        case models.ExitSignalEvent():
            return f"exit of position {event.PositionId}: {event.State.value}"
        case models.AdjustmentSignalEvent():
            return f"position {event.PositionId}: {event.Condition.Statement}: {event.State.value}"
        case models.ErrorEvent():
            return f"{event.State.value}: {event.Message or ''}"
        case models.AgentStatusEvent():
            return f"{event.Status.value}: {event.Message}"
        case models.AutoUpdateVarsEvent():
            return f"position {event.PositionId}: {event.Condition}"
        case models.PreparationEvent():
            return f"{event.StrategyName} on {event.BrokerAccountId}"
        case _:
            return ""
