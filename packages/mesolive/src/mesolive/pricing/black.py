"""European option values and greeks on the forward (Black 1976), for whole arrays at once.

Black-Scholes-Merton in the spot is the same model written on the forward: with forward ``F``, discount factor ``D`` and
total volatility ``s = sigma * sqrt(T)``

    d1 = ln(F / K) / s + s / 2        d2 = d1 - s
    call = D * (F * N(d1) - K * N(d2))        put = D * (K * N(-d2) - F * N(-d1))

so no dividend yield is an input: it is in the forward, which the quotes themselves give
(`mesolive.pricing.forwards`).

Sources: F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976); the greeks are the
derivatives of these formulas, with the forward proportional to the spot (`F = S * g` with `g` fixed at the moment).

Units, everywhere in `mesolive.pricing`: per unit of the underlying and per long contract. Delta is a fraction, theta is
per calendar day (annual theta / 365), vega per volatility point (0.01), rho per 1.00 of rate. Volatilities are
fractions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mesolive.pricing.special import ndtr

FloatArray = npt.NDArray[np.float64]
FloatLike = float | npt.NDArray[np.float64]
BoolLike = bool | npt.NDArray[np.bool_]

INVERSE_SQRT_2PI = 0.3989422804014326779
DAYS_PER_YEAR = 365.0
CHUNK = 5000
LOWEST_YIELD = -0.10
HIGHEST_YIELD = 0.25


class Greeks(NamedTuple):
    """The value of an option and its sensitivities; all fields have the same shape.

    Attributes
    ----------
    price
        Present value, per unit of the underlying.
    delta
        Change of the price per 1.00 of the spot: a fraction.
    gamma
        Change of delta per 1.00 of the spot.
    theta
        Change of the price per calendar day that passes (usually negative).
    vega
        Change of the price per volatility point (0.01).
    rho
        Change of the price per 1.00 of the interest rate.
    """

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    theta: FloatArray
    vega: FloatArray
    rho: FloatArray


def values(
    is_call: BoolLike,
    forward: FloatLike,
    strike: FloatLike,
    years: FloatLike,
    volatility: FloatLike,
    discount: FloatLike,
) -> FloatArray:
    """Return the present values of European options. Arguments broadcast against each other.

    Parameters
    ----------
    is_call
        True for calls, false for puts.
    forward
        Forward price of the underlying for the settlement.
    strike
        Strike price, greater than zero.
    years
        Time to settlement in years; at zero or less the option is worth its (discounted) intrinsic value.
    volatility
        Annual volatility as a fraction; zero gives the intrinsic value of the forward.
    discount
        Discount factor from the settlement to now.

    Returns
    -------
    FloatArray
        Values per unit of the underlying; NaN wherever an argument is NaN.
    """
    sign = np.where(is_call, 1.0, -1.0)
    forward, strike = np.asarray(forward, dtype=np.float64), np.asarray(strike, dtype=np.float64)
    deviation = _total_volatility(years, volatility)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        d1 = np.log(forward / strike) / deviation + 0.5 * deviation
        live = sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - deviation)))
    intrinsic = np.maximum(sign * (forward - strike), 0.0)
    # The difference of two rounded terms may fall below the intrinsic value by a rounding error: it never may.
    undiscounted = np.where(deviation > 0.0, np.maximum(live, intrinsic), intrinsic + 0.0 * deviation)
    return np.asarray(undiscounted * discount, dtype=np.float64)


def greeks(
    is_call: BoolLike,
    forward: FloatLike,
    strike: FloatLike,
    years: FloatLike,
    volatility: FloatLike,
    discount: FloatLike,
    spot: FloatLike,
) -> Greeks:
    """Return values and greeks of European options. Arguments broadcast against each other.

    Theta follows from the pricing equation itself, so that rate and carry need not be given apart:
    ``-theta = r * (S * delta - V) - y * S * delta + sigma^2 * S^2 * gamma / 2`` per year of the model's time with
    ``r = -ln(D) / T`` and ``y = r - ln(F / S) / T``. Delta is with respect to the spot: ``D * F / S * N(d1)`` for
    calls.

    Parameters
    ----------
    is_call, forward, strike, years, volatility, discount
        As in `values`.
    spot
        Price of the underlying now. Over a few days the smallest mismatch with the forward would look like a huge
        yield; `mesolive.pricing.forwards.ImpliedForward.spot` is of the same moment as the forwards.

    Returns
    -------
    Greeks
        At or after the settlement, and where the volatility is zero, delta is the exercise indicator and gamma, theta
        and vega are zero. NaN wherever an argument is NaN.
    """
    shape = np.broadcast(is_call, forward, strike, years, volatility, discount, spot)
    if shape.size <= CHUNK:
        return _greeks(is_call, forward, strike, years, volatility, discount, spot)
    arrays = np.broadcast_arrays(is_call, forward, strike, years, volatility, discount, spot)
    flat = [array.reshape(-1) for array in arrays]
    results = tuple(np.empty(flat[0].size) for _ in Greeks._fields)
    for part in chunks(flat[0].size):
        for result, matches in zip(results, _greeks(*(array[part] for array in flat)), strict=True):
            result[part] = matches
    return Greeks(*(result.reshape(shape.shape) for result in results))


def chunks(size: int) -> Iterator[slice]:
    """Cut `size` elements into nearly equal slices of `CHUNK` elements at most.

    Arrays of that length stay in the processor's cache and below the size from which the system's allocator fetches
    fresh pages each time; longer ones take nearly twice the time per element.
    """
    count = -(-size // CHUNK)
    for place in range(count):
        yield slice(size * place // count, size * (place + 1) // count)


def _greeks(
    is_call: BoolLike,
    forward: FloatLike,
    strike: FloatLike,
    years: FloatLike,
    volatility: FloatLike,
    discount: FloatLike,
    spot: FloatLike,
) -> Greeks:
    """Compute `greeks` for arrays that fit into the cache."""
    sign = np.where(is_call, 1.0, -1.0)
    forward, strike = np.asarray(forward, dtype=np.float64), np.asarray(strike, dtype=np.float64)
    years = np.asarray(years, dtype=np.float64)
    discount, spot = np.asarray(discount, dtype=np.float64), np.asarray(spot, dtype=np.float64)
    deviation = _total_volatility(years, volatility)
    alive = deviation > 0.0
    # Zero, in the shape of the result; NaN where an argument is.
    blank = 0.0 * (sign + deviation + forward + strike + discount + spot)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        root_years = np.sqrt(np.maximum(years, 0.0))
        moneyness = np.log(forward / strike)
        d1 = moneyness / deviation + 0.5 * deviation
        d1 = np.where(alive, d1, np.where(moneyness >= 0.0, np.inf, -np.inf))
        d2 = np.where(alive, d1 - deviation, d1)
        density = INVERSE_SQRT_2PI * np.exp(-0.5 * d1 * d1)
        in_forward = sign * ndtr(sign * d1)
        in_strike = sign * ndtr(sign * d2)
        pay = discount * strike * in_strike
        receive = discount * forward * in_forward
        intrinsic = discount * np.maximum(sign * (forward - strike), 0.0)
        price = np.maximum(receive - pay, intrinsic) + blank
        delta = receive / spot + blank
        discounted_density = discount * forward * density
        gamma = np.where(alive, discounted_density / (spot * spot * deviation), 0.0) + blank
        annual_vega = np.where(alive, discounted_density * root_years, 0.0) + blank
        # rate * V and the carry cancel into rate * K-leg and growth * F-leg: rate = -ln(D)/T, yield = rate - ln(F/S)/T.
        rate = np.where(years > 0.0, -np.log(discount) / years, 0.0)
        carry = np.where(years > 0.0, rate - np.log(forward / spot) / years, 0.0)
        # A yield beyond these bounds means that spot and forward are of different moments: it implies no decay.
        carry = np.clip(carry, LOWEST_YIELD, HIGHEST_YIELD)
        decay = np.where(alive, 0.5 * discounted_density * volatility / root_years, 0.0)
        theta = np.where(years > 0.0, carry * receive - rate * pay - decay, 0.0) + blank
        rho = np.where(years > 0.0, years * pay, 0.0) + blank
    return Greeks(price, delta, gamma, theta / DAYS_PER_YEAR, annual_vega * 0.01, rho)


def _total_volatility(years: FloatLike, volatility: FloatLike) -> FloatArray:
    """Return sigma * sqrt(T); zero for time that is over, NaN kept."""
    return np.asarray(volatility * np.sqrt(np.maximum(years, 0.0)), dtype=np.float64)
