"""Every pair of order state and report has its outcome, and the rules hold over any history."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.records import replace
from mesolive.trading.orders.state_machine import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    CancelSent,
    ContactLost,
    Executed,
    Expired,
    NotAtVenue,
    OrderView,
    Rejected,
    Replaced,
    Report,
    State,
    StillWorking,
    apply,
)

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
FOUR = Decimal(4)


def executed(execution_id: str = "e1", qty: int = 1) -> Executed:
    return Executed(execution_id, Decimal(qty), {"a": Decimal("1.5")}, {"a": Decimal("0.65")}, NOW)


REPORTS: dict[str, Report] = {
    "ack": Acknowledged("V1", NOW),
    "fill": executed("new", 1),
    "rest": executed("last", 4),
    "cancel?": CancelSent(NOW),
    "cancelled": Cancelled(NOW),
    "refused": CancelRefused("too late", NOW),
    "rejected": Rejected("no margin", NOW),
    "expired": Expired(NOW),
    "replaced": Replaced(NOW),
    "lost": ContactLost("timeout", NOW),
    "unknown": NotAtVenue(NOW),
    "working": StillWorking("V1", NOW),
}

# An order as it typically is in each state.
ORDERS = {
    State.PENDING_SUBMIT: OrderView(State.PENDING_SUBMIT, FOUR),
    State.SUBMITTED: OrderView(State.SUBMITTED, FOUR, venue_id="V1"),
    State.PARTIALLY_FILLED: OrderView(State.PARTIALLY_FILLED, FOUR, Decimal(2), frozenset({"old"}), "V1"),
    State.FILLED: OrderView(State.FILLED, FOUR, FOUR, frozenset({"old"}), "V1"),
    State.PENDING_CANCEL: OrderView(State.PENDING_CANCEL, FOUR, venue_id="V1", cancel_wanted=True),
    State.CANCELLED: OrderView(State.CANCELLED, FOUR, venue_id="V1"),
    State.REJECTED: OrderView(State.REJECTED, FOUR),
    State.EXPIRED: OrderView(State.EXPIRED, FOUR, venue_id="V1"),
    State.REPLACED: OrderView(State.REPLACED, FOUR, venue_id="V1"),
}

# The state afterwards; `!` marks a anomaly that the owner is told. `.` is not a change of state.
TABLE = """
                 ack        fill              rest     cancel?        cancelled   refused     rejected    expired   replaced   lost  unknown     working
