"""The checklist of `mesolive connector verify ibkr`, walked at the double of TWS: healthy, and with each fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mesolive.clock import MonotonicClock
from mesolive.connectors.ibkr import IBKR
from mesolive.connectors.ibkr.settings import IbkrSettings
from mesolive.connectors.protocol import ConnectorError, ConnectorRequest
from mesolive.connectors.verification import StepOutcome
from mesolive.doubles.tws.settings import DoubleSettings, Entitlement
from mesolive.market.calendar import us_options_calendar
from mesolive.records import replace
from mesolive_testkit.ibkr_walk import Walk
from mesolive_testkit.tws import running_double

pytestmark = pytest.mark.slow  # a connection, its double and a market for each: a third of a second

QUIET = DoubleSettings(messages_per_second=0)
PASSED, FAILED, SKIPPED = StepOutcome.PASSED, StepOutcome.FAILED, StepOutcome.SKIPPED


@dataclass(frozen=True)
class Fault:
    """What is wrong, the step that must say so, and words of what to do."""

    step: str
    remedy: str
    switch: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    settings: DoubleSettings = QUIET
    fill: bool = False
    found: str = ""


ACCOUNTS = ("DU123456", "DU1234567")
FAULTS = {
    "live login": Fault(
        "client id 10 is accepted, by a paper login", "Log in to TWS", settings=replace(QUIET, accounts=("U7654321",))
    ),
    "silent login": Fault("client id 10 is accepted", "Look at TWS", "silent_login", found="says nothing"),
    "read-only API": Fault("not read-only", "clear Read-Only API", "read_only"),
    "no details": Fault("IB lists SPX", "memory", "details_unanswered", {"client": 11, "times": 1}),
    "delayed data": Fault(
        "live prices", "Subscribe", settings=replace(QUIET, entitlement=Entitlement.DELAYED), found="delayed"
    ),
    "no subscription": Fault(
        "live prices",
        "Subscribe",
        "not_subscribed",
        {"symbol": "SPX"},
        settings=replace(QUIET, delayed_enabled=False),
        found="no market data subscription",
    ),
    "no computations": Fault("options are quoted", "Subscribe", "no_computations", found="computation did not come"),
    "no margin": Fault("margin of a single option", "report", "what_if_unanswered"),
    "dialog": Fault("a single option far from the market rests", "Precautions", "order_held_by_dialog", {"times": 1}),
    "no permission": Fault(
        "a single option far from the market rests", "trading permission", "order_rejected", {"code": 460}
    ),
    "too many lines": Fault(
        "lines roll over", "End the programs", settings=replace(QUIET, lines=12), found="too many lines (101)"
    ),
    "modification refused": Fault("a single option is modified", "report", "modification_rejected", found="110"),
    "cancel refused": Fault("a single option is cancelled", "report", "cancel_refused", {"times": 1}, found="161"),
    "three legs refused": Fault("a combo of 3 legs", "report", settings=replace(QUIET, max_combo_legs=2), found="201"),
    "reference too short": Fault(
        "a long reference", "Trade nothing", "reference_cut", {"characters": 30}, found="30 come back"
    ),
    "no fills": Fault("a single option is bought", "report", "no_fills", fill=True, found="was cancelled"),
    "no commission": Fault(
        "executions and commissions of a single option", "report", "commission_never", fill=True, found="no commission"
    ),
    "client id lingers": Fault(
        "both client ids are accepted again", "keeps the id", "client_id_lingers", {"seconds": 600, "client": 10}
    ),
}


async def test_every_step_passes_at_a_healthy_double_and_the_report_names_no_account(tmp_path: Path) -> None:
    async with running_double(replace(QUIET, accounts=ACCOUNTS)) as kit:
        walk = Walk(kit, tmp_path)
        await walk.run()
        assert [f"{step.title}: {step.detail}" for step in walk.steps if step.outcome is not PASSED] == []
        assert len(walk.steps) == 44
        assert "of a reference of 128 characters 128 come back" in walk.of("a long reference").detail
        for question in ("6 legs", "at 3.05", "a stop order", "a stop limit order", "a market order on a combo"):
            assert "IB takes it" in walk.of(question).detail
        assert "keeps its first reference" in walk.of("change the reference").detail
        assert all(f"{route} takes it" in walk.of("routes").detail for route in ("SMART", "CBOE"))
        assert re.search(r"of 6 lines that are held [1-6] ticked", walk.of("lines roll").detail)
        assert "lists 0 of the " in walk.of("receives these executions").detail
        assert "2 executions of the combo with 0 commissions, 4 of contracts with 4" in walk.report
        assert "orders >>> 3|" in walk.report, "orders are among the messages"
        assert "data   <<< 21|" in walk.report, "option computations too"
        assert not any(account in walk.report for account in ACCOUNTS)
        assert "ACCOUNT-2" in walk.report
        assert all(held.quantity == 0 for held in kit.double.gateway.account("DU123456").positions.values())


async def test_without_consent_nothing_is_filled(tmp_path: Path) -> None:
    async with running_double(QUIET) as kit:
        walk = Walk(kit, tmp_path, fill=False)
        await walk.run()
        assert {step.outcome for step in walk.steps} == {PASSED}
        assert not any("bought" in step.title for step in walk.steps)
        assert not kit.double.truth.of("fill")


async def test_an_undocumented_refusal_of_ib_is_a_finding_and_no_failure(tmp_path: Path) -> None:
    async with running_double(replace(QUIET, max_combo_legs=4)) as kit:
        for fault in ("combo_stop_refused", "reference_cut", "reference_changes", "route_refused"):
            kit.double.faults.switch_on(fault)
        walk = Walk(kit, tmp_path, fill=False)
        await walk.run()
        assert {step.outcome for step in walk.steps} == {PASSED}
        assert "of a reference of 128 characters 40 come back" in walk.of("a long reference").detail
        assert "gives it the new reference" in walk.of("change the reference").detail
        assert "CBOE refuses it: 201: " in walk.of("routes").detail
        assert "IB refuses it: 201" in walk.of("6 legs").detail
        for question in ("a stop order", "a stop limit order"):
            assert "IB refuses it: 387" in walk.of(question).detail


@pytest.mark.parametrize("name", FAULTS)
async def test_the_step_that_meets_a_fault_fails_and_says_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = FAULTS[name]
    for limit in ("verification.RECONNECT_SECONDS", "verification.COMMISSION_SECONDS"):
        monkeypatch.setattr(f"mesolive.connectors.ibkr.{limit}", 10.0)
    monkeypatch.setattr("mesolive.connectors.order_trial.FILL_SECONDS", 10.0)
    async with running_double(fault.settings) as kit:
        if fault.switch:
            kit.double.faults.switch_on(fault.switch, **dict(fault.arguments))
        walk = Walk(kit, tmp_path, fill=fault.fill, until=fault.step)
        if fault.switch == "silent_login":
            walk.handshake_seconds = 0.3
        await walk.run()
        step = walk.of(fault.step)
        assert step.outcome is FAILED, walk.steps
        assert fault.remedy in step.remedy
        assert fault.found in step.detail
        assert f"| {step.detail.replace('|', chr(92) + '|')} |" in walk.report
        assert [item.title for item in walk.steps if item.outcome is FAILED] == [step.title], (
            "no other step is to blame"
        )
        assert not any(account in walk.report for account in fault.settings.accounts)
        if name in {"live login", "read-only API"}:
            assert not kit.double.truth.of("order_received")


def test_settings_of_a_live_login_or_without_market_data_are_refused(tmp_path: Path) -> None:
    verify = IBKR.verify
    assert verify is not None
    for settings, words in (
        (IbkrSettings(paper=False), "paper accounts only"),
        (IbkrSettings(market_data=False), "needs market data"),
    ):
        request = ConnectorRequest("verify", settings, tmp_path, MonotonicClock(), us_options_calendar())
        with pytest.raises(ConnectorError, match=words):
            verify(request, False)
