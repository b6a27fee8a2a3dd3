"""Control port and command line of the double of TWS."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from mesolive.doubles.actions import ActionError
from mesolive.doubles.command_line import UsageError, command_of
from mesolive.doubles.control_port import Command, ControlError, command
from mesolive.doubles.tws.__main__ import main, settings_of
from mesolive.doubles.tws.actions import ACTIONS, act
from mesolive.doubles.tws.control import control_port
from mesolive.doubles.tws.faults import FAULTS
from mesolive_testkit.paths import DOCS
from mesolive_testkit.tws import ib, limit, running_double


async def test_faults_and_actions_are_commanded_over_the_control_port() -> None:
    async with running_double() as kit:
        stopped: list[bool] = []
        control = control_port(kit.double, lambda: stopped.append(True))
        await control.start()

        async def do(what: str, name: str = "", **fields: Any) -> Any:
            return await command(control.port, Command(what, name, **fields))

        client = await kit.client()
        await do("on", "order_rejected", arguments={"code": "110"}, times=1)
        client.place(ib.Contract(conId=kit.option().con_id, exchange="SMART"), limit(1, 200.0))
        await client.error(110)
        known = {row["name"]: row for row in await do("faults")}
        assert set(known) == set(FAULTS)
        assert known["order_rejected"]["fired"] == 1
        await do("off", "order_rejected")
        await do("act", "lose_link")
        await client.error(1100)
        await do("act", "restore_link", arguments={"code": "1101"})
        await client.error(1101)
        await do("advance", arguments={"seconds": "5"})
        assert [entry["kind"] for entry in await do("truth")] == [
            "order_received",
            "order_refused",
            "link_lost",
            "link_restored",
        ]
        assert set(await do("actions")) == set(ACTIONS)
        assert "DU1234567" in (await do("state"))["accounts"]
        await do("stop")
        assert stopped
        await control.close()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (Command("on", "order_eaten"), "order_swallowed"),
        (Command("act", "explode"), "lose_link"),
        (Command("act", "cut"), "needs the argument 'client'"),
        (Command("act", "liquidate", {"account": "DU9", "con_id": "1"}), "DU9"),
        (Command("act", "correct", {"exec_id": "x", "price": "cheap"}), "'cheap' is not a number"),
        (Command("act", "break_farm", {"farm": "funny"}), "usfarm"),
        (Command("dance"), "no command 'dance'"),
    ],
)
async def test_a_command_that_cannot_be_done_says_why(line: Command, named: str) -> None:
    async with running_double() as kit:
        control = control_port(kit.double, lambda: None)
        await control.start()
        with pytest.raises(ControlError, match=named):
            await command(control.port, line)
        await control.close()


async def test_a_line_that_is_no_command_is_answered_and_the_port_stays_open() -> None:
    async with running_double() as kit:
        control = control_port(kit.double, lambda: None)
        await control.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", control.port)
        writer.write(b"hello\n")
        assert json.loads(await reader.readline())["ok"] is False
        writer.write(b'{"do":"faults"}\n')
        assert json.loads(await reader.readline())["ok"] is True
        writer.close()
        await control.close()


async def test_every_action_runs_with_arguments_that_fit() -> None:
    async with running_double() as kit:
        option = kit.option(1.01)
        client = await kit.client()
        client.place(ib.Contract(conId=option.con_id, exchange="SMART"), limit(2, 200.0))
        execution = (await client.get("execDetails"))[2]
        fitting = {
            "cut": {"client": "99"},
            "order_by_hand": {"account": "DU1234567", "con_id": f"{option.con_id}", "quantity": "1", "price": "0.05"},
            "execution_by_hand": {"account": "DU1234567", "con_id": f"{option.con_id}", "quantity": "1"},
            "liquidate": {"account": "DU1234567", "con_id": f"{option.con_id}"},
            "correct": {"exec_id": execution.execId, "price": "1.00"},
            "gap": {"fraction": "0.01"},
        }
        with pytest.raises(ActionError, match="cannot be exercised"):
            act(kit.double, "assign", {"account": "DU1234567", "con_id": f"{option.con_id}", "quantity": "1"})
        for name in ACTIONS:
            if name != "assign":
                act(kit.double, name, fitting.get(name, {}))


def test_the_page_names_every_fault_and_every_action() -> None:
    page = (DOCS / "doubles.md").read_text(encoding="utf-8")
    assert [name for name in (*FAULTS, *ACTIONS) if f"`{name}`" not in page] == []


def test_words_of_the_command_line_make_a_command() -> None:
    assert command_of("on", "cancel_pending", ["seconds=3", "times=2", "probability=0.5"]) == Command(
        "on", "cancel_pending", {"seconds": "3"}, times=2, probability=0.5
    )
    with pytest.raises(UsageError, match="key=value"):
        command_of("on", "cancel_pending", ["3"])


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["run", "--accounts", "U123"], "U123 is no paper account"),
        (["run", "--live", "--accounts", "DU123"], "DU123 is no live account"),
        (["run", "--symbols", "TSLA"], "TSLA"),
        (["run", "--start", "noon"], "--start"),
        (["run", "--port", "0", "--symbols", "VIX", "--fault", "nonsense"], "no fault 'nonsense'"),
        (["control", "1", "faults"], "tws double"),
    ],
)
def test_a_command_line_that_cannot_be_used_ends_with_status_2_and_its_reason(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert named in capsys.readouterr().err


def test_a_live_login_has_a_live_account(tmp_path: Path) -> None:
    from mesolive.doubles.tws.__main__ import _parser

    options = _parser().parse_args(["run", "--live", "--state", str(tmp_path / "s.json")])
    assert settings_of(options).accounts == ("U1234567",)


def test_the_faults_and_actions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*FAULTS, *ACTIONS))
