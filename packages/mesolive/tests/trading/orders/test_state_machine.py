"""Every pair of order state and fact has its outcome, and the rules hold over any history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.trading.orders.state_machine import (
    Acknowledged,
    Cancelled,
    CancelRefused,
    CancelSent,
    ContactLost,
    Executed,
    Expired,
    Fact,
    NotAtVenue,
    OrderView,
    Rejected,
    Replaced,
    State,
    StillWorking,
    reduce,
)

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
FOUR = Decimal(4)


def executed(execution_id: str = "e1", qty: int = 1) -> Executed:
    return Executed(execution_id, Decimal(qty), {"a": Decimal("1.5")}, {"a": Decimal("0.65")}, NOW)


FACTS: dict[str, Fact] = {
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

# The state afterwards; `!` marks a contradiction that the owner is told. `.` is no change of state.
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
    return [(State(row[0]), fact, expected) for row in rows for fact, expected in zip(header, row[1:], strict=True)]


def test_the_table_names_every_state_and_every_kind_of_fact() -> None:
    assert {state for state, _, _ in cases()} == set(State)
    assert {type(fact) for fact in FACTS.values()} == set(get_args(Fact))
    assert len(cases()) == len(State) * len(FACTS)


@pytest.mark.parametrize(("state", "fact", "expected"), cases())
def test_a_fact_in_a_state_has_this_outcome(state: State, fact: str, expected: str) -> None:
    before = ORDERS[state]
    outcome = reduce(before, FACTS[fact])
    wanted = expected.rstrip("!")
    assert outcome.order.state is (state if wanted == "." else State(wanted))
    assert (outcome.contradiction is not None) == expected.endswith("!"), outcome.contradiction
    assert outcome.changed or outcome.order.state is state


@pytest.mark.parametrize("state", State)
def test_a_fill_is_booked_in_every_state_and_only_once(state: State) -> None:
    outcome = reduce(ORDERS[state], executed("new", 1))
    assert outcome.booked is not None
    assert outcome.order.filled == ORDERS[state].filled + 1
    again = reduce(outcome.order, executed("new", 1))
    assert again.booked is None
    assert again.order == outcome.order
    assert not again.changed


@pytest.mark.parametrize("state", [state for state in State if not state.ended])
def test_a_lost_contact_ends_no_order_and_evidence_settles_it(state: State) -> None:
    lost = reduce(ORDERS[state], ContactLost("timeout", NOW))
    assert lost.order.state is state
    assert lost.order.unresolved_since == NOW
    assert reduce(lost.order, ContactLost("again", NOW)).changed is False
    assert reduce(lost.order, StillWorking("V1", NOW)).order.unresolved_since is None
    assert reduce(lost.order, Cancelled(NOW)).order == replace(
        reduce(ORDERS[state], Cancelled(NOW)).order, unresolved_since=None
    )


def test_an_order_that_never_arrived_is_rejected_and_one_whose_cancel_was_wanted_is_cancelled() -> None:
    order = OrderView(State.PENDING_SUBMIT, FOUR, unresolved_since=NOW)
    assert reduce(order, NotAtVenue(NOW)).order == OrderView(State.REJECTED, FOUR)
    wanted = reduce(order, CancelSent(NOW)).order
    assert reduce(wanted, NotAtVenue(NOW)).order.state is State.CANCELLED


def test_a_cancel_that_was_refused_brings_back_what_the_order_was() -> None:
    part = reduce(ORDERS[State.PENDING_CANCEL], executed("e", 1)).order
    assert part.state is State.PENDING_CANCEL
    assert reduce(part, CancelRefused("working", NOW)).order.state is State.PARTIALLY_FILLED


def test_a_fill_beyond_the_order_is_booked_and_told() -> None:
    outcome = reduce(ORDERS[State.FILLED], executed("too much", 3))
    assert outcome.order.filled == 7
    assert outcome.booked is not None
    assert outcome.contradiction is not None
    assert "more than was ordered" in outcome.contradiction


facts = st.one_of(
    st.sampled_from([fact for name, fact in FACTS.items() if name not in {"fill", "rest"}]),
    st.tuples(st.sampled_from("abcdef"), st.integers(1, 2)).map(lambda f: executed(*f)),
)


@given(st.lists(facts, max_size=25))
def test_over_any_history_each_execution_counts_once_and_facts_told_twice_change_nothing(history: list[Fact]) -> None:
    order = OrderView(State.PENDING_SUBMIT, FOUR)
    booked: dict[str, Decimal] = {}
    for fact in history:
        outcome = reduce(order, fact)
        if outcome.booked is not None:
            assert outcome.booked.execution_id not in booked
            booked[outcome.booked.execution_id] = outcome.booked.qty
        told_again = reduce(outcome.order, fact)
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
