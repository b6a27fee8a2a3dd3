"""The server is killed with SIGKILL while it watches: whoever reads its log does not notice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key, wait_for_job
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_testkit.server import ACCOUNT, SPX, fills_args
from mesolive_testkit.signals import MONDAY, Json, leg, short_put
from mesolive_testkit.signals.crash import Life, Performance, comparable
from mesolive_testkit.signals.crash_child import Scene
from mesolive_testkit.store.crash import prepare
from mesolive_testkit.store.crash_child import Fault, When

EVENT = "INSERT INTO events"
RECORD = "INSERT INTO idempotency_records"
STATE = "INSERT INTO signal_states"

FAR = ("SPXW", date(2024, 4, 19))
CLOSE = datetime(2024, 3, 15, 20, 0, tzinfo=UTC)
MOVE = "underlying_price < 4850 -- move"
BEST = "pos_pnl > best -- remember"

WATCHED: Json = short_put(
    StrategyName="watched",
    Entry={"Conditions": ["underlying_price > 5050"], "VarDefines": {"best": "0", "moves": "0"}},
    Exit={"Conditions": ["underlying_price < 4900"]},
    Adjustment={
        "ConditionalAdjustments": {
            MOVE: {
                "MoveLegAdjustment": {
                    "LegName": "p",
                    "StrikeSelector": {"StrikePrice": "leg_p_strike - 100"},
                    "VarDefines": {"moves": "moves + 1"},
                }
            },
            BEST: {"UpdateVarsAdjustment": {"VarDefines": {"best": "pos_pnl"}}},
        }
    },
)
EXPIRING: Json = short_put(
    StrategyName="expiring",
    Structure={
        "Expirations": [{"Name": "e", "DTE": "4", "Roots": {"Include": ["SPXW"]}}],
        "Legs": [leg("short", -1, StrikePrice=5100), leg("long", 1, StrikePrice=4900)],
    },
    Entry={"Conditions": ["underlying_price > 9000"]},
)

BEGINNING = Scene(MONDAY, 5000.0)
SCENES = {
    "the entry signal and the variable begin": Scene(MONDAY + timedelta(minutes=1), 5100.0),
    "a second best": Scene(MONDAY + timedelta(minutes=2), 5150.0),
    "the entry signal ends, the exit signal begins": Scene(MONDAY + timedelta(minutes=3), 4880.0),
    "the adjustment signal begins": Scene(MONDAY + timedelta(minutes=4), 4840.0),
    "the quotes are gone": Scene(MONDAY + timedelta(minutes=5), 4840.0, FAR),
    "the quotes are back, and all signals end": Scene(MONDAY + timedelta(minutes=6), 5000.0),
    "the expiration": Scene(CLOSE, 5060.0),
    "the evening": Scene(CLOSE + timedelta(minutes=1), 5060.0),
}

BETWEEN = "the adjustment signal begins"
"""After this scene the adjustment is carried out."""

FAULTS = [
    Fault(EVENT, "OnEntrySignal", When.BEFORE_COMMIT),
    Fault(STATE, "Entry", When.AT),
    Fault(EVENT, "OnEntrySignal", When.AFTER_COMMIT),
    Fault("UPDATE positions", "best", When.AT),
    Fault(EVENT, "OnAutoUpdateVarsAdjustmentCompleted", When.BEFORE_COMMIT),
    Fault(EVENT, "OnAutoUpdateVarsAdjustmentCompleted", When.AFTER_COMMIT),
    Fault("DELETE FROM signal_states", "Update", When.AT),
    Fault("DELETE FROM signal_states", "Entry", When.AT),
    Fault(EVENT, "OnExitSignal", When.BEFORE_COMMIT),
    Fault(EVENT, "OnExitSignal", When.AFTER_COMMIT),
    Fault(STATE, "Adjustment", When.BEFORE_COMMIT),
    Fault(EVENT, "OnAdjustmentSignal", When.AFTER_COMMIT),
    Fault("UPDATE legs", "", When.AT),
    Fault("UPDATE positions", "moves", When.AT),
    Fault(RECORD, "ApplyPaperFills", When.BEFORE_COMMIT),
    Fault(RECORD, "ApplyPaperFills", When.AFTER_COMMIT),
    Fault(EVENT, "OnError", When.AT),
    Fault(EVENT, "OnError", When.BEFORE_COMMIT),
    Fault(EVENT, "OnError", When.AFTER_COMMIT),
    Fault(EVENT, '"Resolved"', When.BEFORE_COMMIT),
    Fault(EVENT, '"Resolved"', When.AFTER_COMMIT),
    Fault("INSERT INTO exec_plans", "", When.AT),
    Fault("INSERT INTO executions", "", When.AT),
    Fault(EVENT, "OnPositionUpdate", When.BEFORE_COMMIT),
    Fault(EVENT, "OnPositionUpdate", When.AFTER_COMMIT),
]

ON_POSTGRESQL = [
    Fault(EVENT, "OnEntrySignal", When.AFTER_COMMIT),
    Fault(EVENT, "OnAutoUpdateVarsAdjustmentCompleted", When.BEFORE_COMMIT),
    Fault(EVENT, "OnExitSignal", When.BEFORE_COMMIT),
    Fault(RECORD, "ApplyPaperFills", When.AFTER_COMMIT),
    Fault(EVENT, "OnError", When.AFTER_COMMIT),
    Fault("INSERT INTO executions", "", When.AT),
    Fault(EVENT, "OnPositionUpdate", When.AFTER_COMMIT),
]

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("captured_logs")]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a performance left behind."""

    log: list[models.MesoLiveEvent]
    variables: Mapping[str, Decimal]
    cash: Decimal | None
    performance: Performance


