"""Control port, actions and command line of the double of tastytrade."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mesolive.doubles.actions import ActionError
from mesolive.doubles.control_port import Command, ControlError, command
from mesolive.doubles.tastytrade.__main__ import main
from mesolive.doubles.tastytrade.actions import ACTIONS, act
from mesolive.doubles.tastytrade.control import control_port
from mesolive.doubles.tastytrade.faults import FAULTS
from mesolive_testkit.tastytrade_double import ACCOUNT, BASE, running_tastytrade

DOCS = Path(__file__).parents[5] / "docs"


async def test_the_control_port_switches_faults_acts_and_shows_truth_and_state() -> None:
    async with running_tastytrade() as kit:
        stopped = asyncio.Event()
        port = control_port(kit.double, stopped.set)
        await port.start()
        try:
            await command(port.port, Command("on", "no_fills"))
            number = (await kit.submit(kit.vertical()))["id"]
            assert (await kit.order(number))["status"] == "Live"
            await command(port.port, Command("off", "no_fills"))
            await command(port.port, Command("act", "fill", {"order": str(number)}))
            truth = await command(port.port, Command("truth"))
            assert isinstance(truth, list)
            state = await command(port.port, Command("state"))
            assert isinstance(state, dict)
            assert state["orders"][str(number)]["status"] == "Filled"
            assert state["accounts"][ACCOUNT]["positions"]
            before = kit.clock.now()
            await command(port.port, Command("advance", arguments={"seconds": "5"}))
            assert (kit.clock.now() - before).total_seconds() == 5
            with pytest.raises(ControlError, match="no fault 'nonsense'"):
                await command(port.port, Command("on", "nonsense"))
            with pytest.raises(ControlError, match="no order 7"):
                await command(port.port, Command("act", "fill", {"order": "7"}))
            await command(port.port, Command("stop"))
            assert stopped.is_set()
        finally:
            await port.close()


async def test_an_action_that_cannot_be_done_says_why() -> None:
    async with running_tastytrade() as kit:
        symbol = kit.option().symbol
        with pytest.raises(ActionError, match="holds 0"):
            act(kit.double, "assign", {"account": ACCOUNT, "symbol": symbol, "quantity": "1"})
        with pytest.raises(ActionError, match="needs the argument 'order'"):
            act(kit.double, "reject", {})
        number = (await kit.submit(kit.vertical()))["id"]
        with pytest.raises(ActionError, match="is Filled"):
            act(kit.double, "fill", {"order": str(number)})
        with pytest.raises(ActionError, match="cannot_update_order"):
            act(kit.double, "cancel_by_hand", {"order": str(number)})
        with pytest.raises(ActionError, match="access, quotes and grant"):
            act(kit.double, "revoke_tokens", {"kind": "all"})


async def test_a_rejection_by_an_action_carries_its_reason() -> None:
    async with running_tastytrade() as kit:
        number = (await kit.submit(kit.vertical(1, "0.05")))["id"]
        act(kit.double, "reject", {"order": str(number), "reason": "Because"})
        assert (await kit.get(f"{BASE}/orders/{number}"))["reject-reason"] == "Because"


async def test_the_truth_is_written_to_a_file_as_it_happens(tmp_path: Path) -> None:
    async with running_tastytrade(truth_path=tmp_path / "truth.jsonl") as kit:
        await kit.submit(kit.vertical())
        kinds = [
            line.split('"kind":"')[1].split('"')[0] for line in (tmp_path / "truth.jsonl").read_text().splitlines()
        ]
        assert [kind for kind in kinds if kind != "request"][:3] == ["submit_received", "accepted", "fill"]


def test_the_page_names_every_fault_and_every_action_in_the_part_of_this_double() -> None:
    page = (DOCS / "doubles.md").read_text(encoding="utf-8").partition("\n## tastytrade\n")[2]
    assert [name for name in (*FAULTS, *ACTIONS) if f"`{name}`" not in page] == []


def test_the_faults_and_actions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*FAULTS, *ACTIONS))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["run", "--accounts", ""], "at least one account"),
        (["run", "--symbols", "TSLA"], "TSLA"),
        (["run", "--start", "noon"], "Invalid isoformat"),
        (["run", "--port", "0", "--symbols", "VIX", "--fault", "nonsense"], "no fault 'nonsense'"),
        (["control", "1", "faults"], "tastytrade double"),
    ],
)
def test_a_command_line_that_cannot_be_used_ends_with_status_2_and_its_reason(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert named in capsys.readouterr().err
