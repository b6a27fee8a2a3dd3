"""Importing strategies over a real socket: the published examples, and definitions of version 2."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mesolive_sdk import models
from mesolive_sdk.wire import hub_protocol
from mesolive_testkit.paths import DOCS
from mesolive_testkit.server import Kit
from signalr_asyncio.client import HubConnection

EXAMPLES = {path.stem: json.loads(path.read_text()) for path in sorted((DOCS / "strategies").glob("*.json"))}

OLD: dict[str, Any] = {
    "MesoSimVersion": "2.11.70",
    "TemplateName": "An old put",
    "Start": "2019-01-01T00:00:00",
    "End": "2020-01-01T00:00:00",
    "Cash": "100000.0000",
    "Symbol": "SPX",
    "Structure": {
        "Expirations": [{"Name": "e", "DTE": "45"}],
        "Legs": [
            {
                "Name": "a",
                "Qty": "-1",
                "OptionType": "Put",
                "ExpirationName": "e",
                "StrikeSelector": {"Statement": "underlying_price * 0.9"},
            }
        ],
    },
    "Entry": {"Schedule": {"BeforeMarketCloseMinutes": "30", "Every": "day"}, "Conditions": []},
    "Exit": {"Schedule": {"BeforeMarketCloseMinutes": "30", "Every": "day"}, "MaxDaysInTrade": "30"},
}


@pytest.mark.parametrize("name", EXAMPLES)
async def test_a_published_example_is_imported_and_comes_back(kit: Kit, name: str) -> None:
    given = EXAMPLES[name]
    made = await kit.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=given, ActiveOnAccounts=["ML1000"])
    )
    found = await kit.control.get_strategy(models.GetStrategyArgs(StrategyId=made.Id))
    assert found.StrategyDefinition == given
    assert made.Symbol == given["Symbol"]


async def test_a_version_2_definition_is_converted_with_a_report_and_can_be_prepared(kit: Kit) -> None:
    async with HubConnection(f"{kit.url}/hubs/control/v1", token=kit.token, protocol=hub_protocol()) as connection:
        answer = await connection.invoke(
            "CreateStrategy",
            models.CreateStrategyArgs(StrategyDefinition=OLD, ActiveOnAccounts=["ML1000"]),
            result_type=models.MesoLiveApiResponse[models.LiveStrategy],
        )
    assert answer.Status is models.StatusCode.Success
    assert answer.Data is not None
    assert answer.Data.Name == "An old put"
    assert answer.Message is not None
    assert "[AUTO]" in answer.Message
    prepared = (await kit.prepare_entry(answer.Data.Id)).Result
    assert prepared is not None
    assert float(prepared.SelectedLegs["a"].LiveContract.Strike or 0) == pytest.approx(4500, abs=25)


async def test_the_server_hands_out_the_definition_that_it_carries_out_and_the_original_beside_it(kit: Kit) -> None:
    closing = {"RemoveLegAdjustment": {"LegName": "a"}}
    old = OLD | {
        "SimSettings": {"LegSelectionConstraint": "None"},
        "Adjustment": {"ConditionalAdjustments": {"pos_pnl > 50": closing}},
    }
    made = await kit.control.create_strategy(models.CreateStrategyArgs(StrategyDefinition=old, ActiveOnAccounts=[]))
    found = (await kit.control.get_strategy(models.GetStrategyArgs(StrategyId=made.Id))).StrategyDefinition
    assert found["MesoSimVersion"].startswith("3")
    assert found["StrategyName"] == "An old put"
    assert found["Settings"]["Core"]["LegSelectionConstraint"] == "None"
    assert found["Structure"]["Legs"][0]["StrikeSelector"] == {"StrikePrice": "underlying_price * 0.9"}
    adjustments = found["Adjustment"]["ConditionalAdjustments"]
    assert adjustments == {"pos_pnl > 50": {"RemoveLegsAdjustment": {"LegNames": ["a"]}}}
    assert found["$original"] == old
    again = await kit.control.create_strategy(models.CreateStrategyArgs(StrategyDefinition=found, ActiveOnAccounts=[]))
    cloned = (await kit.control.get_strategy(models.GetStrategyArgs(StrategyId=again.Id))).StrategyDefinition
    assert cloned == found
