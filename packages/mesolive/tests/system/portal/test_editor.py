"""Strategies in the browser: import, the editor with its checks, form, completion, diff and a trial on the live chain.

Numbers are those of the acceptance list of the Portal (docs/portal.md).
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import FilePayload, Page, expect

from mesolive_sdk import models
from mesolive_testkit.paths import ROOT
from mesolive_testkit.portal import Portal
from mesolive_testkit.server import definition

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def edit(page: Page, text: str) -> None:
    """Replace the text of the editor."""
    await page.get_by_test_id("editor").locator(".cm-content").click()
    await page.keyboard.press("Control+A")
    # Text typed over a selection takes the selection's look along as an inline style, which the policy refuses aloud.
    await page.keyboard.press("Delete")
    await page.keyboard.insert_text(text)


async def opened(portal: Portal, **changes: Any) -> tuple[Page, models.LiveStrategy]:
    """Open the editor of a new strategy, checked."""
    strategy = await portal.kit.strategy(**changes)
    page = await portal.page(f"strategies/{strategy.Id}")
    await expect(page.get_by_test_id("problem-count")).to_contain_text("no problem")
    return page, strategy


def file_of(name: str, whole: dict[str, Any]) -> FilePayload:
    """Return a definition as a file that a person chooses."""
    return {"name": name, "mimeType": "application/json", "buffer": json.dumps(whole).encode()}


async def stored(portal: Portal, strategy: models.LiveStrategy) -> dict[str, Any]:
    """Return the definition that the server has."""
    return (await portal.kit.control.get_strategy(models.GetStrategyArgs(StrategyId=strategy.Id))).StrategyDefinition


async def test_29_an_import_of_version_2_shows_what_the_conversion_does(portal: Portal) -> None:
    old = definition(StrategyName="of version 2")
    old["MesoSimVersion"] = "2.0"
    old["Structure"]["Legs"][0]["StrikeSelector"] = {"Delta": "16"}
    page = await portal.page("strategies")
    await page.get_by_test_id("import").set_input_files(file_of("old.json", old))
    report = page.get_by_test_id("import-report")
    await expect(report).to_contain_text("What the conversion to version 3 does")
    await report.get_by_text("The converted definition").click()
    await expect(report.get_by_test_id("converted")).to_contain_text('"MesoSimVersion": "3')
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("heading", name="of version 2")).to_be_visible()
    await expect(page.get_by_test_id("editor")).to_contain_text('"MesoSimVersion": "3')
    await page.get_by_role("button", name="Version 2", exact=True).click()
    await expect(page.get_by_test_id("original")).to_contain_text('"MesoSimVersion": "2.0"')


async def test_a_file_that_cannot_be_used_is_refused_with_the_path_of_each_problem(portal: Portal) -> None:
    broken = definition(StrategyName="broken")
    broken["Entry"]["AbortConditions"] = ["no_such_variable > 1"]
    page = await portal.page("strategies")
    await page.get_by_test_id("import").set_input_files(file_of("broken.json", broken))
    await expect(page.get_by_test_id("import-report")).to_contain_text("Entry.AbortConditions[0]")
    await expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()


async def test_30_broken_json_and_an_unknown_variable_are_marked_at_their_places(portal: Portal) -> None:
    page, strategy = await opened(portal, StrategyName="edited")
    whole = await stored(portal, strategy)
    await edit(page, json.dumps(whole, indent=2).replace('"Symbol":', '"Symbol"', 1))
    await expect(page.get_by_test_id("problems")).to_contain_text("not JSON")
    await expect(page.get_by_test_id("editor").locator(".cm-lint-marker-error")).to_have_count(1)
    await expect(page.get_by_test_id("save")).to_be_disabled()
    whole["Entry"]["AbortConditions"] = ["pos_delta > 5", "nobody_knows_this > 1"]
    text = json.dumps(whole, indent=2)
    await edit(page, text)
    await expect(page.get_by_test_id("problems")).to_contain_text("Entry.AbortConditions[1]")
    marked = page.get_by_test_id("editor").locator(".cm-lintRange-error")
    await expect(marked.first).to_contain_text("nobody_knows_this")
    await expect(page.get_by_test_id("save")).to_be_disabled()


async def test_the_form_beside_the_text_changes_it_and_both_are_saved(portal: Portal) -> None:
    page, strategy = await opened(portal, StrategyName="by the form")
    await page.get_by_role("button", name="Both", exact=True).click()
    target = page.get_by_test_id("form").get_by_role("textbox", name="ProfitTarget")
    await target.fill("0.4 * credit")
    await target.press("Tab")
    await expect(page.get_by_test_id("editor")).to_contain_text('"0.4 * credit"')
    await target.fill("0.4 * no_such_thing")
    await target.press("Tab")
    await expect(target).to_have_attribute("aria-invalid", "true")
    await target.fill("0.4 * credit")
    await target.press("Tab")
    await expect(page.get_by_test_id("problem-count")).to_contain_text("no problem")
    await page.get_by_role("button", name="Diff", exact=True).click()
    diff = page.get_by_test_id("diff")
    await expect(diff.locator("tr.removed")).to_contain_text("0.5 * credit")
    await expect(diff.locator("tr.added")).to_contain_text("0.4 * credit")
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("save")).to_have_text("Saved")
    assert (await stored(portal, strategy))["Exit"]["ProfitTarget"] == "0.4 * credit"


async def test_a_definition_stored_by_another_editor_is_not_overwritten_unseen(portal: Portal) -> None:
    page, strategy = await opened(portal, StrategyName="two editors")
    theirs = await stored(portal, strategy)
    theirs["Exit"]["StopLoss"] = "3 * credit"
    await portal.kit.advance(5)
    await portal.kit.control.update_strategy(
        models.UpdateStrategyArgs(StrategyId=strategy.Id, StrategyDefinition=theirs)
    )
    mine = theirs | {"Exit": theirs["Exit"] | {"StopLoss": "4 * credit"}}
    await edit(page, json.dumps(mine, indent=2))
    await expect(page.get_by_test_id("save")).to_be_enabled()
    await page.get_by_test_id("save").click()
    dialog = page.get_by_role("dialog", name="Changed elsewhere")
    await expect(dialog.locator("tr.removed")).to_contain_text("3 * credit")
    assert (await stored(portal, strategy))["Exit"]["StopLoss"] == "3 * credit"
    await dialog.get_by_role("button", name="Store mine all the same").click()
    await expect(page.get_by_test_id("save")).to_have_text("Saved")
    assert (await stored(portal, strategy))["Exit"]["StopLoss"] == "4 * credit"


async def test_a_strategy_that_was_only_renamed_meanwhile_is_saved_at_once(portal: Portal) -> None:
    page, strategy = await opened(portal, StrategyName="renamed meanwhile")
    mine = await stored(portal, strategy)
    mine["Exit"]["StopLoss"] = "4 * credit"
    await edit(page, json.dumps(mine, indent=2))
    await portal.kit.advance(5)
    await portal.kit.control.rename_strategy(models.RenameStrategyArgs(StrategyId=strategy.Id, Name="another name"))
    await expect(page.get_by_test_id("save")).to_be_enabled()
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("save")).to_have_text("Saved")
    assert (await stored(portal, strategy))["Exit"]["StopLoss"] == "4 * credit"
    # Its versions are kept: what the first one would change is shown, and it comes back by a press and a save.
    versions = page.get_by_test_id("versions")
    await expect(versions.get_by_role("button", name="version 2")).to_be_visible()
    await versions.get_by_role("button", name="version 1", exact=True).click()
    dialog = page.get_by_role("dialog", name="Version 1")
    await expect(dialog.locator("tr.added")).to_contain_text("4 * credit")
    await dialog.get_by_role("button", name="Take it into the editor").click()
    await expect(page.get_by_test_id("save")).to_be_enabled()
    assert (await stored(portal, strategy))["Exit"]["StopLoss"] == "4 * credit", "nothing is stored by looking"
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("save")).to_have_text("Saved")
    assert (await stored(portal, strategy))["Exit"]["StopLoss"] != "4 * credit"


async def test_the_editor_proposes_fields_of_the_schema_and_variables_of_the_language(portal: Portal) -> None:
    page, _ = await opened(portal, StrategyName="completed")
    await edit(page, '{\n  "Symbol": "SPX",\n  "Exit": {\n    ')
    await page.keyboard.type('"Pro')
    await page.keyboard.press("Control+Space")
    proposals = page.get_by_test_id("editor").locator(".cm-tooltip-autocomplete")
    await expect(proposals).to_contain_text("ProfitTarget")
    await page.keyboard.press("Escape")
    await edit(page, '{\n  "Symbol": "SPX",\n  "Entry": { "Conditions": [')
    await page.keyboard.type('"underlying_iv')
    await page.keyboard.press("Control+Space")
    await expect(proposals).to_contain_text("underlying_iv_rank")


async def test_a_strategy_is_tried_on_the_live_chain_as_a_what_if(portal: Portal) -> None:
    page, _ = await opened(portal, StrategyName="tried")
    before = len((await portal.kit.control.list_positions()).Positions)
    await page.get_by_test_id("try").click()
    tried = page.get_by_test_id("tried")
    await expect(tried).to_contain_text("WHAT-IF")
    await expect(tried.locator("tbody tr").first).to_contain_text("short_put")
    assert len((await portal.kit.control.list_positions()).Positions) == before


async def test_each_example_of_the_documentation_can_be_chosen(portal: Portal) -> None:
    page = await portal.page("strategies")
    wanted = sorted(path.stem.replace("-", " ").capitalize() for path in (ROOT / "docs" / "strategies").glob("*.json"))
    choices = page.get_by_test_id("example").locator("option")
    assert sorted((await choices.all_inner_texts())[1:]) == wanted
    await page.get_by_test_id("example").select_option("Same day iron condor")
    await expect(page.get_by_test_id("save")).to_be_visible()
