"""Market data lines: never more than there are, pinned contracts first, and every other in its turn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.contracts import OptionContract, Right
from mesolive.market.lines import PATIENCE, LineAllocator, LinePriority

NOON = datetime(2024, 3, 12, 16, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CHAIN = [
    OptionContract("SPX", "SPXW", date(2024, 3, 15), Right.PUT, Decimal(strike)) for strike in range(4000, 4400, 5)
]


def nothing(count: int) -> Iterable[OptionContract]:
    return ()


def test_pinned_contracts_take_the_lines_of_those_that_roll() -> None:
    lines = LineAllocator(4, 100.0)
    assert list(lines.advance(NOON, lambda count: CHAIN[:count]).start) == CHAIN[:4]
    lines.pin(CHAIN[10:13], LinePriority.HELD)
    changes = lines.advance(NOON + SECOND, nothing)
    assert list(changes.start) == CHAIN[10:13]
    assert len(changes.stop) == 3
    assert set(lines.active) > set(CHAIN[10:13])


def test_a_rolling_line_moves_on_after_its_quote_or_after_a_while() -> None:
    lines = LineAllocator(2, 100.0)
    lines.advance(NOON, lambda count: CHAIN[:count])
    assert not lines.advance(NOON + SECOND, lambda count: CHAIN[2 : 2 + count]).stop
    lines.answered(CHAIN[0])
    changes = lines.advance(NOON + SECOND, lambda count: CHAIN[2 : 2 + count])
    assert (list(changes.stop), list(changes.start)) == ([CHAIN[0]], [CHAIN[2]])
    changes = lines.advance(NOON + PATIENCE, lambda count: CHAIN[3 : 3 + count])
    assert (list(changes.stop), list(changes.start)) == ([CHAIN[1]], [CHAIN[3]])


def test_a_pinned_line_stays_though_its_quote_has_come() -> None:
    lines = LineAllocator(2, 100.0)
    lines.pin(CHAIN[:1], LinePriority.WATCHED)
    lines.advance(NOON, nothing)
    lines.answered(CHAIN[0])
    assert not lines.advance(NOON + 60 * SECOND, nothing).stop
    lines.unpin(CHAIN[:1])
    assert list(lines.advance(NOON + 61 * SECOND, nothing).stop) == CHAIN[:1]


def test_when_lines_run_out_the_most_urgent_have_them_and_the_use_names_the_others() -> None:
    lines = LineAllocator(3, 100.0)
    lines.pin(CHAIN[:3], LinePriority.WATCHED)
    lines.advance(NOON, nothing)
    assert "3 of 3 market data lines are pinned" in lines.use.message
    lines.pin(CHAIN[5:7], LinePriority.PREPARED)
    lines.advance(NOON + SECOND, nothing)
    assert set(lines.active) == {CHAIN[0], CHAIN[5], CHAIN[6]}
    assert list(lines.use.without) == CHAIN[1:3]
    assert "5 contracts are held, ordered, prepared or watched, and there are 3 market data lines" in lines.use.message
    assert CHAIN[1].symbol in lines.use.message
    lines.unpin([*CHAIN[5:7], *CHAIN[:2]])
    lines.advance(NOON + 2 * SECOND, nothing)
    assert not lines.use.without


def test_a_lost_line_is_started_again() -> None:
    lines = LineAllocator(2, 100.0)
    lines.pin(CHAIN[:1], LinePriority.HELD)
    lines.advance(NOON, nothing)
    lines.drop(CHAIN[:1])
    assert list(lines.advance(NOON + SECOND, nothing).start) == CHAIN[:1]


@pytest.mark.parametrize(("lines", "rate"), [(0, 1.0), (1, 0.0)])
def test_numbers_that_quote_nothing_are_refused(lines: int, rate: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        LineAllocator(lines, rate)


@pytest.mark.slow
@given(st.integers(1, 12), st.floats(1.0, 50.0), st.data())
def test_lines_and_requests_are_never_exceeded_and_what_is_pinned_comes_first(
    count: int, rate: float, data: st.DataObject
) -> None:
    lines = LineAllocator(count, rate)
    now, started = NOON, 0
    pinned: dict[OptionContract, LinePriority] = {}
    for _ in range(data.draw(st.integers(1, 25))):
        now += timedelta(seconds=data.draw(st.floats(0.01, 2.0)))
        chosen = data.draw(st.lists(st.sampled_from(CHAIN), max_size=5))
        if data.draw(st.booleans()):
            priority: LinePriority = data.draw(st.sampled_from(list(LinePriority)))
            lines.pin(chosen, priority)
            for contract in chosen:
                pinned[contract] = priority
        else:
            lines.unpin(chosen)
            for contract in chosen:
                pinned.pop(contract, None)
        for contract in list(lines.active)[: data.draw(st.integers(0, 3))]:
            lines.answered(contract)
        before = set(lines.active)
        rest = [item for item in CHAIN if item not in before]
        changes = lines.advance(now, lambda wanted, rest=rest: rest[:wanted])
        assert set(changes.stop) <= before
        assert not set(changes.start) & before - set(changes.stop)
        assert set(lines.active) == before - set(changes.stop) | set(changes.start)
        assert len(lines.active) <= count
        started += len(changes.start)
        assert started <= rate * (1 + (now - NOON).total_seconds()) + 1
        waiting = [contract for contract in pinned if contract not in lines.active]
        assert not waiting or all(contract in pinned for contract in changes.start)
    lines.advance(now + 60 * SECOND, nothing)
    for step in range(60):
        lines.advance(now + (61 + step) * SECOND, nothing)
    most_urgent = sorted(pinned, key=lambda contract: pinned[contract])[:count]
    worst = max((pinned[contract] for contract in most_urgent), default=LinePriority.WATCHED)
    assert all(contract in lines.active for contract in pinned if pinned[contract] < worst)
    assert sum(contract in pinned for contract in lines.active) == min(count, len(pinned))
