"""`mesolive connector` and `mesolive notify`, as people run them: what they write, and the same as JSON."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

from typer.testing import CliRunner

from mesolive.cli.root import app
from mesolive_sdk import models
from mesolive_testkit.connectors import running_live
from mesolive_testkit.server import Kit

SECRETS = "password=tr0ub4dor-and-3-correct-horses\n"
HOOK = "jsons://198.51.100.7/hook"
"""An address for documentation: no message is sent to it."""


async def run(kit: Kit, *arguments: str, typed: str = "") -> str:
    env = {"MESOLIVE_URL": kit.url, "MESOLIVE_API_KEY": kit.token, "COLUMNS": "200"}
    result = await asyncio.to_thread(CliRunner().invoke, app, [*arguments], input=typed, env=env)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


async def test_a_connector_is_added_changed_and_removed_by_commands(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        added = await run(kit, "connector", "add", "simulated", "--name", "sim", "--secrets-file", "-", typed=SECRETS)
        assert added == "Connector sim is added, disabled. Next: mesolive connector test sim\n"
        assert "sim" in await run(kit, "connector", "list")
        changed = json.loads(await run(kit, "connector", "set", "sim", "--set", "seed=7", "--json"))
        assert (changed["Name"], changed["State"]) == ("sim", "Disabled")
        assert await run(kit, "connector", "disable", "sim") == "Connector sim is disabled.\n"
        assert await run(kit, "connector", "remove", "sim", "--yes") == "Connector sim is removed.\n"
        assert "no connector; add one" in await run(kit, "connector", "list")


async def test_a_notification_rule_is_made_switched_off_and_removed_by_commands(tmp_path: Path) -> None:
    async with running_live(tmp_path, notify_hosts=("198.51.100.7",)) as kit:
        added = await run(kit, "notify", "add", "fills", "--target-file", "-", typed=HOOK)
        assert "sends to" in added
        assert HOOK not in added
        (rule,) = json.loads(await run(kit, "notify", "list", "--json"))["Rules"]
        number = str(rule["RuleId"])
        assert await run(kit, "notify", "set", number, "--off") == f"Rule {number} is disabled.\n"
        paper = models.CreateAccountArgs(
            BrokerAccountId="ML1000", BrokerType=models.BrokerType.MesoLive, Cash=Decimal(1)
        )
        account = await kit.control.create_account(paper)
        await run(kit, "notify", "set", number, "--account", account.BrokerAccountId)
        (rule,) = json.loads(await run(kit, "notify", "list", "--json"))["Rules"]
        assert rule["BrokerAccountId"] == account.BrokerAccountId
        await run(kit, "notify", "set", number, "--account", "all", "--strategy", "all")
        (rule,) = json.loads(await run(kit, "notify", "list", "--json"))["Rules"]
        assert rule["BrokerAccountId"] is None
        assert await run(kit, "notify", "remove", number, "--yes") == f"Rule {number} is removed.\n"
        assert "none; make one" in await run(kit, "notify", "list")
