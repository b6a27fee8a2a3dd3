"""Memory over days: a replay of a week needs no more memory than its first day."""

from __future__ import annotations

import asyncio
import sys

import pytest

MAX_GROWTH_MB = 10


@pytest.mark.long
async def test_five_days_of_market_need_as_much_memory_as_the_first_of_them() -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"import sys; sys.path[:] = {sys.path!r}; from mesolive_testkit.days_child import main; main(9)",
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(600):
        output, _ = await child.communicate()
    assert child.returncode == 0
    resident = [int(line.split()[1]) / 2**20 for line in output.decode().splitlines()]
    assert len(resident) == 5
    assert resident[-1] <= resident[0] + MAX_GROWTH_MB, f"resident memory after each day, in MB: {resident}"
