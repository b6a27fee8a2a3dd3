"""Positions and legs have one writer, which compares what stands in a row with what a change was computed from."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import mesolive
from mesolive.access.context import UserContext
from mesolive.clock import ManualClock
from mesolive.market.contracts import OptionContract, Right
from mesolive.records import replace
from mesolive.store.database import Database
from mesolive.store.tables.trading import positions
from mesolive.trading.portfolio.accounting import Fill
from mesolive.trading.portfolio.accounts import create_paper_account, find_account
from mesolive.trading.portfolio.booking import (
    FillContext,
    LegFill,
    UnbalancedPostingError,
    book_fills,
    complete_entry,
    conclude,
    open_position,
    post,
    write_off,
)
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.plans import NewPlan, PlanKind, PlanLeg, find_plan, mark_executed, store_plan
from mesolive.trading.portfolio.positions import find_position
from mesolive.trading.portfolio.repository import (
    ConcurrentChangeError,
    change_legs,
    change_position,
    leg_records,
    open_with_variables,
    position_record,
    set_variables,
)
from mesolive_sdk.models import LegStatus, LivePositionState
from mesolive_testkit.store.samples import add_strategy, add_user

START = datetime(2026, 1, 5, 16, tzinfo=UTC)
ACCOUNT = "ML1000"
D = Decimal
SOURCE = Path(mesolive.__file__).parent
REPOSITORIES = {
    "positions": "trading/portfolio/repository.py",
    "legs": "trading/portfolio/repository.py",
    "executions": "trading/portfolio/repository.py",
    "exec_plans": "trading/portfolio/plans.py",
    "exec_plan_legs": "trading/portfolio/plans.py",
    "orders": "trading/orders/repository.py",
}


def writers(table: str) -> Counter[tuple[str, str]]:
    """Return where the server's source inserts into, updates or deletes from a table: module and kind, counted."""
    statement = re.compile(
        rf"\b{table}\.(?P<method>insert|update|delete)\(|\b(?P<function>insert|update|delete)\({table}\b"
        rf"|\b(?P<row>insert|insert_row)\(\s*tx,\s*{table}\b"
    )
    result: Counter[tuple[str, str]] = Counter()
    for file in SOURCE.rglob("*.py"):
        if "migrations" in file.parts:
            continue
        for match in statement.finditer(file.read_text(encoding="utf-8")):
            kind = match["method"] or match["function"] or "insert"
            result[file.relative_to(SOURCE).as_posix(), kind] += 1
    return result


def test_positions_are_written_in_one_place() -> None:
    where = REPOSITORIES["positions"]
    assert writers("positions") == {(where, "insert"): 1, (where, "update"): 1}


@pytest.mark.parametrize("table", REPOSITORIES)
def test_a_table_of_the_books_is_written_by_its_repository_alone(table: str) -> None:
    assert {where for where, _ in writers(table)} == {REPOSITORIES[table]}


def test_the_scan_sees_every_form_of_a_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forms = ["update(legs)", "legs.update()", "insert(legs)", "insert(\n    tx,\n    legs,\n)", "delete(legs)"]
    (tmp_path / "module.py").write_text("\n".join(forms), encoding="utf-8")
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    assert writers("legs").total() == len(forms)


# --- compare and set, on both engines


@dataclass
class Books:
    """A position with two legs, one sold and one bought, each whole."""

    database: Database
    context: FillContext

    @property
    def leg_ids(self) -> list[int]:
        return sorted(self.context.leg_ids.values())

    @property
    def position_id(self) -> int:
        return self.context.position_id


def plan_leg(name: str, strike: int, qty: int) -> PlanLeg:
    contract = OptionContract("SPX", "SPXW", date(2026, 2, 20), Right.PUT, D(strike), D(100))
    return PlanLeg(name, TradedContract(contract, datetime(2026, 2, 20, 21, tzinfo=UTC)), D(qty), 1)


def filled(leg: PlanLeg, price: str, qty: int) -> LegFill:
    return LegFill(leg, START, Fill(D(price), D(qty), D(100), D("0.65"), START))


@pytest.fixture
async def books(database: Database) -> Books:
    user = await add_user(database, "trader")
    strategy = await add_strategy(database, user)
    await create_paper_account(database, ManualClock(START), UserContext(user, "trader", "key"), ACCOUNT, D(100_000))
    async with database.write(user) as tx:
        account = await find_account(tx, user, ACCOUNT)
        legs = (plan_leg("sold", 5000, -2), plan_leg("bought", 4900, 2))
        new = NewPlan(PlanKind.ENTRY, strategy, account.id, None, "a position", None, None, legs, START)
        plan = await find_plan(tx, user, await store_plan(tx, user, new))
        context = await open_position(tx, user, account, plan, D(1), START)
        fills = [filled(plan.legs[0], "30", -2), filled(plan.legs[1], "20", 2)]
        await book_fills(tx, context, fills, None, opens=True)
        await complete_entry(tx, context.position_id, {"target": D("12.50")})
        await mark_executed(tx, plan.id, START, context.position_id)
    return Books(database, context)


