"""The back-off of reconnects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalr_asyncio.client import RetryPolicy

policies = st.builds(
    RetryPolicy,
    initial=st.floats(0, 10),
    multiplier=st.floats(1, 10),
    maximum=st.floats(10, 100),
)


@given(policies, st.integers(0, 10**9), st.floats(0, 1, exclude_max=True))
def test_a_pause_is_between_nothing_and_the_maximum_however_often(
    policy: RetryPolicy, attempt: int, random: float
) -> None:
    pause = policy.delay(attempt, 0.0, lambda: random)
    assert pause is not None
    assert 0 <= pause <= policy.maximum


@given(policies, st.integers(0, 100))
def test_the_longest_pause_never_shrinks_from_one_attempt_to_the_next(policy: RetryPolicy, attempt: int) -> None:
    this = policy.delay(attempt, 0.0, lambda: 1.0)
    after = policy.delay(attempt + 1, 0.0, lambda: 1.0)
    assert this is not None
    assert after is not None
    assert after >= this


def test_the_jitter_takes_any_part_of_the_longest_pause() -> None:
    policy = RetryPolicy(initial=1, multiplier=2, maximum=30)
    assert policy.delay(3, 0.0, lambda: 0.0) == 0
    assert policy.delay(3, 0.0, lambda: 0.25) == 2
    assert policy.delay(3, 0.0, lambda: 1.0) == 8
    assert policy.delay(30, 0.0, lambda: 1.0) == 30


def test_a_policy_gives_up_by_count_or_by_time() -> None:
    assert RetryPolicy(max_attempts=2).delay(1, 0.0, lambda: 1.0) is not None
    assert RetryPolicy(max_attempts=2).delay(2, 0.0, lambda: 1.0) is None
    assert RetryPolicy(max_elapsed=60).delay(9, 60.0, lambda: 1.0) is not None
    assert RetryPolicy(max_elapsed=60).delay(9, 60.1, lambda: 1.0) is None


def test_an_endless_policy_survives_the_end_of_floats() -> None:
    assert RetryPolicy(multiplier=1e100).delay(10**6, 0.0, lambda: 1.0) == 30


def test_the_default_never_gives_up() -> None:
    assert RetryPolicy.default().delay(10**6, 10**9, lambda: 1.0) == 30


@pytest.mark.parametrize(
    "wrong",
    [
        {"initial": -1},
        {"maximum": 0.1},
        {"multiplier": 0.5},
        {"max_attempts": 0},
        {"max_elapsed": -1},
        {"stable_after": -1},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"initial|max_|stable_after"):
        RetryPolicy(**wrong)  # type: ignore[arg-type] - wrong on purpose