async def prepare_positions(performance: Performance) -> int:
    """Import the two strategies and enter each; return the id of the position that is watched."""
    performance.scene = BEGINNING
    await performance.play(BEGINNING)

    async def enter(life: Life) -> int:
        async with MesoLiveControlHubClient(life.url, performance.token) as control:
            entered: list[int] = []
            for definition in (WATCHED, EXPIRING):
                strategy = await control.create_strategy(
                    models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[ACCOUNT])
                )
                job = await control.start_prepare_position_entry(
                    models.PreparePositionEntryArgs(
                        IdempotencyKey=new_idempotency_key(),
                        PositionName=strategy.Name,
                        StrategyId=strategy.Id,
                        BrokerAccountId=ACCOUNT,
                        LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
                        Underlying=SPX,
                    )
                )
                args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
                status = await wait_for_job(lambda args=args: control.get_prepare_position_entry_status(args))
                assert status.Result is not None, status.Error
                plan = status.Result
                fills = fills_args(plan.ExecPlanId, plan.SelectedLegs, plan.LegPrices)
                entered.append((await control.apply_paper_fills(fills)).PositionId)
            return entered[0]

    return await performance.until_done(enter)


async def adjust(performance: Performance, position_id: int) -> None:
    """Carry out the adjustment; a call whose answer was lost is made again with its key."""

    async def plan(life: Life) -> models.PreparePositionAdjustmentResult:
        async with MesoLiveControlHubClient(life.url, performance.token, reconnect=None) as control:
            job = await control.start_prepare_position_adjustment(
                models.PreparePositionAdjustmentArgs(
                    IdempotencyKey=new_idempotency_key(),
                    PositionId=position_id,
                    Operation=models.PositionAdjustmentOperation.MoveLeg,
                    Condition=MOVE,
                    LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
                )
            )
            args = models.GetPreparePositionAdjustmentStatusArgs(JobId=job.JobId)
            status = await wait_for_job(lambda: control.get_prepare_position_adjustment_status(args))
            assert status.Result is not None, status.Error
            return status.Result

    prepared = await performance.until_done(plan)
    fills = fills_args(prepared.ExecPlanId, prepared.OrderLegs, prepared.LegPrices)

    async def fill(life: Life) -> None:
        async with MesoLiveControlHubClient(life.url, performance.token, reconnect=None) as control:
            try:
                await control.apply_paper_fills(fills)
            except MesoLiveApiException as error:
                if error.status is not models.StatusCode.DuplicateRequest:
                    raise

    await performance.until_done(fill)


async def perform(database_url: str, faults: list[Fault], *, killed_before: bool = False) -> Outcome:
    """Play the script to its end, dying at each of the points on the way.

    Parameters
    ----------
    killed_before
        Kill the server before every second evaluation too.
    """
    performance = Performance(database_url, await prepare(database_url))
    try:
        position_id = await prepare_positions(performance)
        await performance.close()
        performance.faults = list(faults)
        for place, (name, scene) in enumerate(SCENES.items()):
            await performance.play(scene, killed_before=killed_before and place % 2 == 0)
            if name == BETWEEN:
                await adjust(performance, position_id)
        assert not performance.faults, f"never reached: {performance.faults[0]}"

        async def read(life: Life) -> tuple[models.LivePositionDetail, models.LiveAccount]:
            async with MesoLiveControlHubClient(life.url, performance.token) as control:
                return (
                    await control.get_position(models.GetPositionArgs(PositionId=position_id)),
                    await control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT)),
                )

        position, account = await performance.until_done(read)
        return Outcome(await performance.log(), position.Vars, account.Cash, performance)
    finally:
        await performance.close()


Signal = models.EntrySignalEvent | models.ExitSignalEvent | models.AdjustmentSignalEvent | models.ErrorEvent
SIGNALS = (models.EntrySignalEvent, models.ExitSignalEvent, models.AdjustmentSignalEvent, models.ErrorEvent)


