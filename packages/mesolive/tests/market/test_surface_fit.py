"""The fitted surface: it goes through what it was fitted to, and is near the truth between."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.market.providers.simulated.vol_surface import VolatilitySurface
from mesolive.market.surface_fit import ExpirationPoints, fit_smile, fit_surface

SURFACE = VolatilitySurface()


def points(years: float, k: np.ndarray[tuple[int], np.dtype[np.float64]]) -> ExpirationPoints:
    volatility = SURFACE.volatility(k, np.full(k.size, years))
    return ExpirationPoints(years, k, volatility, np.ones(k.size))


@settings(max_examples=30, deadline=None)
@given(st.floats(0.005, 2.0), st.integers(6, 40), st.randoms(use_true_random=False))
def test_a_smile_is_fitted_from_a_few_of_its_points(years: float, count: int, random: object) -> None:
    deviation = 0.16 * np.sqrt(years)
    k = np.linspace(-3.0, 1.5, count) * deviation
    item = points(years, k)
    smile = fit_smile(k, item.volatility**2 * years, item.weight)
    assert smile is not None
    between = np.linspace(-2.8, 1.3, 60) * deviation
    truth = SURFACE.volatility(between, np.full(60, years))
    assert np.abs(np.sqrt(smile.total_variance(between) / years) - truth).max() < 0.006


def test_an_expiration_without_points_lies_between_its_neighbours() -> None:
    k = np.linspace(-0.25, 0.12, 30)
    empty = np.empty(0)
    asked = ExpirationPoints(0.15, empty, empty, empty)
    smiles = fit_surface([points(0.1, k), asked, points(0.2, k * 1.4)])
    smile = smiles[1]
    assert smile is not None
    near = np.linspace(-0.12, 0.06, 20)
    truth = SURFACE.volatility(near, np.full(20, 0.15))
    assert np.sqrt(smile.total_variance(near) / 0.15) == pytest.approx(truth, abs=0.004)


def test_a_few_points_of_its_own_set_the_height_of_a_borrowed_smile() -> None:
    k = np.linspace(-0.25, 0.12, 30)
    few = points(0.15, np.array([-0.02, 0.01]))
    higher = ExpirationPoints(few.years, few.k, few.volatility * 1.3, few.weight)
    smile = fit_surface([points(0.1, k), higher])[1]
    assert smile is not None
    assert np.sqrt(smile.total_variance(few.k) / 0.15) == pytest.approx(higher.volatility, rel=0.03)


def test_without_any_smile_nothing_is_modelled() -> None:
    few = points(0.15, np.array([-0.02, 0.01]))
    assert fit_surface([few, few]) == [None, None]
    assert fit_smile(few.k, few.volatility, few.weight) is None


@given(st.lists(st.tuples(st.floats(-0.5, 0.5), st.floats(0.05, 1.0)), min_size=8, max_size=30))
@settings(max_examples=40, deadline=None)
def test_whatever_is_quoted_a_variance_is_positive_everywhere(quoted: list[tuple[float, float]]) -> None:
    k = np.array([item[0] for item in quoted])
    volatility = np.array([item[1] for item in quoted])
    smile = fit_smile(k, volatility**2, np.ones(k.size))
    if smile is not None:
        everywhere = smile.total_variance(np.linspace(-3.0, 3.0, 200))
        assert np.isfinite(everywhere).all()
        assert (everywhere > 0.0).all()
