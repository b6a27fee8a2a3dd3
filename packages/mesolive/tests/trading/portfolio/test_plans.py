"""What preparation stored of a plan never changes, so it is kept in memory; what does change is read each time."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, update

from mesolive.errors import ServiceError
from mesolive.market.contracts import OptionContract, Right
from mesolive.records import replace
from mesolive.store.database import Database, WriteTransaction
from mesolive.store.rows import insert
from mesolive.store.tables.trading import accounts, strategies
from mesolive.trading.portfolio import plans
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.plans import NewPlan, Plan, PlanKind, PlanLeg, PlanState, find_plan, store_plan
from mesolive_sdk import models
from mesolive_testkit.store.attempts import NOW, add_user

FAR = timezone(timedelta(hours=-5))


def leg(name: str, qty: str = "1", *, mark: str | None = None, strike: str = "4000") -> PlanLeg:
    contract = OptionContract("SPX", "SPXW", date(2026, 2, 20), Right.PUT, Decimal(strike))
    traded = TradedContract(contract, datetime(2026, 2, 20, 16, tzinfo=FAR))
    return PlanLeg(name, traded, Decimal(qty), 1, mark=None if mark is None else Decimal(mark))


class Books:
    """A database with a user, a strategy and an account, and one plan at a time.

    Attributes
    ----------
    read
        The tables that the last `find` selected from.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.user = self.strategy = self.account = 0
        self.read: list[str] = []

    async def begin(self) -> None:
        async with self.database.write() as tx:
            self.user = await add_user(tx, "ann")
            common = {"user_id": self.user, "created_at": NOW}
            self.strategy = await insert(
                tx, strategies, **common, name="iron", symbol="SPX", definition="{}", updated_at=NOW
            )
            self.account = await insert(
                tx,
                accounts,
                **common,
                broker_account_id="SIM1000",
                broker_type="Simulated",
                account_type="Simulated",
                currency="USD",
                is_paper=False,
                initial_cash=Decimal(1),
                cash=Decimal(1),
                last_updated=NOW,
            )

    def plan(self, *legs: PlanLeg, kind: PlanKind = PlanKind.ENTRY, **changes: Any) -> NewPlan:
        new = NewPlan(kind, self.strategy, self.account, None, "a position", None, None, legs, NOW)
        return replace(new, **changes)

    async def store(self, plan: NewPlan) -> int:
        async with self.database.write(self.user) as tx:
            return await store_plan(tx, self.user, plan)

    async def find(self, plan_id: int) -> Plan:
        """Return the plan, and note which tables were read for it."""
        self.read = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement != "BEGIN":
                self.read.append(statement.split("FROM ")[1].split(maxsplit=1)[0])

        engine = self.database._engines.reader
        event.listen(engine, "before_cursor_execute", note)
        try:
            async with self.database.read() as tx:
                return await find_plan(tx, self.user, plan_id)
        finally:
            event.remove(engine, "before_cursor_execute", note)

    async def find_anew(self, plan_id: int) -> Plan:
        """Return the plan as a server that has just started reads it."""
        self.database.caches.clear()
        return await self.find(plan_id)


@pytest.fixture
async def books(ready_sqlite_url: str) -> AsyncGenerator[Books]:
    database = await Database.open(ready_sqlite_url)
    result = Books(database)
    await result.begin()
    yield result
    await database.close()