PendingSubmit    Submitted  PartiallyFilled   Filled   PendingCancel  Cancelled   .           Rejected    Expired   Replaced   .     Rejected    Submitted
Submitted        .          PartiallyFilled   Filled   PendingCancel  Cancelled   .           Rejected    Expired   Replaced   .     .!          .
PartiallyFilled  .          .                 Filled!  PendingCancel  Cancelled   .           Cancelled!  Expired   Replaced   .     .!          .
Filled           .          .!                .!       .              .!          .           .!          .!        .!         .     .           .
PendingCancel    .          .                 Filled   .              Cancelled   Submitted   Rejected    Expired   Replaced   .     Cancelled!  .
Cancelled        .          .!                Filled!  .              .           .           .!          .!        .!         .     .           .
Rejected         .          .!                Filled!  .              .!          .           .           .!        .!         .     .           .
Expired          .          .!                Filled!  .              .!          .           .!          .         .!         .     .           .
Replaced         .          .!                Filled!  .              .!          .           .!          .!        .          .     .           .
"""  # noqa: E501 - one row per state


def cases() -> list[tuple[State, str, str]]:
    header, *rows = [line.split() for line in TABLE.strip().splitlines()]
    return [(State(row[0]), report, expected) for row in rows for report, expected in zip(header, row[1:], strict=True)]


def test_the_table_names_every_state_and_every_kind_of_fact() -> None:
    assert {state for state, _, _ in cases()} == set(State)
    assert {type(report) for report in REPORTS.values()} == set(get_args(Report))
    assert len(cases()) == len(State) * len(REPORTS)


@pytest.mark.parametrize(("state", "report", "expected"), cases())
def test_a_report_in_a_state_has_this_outcome(state: State, report: str, expected: str) -> None:
    before = ORDERS[state]
    outcome = apply(before, REPORTS[report])
    wanted = expected.rstrip("!")
    assert outcome.order.state is (state if wanted == "." else State(wanted))
    assert (outcome.anomaly is not None) == expected.endswith("!"), outcome.anomaly
    assert outcome.changed or outcome.order.state is state


@pytest.mark.parametrize("state", State)
def test_a_fill_is_booked_in_every_state_and_only_once(state: State) -> None:
    outcome = apply(ORDERS[state], executed("new", 1))
    assert outcome.booked is not None
    assert outcome.order.filled == ORDERS[state].filled + 1
    again = apply(outcome.order, executed("new", 1))
    assert again.booked is None
    assert again.order == outcome.order
    assert not again.changed


@pytest.mark.parametrize("state", [state for state in State if not state.ended])
def test_a_lost_contact_ends_no_order_and_evidence_settles_it(state: State) -> None:
    lost = apply(ORDERS[state], ContactLost("timeout", NOW))
    assert lost.order.state is state
    assert lost.order.unresolved_since == NOW
    assert apply(lost.order, ContactLost("again", NOW)).changed is False
    assert apply(lost.order, StillWorking("V1", NOW)).order.unresolved_since is None
    assert apply(lost.order, Cancelled(NOW)).order == replace(
        apply(ORDERS[state], Cancelled(NOW)).order, unresolved_since=None
    )


def test_an_order_that_never_arrived_is_rejected_and_one_whose_cancel_was_wanted_is_cancelled() -> None:
    order = OrderView(State.PENDING_SUBMIT, FOUR, unresolved_since=NOW)
    assert apply(order, NotAtVenue(NOW)).order == OrderView(State.REJECTED, FOUR)
    wanted = apply(order, CancelSent(NOW)).order
    assert apply(wanted, NotAtVenue(NOW)).order.state is State.CANCELLED


def test_a_cancel_that_was_refused_brings_back_what_the_order_was() -> None:
    part = apply(ORDERS[State.PENDING_CANCEL], executed("e", 1)).order
    assert part.state is State.PENDING_CANCEL
    assert apply(part, CancelRefused("working", NOW)).order.state is State.PARTIALLY_FILLED


def test_a_fill_beyond_the_order_is_booked_and_reported() -> None:
    outcome = apply(ORDERS[State.FILLED], executed("too much", 3))
    assert outcome.order.filled == 7
    assert outcome.booked is not None
    assert outcome.anomaly is not None
    assert "more than was ordered" in outcome.anomaly


reports = st.one_of(
    st.sampled_from([report for name, report in REPORTS.items() if name not in {"fill", "rest"}]),
    st.tuples(st.sampled_from("abcdef"), st.integers(1, 2)).map(lambda f: executed(*f)),
)


@given(st.lists(reports, max_size=25))
def test_over_any_history_each_execution_counts_once_and_a_repeated_report_changes_nothing(
    history: list[Report],
) -> None:
    order = OrderView(State.PENDING_SUBMIT, FOUR)
    booked: dict[str, Decimal] = {}
    for report in history:
        outcome = apply(order, report)
        if outcome.booked is not None:
            assert outcome.booked.execution_id not in booked
            booked[outcome.booked.execution_id] = outcome.booked.qty
        told_again = apply(outcome.order, report)
        assert told_again.booked is None
        assert told_again.order == outcome.order
        if order.state is State.FILLED:
            assert outcome.order.state is State.FILLED
        if order.state.ended:
            assert outcome.order.state in {order.state, State.FILLED}
        order = outcome.order
        assert order.filled == sum(booked.values(), Decimal(0))
        assert order.executions == booked.keys()
        assert (order.state is State.FILLED) == (order.filled >= FOUR)
