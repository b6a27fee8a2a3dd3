"""The Control Hub over a real socket: what it answers, and what it answers to bad input."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import AsyncGenerator, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
import websockets

from mesolive.hubs.control import ControlHub
from mesolive.hubs.envelope import EnvelopeHub
from mesolive.language import select_entry
from mesolive.language.decision import EntrySelection
from mesolive.trading.preparation import service
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key, wait_for_job
from mesolive_sdk.wire import hub_protocol
from mesolive_testkit.refusals import refused
from mesolive_testkit.server import ACCOUNT, SPX, Kit, definition, live_server
from signalr_asyncio import HubError
from signalr_asyncio.client import HubConnection

Status = models.StatusCode

# Section 3 of the wire contract.
CONTRACT = [
    "GetIdempotencyRecord",
    "ListAgents",
    "ListAccounts",
    "GetAccount",
    "CreateStrategy",
    "UpdateStrategy",
    "RenameStrategy",
    "DeleteStrategy",
    "ListStrategies",
    "GetStrategy",
    "ListPositions",
    "GetPosition",
    "ListLegs",
    "GetLeg",
    "GetLegs",
    "StartPreparePositionEntry",
    "GetPreparePositionEntryStatus",
    "CancelPreparePositionEntry",
    "StartPreparePositionExit",
    "GetPreparePositionExitStatus",
    "CancelPreparePositionExit",
    "StartPreparePositionAdjustment",
    "GetPreparePositionAdjustmentStatus",
    "CancelPreparePositionAdjustment",
    "ApplyPaperFills",
    "SendOrder",
    "CancelOrder",
    "GetOrder",
    "ListOrders",
    "ListExecutions",
    "GetExecution",
    "GetExecutions",
]
OURS = [
    "SetPositionClosed",
    "AdjustLegPnL",
    "LiquidatePosition",
    "AdoptPosition",
    "GetReconciliation",
    "ListHalts",
    "ListConnectorKinds",
    "ListConnectors",
    "AddConnector",
    "UpdateConnector",
    "TestConnector",
    "EnableConnector",
    "DisableConnector",
    "RemoveConnector",
    "GetConnectorLog",
    "EnableBrokerAccount",
    "DisableBrokerAccount",
    "SetAccountMarketData",
    "GetRiskGraph",
    "HaltTrading",
    "HaltAndFlatten",
    "GetStrategyVersion",
    "GetStrategyVersions",
    "ResumeTrading",
    "CreateAccount",
    "GetAccountLimits",
    "SetAccountLimits",
    "ListApiKeys",
    "CreateApiKey",
    "RevokeApiKey",
    "ListSessions",
    "EndSession",
    "ListConnections",
    "GetOrderHistory",
    "GetEvaluations",
    "GetOutlook",
    "CheckStrategyDefinition",
    "GetStrategySchema",
    "ListNotificationRules",
    "AddNotificationRule",
    "UpdateNotificationRule",
    "RemoveNotificationRule",
    "TestNotificationRule",
    "CheckOrder",
    "GetExecPlan",
    "RegroupExecPlan",
    "ListExecPlans",
    "GetSession",
    "AcknowledgeError",
    "ListErrorAcknowledgements",
    "ListVariables",
    "ListUnderlyings",
    "GetExpirations",
    "GetChain",
    "GetEquityHistory",
    "GetPositionHistory",
    "ListBacktestMarkets",
    "StartBacktest",
    "GetBacktest",
    "ListBacktests",
    "CancelBacktest",
    "DeleteBacktest",
    "GetBacktestResult",
    "GetBacktestTrades",
    "GetBacktestDecisions",
    "CompareBacktests",
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def untouched(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kit]:
    """Run a server for tests that leave its books as they are."""
    async with live_server(tmp_path_factory.mktemp("untouched")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def raw(untouched: Kit) -> AsyncGenerator[HubConnection]:
    """Connect to the Control Hub without the SDK."""
    connection = HubConnection(f"{untouched.url}/hubs/control/v1", token=untouched.token, protocol=hub_protocol())
    async with connection:
        yield connection


async def call(connection: HubConnection, method: str, *arguments: object) -> models.MesoLiveApiResponse[Any]:
    return await connection.invoke(method, *arguments, result_type=models.MesoLiveApiResponse[Any])


def test_the_hub_has_exactly_the_methods_of_the_contract_and_ours() -> None:
    source = {name for name in {*dir(ControlHub)} - {*dir(EnvelopeHub)} if not name.startswith("_")}
    names = [name.replace("PnL", "Pnl") for name in (*CONTRACT, *OURS)]
    assert source == {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in names}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("method", [*CONTRACT, *OURS])
async def test_an_argument_of_the_wrong_shape_is_a_validation_error_and_the_connection_stays_open(
    raw: HubConnection, method: str
) -> None:
    answer = await call(raw, method, [1, 2, 3])
    assert answer.Status is Status.ValidationError
    assert answer.Error is not None
    assert answer.Error.ValidationErrors
    assert (await call(raw, "ListAccounts")).Status is Status.Success


@pytest.mark.asyncio(loop_scope="module")
async def test_every_wrong_and_missing_field_is_named_at_once(raw: HubConnection) -> None:
    argument = {"IdempotencyKey": "k", "StrategyId": "seven", "Underlying": {"ContractType": "Fish"}}
    answer = await call(raw, "StartPreparePositionEntry", argument)
    assert answer.Error is not None
    assert answer.Error.ValidationErrors is not None
    assert answer.Error.ValidationErrors.keys() >= {
        "PositionName",
        "StrategyId",
        "BrokerAccountId",
        "LegSelectionConstraint",
        "Underlying.Symbol",
        "Underlying.ContractType",
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_an_argument_nested_ten_thousand_deep_is_a_validation_error_and_the_connection_stays_open(
    untouched: Kit,
) -> None:
    deep = '{"a":' * 10_000 + "1" + "}" * 10_000
    call_text = (
        f'{{"type":1,"invocationId":"7","target":"CreateStrategy","arguments":[{{"StrategyDefinition":{deep}}}]}}'
    )
    url = f"{untouched.url.replace('http', 'ws')}/hubs/control/v1?access_token={untouched.token}"
    async with websockets.connect(url, max_size=None) as socket:
        await socket.send('{"protocol":"json","version":1}\x1e')
        await socket.recv()
        for text in (call_text, '{"type":1,"invocationId":"8","target":"ListAccounts","arguments":[]}'):
            await socket.send(text + "\x1e")
        answers: dict[str, str] = {}
        while len(answers) < 2:
            for record in filter(None, str(await asyncio.wait_for(socket.recv(), 60)).split("\x1e")):
                message = json.loads(record)
                if message["type"] == 3:
                    answers[message["invocationId"]] = message["result"]["Status"]
    assert answers == {"7": "ValidationError", "8": "Success"}


@pytest.mark.asyncio(loop_scope="module")
async def test_an_unknown_method_is_a_hub_error_and_the_connection_stays_open(raw: HubConnection) -> None:
    with pytest.raises(HubError, match="NoSuchMethod"):
        await raw.invoke("NoSuchMethod")
    assert (await call(raw, "ListAccounts")).Status is Status.Success


@pytest.mark.asyncio(loop_scope="module")
async def test_a_method_without_fields_takes_no_argument_an_empty_one_or_null(raw: HubConnection) -> None:
    nothing: list[tuple[object, ...]] = [(), ({},), (None,)]
    for arguments in nothing:
        assert (await call(raw, "ListAgents", *arguments)).Status is Status.Success


async def test_the_market_is_an_agent_that_serves_the_paper_accounts(kit: Kit) -> None:
    (agent,) = (await kit.control.list_agents()).Agents
    assert agent.Status is models.AgentStatus.Connected
    assert agent.DataProvider is models.DataProviderType.Simulated
    assert agent.BrokerAccountIds == [ACCOUNT]


async def test_a_new_paper_account_is_worth_its_cash(kit: Kit) -> None:
    account = await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
    assert account.IsPaperAccount
    assert account.BrokerType is models.BrokerType.MesoLive
    assert (account.Cash, account.NetLiquidationValue) == (Decimal(100_000), Decimal(100_000))


async def test_an_imported_strategy_comes_back_as_it_was_given(kit: Kit) -> None:
    given = definition(Description="with an expression: a < b -- and a comment")
    made = await kit.control.create_strategy(
        models.CreateStrategyArgs(
            StrategyDefinition=given,
            Name="mine",
            BacktestId="BT-1",
            MesoSimInstance="X",
            ActiveOnAccounts=[ACCOUNT],
        )
    )
    parsed = await kit.control.get_strategy(models.GetStrategyArgs(StrategyId=made.Id))
    assert parsed.StrategyDefinition == given
    assert list(parsed.StrategyDefinition["Entry"]) == list(given["Entry"])
    assert (parsed.Name, parsed.BacktestId, parsed.MesoSimInstance) == ("mine", "BT-1", "X")
    assert (parsed.Symbol, parsed.ActiveOnAccounts, parsed.ActivePositions) == ("SPX", [ACCOUNT], 0)


async def test_a_definition_that_cannot_run_is_refused_with_the_path_of_every_problem(kit: Kit) -> None:
    broken = definition()
    broken["Structure"]["Legs"][1]["StrikeSelector"] = {"StrikePrice": "leg_short_putt_strike - 100"}
    broken["Structure"]["Legs"][2]["OptionType"] = "Straddle"
    error = await refused(
        kit.control.create_strategy(models.CreateStrategyArgs(StrategyDefinition=broken, ActiveOnAccounts=[]))
    )
    assert error.status is Status.ValidationError
    assert error.error is not None
    problems = error.error.ValidationErrors
    assert problems is not None
    assert any(
        "leg_short_put_strike" in text
        for text in problems["StrategyDefinition.Structure.Legs[1].StrikeSelector.StrikePrice"]
    )
    assert "StrategyDefinition.Structure.Legs[2].OptionType" in problems
    assert (await kit.control.list_strategies()).Strategies == []


async def test_a_strategy_is_updated_renamed_and_deleted(kit: Kit) -> None:
    made = await kit.strategy()
    changed = await kit.control.update_strategy(
        models.UpdateStrategyArgs(
            StrategyId=made.Id, StrategyDefinition=definition(Description="other"), ActiveOnAccounts=[]
        )
    )
    assert (changed.Description, changed.ActiveOnAccounts) == ("other", [])
    renamed = await kit.control.rename_strategy(models.RenameStrategyArgs(StrategyId=made.Id, Name="  new name "))
    assert renamed.Name == "new name"
    await kit.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=made.Id))
    error = await refused(kit.control.get_strategy(models.GetStrategyArgs(StrategyId=made.Id)))
    assert error.status is Status.NotFound


async def test_a_strategy_with_an_open_position_is_deleted_only_by_force(kit: Kit) -> None:
    made = await kit.strategy()
    await kit.enter(made.Id)
    error = await refused(kit.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=made.Id)))
    assert error.status is Status.Conflict
    await kit.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=made.Id, Force=True))
    (position,) = (await kit.control.list_positions()).Positions
    assert (position.StrategyName, position.State) == (made.Name, models.LivePositionState.Open)


async def test_lists_come_in_pages_whose_tokens_belong_to_one_user_and_one_query(kit: Kit) -> None:
    made = [(await kit.strategy(Description=f"number {n}")).Id for n in range(5)]
    seen: list[int] = []
    token = None
    while True:
        page = await kit.control.list_strategies(models.ListStrategiesArgs(Limit=2, ContinuationToken=token))
        seen += [strategy.Id for strategy in page.Strategies]
        token = page.ContinuationToken
        if token is None:
            break
        foreign = await refused(kit.control.list_accounts(models.ListAccountsArgs(ContinuationToken=token)))
        assert foreign.status is Status.ValidationError
        other = await kit.other_user(f"user {len(seen)}")
        stolen = await refused(other.list_strategies(models.ListStrategiesArgs(Limit=2, ContinuationToken=token)))
        assert stolen.status is Status.ValidationError
    assert seen == made
    active = await kit.control.list_strategies(models.ListStrategiesArgs(ActiveOnAccounts=["ML9999"]))
    assert active.Strategies == []


async def test_another_user_sees_nothing_of_it_and_foreign_ids_look_like_missing_ones(kit: Kit) -> None:
    strategy = await kit.strategy()
    entered = await kit.enter(strategy.Id)
    other = await kit.other_user()
    assert (await other.list_accounts()).Accounts == []
    assert (await other.list_positions()).Positions == []
    assert (await other.list_legs()).Legs == []
    assert (await other.list_orders()).Orders == []
    assert (await other.list_executions()).Executions == []
    foreign: list[Any] = [
        other.get_strategy(models.GetStrategyArgs(StrategyId=strategy.Id)),
        other.rename_strategy(models.RenameStrategyArgs(StrategyId=strategy.Id, Name="mine")),
        other.update_strategy(models.UpdateStrategyArgs(StrategyId=strategy.Id, ActiveOnAccounts=[])),
        other.delete_strategy(models.DeleteStrategyArgs(StrategyId=strategy.Id, Force=True)),
        other.get_position(models.GetPositionArgs(PositionId=entered.PositionId)),
        other.get_leg(models.GetLegArgs(LegId=1)),
        other.get_order(models.GetOrderArgs(LiveOrderId=entered.LiveOrderIds[0])),
        other.get_execution(models.GetExecutionArgs(ExecutionId=entered.ExecutionIds[0])),
        other.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT)),
        other.start_prepare_position_exit(
            models.PreparePositionExitArgs(IdempotencyKey="x", PositionId=entered.PositionId)
        ),
    ]
    for awaitable in foreign:
        error = await refused(awaitable)
        assert error.status is Status.NotFound, error
    missing = await other.get_legs(models.GetLegsArgs(LegIds=[1, 2]))
    assert (missing.Legs, missing.MissingLegIds) == ([], [1, 2])


async def test_a_paper_account_sends_no_orders_and_nothing_is_adjusted_that_is_not_there(kit: Kit) -> None:
    order = models.SendOrderArgs(
        IdempotencyKey="o",
        BrokerAccountId=ACCOUNT,
        ExecPlanId=1,
        LegGroupId=1,
        LegGroupOrder=models.LegGroupOrder(
            OrderType=models.OrderType.Market, TimeInForce=models.TimeInForce.Day, LegNames=["a"]
        ),
    )
    adjustment = models.PreparePositionAdjustmentArgs(
        IdempotencyKey="a",
        PositionId=1,
        Operation=models.PositionAdjustmentOperation.MoveLeg,
        Condition="pos_delta > 1",
        LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
    )
    assert (await refused(kit.control.send_order(order))).status is Status.NotSupported
    assert (await refused(kit.control.start_prepare_position_adjustment(adjustment))).status is Status.NotFound


async def test_preparing_names_what_is_missing(kit: Kit) -> None:
    strategy = await kit.strategy()

    def args(**changes: Any) -> models.PreparePositionEntryArgs:
        fields: dict[str, Any] = {
            "IdempotencyKey": new_idempotency_key(),
            "PositionName": "p",
            "StrategyId": strategy.Id,
            "BrokerAccountId": ACCOUNT,
            "LegSelectionConstraint": models.LiveLegSelectionConstraint.FullyUnique,
            "Underlying": SPX,
        }
        return models.PreparePositionEntryArgs(**(fields | changes))

    nowhere = models.LiveUnderlying(Symbol="ZZZ", ContractType=models.MesoContractType.Index, Currency="USD")
    start = kit.control.start_prepare_position_entry
    for changes, status, text in (
        ({"StrategyId": 999}, Status.NotFound, "strategy 999"),
        ({"BrokerAccountId": "ML9"}, Status.NotFound, "ML9"),
        ({"Underlying": nowhere}, Status.NotFound, "ZZZ"),
        ({"DataProvider": models.DataProviderType.Ibkr}, Status.ProviderUnavailable, "Ibkr"),
    ):
        error = await refused(start(args(**changes)))
        assert (error.status, text in str(error)) == (status, True), error
    unknown = models.GetPreparePositionEntryStatusArgs(JobId="no-such-job")
    assert (await refused(kit.control.get_prepare_position_entry_status(unknown))).status is Status.NotFound


async def test_an_entry_that_finds_no_contract_fails_with_the_reason(kit: Kit) -> None:
    structure = definition()["Structure"]
    structure["Expirations"][0] |= {"DTE": "5000", "Min": "4000", "Max": "6000"}
    strategy = await kit.strategy(Structure=structure)
    status = await kit.prepare_entry(strategy.Id)
    assert status.Status is models.PreparationStatus.Failed
    assert status.Error is not None
    assert "month" in status.Error


async def test_a_prepared_entry_says_everything_about_its_legs(kit: Kit) -> None:
    strategy = await kit.strategy()
    status = await kit.prepare_entry(strategy.Id)
    result = status.Result
    assert result is not None
    names = ["short_put", "long_put", "short_call", "long_call"]
    assert list(result.SelectedLegs) == names
    assert result.LegGroups == {1: names}
    assert result.LegGroupQtys[1].Qty == 1
    assert result.LegGroupQtys[1].LegRatios == dict(zip(names, map(Decimal, (-1, 1, -1, 1)), strict=True))
    strikes = {name: leg.LiveContract.Strike for name, leg in result.SelectedLegs.items()}
    assert strikes["short_put"] - strikes["long_put"] == 100  # type: ignore[operator] - options have strikes
    assert result.EntryAllowed
    assert [condition.Result for condition in result.AbortConditions] == [False, False]
    prices = {name: price.Mark or Decimal(0) for name, price in result.LegPrices.items()}
    combo = prices["long_put"] + prices["long_call"] - prices["short_put"] - prices["short_call"]
    assert result.LegGroupPrices[1].Mark == combo
    assert result.PositionPrice.Mark == combo
    total = sum(greeks.Mark.Delta or Decimal(0) for greeks in result.LegGreeks.values() if greeks.Mark)
    assert result.PositionGreeks.Mark is not None
    assert result.PositionGreeks.Mark.Delta == pytest.approx(total, abs=Decimal("0.00001"))


@pytest.fixture
def held_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Hold every selection back until the event is set."""
    released = threading.Event()

    def waiting(*args: Any, **kwargs: Any) -> EntrySelection:
        assert released.wait(60)
        return select_entry(*args, **kwargs)

    monkeypatch.setattr(service, "select_entry", waiting)
    yield released
    released.set()