def reported(log: Sequence[models.MesoLiveEvent]) -> list[tuple[str, str]]:
    """Return what was told, in words: the callback, and the state or the values."""
    collected: list[tuple[str, str]] = []
    for event in log:
        if isinstance(event, SIGNALS):
            collected.append((event.callback, event.State.name))
        elif isinstance(event, models.PositionUpdateEvent):
            collected.append((event.callback, event.Status.name))
        elif isinstance(event, models.AutoUpdateVarsAdjustmentCompletedEvent):
            collected.append((event.callback, ", ".join(event.UpdatedVars)))
    return collected


def standing(log: Sequence[models.MesoLiveEvent]) -> list[Signal]:
    """Return the signals and errors that are on at the end of a log, in its order."""
    collected: dict[tuple[object, ...], Signal] = {}
    for event in log:
        if isinstance(event, SIGNALS):
            match event:
                case models.ErrorEvent():
                    subject: tuple[object, ...] = (event.ErrorId,)
                case models.EntrySignalEvent():
                    subject = ("entry", event.StrategyId)
                case models.ExitSignalEvent():
                    subject = ("exit", event.PositionId)
                case models.AdjustmentSignalEvent():
                    subject = ("adjustment", event.PositionId, event.Condition.Statement)
            collected.pop(subject, None)
            if event.State in {models.SignalState.On, models.ErrorState.Active}:
                collected[subject] = event
    return list(collected.values())


def assert_told_well(outcome: Outcome) -> None:
    """Assert what every reader relies on.

    Numbers without gaps; listeners hear what is in the log, in its order and under its ids; who connects is told what
    is on, and nothing else.
    """
    assert [event.EventSeqId for event in outcome.log] == list(range(1, len(outcome.log) + 1))
    assert len({event.EventId for event in outcome.log}) == len(outcome.log)
    by_number = {event.EventSeqId: event for event in outcome.log}
    for received in outcome.performance.heard:
        assert list(received) == sorted(received)
        assert all(by_number[number] == event for number, event in received.items())
    for greeting, latest in outcome.performance.greeted:
        assert [event for event in greeting if isinstance(event, SIGNALS)] == standing(outcome.log[:latest])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Play the script without any death."""
    return asyncio.run(perform(f"sqlite:///{tmp_path_factory.mktemp('undisturbed') / 'mesolive.sqlite3'}", []))


@pytest.mark.long
def test_the_script_raises_every_kind_of_event(undisturbed: Outcome) -> None:
    assert reported(undisturbed.log) == [
        ("OnPositionUpdate", "Created"),
        ("OnPositionUpdate", "Created"),
        ("OnEntrySignal", "On"),
        ("OnAutoUpdateVarsAdjustmentCompleted", "best"),
        ("OnAutoUpdateVarsAdjustmentCompleted", "best"),
        ("OnEntrySignal", "Off"),
        ("OnExitSignal", "On"),
        ("OnAdjustmentSignal", "On"),
        ("OnPositionUpdate", "Adjusted"),
        ("OnError", "Active"),
        ("OnError", "Active"),
        ("OnExitSignal", "Off"),
        ("OnAdjustmentSignal", "Off"),
        ("OnError", "Resolved"),
        ("OnError", "Resolved"),
        ("OnPositionUpdate", "Closed"),
    ]
    assert undisturbed.variables["moves"] == 1
    assert undisturbed.variables["best"] > 0
    assert_told_well(undisturbed)


@pytest.mark.parametrize("faults", [FAULTS[:12], FAULTS[12:]], ids=["signals", "booking, errors, settlement"])
@pytest.mark.long
async def test_a_server_killed_at_every_step_of_its_evaluation_raises_and_books_everything_once(
    sqlite_url: str, undisturbed: Outcome, faults: list[Fault]
) -> None:
    await die_at(faults, sqlite_url, undisturbed)


@pytest.mark.long
async def test_a_server_killed_during_evaluation_raises_everything_once_on_postgresql_too(
    ready_postgres_url: str, undisturbed: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what has no directory beside the database goes to the working directory
    await die_at(ON_POSTGRESQL, ready_postgres_url, undisturbed)


async def test_a_server_killed_before_an_evaluation_makes_it_up(sqlite_url: str, undisturbed: Outcome) -> None:
    outcome = await perform(sqlite_url, [], killed_before=True)
    assert outcome.performance.deaths == len(SCENES) // 2
    assert_same(outcome, undisturbed)


async def die_at(faults: list[Fault], database_url: str, undisturbed: Outcome) -> None:
    outcome = await perform(database_url, faults)
    assert outcome.performance.deaths == len(faults)
    assert_same(outcome, undisturbed)


def assert_same(outcome: Outcome, undisturbed: Outcome) -> None:
    """Whoever reads the log and the books does not notice that the server was killed."""
    assert comparable(outcome.log) == comparable(undisturbed.log)
    assert outcome.variables == undisturbed.variables
    assert outcome.cash == undisturbed.cash
    assert_told_well(outcome)