class TestAStoredPlan:
    async def test_has_its_legs_in_memory(self, books: Books) -> None:
        plan_id = await books.store(books.plan(leg("put"), leg("call")))
        location = await books.find(plan_id)
        assert [item.name for item in location.legs] == ["put", "call"]
        assert books.read == ["exec_plans"]

    async def test_is_read_once_by_a_server_that_did_not_prepare_it(self, books: Books) -> None:
        plan_id = await books.store(books.plan(leg("put")))
        first = await books.find_anew(plan_id)
        assert "exec_plan_legs" in books.read
        assert await books.find(plan_id) == first
        assert books.read == ["exec_plans"]

    async def test_is_not_cached_when_it_was_not_committed(self, books: Books) -> None:
        async def fail() -> None:
            async with books.database.write(books.user) as tx:
                await store_plan(tx, books.user, books.plan(leg("lost")))
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        plan_id = await books.store(books.plan(leg("kept")))  # may have the id of the lost one
        assert [item.name for item in (await books.find(plan_id)).legs] == ["kept"]

    async def test_belongs_to_its_user_also_from_memory(self, books: Books) -> None:
        plan_id = await books.store(books.plan(leg("put")))
        async with books.database.write() as tx:
            other = await add_user(tx, "bob")
        async with books.database.read() as tx:
            with pytest.raises(ServiceError, match="exec plan"):
                await find_plan(tx, other, plan_id)

    async def test_that_was_deleted_is_not_answered_from_memory(self, books: Books) -> None:
        plan_id = await books.store(books.plan(leg("put")))
        async with books.database.write(books.user) as tx:
            assert await plans.delete_plans(tx, books.user, [plan_id]) == 1
        with pytest.raises(ServiceError, match="exec plan"):
            await books.find(plan_id)

    async def test_of_many_only_the_last_are_cached(self, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(plans, "_CACHE", replace(plans._CACHE, max_entries=2))
        ids = [await books.store(books.plan(leg(f"leg {number}"))) for number in range(3)]
        for place, plan_id in enumerate(ids):
            assert (await books.find(plan_id)).legs[0].name == f"leg {place}"
        await books.find(ids[2])
        assert books.read == ["exec_plans"]


async def change_state(tx: WriteTransaction, books: Books, plan_id: int) -> None:
    await plans.mark_executed(tx, plan_id, NOW, 7)


async def change_filled(tx: WriteTransaction, books: Books, plan_id: int) -> None:
    await plans.mark_filled(tx, plan_id)


async def change_position(tx: WriteTransaction, books: Books, plan_id: int) -> None:
    await plans.mark_opened(tx, plan_id, 7)


async def change_opened(tx: WriteTransaction, books: Books, plan_id: int) -> None:
    await plans.note_opened(tx, plan_id, {"put": 9})


async def change_strategy(tx: WriteTransaction, books: Books, plan_id: int) -> None:
    await tx.execute(update(strategies).values(name="other", deleted_at=NOW))


@pytest.mark.parametrize("change", [change_state, change_filled, change_position, change_opened, change_strategy])
async def test_every_change_of_a_plan_is_seen_though_its_content_is_in_memory(books: Books, change: Any) -> None:
    plan_id = await books.store(books.plan(leg("put"), leg("call"), kind=PlanKind.ADJUSTMENT))
    before = await books.find(plan_id)
    async with books.database.write(books.user) as tx:
        await change(tx, books, plan_id)
    after = await books.find(plan_id)
    assert after != before
    assert after == await books.find_anew(plan_id)


async def test_no_other_column_of_a_plan_is_ever_written_after_its_preparation() -> None:
    """The columns that statements of the server set; a new one among them must be read each time, or not be set."""
    source = Path(plans.__file__).parents[2]
    setters: dict[str, set[str]] = {}
    for file in source.rglob("*.py"):
        text = file.read_text()
        for table in ("exec_plans", "exec_plan_legs"):
            if f"update({table})" in text or f"{table}.update()" in text:
                setters.setdefault(table, set()).add(file.name)
    assert setters == {"exec_plans": {"plans.py"}, "exec_plan_legs": {"plans.py"}}


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-10_000, max_value=10_000)
TIMES = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, FAR]),
)
LEGS = st.builds(
    PlanLeg,
    name=st.text(alphabet="abc", min_size=1),
    traded=st.builds(
        TradedContract,
        contract=st.builds(
            OptionContract,
            underlying=st.just("SPX"),
            root=st.just("SPXW"),
            day=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
            right=st.sampled_from(Right),
            strike=DECIMALS,
            multiplier=st.sampled_from([Decimal(100), Decimal("10.0")]),
        ),
        settles_at=TIMES,
        underlying_type=st.sampled_from(models.MesoContractType),
    ),
    qty=DECIMALS,
    leg_group_id=st.integers(0, 3),
    expiration_name=st.none() | st.just("front"),
    leg_id=st.none() | st.integers(1, 9),
    mark=st.none() | DECIMALS,
)


PLANS = st.tuples(st.lists(LEGS, max_size=4, unique_by=lambda item: item.name), st.none() | DECIMALS, TIMES)


@settings(max_examples=5, deadline=None)
@given(new=st.lists(PLANS, min_size=1, max_size=10))
def test_a_plan_from_memory_is_the_one_in_the_database_digit_by_digit(
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    new: list[tuple[list[PlanLeg], Decimal | None, datetime]],
) -> None:
    file = tmp_path_factory.mktemp("plans") / "mesolive.sqlite3"
    shutil.copyfile(sqlite_template, file)

    async def run() -> None:
        books = Books(await Database.open(f"sqlite:///{file}"))
        await books.begin()
        for legs, multiplier, at in new:
            plan_id = await books.store(books.plan(*legs, qty_multiplier=multiplier, created_at=at))
            stored = await books.find(plan_id)
            assert books.read == ["exec_plans"]
            read = await books.find_anew(plan_id)
            assert stored == read
            assert repr(stored) == repr(read)
            assert stored.state is PlanState.PREPARED
        await books.database.close()

    asyncio.run(run())
