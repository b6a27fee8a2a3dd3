"""Implied volatility to machine precision, for whole chains at once.

The method is P. Jäckel's "Let's Be Rational" (Wilmott, 2015), written from the paper's formulas for arrays: every
price is normalised to an out-of-the-money call with ``x = -|ln(F / K)|`` and ``beta = value / sqrt(F K)``, a rational
cubic or a mapped rational cubic gives a first guess in each of four branches, and Householder steps of third order
(convergence of order four) on a branch's own objective finish it. With ``Y(z) = Phi(z) / phi(z)`` the normalised price

    b(x, s) = phi-like factor * (Y(x/s + s/2) - Y(x/s - s/2))

keeps its relative precision for the smallest premiums, because the exponential stands in front of the difference.

What is not in the paper: the arrays. Elements are sorted into the branches by masks, and each branch works on its own
dense arrays, so that a chain of 20,000 contracts costs a few milliseconds.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mesolive.pricing.black import CHUNK, BoolLike, FloatArray, FloatLike, chunks
from mesolive.pricing.special import erfcx, ndtri

HALF = 0.5
SQRT_HALF = 0.7071067811865476
SQRT_2 = 1.4142135623730951
SQRT_3 = 1.7320508075688772
SQRT_2PI = 2.5066282746310002
SQRT_PI_OVER_2 = 1.2533141373155003
LOG_SQRT_2PI = 0.9189385332046727
TINY = float(np.finfo(np.float64).tiny)
STEPS = 2
SMALL_T = 0.05


def implied_volatility(
    price: FloatLike,
    is_call: BoolLike,
    forward: FloatLike,
    strike: FloatLike,
    years: FloatLike,
    discount: FloatLike,
) -> FloatArray:
    """Return the Black volatilities at which European options are worth `price`. Arguments broadcast.

    Parameters
    ----------
    price
        Present value per unit of the underlying.
    is_call
        True for calls, false for puts.
    forward
        Forward price of the underlying for the settlement.
    strike
        Strike price.
    years
        Time to settlement in years.
    discount
        Discount factor from the settlement to now.

    Returns
    -------
    FloatArray
        Annual volatilities as fractions. NaN, never an exception, where none exists: a price at or below the
        (discounted) intrinsic value, at or above the upper bound (the forward for calls, the strike for puts,
        discounted), time that is over, or arguments that are NaN, infinite or not positive.
    """
    price, call, forward, strike, years, discount = np.broadcast_arrays(
        np.asarray(price, dtype=np.float64),
        np.asarray(is_call, dtype=np.bool_),
        np.asarray(forward, dtype=np.float64),
        np.asarray(strike, dtype=np.float64),
        np.asarray(years, dtype=np.float64),
        np.asarray(discount, dtype=np.float64),
    )
    if price.size <= CHUNK:
        return _implied_volatility(price, call, forward, strike, years, discount)
    right = call.reshape(-1)
    flat = [array.reshape(-1) for array in (price, forward, strike, years, discount)]
    result = np.empty(price.size)
    for part in chunks(price.size):
        of_price, of_forward, of_strike, of_years, of_discount = (array[part] for array in flat)
        result[part] = _implied_volatility(of_price, right[part], of_forward, of_strike, of_years, of_discount)
    return result.reshape(price.shape)


def _implied_volatility(
    price: FloatArray,
    call: npt.NDArray[np.bool_],
    forward: FloatArray,
    strike: FloatArray,
    years: FloatArray,
    discount: FloatArray,
) -> FloatArray:
    with np.errstate(all="ignore"):
        gain = np.where(call, forward - strike, strike - forward)
        # In the money, put-call parity turns the price into that of the out-of-the-money option.
        time_value = price / discount - np.maximum(gain, 0.0)
        beta = time_value / np.sqrt(forward * strike)
        x = -np.abs(np.log(forward / strike))
        solvable = (beta > 0.0) & (beta < np.exp(0.5 * x)) & np.isfinite(x) & (years > 0.0) & (years < np.inf)
        result = np.full(price.shape, np.nan)
        if solvable.all():
            result[...] = normalised_volatility(beta.ravel(), x.ravel()).reshape(price.shape) / np.sqrt(years)
        else:
            result[solvable] = normalised_volatility(beta[solvable], x[solvable]) / np.sqrt(years[solvable])
    return result


def normalised_volatility(beta: FloatArray, x: FloatArray) -> FloatArray:
    """Return the total volatilities ``s = sigma * sqrt(T)`` at which ``b(x, s) = beta``.

    Parameters
    ----------
    beta
        Normalised prices, one-dimensional, each with ``0 < beta < exp(x / 2)``.
    x
        Log-moneyness of the out-of-the-money option, at most zero; same length.
    """
    with np.errstate(all="ignore"):
        b_max = np.exp(0.5 * x)
        # The inflection point s_c = sqrt(2|x|) of b in s, where d1 = 0 makes price and vega simple.
        s_c = np.sqrt(-2.0 * x)
        b_c = 0.5 * b_max * (1.0 - erfcx(SQRT_HALF * s_c))
        v_c = b_max / SQRT_2PI
        below = beta < b_c
        result = np.empty_like(beta)
        for mask, solve in ((below, _solve_below), (~below, _solve_above)):
            index = np.flatnonzero(mask)
            if index.size:
                result[index] = solve(beta[index], x[index], s_c[index], b_c[index], v_c[index], b_max[index])
    return result


def _solve_below(
    beta: FloatArray, x: FloatArray, s_c: FloatArray, b_c: FloatArray, v_c: FloatArray, b_max: FloatArray
) -> FloatArray:
    """Solve where the price lies below the inflection point: the objective is ``1/ln b`` or ``b`` itself."""
    del b_max
    s_l = s_c - b_c / v_c
    b_l, v_l = _price_and_vega(x, s_l)
    lowest = beta < b_l
    s = np.empty_like(beta)
    low = np.flatnonzero(lowest)
    if low.size:
        s[low] = _guess_lowest(beta[low], x[low], s_l[low], b_l[low])
    mid = np.flatnonzero(~lowest)
    if mid.size:
        s[mid] = _rational_cubic(
            beta[mid], b_l[mid], b_c[mid], s_l[mid], s_c[mid], 1.0 / v_l[mid], 1.0 / v_c[mid], right_second=0.0
        )
    log_beta = np.log(beta)
    for _ in range(STEPS):
        log_b, relative_vega = _log_price_and_relative_vega(x, s)
        h2 = x * x / (s * s * s) - 0.25 * s
        h3 = h2 * h2 - 3.0 * (x / (s * s)) ** 2 - 0.25
        inverse = 1.0 / log_b
        newton = (log_beta - log_b) * log_b / (log_beta * relative_vega)
        halley = h2 - relative_vega * (1.0 + 2.0 * inverse)
        third = (
            h3
            + 2.0 * relative_vega * relative_vega * (1.0 + 3.0 * inverse * (1.0 + inverse))
            - 3.0 * h2 * relative_vega * (1.0 + 2.0 * inverse)
        )
        s = _householder(s, newton, halley, third)
    return s


def _solve_above(
    beta: FloatArray, x: FloatArray, s_c: FloatArray, b_c: FloatArray, v_c: FloatArray, b_max: FloatArray
) -> FloatArray:
    """Solve where the price lies above the inflection point: the objective is ``b`` or ``ln(b_max - b)``."""
    s_h = s_c + (b_max - b_c) / v_c
    b_h, v_h = _price_and_vega(x, s_h)
    highest = beta > b_h
    s = np.empty_like(beta)
    mid = np.flatnonzero(~highest)
    if mid.size:
        s[mid] = _rational_cubic(
            beta[mid], b_c[mid], b_h[mid], s_c[mid], s_h[mid], 1.0 / v_c[mid], 1.0 / v_h[mid], left_second=0.0
        )
    top = np.flatnonzero(highest)
    if top.size:
        s[top] = _guess_highest(beta[top], x[top], s_h[top], b_h[top], b_max[top])
    for _ in range(STEPS):
        b, v = _price_and_vega(x, s)
        h2 = x * x / (s * s * s) - 0.25 * s
        h3 = h2 * h2 - 3.0 * (x / (s * s)) ** 2 - 0.25
        newton, halley, third = (beta - b) / v, h2, h3
        if top.size:
            room = b_max[top] - b[top]
            relative = v[top] / room
            newton[top] = np.log(room / (b_max[top] - beta[top])) / relative
            halley[top] = h2[top] + relative
            third[top] = h3[top] + relative * (2.0 * relative + 3.0 * h2[top])
        s = _householder(s, newton, halley, third)
    return s


def _guess_lowest(beta: FloatArray, x: FloatArray, s_l: FloatArray, b_l: FloatArray) -> FloatArray:
    """Return the first guess below ``b_l``: the rational cubic of the mapped price (equations 4.14 to 4.22)."""
    ax = -x
    scale = (2.0 * np.pi / 3.0 / SQRT_3) * ax
    z = ax / (SQRT_3 * s_l)
    z2, s2 = z * z, s_l * s_l
    y = SQRT_PI_OVER_2 * erfcx(SQRT_HALF * z)  # Phi(-z) / phi(z)
    phi_z = np.exp(-0.5 * z2) / SQRT_2PI
    tail = y * phi_z
    f = scale * tail**3
    d1 = 2.0 * np.pi * z2 * tail * tail * np.exp(z2 + 0.125 * s2)
    d2 = (
        (np.pi / 6.0)
        * (z2 / (s2 * s_l))
        * tail
        * np.exp(2.0 * z2 + 0.25 * s2)
        * (8.0 * SQRT_3 * s_l * ax + (3.0 * s2 * (s2 - 8.0) - 8.0 * x * x) * y)
    )
    mapped = _rational_cubic(beta, 0.0, b_l, 0.0, f, 1.0, d1, right_second=d2, keep_shape=True)
    # Where the interpolation fails, a parabola through the origin stays positive.
    t = beta / b_l
    mapped = np.where(mapped > 0.0, mapped, (f * t + b_l * (1.0 - t)) * t)
    argument = np.maximum(np.cbrt(mapped / scale), TINY)
    return np.abs(x / (SQRT_3 * ndtri(np.minimum(argument, 0.4999999))))


def _guess_highest(beta: FloatArray, x: FloatArray, s_h: FloatArray, b_h: FloatArray, b_max: FloatArray) -> FloatArray:
    """Return the first guess above ``b_h``: the rational cubic of ``Phi(-s / 2)`` (equations 4.23 to 4.30)."""
    w = (x / s_h) ** 2
    f = 0.5 * np.exp(-0.125 * s_h * s_h) * erfcx(0.5 * SQRT_HALF * s_h)
    d1 = -0.5 * np.exp(0.5 * w)
    d2 = SQRT_PI_OVER_2 * np.exp(w + 0.125 * s_h * s_h) * w / s_h
    mapped = _rational_cubic(beta, b_h, b_max, f, 0.0, d1, -0.5, left_second=d2, keep_shape=True)
    t = (beta - b_h) / (b_max - b_h)
    mapped = np.where(mapped > 0.0, mapped, (f * (1.0 - t) + 0.5 * (b_max - b_h) * t) * (1.0 - t))
    return -2.0 * ndtri(np.maximum(mapped, TINY))


def _rational_cubic(
    at: FloatArray,
    x_l: FloatLike,
    x_r: FloatLike,
    y_l: FloatLike,
    y_r: FloatLike,
    d_l: FloatLike,
    d_r: FloatLike,
    *,
    left_second: FloatLike | None = None,
    right_second: FloatLike | None = None,
    keep_shape: bool = False,
) -> FloatArray:
    """Interpolate with the rational cubic of Delbourgo and Gregory (IMA J. Numer. Anal. 5, 1985).

    The control parameter fits the second derivative at one end, but never falls below what keeps the interpolant
    monotone or convex where the data are.
    """
    h = x_r - x_l
    slope = (y_r - y_l) / h
    bend = d_r - d_l
    if right_second is not None:
        r = (0.5 * h * right_second + bend) / (d_r - slope)
    else:
        assert left_second is not None  # noqa: S101 - one of the two ends is always given, in this module
        r = (0.5 * h * left_second + bend) / (slope - d_l)
    least_monotone = (d_r + d_l) / slope
    curved = (d_r - slope) * (slope - d_l) > 0.0
    least_curved = np.maximum(np.abs(bend / (d_r - slope)), np.abs(bend / (slope - d_l)))
    least_curved = np.where(curved, least_curved, np.inf if keep_shape else -1.0)
    r = np.fmin(np.fmax(np.fmax(r, least_monotone), np.fmax(least_curved, -0.999999)), 1e12)
    t = (at - x_l) / h
    u = 1.0 - t
    tu = t * u
    top = y_r * t * t * t + (r * y_r - h * d_r) * tu * t + (r * y_l + h * d_l) * tu * u + y_l * u * u * u
    return np.asarray(top / (1.0 + (r - 3.0) * tu), dtype=np.float64)


def _householder(s: FloatArray, newton: FloatArray, halley: FloatArray, third: FloatArray) -> FloatArray:
    """Take one step of third order; a step that leaves the positive numbers only halves."""
    step = newton * (1.0 + 0.5 * halley * newton) / (1.0 + newton * (halley + third * newton * (1.0 / 6.0)))
    return np.where(np.isfinite(step), np.maximum(s + step, 0.5 * s), s)


def _log_price_and_relative_vega(x: FloatArray, s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ``ln b(x, s)`` and ``b'(s) / b(s)``, neither of which can underflow."""
    h, t = x / s, 0.5 * s
    ratio = price_to_vega(h, t)
    return np.log(ratio) - 0.5 * (h * h + t * t) - LOG_SQRT_2PI, 1.0 / ratio


