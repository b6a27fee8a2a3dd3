"""Server and broker are killed while they trade with faults on: what the books say is what the broker did.

`make crash-test-ibkr` and `make crash-test-tastytrade` run it long. A run is repeated with the seed that it prints.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mesolive_testkit.broker_crash.run import crash_run

SEED = int(os.environ.get("MESOLIVE_BROKER_SEED", "1"))


def kills(broker: str) -> int:
    return int(os.environ.get(f"MESOLIVE_{broker.upper()}_KILLS", "6"))


@pytest.mark.timeout(300 + 15 * max(kills("ibkr"), kills("tastytrade")))
@pytest.mark.parametrize("broker", ["ibkr", "tastytrade"])
async def test_the_books_are_what_the_broker_did_however_often_both_are_killed(tmp_path: Path, broker: str) -> None:
    count = kills(broker)
    print(f"{broker} crash test: {count} kills, seed {SEED}")  # noqa: T201 - the seed repeats the run
    run = await crash_run(tmp_path, f"mesolive_testkit.broker_crash.{broker}", count, SEED)
    print(f"{broker} crash test: kills {dict(run.kills)}")  # noqa: T201 - what happened is the worth of the run
    print(f"{broker} crash test: {dict(run.trader.actions)}")  # noqa: T201 - as above
    print(f"{broker} crash test: faults {dict(run.fired)}")  # noqa: T201 - as above
    assert run.trader.actions["send"] > 0
    assert run.kills["double"] > 0 or count < 20
