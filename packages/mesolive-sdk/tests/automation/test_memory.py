"""What an autopilot remembers survives, and nothing is noted twice."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace  # noqa: TID251 - this module has no structs
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive_sdk import models
from mesolive_sdk.automation import Memory, NoPriceError, PaperPolicy, Task, TaskKind, TaskState
from mesolive_sdk.automation.memory import Intent, IntentKind, IntentOutcome, Rejection
from mesolive_sdk.automation.walking import PriceStep, Stage

AT = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
EXIT = Task("e-1", 7, TaskKind.EXIT, 1, "a strategy", "ML1000", 3, None, AT)


def test_tasks_and_cursor_are_there_after_a_restart(tmp_path: Path) -> None:
    with Memory(tmp_path / "memory.sqlite3") as memory:
        assert memory.cursor == 0
        memory.take([EXIT], [], 9)
        memory.change(EXIT, state=TaskState.EXECUTING, step=1, attempt=2, request='{"a": 1}', note="sent")
    with Memory(tmp_path / "memory.sqlite3") as memory:
        assert memory.cursor == 9
        (result,) = memory.open_tasks()
        assert result == replace(EXIT, state=TaskState.EXECUTING, step=1, attempt=2, request='{"a": 1}', note="sent")


def test_a_signal_that_is_known_is_left_as_it_is(tmp_path: Path) -> None:
    with Memory(tmp_path / "memory.sqlite3") as memory:
        memory.take([EXIT], [], 7)
        memory.change(EXIT, state=TaskState.DONE)
        memory.take([EXIT], [], 7)
        assert memory.open_tasks() == []
        assert [task.state for task in memory.tasks()] == [TaskState.DONE]


def test_a_signal_that_went_off_is_withdrawn_while_it_waits(tmp_path: Path) -> None:
    off = replace(EXIT, event_id="e-2", seq=8)
    other = replace(EXIT, event_id="e-3", seq=6, position_id=4)
    sent = replace(EXIT, event_id="e-4", seq=5)
    later = replace(EXIT, event_id="e-5", seq=9)
    with Memory(tmp_path / "memory.sqlite3") as memory:
        memory.take([EXIT, other, sent], [], 7)
        memory.change(sent, state=TaskState.EXECUTING)
        memory.take([later], [off], 9)
        states = {task.event_id: task.state for task in memory.tasks()}
        assert [task.event_id for task in memory.tasks() if task.went_off] == ["e-4"]
    assert states == {
        "e-1": TaskState.WITHDRAWN,
        "e-3": TaskState.WAITING,
        "e-4": TaskState.EXECUTING,
        "e-5": TaskState.WAITING,
    }


def test_nothing_is_noted_when_one_of_it_cannot_be(tmp_path: Path) -> None:
    broken = replace(EXIT, event_id="e-9", strategy_id=object())  # pyright: ignore[reportArgumentType]  # on purpose
    with Memory(tmp_path / "memory.sqlite3") as memory:
        with pytest.raises(Exception, match="type"):
            memory.take([EXIT, broken], [], 9)
        assert (memory.cursor, memory.open_tasks()) == (0, [])


SENT = Intent(
    event_id="e-1",
    step=0,
    attempt=0,
    group=1,
    number=0,
    kind=IntentKind.SEND,
    key="autopilot:e-1:o0.0.1.0",
    price_step=PriceStep(AT, Stage.WALKING, Decimal("-2.95"), Decimal("-2.85")),
    request="{}",
)


def test_intended_calls_and_their_outcomes_survive_a_restart(tmp_path: Path) -> None:
    market = replace(SENT, number=1, key="k-1", price_step=PriceStep(AT, Stage.NATURAL, None, None))
    with Memory(tmp_path / "memory.sqlite3") as memory:
        memory.take([EXIT], [], 7)
        memory.intend(SENT)
        memory.intend(market)
        memory.learn(SENT, IntentOutcome.TAKEN, 12, "sent")
    with Memory(tmp_path / "memory.sqlite3") as memory:
        taken = replace(SENT, outcome=IntentOutcome.TAKEN, order_id=12, note="sent")
        assert memory.intents(EXIT) == memory.latest_intents() == [taken, market]
        assert memory.intents(replace(EXIT, attempt=1)) == []
        with pytest.raises(sqlite3.IntegrityError):
            memory.intend(replace(SENT, number=5))  # a key is used once


def test_a_position_is_left_alone_with_the_end_of_its_task_until_it_is_released(tmp_path: Path) -> None:
    with Memory(tmp_path / "memory.sqlite3") as memory:
        memory.take([EXIT], [], 7)
        assert memory.stop(EXIT, 3, "half of it").state is TaskState.HALF_FILLED
    with Memory(tmp_path / "memory.sqlite3") as memory:
        assert memory.open_tasks() == []
        assert memory.stopped() == {3: "half of it"}
        assert memory.release(3)
        assert memory.stopped() == {}


def test_old_finished_tasks_are_deleted_and_open_tasks_are_not(tmp_path: Path) -> None:
    with Memory(tmp_path / "memory.sqlite3", max_tasks=3) as memory:
        for seq in range(1, 11):
            task = replace(EXIT, event_id=f"e-{seq}", seq=seq)
            memory.take([task], [], seq)
            memory.intend(replace(SENT, event_id=task.event_id, key=f"k-{seq}"))
            if seq > 1:
                memory.change(task, state=TaskState.DONE)
        assert [task.seq for task in memory.tasks()] == [1, 8, 9, 10]
        assert {intent.event_id for intent in memory.latest_intents()} == {"e-1", "e-8", "e-9", "e-10"}


def test_a_file_of_the_first_version_is_still_used(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite3"
    with Memory(path) as memory:
        memory.take([EXIT], [], 7)
    with contextlib.closing(sqlite3.connect(path)) as old:
        for later in ("TABLE tasks DROP COLUMN due", "TABLE tasks DROP COLUMN went_off"):
            old.execute(f"ALTER {later}")
        old.executescript("DROP TABLE intents; DROP TABLE stopped; DROP TABLE rejections;")
    with Memory(path) as memory:
        assert memory.open_tasks() == [EXIT]
        assert memory.change(EXIT, due=AT) == replace(EXIT, due=AT)
        assert memory.open_tasks() == [replace(EXIT, due=AT)]


def test_a_file_without_rejection_codes_is_still_used(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite3"
    with Memory(path) as memory:
        memory.rejected(1, Rejection("too late"))
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.execute("ALTER TABLE rejections DROP COLUMN code")
    with Memory(path) as memory:
        assert memory.rejection(1) == Rejection("too late")
        memory.rejected(2, Rejection("not sent", "NotSent"))
        assert memory.rejection(2) == Rejection("not sent", "NotSent")
        assert memory.rejection(3) is None


def leg(qty: str) -> models.LiveLeg:
    return models.LiveLeg(
        Id=0,
        Name="p",
        LiveContract=models.LiveContract(
            ContractType=models.MesoContractType.Options,
            Underlying=models.LiveUnderlying(Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD"),
        ),
        LegGroupId=0,
        CreatedAt=AT,
        LivePositionId=0,
        AccountId="ML1000",
        Underlying="SPX",
        Qty=Decimal(qty),
        AvgEntryPrice=Decimal(0),
    )


def test_fills_are_at_the_mark_on_the_tick_with_commission_for_every_contract() -> None:
    policy = PaperPolicy(tick=Decimal("0.05"), commission=Decimal("0.65"))
    legs = {"p": leg("-2"), "marker": leg("0")}
    fills = policy.fills(legs, {"p": models.LivePrices(Mark=Decimal("3.1374"))})
    assert fills == {"p": models.PaperLegFill(Price=Decimal("3.15"), Commission=Decimal("1.30"))}
    with pytest.raises(NoPriceError, match="p"):
        policy.fills(legs, {"p": models.LivePrices()})