def _price_and_vega(x: FloatArray, s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ``b(x, s)`` and its derivative in ``s``."""
    h, t = x / s, 0.5 * s
    vega = np.exp(-0.5 * (h * h + t * t)) / SQRT_2PI
    return vega * price_to_vega(h, t), vega


def price_to_vega(h: FloatArray, t: FloatArray) -> FloatArray:
    """Return ``b / b' = Y(h + t) - Y(h - t)`` with ``Y = Phi / phi``, to nearly full relative precision.

    The difference cancels where `t` is small; there it is the odd Taylor series in `t`, whose derivatives follow from
    ``Y' = 1 + h Y`` and ``Y^(n+1) = h Y^(n) + n Y^(n-1)``.
    """
    small = t < SMALL_T
    if not small.any():
        return _ratio_by_difference(h, t)
    if small.all():
        return _ratio_by_series(h, t)
    result = np.empty_like(h)
    result[small] = _ratio_by_series(h[small], t[small])
    large = ~small
    result[large] = _ratio_by_difference(h[large], t[large])
    return result


def _ratio_by_difference(h: FloatArray, t: FloatArray) -> FloatArray:
    h, t = -SQRT_HALF * h, SQRT_HALF * t
    return SQRT_PI_OVER_2 * (erfcx(h - t) - erfcx(h + t))


def _ratio_by_series(h: FloatArray, t: FloatArray) -> FloatArray:
    y0 = SQRT_PI_OVER_2 * erfcx(-SQRT_HALF * h)
    y1 = 1.0 + h * y0
    y2 = h * y1 + y0
    y3 = h * y2 + 2.0 * y1
    y4 = h * y3 + 3.0 * y2
    y5 = h * y4 + 4.0 * y3
    y6 = h * y5 + 5.0 * y4
    y7 = h * y6 + 6.0 * y5
    w = t * t
    return 2.0 * t * (y1 + w * (y3 * (1.0 / 6.0) + w * (y5 * (1.0 / 120.0) + w * y7 * (1.0 / 5040.0))))
