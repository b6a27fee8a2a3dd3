"""Server and agent are killed while they trade at a venue that fails: what the books say is what the venue did.

`make crash-test-agent` runs it long. A run is repeated with the seed that it prints.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mesolive_testkit.agent_crash.run import AgentCrash

KILLS = int(os.environ.get("MESOLIVE_AGENT_KILLS", "6"))
SEED = int(os.environ.get("MESOLIVE_AGENT_SEED", "1"))


@pytest.mark.timeout(300 + 15 * KILLS)
async def test_the_books_are_what_the_venue_did_however_often_server_and_agent_are_killed(tmp_path: Path) -> None:
    print(f"agent crash test: {KILLS} kills, seed {SEED}")  # noqa: T201 - the seed repeats the run
    crash = AgentCrash(tmp_path, SEED)
    await crash.run(KILLS)
    print(f"agent crash test: kills {dict(crash.kills)}, {dict(crash.trader.actions)}")  # noqa: T201 - what happened
    assert crash.trader.actions["send"] > 0
    assert KILLS < 20 or min(crash.kills["server"], crash.kills["agent"]) > 0
