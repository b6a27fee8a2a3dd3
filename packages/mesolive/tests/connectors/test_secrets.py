"""Secrets of connections: sealed at rest and in backups, rotated with two keys, and in no log at any level."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from mesolive.assembly import venue_memory
from mesolive.logs import hide_secrets
from mesolive.operations.backup import make_backup, restore_backup
from mesolive_sdk import MesoLiveApiException, models
from mesolive_testkit.connectors import add, enabled, running_live, until

PASSWORD = "tr0ub4dor-and-3-correct-horses"
SIM = models.ConnectorArgs(Name="sim")
State = models.ConnectorStateType


def files_below(folder: Path) -> list[Path]:
    result = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".gz" for file in result)
    return result


@pytest.mark.parametrize("refusal", ["none", "credentials", "defect", "nonsense"])
async def test_no_secret_is_in_any_log_at_debug_whatever_happens(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    captured_logs: Sequence[MutableMapping[str, Any]],
    refusal: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with running_live(tmp_path) as kit:
        await add(kit, secrets={"password": PASSWORD}, refuse=refusal, nonsense_facts="true")
        await kit.control.test_connector(SIM)
        await kit.control.enable_connector(SIM)
        await until(kit, lambda item: item.State not in {State.Connecting, State.Disabled})
        with pytest.raises(MesoLiveApiException) as refused:
            await kit.control.add_connector(
                models.AddConnectorArgs(Name="x", Kind="simulated", Settings={"password": PASSWORD}, Secrets={})
            )
        log = (await kit.control.get_connector_log(models.GetConnectorLogArgs(Name="sim"))).Entries
        shown = (await kit.control.list_connectors()).Connectors
    assert any(entry["event"] == "connector_state_changed" for entry in captured_logs), "our log was read"
    assert caplog.records, "the libraries' log was read"
    for where in (repr(captured_logs), caplog.text, repr(log), repr(shown), str(refused.value)):
        assert PASSWORD not in where


async def test_the_database_and_a_backup_hold_no_secret_in_plain_text(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit, secrets={"password": PASSWORD})
        settings = kit.application.settings
        await asyncio.to_thread(make_backup, settings.database, tmp_path / "backup.tar.gz", venue_memory(settings))
    for file in files_below(tmp_path):
        content = file.read_bytes()
        assert PASSWORD.encode() not in (gzip.decompress(content) if file.suffix == ".gz" else content), file.name


async def test_a_rotated_server_secret_opens_what_the_previous_one_sealed_and_seals_it_anew(tmp_path: Path) -> None:
    old, new = "o" * 40, "n" * 40
    async with running_live(tmp_path, secret_key=old) as kit:
        await enabled(kit, secrets={"password": PASSWORD})
    async with running_live(tmp_path, user="ann", secret_key=new, previous_secret_key=old) as kit:
        assert "ActionRequired" not in kit.application.connectors.report()["simulated"]
    async with running_live(tmp_path, secret_key=new) as kit:
        await until(kit, lambda item: item.State is State.Connected)


async def test_a_secret_of_another_key_waits_for_the_trader_and_says_what_to_do(tmp_path: Path) -> None:
    async with running_live(tmp_path, secret_key="o" * 40) as kit:
        await enabled(kit, secrets={"password": PASSWORD})
    async with running_live(tmp_path, secret_key="n" * 40) as kit:
        shown = await until(kit, lambda item: item.State is State.ActionRequired)
        assert "it was encrypted with another server secret" in shown.Message
        assert shown.Remedy == "Enter the secrets again: mesolive connector set sim."
        await kit.control.update_connector(
            models.UpdateConnectorArgs(Name="sim", Settings={}, Secrets={"password": PASSWORD})
        )
        await until(kit, lambda item: item.State is State.Connected)


async def test_a_backup_brings_back_connections_their_secrets_and_the_journals_of_connectors(tmp_path: Path) -> None:
    first, second, archive = tmp_path / "first", tmp_path / "second", tmp_path / "backup.tar.gz"
    for folder in (first, second):
        folder.mkdir()
    async with running_live(first) as kit:
        await enabled(kit, secrets={"password": PASSWORD})
        settings = kit.application.settings
        await asyncio.to_thread(make_backup, settings.database, archive, venue_memory(settings))
    database = f"sqlite:///{second / 'mesolive.sqlite3'}"
    await restore_backup(archive, database, second / "simulated-venue.jsonl")
    assert sorted(file.name for file in journals(second)) == sorted(file.name for file in journals(first))
    async with running_live(second, user="trader") as kit:
        shown = await until(kit, lambda item: item.State is State.Connected)
        assert shown.SecretsSet == ["password"]


def journals(folder: Path) -> list[Path]:
    result = list((folder / "connectors").glob("*/*.jsonl"))
    assert result, "the simulated connector keeps its venue's orders there"
    return result


def is_hidden(secret: str) -> bool:
    return secret not in str(hide_secrets(None, "info", {"event": f"login with {secret}!"}))


async def test_logs_hide_a_secret_from_its_first_use_until_it_is_changed_or_removed(tmp_path: Path) -> None:
    first = "a-password-of-this-test"  # a server that has stopped keeps its own hidden
    second = "another-and-longer-password"
    async with running_live(tmp_path) as kit:
        await enabled(kit, secrets={"password": first})
        assert is_hidden(first)
        await kit.control.update_connector(
            models.UpdateConnectorArgs(Name="sim", Settings={}, Secrets={"password": second})
        )
        assert (is_hidden(first), is_hidden(second)) == (False, True)
        await kit.control.disable_connector(SIM)
        assert is_hidden(second), "what ended may still be logged about"
        await kit.control.update_connector(
            models.UpdateConnectorArgs(Name="sim", Settings={}, Secrets={"password": first})
        )
        assert (is_hidden(first), is_hidden(second)) == (False, False), "it is not used yet"
        await kit.control.enable_connector(SIM)
        assert is_hidden(first)
        await kit.control.remove_connector(SIM)
        assert not is_hidden(first)


async def test_a_secret_that_two_connectors_use_is_hidden_until_both_are_gone(tmp_path: Path) -> None:
    shared = "a-password-of-two-connectors"
    async with running_live(tmp_path) as kit:
        await enabled(kit, secrets={"password": shared})
        await enabled(kit, "second", secrets={"password": shared}, market_data="false", accounts="SIM2")
        await kit.control.remove_connector(SIM)
        assert is_hidden(shared)
        await kit.control.remove_connector(models.ConnectorArgs(Name="second"))
        assert not is_hidden(shared)


async def test_texts_of_refused_and_unused_connectors_hide_nothing(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await add(kit, secrets={"password": "connector_state"})
        for call in (add(kit, secrets={"password": "a-word-of-mine"}), add(kit, "x", secrets={"seed": "another-word"})):
            with pytest.raises(MesoLiveApiException):
                await call
        with pytest.raises(MesoLiveApiException, match="was not found"):
            await kit.control.update_connector(
                models.UpdateConnectorArgs(Name="none", Settings={}, Secrets={"password": "a-third-word"})
            )
        for text in ("connector_state", "a-word-of-mine", "another-word", "a-third-word"):
            assert not is_hidden(text)


async def test_the_secrets_of_one_user_do_not_displace_those_of_another(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        other = await kit.other_user()
        await other.add_connector(models.AddConnectorArgs(Name="many", Kind="simulated", Settings={}, Secrets={}))
        for number in range(5):
            await other.update_connector(
                models.UpdateConnectorArgs(Name="many", Settings={}, Secrets={"password": f"password-{number}"})
            )
            await other.test_connector(models.ConnectorArgs(Name="many"))
            assert not is_hidden(f"password-{number}"), "the test is over"
        await enabled(kit, secrets={"password": PASSWORD})
        assert is_hidden(PASSWORD)
