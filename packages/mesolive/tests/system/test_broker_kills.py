"""Server, broker and agent are killed while they trade with faults on: what the books say is what the broker did.

`make crash-test-ibkr` and `make crash-test-tastytrade` run it long. A run is repeated with the seed that it prints.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mesolive_testkit.broker_crash.run import CrashRun

SEED = int(os.environ.get("MESOLIVE_BROKER_SEED", "1"))


def kills(broker: str) -> int:
    return int(os.environ.get(f"MESOLIVE_{broker.upper()}_KILLS", "3"))


def cases(broker: str) -> list[tuple[str, bool]]:
    """Return the runs of a broker: a second one, with an agent between both, where it is asked for by number."""
    return [(broker, False), *([(broker, True)] if f"MESOLIVE_{broker.upper()}_KILLS" in os.environ else [])]


@pytest.mark.timeout(300 + 60 * max(kills("ibkr"), kills("tastytrade")))
@pytest.mark.parametrize(
    ("broker", "with_agent"),
    [*cases("ibkr"), *cases("tastytrade")],
    ids=lambda value: value if isinstance(value, str) else "by an agent" if value else "in the server",
)
@pytest.mark.long
async def test_the_books_are_what_the_broker_did_however_often_all_are_killed(
    tmp_path: Path, broker: str, with_agent: bool
) -> None:
    count = kills(broker)
    print(f"{broker} crash test: {count} kills, seed {SEED}, agent {with_agent}")  # noqa: T201 - repeats the run
    run = CrashRun(tmp_path, f"mesolive_testkit.broker_crash.{broker}", SEED, with_agent)
    await run.run(count)
    print(f"{broker} crash test: kills {dict(run.kills)}")  # noqa: T201 - what happened is the worth of the run
    print(f"{broker} crash test: {dict(run.trader.actions)}")  # noqa: T201 - as above
    print(f"{broker} crash test: faults {dict(run.fired)}")  # noqa: T201 - as above
    assert run.trader.actions["send"] > 0
    assert count < 20 or run.kills["double"] > 0
    assert count < 20 or not with_agent or run.kills["agent"] > 0
