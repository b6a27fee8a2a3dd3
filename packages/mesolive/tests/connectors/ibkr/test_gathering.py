"""Gathering of combo fills from executions: whatever the order and the parts they come in, the fills are the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mesolive.connectors.ibkr.executions import ExecutionReport
from mesolive.connectors.ibkr.gathering import Fill, base_id, deal, legs_of_fill

AT = datetime(2026, 11, 30, 15, tzinfo=UTC)
COMBO = 28812380


def report(
    exec_id: str, con_id: int, shares: Decimal, *, side: str = "BOT", price: str = "1", at: int = 0
) -> ExecutionReport:
    return ExecutionReport(
        exec_id=exec_id,
        order_id=1,
        client_id=10,
        perm_id=5,
        order_ref="ref",
        account="DU1",
        con_id=con_id,
        sec_type="BAG" if con_id == COMBO else "OPT",
        symbol="SPX",
        option=None,
        side=side,
        shares=shares,
        price=Decimal(price),
        at=AT + timedelta(seconds=at),
    )


@dataclass
class Story:
    """What an exchange did: fills of combos, and their legs in parts under whatever prefixes."""

    ratios: dict[int, int]
    combos: list[int]
    rows: list[ExecutionReport]
    costs: dict[str, Decimal]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    legs = draw(st.integers(2, 4))
    ratios = {100 + place: draw(st.sampled_from([1, -1, 2, -3])) for place in range(legs)}
    ratios[100] = 1
    combos = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    rows: list[ExecutionReport] = []
    costs: dict[str, Decimal] = {}
    for number, qty in enumerate(combos, 1):
        rows.append(report(f"00025b49.{number:08x}.01.01", COMBO, Decimal(qty), at=number))
        other = draw(st.booleans())
        prefix = "0000dc8f" if other else "00025b49"
        for place, (con_id, ratio) in enumerate(ratios.items(), 2):
            left = qty * abs(ratio)
            while left:
                part = draw(st.integers(1, left))
                left -= part
                used = number if not other and part == qty * abs(ratio) else 1000 + len(rows)
                exec_id = f"{prefix}.{used:08x}.{place:02x}.01"
                side = "BOT" if ratio > 0 else "SLD"
                rows.append(report(exec_id, con_id, Decimal(part), side=side, price=str(1 + place), at=number))
                costs[exec_id] = Decimal("0.65") * part
    return Story(ratios, combos, rows, costs)


@given(stories(), st.randoms(use_true_random=False))
def test_every_combo_is_filled_whole_and_every_leg_and_cost_is_dealt_once(story: Story, order: random.Random) -> None:
    shuffled = list(story.rows)
    order.shuffle(shuffled)
    dealt = deal(shuffled, story.ratios, [])
    assert not dealt.incomplete
    assert not dealt.left
    assert [fill.combos for fill in dealt.fills] == story.combos
    paid = Decimal(0)
    for fill in dealt.fills:
        for leg in legs_of_fill(fill, shuffled, story.costs, story.ratios):
            assert leg.qty == story.ratios[leg.con_id] * fill.combos
            assert leg.commission_known
            paid += leg.commission
    assert abs(paid - sum(story.costs.values())) < Decimal("0.000001")
    taken: dict[str, Decimal] = {}
    for fill in dealt.fills:
        for share in fill.shares:
            taken[share.base_id] = taken.get(share.base_id, Decimal(0)) + share.shares
    assert taken == {base_id(row.exec_id): row.shares for row in story.rows if not row.is_combo}


@given(stories(), st.randoms(use_true_random=False))
def test_the_order_of_the_reports_changes_nothing(story: Story, order: random.Random) -> None:
    shuffled = list(story.rows)
    order.shuffle(shuffled)
    assert deal(shuffled, story.ratios, []) == deal(story.rows, story.ratios, [])


@given(stories(), st.randoms(use_true_random=False), st.data())
def test_reported_fills_stay_and_the_rest_follows_as_reports_come(
    story: Story, order: random.Random, data: st.DataObject
) -> None:
    shuffled = list(story.rows)
    order.shuffle(shuffled)
    reported = list(deal(shuffled[: data.draw(st.integers(0, len(shuffled)))], story.ratios, []).fills)
    rest = deal(shuffled, story.ratios, reported)
    fills = [*reported, *rest.fills]
    assert not rest.incomplete
    assert sorted(fill.combos for fill in fills) == sorted(story.combos)
    assert len({fill.fill_id for fill in fills}) == len(fills)


def combo_of_two(prefix: str = "00025b49") -> Sequence[ExecutionReport]:
    return (
        report("00025b49.00000001.01.01", COMBO, Decimal(2)),
        report(f"{prefix}.00000001.02.01", 100, Decimal(2), price="3"),
        report(f"{prefix}.00000001.03.01", 101, Decimal(2), side="SLD", price="4"),
    )


def test_a_fill_without_all_its_legs_is_incomplete() -> None:
    dealt = deal(combo_of_two()[:2], {100: 1, 101: -1}, [])
    assert dealt.fills == []
    assert dealt.incomplete == ["00025b49.00000001.01"]


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    rows = [*combo_of_two(), report("00025b49.00000001.02.02", 100, Decimal(2), price="3.5")]
    (fill,) = deal(rows, {100: 1, 101: -1}, []).fills
    assert [leg.price for leg in legs_of_fill(fill, rows, {}, {100: 1, 101: -1})] == [Decimal("3.5"), 4]


def test_without_a_report_of_the_combo_legs_make_a_fill_and_the_late_report_makes_no_second() -> None:
    rows = combo_of_two()
    assert deal(rows[1:], {100: 1, 101: -1}, []).fills == []
    (fill,) = deal(rows[1:], {100: 1, 101: -1}, [], from_legs=True).fills
    assert fill.combos == 2
    after = deal(rows, {100: 1, 101: -1}, [fill])
    assert (list(after.fills), list(after.incomplete), dict(after.left)) == ([], [], {})


def test_an_order_of_one_contract_has_a_fill_for_each_execution() -> None:
    rows = [report(f"00025b49.0000000{n}.01.01", 100, Decimal(n), at=n) for n in (1, 2)]
    assert [fill.combos for fill in deal(rows, {100: 1}, []).fills] == [1, 2]


def test_two_fills_of_one_execution_of_a_leg_have_two_ids() -> None:
    ratios = {1: -1, 2: 1}
    rows = [report("aa.01.01", 1, Decimal(3), side="SLD"), report("bb.01.01", 2, Decimal(1), at=1)]
    first = deal(rows, ratios, [], from_legs=True).fills
    rows.append(report("bb.02.01", 2, Decimal(2), at=9))
    second = deal(rows, ratios, list(first), from_legs=True).fills
    assert [fill.combos for fill in (*first, *second)] == [1, 2]
    assert len({fill.fill_id for fill in (*first, *second)}) == 2
    assert list(deal(rows, ratios, list(first), from_legs=True).fills) == list(second), "the same after a restart"


@given(stories(), st.randoms(use_true_random=False))
def test_fills_reported_as_they_come_have_ids_of_their_own_and_count_once(story: Story, order: random.Random) -> None:
    waiting = list(story.rows)
    order.shuffle(waiting)
    rows: list[ExecutionReport] = []
    reported: list[Fill] = []
    while waiting:
        rows += [waiting.pop() for _ in range(min(order.randint(1, 4), len(waiting)))]
        reported += deal(rows, story.ratios, reported, from_legs=order.random() < 0.5).fills
    reported += deal(rows, story.ratios, reported, from_legs=True).fills
    assert len({fill.fill_id for fill in reported}) == len(reported)
    assert sum(fill.combos for fill in reported) == sum(story.combos)
    dealt: dict[str, Decimal] = {}
    for share in (share for fill in reported for share in fill.shares):
        dealt[share.base_id] = dealt.get(share.base_id, Decimal(0)) + share.shares
    assert dealt == {base_id(row.exec_id): row.shares for row in rows if not row.is_combo}
