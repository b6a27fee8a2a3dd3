"""Which quotes are a market whose middle means something."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.columns import sound, sound_quotes

NONE = math.nan


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        pytest.param(1.0, 1.1, True, id="two-sided"),
        pytest.param(1.0, 1.0, True, id="locked"),
        pytest.param(1.1, 1.0, False, id="crossed"),
        pytest.param(1.0, NONE, False, id="no offer"),
        pytest.param(NONE, 1.0, False, id="no bid"),
        pytest.param(NONE, NONE, False, id="empty"),
        pytest.param(0.0, 0.0, False, id="zeros"),
        pytest.param(0.0, 0.05, True, id="a worthless wing"),
        pytest.param(0.0, 4.8, False, id="nobody buys and the offer is a guess"),
        pytest.param(464.5, 656.5, True, id="a wide market in a far expiration"),
        pytest.param(0.1, 60.0, False, id="a placeholder"),
        pytest.param(-0.1, 0.1, False, id="negative"),
        pytest.param(1.0, math.inf, False, id="infinite"),
    ],
)
def test_a_middle_counts_only_in_a_sound_market(bid: float, ask: float, expected: bool) -> None:
    assert sound(bid, ask) is expected


prices = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(prices, prices), max_size=20))
def test_a_sound_market_is_never_crossed_one_sided_or_negative(quotes: list[tuple[float, float]]) -> None:
    bid = np.array([quote for quote, _ in quotes], dtype=np.float64)
    ask = np.array([quote for _, quote in quotes], dtype=np.float64)
    result = sound_quotes(bid, ask)
    assert np.all((bid[result] >= 0.0) & (ask[result] > 0.0) & (bid[result] <= ask[result]) & np.isfinite(ask[result]))
