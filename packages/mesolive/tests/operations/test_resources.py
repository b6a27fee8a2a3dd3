"""Memory that is free goes back to the operating system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

CHUNK = 100_000
CHUNKS = 400

CHILD = f"""
import psutil
from mesolive.operations.resources import return_free_memory
resident = lambda: psutil.Process().memory_info().rss
chunks = [bytearray(b"x" * {CHUNK}) for _ in range({CHUNKS})]
last = chunks[-1]
del chunks
before = resident()
assert return_free_memory()
print(before - resident())
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only the GNU allocator keeps free memory, and can trim it"
)
def test_memory_that_is_free_below_memory_in_use_goes_back_to_the_system() -> None:
    returned = int(subprocess.run([sys.executable, "-c", CHILD], check=True, capture_output=True, text=True).stdout)
    assert returned > CHUNK * CHUNKS / 2