def entry_args(strategy_id: int, key: str) -> models.PreparePositionEntryArgs:
    return models.PreparePositionEntryArgs(
        IdempotencyKey=key,
        PositionName="p",
        StrategyId=strategy_id,
        BrokerAccountId=ACCOUNT,
        LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
        Underlying=SPX,
    )


async def test_a_job_that_was_cancelled_stays_cancelled_and_leaves_no_plan(
    kit: Kit, held_back: threading.Event
) -> None:
    strategy = await kit.strategy()
    job = await kit.control.start_prepare_position_entry(entry_args(strategy.Id, "one"))
    cancel = models.CancelPreparePositionEntryArgs(IdempotencyKey="c", JobId=job.JobId)
    answer = await kit.control.cancel_prepare_position_entry(cancel)
    assert answer.Status is models.PreparationStatus.Cancelled
    held_back.set()
    assert (await kit.prepare_entry(strategy.Id)).Result is not None
    status = await kit.control.get_prepare_position_entry_status(
        models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    )
    assert (status.Status, status.Result) == (models.PreparationStatus.Cancelled, None)
    events = await (await kit.events()).get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=10))
    types = [event.EventType for event in events.Events if event.EventType != "OnAccessEvent"]
    assert types == ["OnPositionEntryPreparationCompleted"]


