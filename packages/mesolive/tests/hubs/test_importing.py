"""Importing strategies over a real socket: the published examples, and definitions of version 2."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from mesolive_sdk import MesoLiveApiException, models
from mesolive_sdk.wire import hub_protocol
from mesolive_testkit.paths import DOCS
from mesolive_testkit.server import Kit, definition
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
    parsed = await kit.control.get_strategy(models.GetStrategyArgs(StrategyId=made.Id))
    assert parsed.StrategyDefinition == given
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
    parsed = (await kit.control.get_strategy(models.GetStrategyArgs(StrategyId=made.Id))).StrategyDefinition
    assert parsed["MesoSimVersion"].startswith("3")
    assert parsed["StrategyName"] == "An old put"
    assert parsed["Settings"]["Core"]["LegSelectionConstraint"] == "None"
    assert parsed["Structure"]["Legs"][0]["StrikeSelector"] == {"StrikePrice": "underlying_price * 0.9"}
    adjustments = parsed["Adjustment"]["ConditionalAdjustments"]
    assert adjustments == {"pos_pnl > 50": {"RemoveLegsAdjustment": {"LegNames": ["a"]}}}
    assert parsed["$original"] == old
    again = await kit.control.create_strategy(models.CreateStrategyArgs(StrategyDefinition=parsed, ActiveOnAccounts=[]))
    cloned = (await kit.control.get_strategy(models.GetStrategyArgs(StrategyId=again.Id))).StrategyDefinition
    assert cloned == parsed


async def test_the_check_hands_out_what_a_version_2_definition_becomes(kit: Kit) -> None:
    report = await kit.control.check_strategy_definition(models.CheckStrategyDefinitionArgs(StrategyDefinition=OLD))
    assert report.Valid
    assert report.Converted is not None
    assert "TemplateName" not in report.Converted
    made = await kit.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=report.Converted, ActiveOnAccounts=[])
    )
    parsed = await kit.control.get_strategy(models.GetStrategyArgs(StrategyId=made.Id))
    assert parsed.StrategyDefinition == report.Converted, "it is of version 3, and carried out as it is"
    again = models.CheckStrategyDefinitionArgs(StrategyDefinition=report.Converted)
    assert (await kit.control.check_strategy_definition(again)).Converted is None


async def test_a_stale_save_is_refused_and_every_stored_definition_remains(kit: Kit) -> None:
    first, second, third = (definition(Description=text) for text in ("first", "second", "third"))
    made = await kit.control.create_strategy(models.CreateStrategyArgs(StrategyDefinition=first, ActiveOnAccounts=[]))
    seen = made.UpdatedAt  # two editors read it

    async def save(given: dict[str, Any], expected: datetime | None) -> models.LiveStrategy:
        return await kit.control.update_strategy(
            models.UpdateStrategyArgs(StrategyId=made.Id, StrategyDefinition=given, ExpectedUpdatedAt=expected)
        )

    saved = await save(second, seen)
    assert saved.UpdatedAt > seen, "also while market time stands still"
    with pytest.raises(MesoLiveApiException, match="read it again") as refused:
        await save(third, seen)
    assert refused.value.status is models.StatusCode.Conflict
    assert refused.value.error is not None
    assert refused.value.error.Code == "StrategyChanged"
    parsed = await kit.control.get_strategy(models.GetStrategyArgs(StrategyId=made.Id))
    assert parsed.StrategyDefinition["Description"] == "second", "a refused save changes nothing"
    await save(third, saved.UpdatedAt)
    await save(third, None)  # the same text again is no new version
    versions = (await kit.control.get_strategy_versions(models.GetStrategyVersionsArgs(StrategyId=made.Id))).Versions
    assert [version.Version for version in versions] == [3, 2, 1]
    assert all(version.SavedBy for version in versions)
    texts = [
        (
            await kit.control.get_strategy_version(
                models.GetStrategyVersionArgs(StrategyId=made.Id, Version=version.Version)
            )
        ).StrategyDefinition["Description"]
        for version in versions
    ]
    assert texts == ["third", "second", "first"]
    for control, number in ((kit.control, 4), (await kit.other_user(), 1)):
        with pytest.raises(MesoLiveApiException) as unknown:
            await control.get_strategy_version(models.GetStrategyVersionArgs(StrategyId=made.Id, Version=number))
        assert unknown.value.status is models.StatusCode.NotFound
