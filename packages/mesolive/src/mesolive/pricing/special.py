"""The functions of the normal distribution, by SciPy: `ndtr` (distribution), `ndtri` (its inverse) and `erfcx`.

SciPy imports all that `numpy` names. Some of these parts take longer to load than SciPy itself, and nobody uses them.
"""

from __future__ import annotations

from mesolive.lean_imports import lazily

with lazily("numpy.f2py", "numpy.ma", "numpy.testing", "numpy.random", "numpy.char"):
    from scipy.special import erfcx, ndtr, ndtri

__all__ = ["erfcx", "ndtr", "ndtri"]