async def test_a_cancel_that_comes_too_late_says_how_the_job_ended(kit: Kit) -> None:
    strategy = await kit.strategy()
    job = await kit.prepare_entry(strategy.Id)
    cancel = models.CancelPreparePositionEntryArgs(IdempotencyKey="c", JobId=job.JobId)
    answer = await kit.control.cancel_prepare_position_entry(cancel)
    assert answer.Status is models.PreparationStatus.Completed


async def test_one_preparation_too_many_is_refused_and_the_others_end(kit: Kit, held_back: threading.Event) -> None:
    strategy = await kit.strategy()
    jobs = [
        await kit.control.start_prepare_position_entry(entry_args(strategy.Id, f"k{n}"))
        for n in range(service.Bounds().running)
    ]
    error = await refused(kit.control.start_prepare_position_entry(entry_args(strategy.Id, "one too many")))
    assert error.status is Status.ValidationError  # the key has a space
    error = await refused(kit.control.start_prepare_position_entry(entry_args(strategy.Id, "one-too-many")))
    assert error.status is Status.RateLimited
    held_back.set()
    for job in jobs:
        args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
        status = await wait_for_job(partial(kit.control.get_prepare_position_entry_status, args))
        assert status.Status is models.PreparationStatus.Completed


async def test_without_a_valid_key_nobody_connects(kit: Kit) -> None:
    for token in ("nonsense", kit.token[:-2] + "xx"):
        client = MesoLiveControlHubClient(kit.url, token)
        with pytest.raises(Exception, match="refused"):
            await client.start()