async def test_a_position_is_changed_only_where_it_is_what_was_read(books: Books) -> None:
    async with books.database.read() as tx:
        read = await position_record(tx, books.position_id)
    async with books.database.write() as tx:
        await change_position(tx, read, replace(read, realized_pnl=D(7)))
    with pytest.raises(ConcurrentChangeError, match=f"position {books.position_id} was changed at the same time"):
        async with books.database.write() as tx:
            await change_position(tx, read, replace(read, state=LivePositionState.Closed))
    async with books.database.read() as tx:
        assert await position_record(tx, books.position_id) == replace(read, realized_pnl=D(7))


async def test_legs_are_changed_all_or_none_of_them(books: Books) -> None:
    async with books.database.read() as tx:
        read = list((await leg_records(tx, books.leg_ids)).values())
    async with books.database.write() as tx:
        await change_legs(tx, [(read[0], replace(read[0], status=LegStatus.Closing, realized_pnl=D(3)))])
    flat = [(leg, replace(leg, holding=replace(leg.holding, qty=D(0), cost=D(0)))) for leg in read]
    with pytest.raises(ConcurrentChangeError):
        async with books.database.write() as tx:
            await change_legs(tx, flat)
    async with books.database.read() as tx:
        after = await leg_records(tx, books.leg_ids)
    assert [after[leg.id].holding for leg in read] == [leg.holding for leg in read]


async def test_a_change_of_a_status_that_was_changed_meanwhile_is_refused(books: Books) -> None:
    async with books.database.read() as tx:
        (leg, _) = (await leg_records(tx, books.leg_ids)).values()
    async with books.database.write() as tx:
        await change_legs(tx, [(leg, replace(leg, status=LegStatus.Closing))])
    with pytest.raises(ConcurrentChangeError):
        async with books.database.write() as tx:
            await change_legs(tx, [(leg, replace(leg, status=LegStatus.Closed, closed_at=START))])


async def test_variables_are_set_only_on_those_that_they_were_evaluated_from(books: Books) -> None:
    before = {"target": D("12.50")}
    async with books.database.write() as tx:
        record = await open_with_variables(tx, books.position_id, before)
        assert record is not None
        await set_variables(tx, record, {**before, "stop": D("1E+2"), "whole": D(5)})
        assert await open_with_variables(tx, books.position_id, before) is None
    async with books.database.write() as tx:
        # As an earlier server may have written it.
        await tx.execute(positions.update().values(variables={"target": "12.50", "stop": D("100.0"), "whole": 5}))
    async with books.database.write() as tx:
        # What was read can be compared and set again, whatever form its numbers have in the store.
        stored = await position_record(tx, books.position_id)
        assert stored.variables == {**before, "stop": D(100), "whole": D(5)}
        await set_variables(tx, stored, before)
    with pytest.raises(ConcurrentChangeError):
        async with books.database.write() as tx:
            await set_variables(tx, stored, {})


async def test_a_closed_position_has_no_variables_to_set(books: Books) -> None:
    async with books.database.write() as tx:
        await write_off(tx, books.context.user_id, books.context.account, books.position_id, START)
        assert await open_with_variables(tx, books.position_id, {"target": D("12.50")}) is None
        assert not await complete_entry(tx, books.position_id, {})


async def test_books_balance_through_entry_exit_and_write_off(books: Books) -> None:
    user = books.context.user_id
    async with books.database.write() as tx:
        entered = await find_account(tx, user, ACCOUNT)
        position = await find_position(tx, user, books.position_id)
        assert entered.cash + sum(leg.holding.cost for leg in position.legs) == 100_000
        sold = replace(books.context.plan.legs[0], qty=D(2), leg_id=books.context.leg_ids["sold"])
        booked = await book_fills(tx, books.context, [filled(sold, "10", 2)], None, opens=False)
        assert booked.realized == 2 * D(20) * 100 - 2 * D("0.65")
        assert booked.events["sold"].Status is LegStatus.Closed
        assert await conclude(tx, books.context, START) == []
        await write_off(tx, user, books.context.account, books.position_id, START)
        closed = await find_position(tx, user, books.position_id)
        account = await find_account(tx, user, ACCOUNT)
    assert closed.state is LivePositionState.Closed
    assert [leg.holding.qty for leg in closed.legs] == [0, 0]
    assert account.cash == 100_000 + closed.realized_pnl
    assert closed.realized_pnl == booked.realized


async def test_an_unbalanced_booking_is_refused(books: Books) -> None:
    async with books.database.read() as tx:
        (leg, _) = (await leg_records(tx, books.leg_ids)).values()
    change = [(leg, replace(leg, holding=replace(leg.holding, qty=D(0), cost=D(0))))]
    with pytest.raises(UnbalancedPostingError, match="cash changes by 1"):
        async with books.database.write() as tx:
            await post(tx, books.context.account, books.position_id, change, D(1), START)


async def test_a_plan_is_executed_once(books: Books) -> None:
    with pytest.raises(Exception, match=f"exec plan {books.context.plan.id} was executed already"):
        async with books.database.write() as tx:
            await mark_executed(tx, books.context.plan.id, START, books.position_id)
