"""The functions of the normal distribution, by SciPy: `ndtr` (distribution), `ndtri` (its inverse) and `erfcx`.

`scipy.special` wraps each of its functions for other libraries of arrays, and imports all that `numpy` names to do so.
That takes four times as long as the module of C that the functions come from, which is all that is used here. SciPy
1.14, the lowest that is accepted, has the module under this name (`make lowest` imports it); a SciPy without it costs
the longer import and nothing else.
"""

from __future__ import annotations

from mesolive.lean_imports import bare, lazily

try:
    with bare("scipy.special"):
        from scipy.special._ufuncs import erfcx, ndtr, ndtri
except ImportError:
    # The module's name is not public: a SciPy that has another name for it is loaded whole.
    with lazily("numpy.f2py", "numpy.ma", "numpy.testing", "numpy.random", "numpy.char"):
        from scipy.special import erfcx, ndtr, ndtri

__all__ = ["erfcx", "ndtr", "ndtri"]
