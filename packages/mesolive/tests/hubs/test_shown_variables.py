"""Variables on the wire are free of the noise of floats, wherever they are shown."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from mesolive.samples import iron_condor
from mesolive_sdk import models
from mesolive_testkit.server import live_server

SHOWN = Decimal("0.3")
"""What is shown of 0.1 + 0.2, which is 0.30000000000000004 in floats."""


async def test_a_variable_is_shown_rounded_in_previews_conditions_and_positions(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        entry = iron_condor()["Entry"]
        entry["VarDefines"]["noisy"] = "0.1 + 0.2"
        entry["Conditions"] = ["noisy > 0"]
        strategy = await kit.strategy(Entry=entry)
        preview = (await kit.prepare_entry(strategy.Id)).Result
        assert preview is not None
        assert preview.Vars["noisy"] == SHOWN
        assert [condition.Vars for condition in preview.EntryConditions] == [{"noisy": SHOWN}]

        position = (await kit.enter(strategy.Id)).PositionId
        detail = await kit.control.get_position(models.GetPositionArgs(PositionId=position))
        assert detail.Vars["noisy"] == SHOWN
        leaving = (await kit.prepare_exit(position)).Result
        assert leaving is not None
        assert leaving.Vars["noisy"] == SHOWN
