"""Halts of users, account settings, keys, sessions, connections and order history, through the Control Hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import pytest_asyncio

from mesolive.access.context import Role
from mesolive.access.sessions import MAX_SESSIONS
from mesolive_sdk import (
    MesoLiveApiException,
    MesoLiveControlHubClient,
    MesoLiveEventHubClient,
    models,
    new_idempotency_key,
    wait_for_job,
)
from mesolive_testkit.server import SPX, Kit, definition, live_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIMULATED = "SIM1"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kit(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kit]:
    async with live_server(tmp_path_factory.mktemp("administration")) as running:
        await running.control.create_account(
            models.CreateAccountArgs(
                BrokerAccountId=SIMULATED, BrokerType=models.BrokerType.Simulated, Cash=Decimal(100_000)
            )
        )
        yield running


async def entry_order(kit: Kit) -> models.SendOrderArgs:
    """Return the order of a prepared entry that will not fill: it asks for far too much."""
    strategy = await kit.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[SIMULATED])
    )
    job = await kit.control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName="an entry",
            StrategyId=strategy.Id,
            BrokerAccountId=SIMULATED,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.None_,
            Underlying=SPX,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    status = await wait_for_job(lambda: kit.control.get_prepare_position_entry_status(args))
    assert status.Result is not None, status.Error
    plan = status.Result
    traded = {name: leg for name, leg in plan.SelectedLegs.items() if leg.Qty != 0}
    group = next(iter(traded.values())).LegGroupId
    return models.SendOrderArgs(
        IdempotencyKey=new_idempotency_key(),
        BrokerAccountId=SIMULATED,
        ExecPlanId=plan.ExecPlanId,
        LegGroupId=group,
        LegGroupOrder=models.LegGroupOrder(
            OrderType=models.OrderType.Limit,
            TimeInForce=models.TimeInForce.Day,
            LimitPrice=Decimal(-30),
            LegNames=[name for name, leg in traded.items() if leg.LegGroupId == group],
        ),
    )


async def resume(kit: Kit) -> models.ResumeTradingResult:
    return await kit.control.resume_trading(models.ResumeTradingArgs(IdempotencyKey=new_idempotency_key()))


def halt(scope: models.HaltScope, account: str | None = None) -> models.HaltTradingArgs:
    return models.HaltTradingArgs(
        IdempotencyKey=new_idempotency_key(), BrokerAccountId=account, Scope=scope, Reason="first day"
    )


@pytest.mark.parametrize("scope", [models.HaltScope.All, models.HaltScope.Entries])
@pytest.mark.parametrize("account", [None, SIMULATED])
async def test_a_halt_refuses_entries_until_it_is_lifted(
    kit: Kit, scope: models.HaltScope, account: str | None
) -> None:
    order = await entry_order(kit)
    answer = await kit.control.halt_trading(halt(scope, account))
    assert [(each.BrokerAccountId, each.Scope, each.ByOperator) for each in answer.Halts] == [(account, scope, False)]
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.send_order(order)
    assert refused.value.error is not None
    assert refused.value.error.Code == "Halted"
    lifted = await resume(kit)
    assert (lifted.Lifted, lifted.Halts) == (1, [])
    sent = await kit.control.send_order(order)
    await kit.control.cancel_order(
        models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=sent.LiveOrderId)
    )


async def test_a_halt_is_an_event_and_does_not_concern_other_users(kit: Kit) -> None:
    args = halt(models.HaltScope.All)
    await kit.control.halt_trading(args)
    with pytest.raises(MesoLiveApiException) as again:
        await kit.control.halt_trading(args)
    assert again.value.status is models.StatusCode.DuplicateRequest
    other = await kit.other_user()
    assert (await other.list_halts()).Halts == []
    assert (await other.resume_trading(models.ResumeTradingArgs(IdempotencyKey="theirs"))).Lifted == 0
    assert len((await kit.control.list_halts()).Halts) == 1
    await resume(kit)
    events = await kit.events()
    since = await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=500))
    reported = [each.Event.Halted for each in since.Events if isinstance(each.Event, models.HaltChangeEvent)]
    assert reported[-2:] == [True, False]


async def test_an_account_that_is_not_the_callers_cannot_be_halted(kit: Kit) -> None:
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.halt_trading(halt(models.HaltScope.All, "SIM2"))
    assert refused.value.status is models.StatusCode.NotFound


async def test_limits_are_read_and_changed_one_by_one(kit: Kit) -> None:
    args = models.GetAccountLimitsArgs(BrokerAccountId=SIMULATED)
    before = await kit.control.get_account_limits(args)
    after = await kit.control.set_account_limits(
        models.SetAccountLimitsArgs(BrokerAccountId=SIMULATED, MaxContracts=Decimal(20), StaleExits="Refuse")
    )
    assert (after.MaxContracts, after.StaleExits, after.MaxLoss) == (Decimal(20), "Refuse", before.MaxLoss)
    assert await kit.control.get_account_limits(args) == after
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.set_account_limits(
            models.SetAccountLimitsArgs(BrokerAccountId=SIMULATED, MaxLoss=Decimal(0), StaleExits="never")
        )
    assert refused.value.error is not None
    assert set(refused.value.error.ValidationErrors or ()) == {"MaxLoss", "StaleExits"}


async def test_a_brokers_account_is_not_created_by_hand(kit: Kit) -> None:
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.create_account(
            models.CreateAccountArgs(BrokerAccountId="U1", BrokerType=models.BrokerType.Ibkr, Cash=Decimal(1))
        )
    assert refused.value.status is models.StatusCode.NotSupported


async def test_keys_are_made_listed_and_revoked_by_their_owner(kit: Kit) -> None:
    made = await kit.control.create_api_key(models.CreateApiKeyArgs(Label="a wall", Role="watch", ExpiresDays=30))
    client = await kit.client(MesoLiveControlHubClient, made.Token)
    await client.list_accounts()
    connections = (await kit.control.list_connections()).Connections
    (wall,) = (each for each in connections if each.Label == "a wall")
    assert (wall.Hub, wall.Role, wall.Count, wall.Address) == ("control", "watch", 1, "127.0.0.1")
    assert wall.Since is not None
    assert made.Key.CreatedAt <= wall.Since <= datetime.now(UTC)
    browser = await kit.application.sessions.sign_in_with_key(made.Token, "a browser", "10.0.0.9")
    assert browser is not None
    (used,) = [key for key in (await kit.control.list_api_keys()).Keys if key.KeyId == made.Key.KeyId]
    assert (used.Connections, used.Sessions) == (1, 1)
    other = await kit.other_user()
    args = models.RevokeApiKeyArgs(KeyId=made.Key.KeyId)
    with pytest.raises(MesoLiveApiException) as refused:
        await other.revoke_api_key(args)
    assert refused.value.status is models.StatusCode.NotFound
    revoked = await kit.control.revoke_api_key(args)
    assert revoked.RevokedAt is not None
    assert (revoked.Connections, revoked.Sessions) == (1, 1)
    listed = {key.KeyId: key.RevokedAt for key in (await kit.control.list_api_keys()).Keys}
    assert listed[made.Key.KeyId] is not None


async def test_sessions_are_listed_and_ended_by_their_owner(kit: Kit) -> None:
    sessions = kit.application.sessions
    made = await sessions.sign_in_with_code(await sessions.make_code("trader", Role.WATCH), "a browser", "10.0.0.7")
    assert made is not None
    (shown,) = (await kit.control.list_sessions()).Sessions
    assert (shown.UserAgent, shown.Address, shown.Role, shown.Current) == ("a browser", "10.0.0.7", "watch", False)
    left = await kit.control.end_session(models.EndSessionArgs(SessionId=shown.SessionId))
    assert left.Sessions == []
    assert await sessions.find(made.cookie) is None


async def access_events(client: MesoLiveEventHubClient) -> list[models.AccessEvent]:
    """Return the user's access events, oldest first, as the log replays them."""
    since = await client.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))
    return [each.Event for each in since.Events if isinstance(each.Event, models.AccessEvent)]


