"""A library is imported without a part that it can do without, and that part can be imported afterwards."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from mesolive.lean_imports import bare, lazily, without

with without("wsgiref"):
    try:
        import wsgiref
    except ModuleNotFoundError as error:
        assert error.name == "wsgiref"
    else:
        raise AssertionError("it was imported")
assert "wsgiref" not in sys.modules
import wsgiref

with lazily("wsgiref.validate", "wsgiref.headers", "wsgiref.absent"):
    from wsgiref import headers as read, validate as unread
    assert callable(read.Headers)
assert sys.modules["wsgiref.headers"] is read is wsgiref.headers, "what was read stays"
assert "wsgiref.validate" not in sys.modules and not hasattr(wsgiref, "validate")

with bare("json"), bare("absent"):
    import json.scanner
    assert not hasattr(json, "dumps")
assert "json" not in sys.modules, "the package was not read"
import json
assert json.loads("[1]") == [1] and json.decoder.scanner is sys.modules["json.scanner"]
with bare("json"):
    import json.encoder
    assert callable(json.dumps), "a package that is loaded stays"
import wsgiref.validate
assert wsgiref.validate is not unread and callable(wsgiref.validate.validator)
"""


def test_a_part_is_missing_or_unread_within_the_block_and_itself_afterwards() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60)


def test_scipys_numbers_are_right_and_numpys_parts_can_be_imported_after_them() -> None:
    program = """
from mesolive.pricing.special import ndtr
import numpy, numpy.ma, numpy.random
assert numpy.ma.masked_array([1, 2], [True, False]).sum() == 2
assert numpy.random.default_rng(1).random() < 1
assert abs(ndtr(1.0) - 0.8413447460685429) < 1e-15
import scipy.optimize, scipy.stats
assert scipy.stats.norm.cdf(0.0) == 0.5
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
