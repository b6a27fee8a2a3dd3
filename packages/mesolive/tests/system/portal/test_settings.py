"""Settings in the browser: notification rules, and the limits of accounts."""

from __future__ import annotations

from collections.abc import Generator
from decimal import Decimal

import pytest
from playwright.async_api import expect

from mesolive_sdk import models
from mesolive_testkit.http_sink import Sink, http_sink
from mesolive_testkit.portal import Portal
from mesolive_testkit.server import ACCOUNT

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def sink() -> Generator[Sink]:
    """Take webhooks."""
    with http_sink() as made:
        yield made


SECRET = "token-that-nobody-sees"


async def test_a_notification_rule_is_made_tested_changed_and_removed_and_its_address_is_never_shown(
    portal: Portal, sink: Sink
) -> None:
    page = await portal.page("settings")
    await page.get_by_test_id("new-rule").click()
    dialog = page.get_by_role("dialog", name="New notification rule")
    await dialog.get_by_label("name").fill("to a hook")
    await dialog.get_by_label("address").fill("nonsense://somewhere")
    await page.get_by_test_id("save-rule").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("expected an address that begins with")
    await dialog.get_by_label("address").fill(sink.address(SECRET))
    await dialog.get_by_label("quiet hours").check()
    await dialog.get_by_label("time zone").fill("Europe/Berlin")
    await page.get_by_test_id("save-rule").click()
    row = page.locator("tr[data-rule='to a hook']")
    await expect(row).to_contain_text("22:00–07:00 Europe/Berlin")
    (rule,) = (await portal.kit.control.list_notification_rules()).Rules
    assert models.NotificationKind.Signals in rule.Kinds
    assert models.NotificationKind.Positions not in rule.Kinds
    assert SECRET not in await page.content()
    await row.get_by_role("button", name="test").click()
    assert "MesoLive" in await sink.next()
    sink.before_answer = lambda _: 500
    await expect(row.get_by_role("button", name="test")).to_be_enabled()
    await row.get_by_role("button", name="test").click()
    await expect(page.locator(".notices button.bad")).to_contain_text("500")
    assert SECRET not in await page.content()
    await row.get_by_role("button", name="switch off").click()
    await expect(row).to_contain_text("disabled")
    await row.get_by_role("button", name="change…").click()
    await page.get_by_role("dialog").get_by_label("quiet hours").uncheck()
    await page.get_by_test_id("save-rule").click()
    await expect(row).to_contain_text("none")
    await row.get_by_role("button", name="remove…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(row).to_have_count(0)
    assert (await portal.kit.control.list_notification_rules()).Rules == []


async def test_limits_of_an_account_are_changed_and_a_wrong_number_is_refused(portal: Portal) -> None:
    page = await portal.page("accounts")
    panel = page.locator("section.panel").filter(has_text=ACCOUNT)
    await panel.get_by_text("Limits", exact=True).click()
    await panel.get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog", name=f"Limits of {ACCOUNT}")
    await dialog.get_by_label("contracts per order").fill("abc")
    await expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    await dialog.get_by_label("contracts per order").fill("7")
    await dialog.get_by_label("orders may wait at the broker").check()
    await dialog.get_by_label("use the night and curb sessions too").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_be_hidden()
    limits = await portal.kit.control.get_account_limits(models.GetAccountLimitsArgs(BrokerAccountId=ACCOUNT))
    assert (limits.MaxContracts, limits.QueueOrders, limits.NightSessions) == (Decimal(7), True, True)
    await expect(panel).to_contain_text("wait at the broker")
    changed = models.SetAccountLimitsArgs(BrokerAccountId=ACCOUNT, QueueOrders=False, NightSessions=False)
    await portal.kit.control.set_account_limits(changed)  # the other tests' accounts keep to the regular session


async def test_the_access_log_shows_what_the_command_line_and_other_browsers_do(portal: Portal) -> None:
    page = await portal.page("settings")
    log = page.get_by_test_id("access-log")
    await expect(log.locator("tr").first).to_contain_text("signed in")
    made = await portal.kit.application.access.create_key("trader", "<b>a wall</b>")
    row = log.locator("tr").filter(has_text='key "<b>a wall</b>" made by the command line')
    await expect(row).to_have_count(1)
    await expect(page.locator("tr").filter(has_text=made.key.key_id)).to_contain_text("revoke")
    await portal.kit.control.revoke_api_key(models.RevokeApiKeyArgs(KeyId=made.key.key_id))
    await expect(log.locator("tr").first).to_contain_text('key "<b>a wall</b>" revoked by')
    await expect(page.locator("tr").filter(has_text=made.key.key_id).first).to_contain_text("revoked")
    await log.get_by_role("link", name="all", exact=True).click()
    await expect(page.get_by_label("Type")).to_have_value("OnAccessEvent")
    await expect(page.locator("tbody tr").first).to_contain_text("revoked by")
    assert made.token not in await page.content()