async def test_sign_ins_ended_sessions_and_keys_are_events_of_their_user_without_secrets(kit: Kit) -> None:
    client = await kit.events()
    received: asyncio.Queue[models.AccessEvent] = asyncio.Queue()
    client.on_access_event(received.put_nowait)
    before = len(await access_events(client))
    sessions, change = kit.application.sessions, models.AccessChange
    code = await sessions.make_code("trader", Role.WATCH)
    browser = await sessions.sign_in_with_code(code, "a browser", "10.0.0.7")
    assert browser is not None
    made = await kit.control.create_api_key(models.CreateApiKeyArgs(Label="a wall", Role="watch", ExpiresDays=30))
    await kit.control.revoke_api_key(models.RevokeApiKeyArgs(KeyId=made.Key.KeyId))
    await kit.control.revoke_api_key(models.RevokeApiKeyArgs(KeyId=made.Key.KeyId))
    await kit.control.end_session(models.EndSessionArgs(SessionId=browser.info.session_id))
    asked_by = (await kit.control.get_session()).KeyId
    async with asyncio.timeout(60):
        live = [await received.get() for _ in range(4)]
    log = (await access_events(client))[before:]
    assert log == live
    key, session = made.Key.KeyId, browser.info.session_id
    assert [(each.Change, each.KeyId, each.KeyLabel, each.SessionId, each.Address, each.By) for each in log] == [
        (change.SignedIn, None, None, session, "10.0.0.7", f"session:{session}"),
        (change.KeyCreated, key, "a wall", None, None, asked_by),
        (change.KeyRevoked, key, "a wall", None, None, asked_by),
        (change.SessionEnded, None, None, session, "10.0.0.7", asked_by),
    ]
    assert {each.Role for each in log} == {"watch"}
    written = " ".join(repr(each) for each in log)
    assert not any(secret in written for secret in (code, browser.cookie, made.Token))
    theirs = await kit.application.access.create_key("somebody else")
    others = await access_events(await kit.client(MesoLiveEventHubClient, theirs.token))
    assert {each.Change for each in others} == {change.KeyCreated}
    assert not {each.KeyId for each in others} & {each.KeyId for each in await access_events(client)}


