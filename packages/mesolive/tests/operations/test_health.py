"""What monitors are told: that all is well, or what is wrong, in words and numbers, and nothing of a user."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from mesolive.clock import ManualClock
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.operations import health
from mesolive.operations.resources import LoopLag, open_files
from mesolive.operations.vitals import MarketVitals, Vitals, failures, warnings
from mesolive.records import replace
from mesolive.tasks import TaskState
from mesolive.trading.execution import halts
from mesolive.venues.simulated.faults import Fault, Faults
from mesolive_sdk.models import DataProviderType
from mesolive_testkit.paths import DOCS
from mesolive_testkit.server import Kit
from mesolive_testkit.venues import SIM, at_venue, desk_server
from mesolive_testkit.venues.desk import QUICK

PAGE = DOCS / "operations.md"
WELL = Vitals(
    counts={"open orders": 2, "unresolved orders": 1, "errors": 0, "halts": 0},
    oldest_unresolved=5.0,
    market_open=True,
    markets={"Simulated": MarketVitals(connected=True, silence=0.2, message="", in_session=True)},
    venues={"Simulated": 0.0},
    undelivered=3,
    delivery_lag=0.1,
    evaluated_ago=59.0,
    free=10**11,
)
NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
TASK = TaskState("retention", 1, ended=False, turns=3, failures=0, turn_age=1.0, failure_age=None, error=None)
STUCK = {"keys": replace(TASK, turn_age=61.0, turn_limit=60.0)}
FAILED = {"venue": replace(TASK, failures=2, failure_age=3.0, error="ValueError")}
MUTE = {
    "Simulated": MarketVitals(
        connected=False, silence=90.0, message="connected, but no data since 10:00", in_session=True
    )
}
ASLEEP = {name: replace(market, in_session=False) for name, market in MUTE.items()}


async def asked(url: str) -> tuple[int, dict[str, Any]]:
    async with httpx.AsyncClient(timeout=60) as http:
        answer = await http.get(f"{url}/health", timeout=30)
        return answer.status_code, answer.json()


async def metrics(url: str) -> dict[str, float]:
    async with httpx.AsyncClient(timeout=60) as http:
        text = (await http.get(f"{url}/metrics", timeout=30)).text
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_healthy_server_reports_neither_failures_nor_warnings() -> None:
    assert failures(WELL) == []
    assert warnings(WELL) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"database_error": "OperationalError"}, "the database cannot be written to: OperationalError"),
        ({"markets": MUTE}, "market data of Simulated: connected, but no data since 10:00"),
        ({"markets": MUTE, "market_open": False}, "market data of Simulated: connected, but no data since 10:00"),
        ({"venues": {"Simulated": 31.0}}, "no contact to the Simulated venue for 31 s"),
        ({"delivery_lag": 31.0}, "3 events have waited to be delivered for 31 s"),
        ({"evaluated_ago": 151.0}, "signals were last evaluated 151 s ago"),
        ({"tasks": STUCK}, "the task 'keys' has made no progress for 61 s"),
    ],
)
def test_a_problem_that_prevents_the_servers_work_is_a_failure(change: dict[str, Any], says: str) -> None:
    assert failures(replace(WELL, **change)) == [says]


@pytest.mark.parametrize(
    "change",
    [
        {"venues": {"Simulated": 29.0}},
        {"delivery_lag": 29.0},
        {"evaluated_ago": 149.0},
        {"evaluated_ago": None},
        {"markets": ASLEEP},
    ],
)
def test_a_problem_that_may_resolve_itself_is_no_failure_yet(change: dict[str, Any]) -> None:
    assert failures(replace(WELL, **change)) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"oldest_unresolved": 121.0}, "what became of 1 order is not known"),
        ({"counts": {"errors": 2}}, "2 errors are active"),
        ({"counts": {"halts": 1}}, "1 halt in force"),
        ({"free": 100 * 1024**2}, "the database's disk has 100 MB left"),
        ({"loop_lag": 2.34}, "the event loop was held up for 2.3 s"),
        ({"files": (922, 1024)}, "922 of 1,024 file descriptors are open"),
        ({"notices": ["7 acknowledged transactions are missing"]}, "7 acknowledged transactions are missing"),
        ({"tasks": FAILED}, "the task 'venue' failed 3 s ago (ValueError), for the 2nd time"),
    ],
)
def test_a_problem_for_the_operator_is_a_warning(change: dict[str, Any], says: str) -> None:
    (warning,) = warnings(replace(WELL, **change))
    assert says in warning
    assert failures(replace(WELL, **change)) == []


async def test_a_healthy_server_answers_with_its_state_and_the_http_status(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "mesolive.operations.vitals.LAG_SECONDS", 3600.0
    )  # a machine that is busy is no fault of the server
    status, answer = await asked(kit.url)
    assert (status, answer["status"], answer["failures"], answer["warnings"]) == (200, "ok", [], [])
    for task in ("signals", "retention", "api key check", "event delivery", "health", "simulated venue"):
        assert answer["tasks"][task]["running"] == 1, task
        assert answer["tasks"][task]["failures"] == 0
    assert answer["database"]["writable"] is True
    assert answer["database"]["size_bytes"] > 0
    assert answer["markets"]["Simulated"]["connected"] is True
    assert answer["markets"]["Simulated"]["in_session"] is True
    values = await metrics(kit.url)
    assert values["mesolive_healthy"] == values["mesolive_database_writable"] == 1
    assert values["mesolive_venue_connected Simulated"] == values["mesolive_market_in_session Simulated"] == 1
    assert 0 < values["mesolive_database_write_seconds"] < 5
    assert values["mesolive_evaluations_total"] >= 1
    assert values["mesolive_evaluation_last_success_timestamp_seconds"] > 1.7e9


@contextmanager
def locked(kit: Kit) -> Generator[None]:
    """Hold the database as a program does that has forgotten to let it go."""
    file = kit.application.settings.database.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_a_database_that_takes_no_writes_is_a_failure_until_it_does_again(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.1)
    with locked(kit):
        await kit.application.health.look()
        status, answer = await asked(kit.url)
        assert (status, answer["status"]) == (503, "failing")
        assert "the database cannot be written to" in answer["failures"][0]
        assert (await metrics(kit.url))["mesolive_database_writable"] == 0
    monkeypatch.setattr(health, "ANSWER_SECONDS", 10.0)
    await kit.application.health.look()
    assert (await asked(kit.url))[0] == 200


async def test_a_full_disk_is_reported_in_words(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        """A database whose disk is full."""

        def write(self, _user_id: int) -> NoReturn:
            raise OperationalError("UPDATE …", None, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(kit.application.health, "_database", Full())
    await kit.application.health.look()
    assert (await asked(kit.url))[1]["failures"] == ["the database cannot be written to: database or disk is full"]


async def test_market_data_that_stay_away_are_a_failure_at_once(kit: Kit) -> None:
    provider = kit.application.market.provider(DataProviderType.Simulated)
    assert isinstance(provider, SimulatedProvider)
    provider.disconnect()
    status, answer = await asked(kit.url)
    assert status == 503
    assert answer["failures"][0].startswith("market data of Simulated")
    assert (await metrics(kit.url))["mesolive_market_connected Simulated"] == 0


async def test_halts_and_orders_of_unknown_fate_are_counted_and_nobody_is_named(tmp_path: Path) -> None:
    never_heard = Faults({Fault.REQUEST_LOST: 1.0}, 1)
    patient = replace(QUICK, missing_grace=600.0)
    async with desk_server(tmp_path, faults=never_heard, patience=patient) as desk:
        plan = await desk.prepare_entry((await desk.strategy(StrategyName="My secret strategy")).Id)
        await desk.send(at_venue(plan))
        await halts.halt(desk.application.database, "the feed is wrong", desk.application.clock.now())
        await desk.application.health.look()
        status, answer = await asked(desk.application.url)
        assert (status, answer["status"]) == (200, "warning")
        assert answer["counts"] | {"halts": 1, "open_orders": 1, "unresolved_orders": 1} == answer["counts"]
        values = await metrics(desk.application.url)
        assert values["mesolive_halts"] == values["mesolive_orders_unresolved"] == 1
        await desk.advance(200)
        await desk.application.health.look()
        warnings = (await asked(desk.application.url))[1]["warnings"]
        assert any("what became of 1 order is not known" in warning for warning in warnings)
        assert (await metrics(desk.application.url))["mesolive_orders_unresolved_oldest_seconds"] >= 200
        assert not re.search(f"secret|{SIM}|trader|feed", str(answer))


async def test_liveness_and_health_are_separate_answers(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.1)
    with locked(kit):
        await kit.application.health.look()
        async with httpx.AsyncClient(timeout=60) as http:
            assert (await http.get(f"{kit.url}/health/live", timeout=30)).json() == {"status": "alive"}


async def test_metrics_follow_the_conventions_and_the_page_on_operations_lists_them(kit: Kit) -> None:
    async with httpx.AsyncClient(timeout=60) as http:
        text = (await http.get(f"{kit.url}/metrics", timeout=30)).text
    families = list(text_string_to_metric_families(text))
    ours = [family for family in families if family.name.startswith("mesolive")]
    assert len(ours) > 25
    page = PAGE.read_text()
    for family in ours:
        exposed = {"counter": f"{family.name}_total", "info": f"{family.name}_info"}.get(family.type, family.name)
        assert family.documentation, family.name
        assert re.fullmatch(r"mesolive(_[a-z]+)*", family.name)
        assert not re.search(r"_(ms|millis|minutes|mb|kb|percent|count)(_|$)", family.name), family.name
        assert f"`{exposed}`" in page, f"docs/operations.md does not tell of {exposed}"
    listed = set(re.findall(r"`(mesolive_[a-z_]+)`", page))
    # What only a broker's connector measures has no samples here.
    silent = {family.name for family in ours if not family.samples}
    assert listed == {sample.name for family in ours for sample in family.samples} | silent


async def test_a_check_delayed_by_the_event_loop_reports_the_loop_and_not_the_database(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = kit.application.health

    def write(*_arguments: object) -> NoReturn:
        watch.lag.note(watch.lag._pace.now(), 20.0)  # pyright: ignore[reportPrivateUsage]  # real time as it has it
        raise TimeoutError

    monkeypatch.setattr(kit.application.database, "write", write)
    await watch.look()
    vitals = watch.vitals
    assert failures(vitals) == []
    assert vitals.loop_lag == 20.0
    assert any("event loop was held up for 20.0 s" in warning for warning in warnings(vitals))


def test_the_delays_of_the_event_loop_are_forgotten_after_half_a_minute() -> None:
    lag, start = LoopLag(ManualClock(NOW)), NOW
    lag.note(start, 5.0)
    lag.note(start + timedelta(seconds=29), 0.1)
    assert (lag.worst, lag.total_since(start)) == (5.0, 5.1)
    lag.note(start + timedelta(seconds=31), -0.2)
    assert lag.worst == 0.1


async def test_the_lag_is_measured_by_what_a_turn_is_late() -> None:
    pace = ManualClock(NOW)
    lag = LoopLag(pace)
    await lag.start()
    await asyncio.sleep(0)
    await pace.advance(1)
    assert lag.worst == 0.0
    assert lag.tasks.states()[0].turns == 4
    await lag.stop()


async def test_scarce_file_descriptors_are_reported_once(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "open_files", lambda: (1000, 1024))
    with capture_logs() as logs:
        await kit.application.health.look()
        await kit.application.health.look()
    assert [line["event"] for line in logs if "descriptors" in line["event"]] == ["file_descriptors_ran_low"]
    assert open_files() is not None