async def test_a_session_displaced_by_a_new_one_is_reported_as_ended(kit: Kit) -> None:
    client = await kit.events()
    sessions = kit.application.sessions
    first = await sessions.sign_in_with_code(await sessions.make_code("trader"), "the first", "10.0.0.8")
    assert first is not None
    assert await sessions.prove(first.info, kit.token)
    for _ in range(MAX_SESSIONS):
        await sessions.sign_in_with_code(await sessions.make_code("trader"), "a browser", "10.0.0.9")
    reported = [each for each in await access_events(client) if each.SessionId == first.info.session_id]
    change = models.AccessChange
    assert [each.Change for each in reported] == [change.SignedIn, change.SignedInAgain, change.SessionEnded]
    assert reported[-1].By is None


async def test_the_history_of_an_order_is_for_its_owner_alone(kit: Kit) -> None:
    sent = await kit.control.send_order(await entry_order(kit))
    await kit.control.cancel_order(
        models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=sent.LiveOrderId)
    )
    args = models.GetOrderHistoryArgs(LiveOrderId=sent.LiveOrderId)
    order = await kit.control.get_order(models.GetOrderArgs(LiveOrderId=sent.LiveOrderId))
    assert {leg.Name: leg.Ratio for leg in order.Legs or ()} == order.LegRatios
    assert {leg.Contract.Underlying.Symbol for leg in order.Legs or ()} == {"SPX"}
    assert {leg.LegId for leg in order.Legs or ()} == {None}
    history = await kit.control.get_order_history(args)
    assert history.Entries[0].What == "SendOrder"
    assert any(entry.Who == "venue" for entry in history.Entries)
    other = await kit.other_user()
    with pytest.raises(MesoLiveApiException) as refused:
        await other.get_order_history(args)
    assert refused.value.status is models.StatusCode.NotFound
