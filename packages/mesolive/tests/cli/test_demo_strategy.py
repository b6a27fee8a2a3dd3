"""The demonstration's strategy on chains of other underlyings: it fits their roots, dates and strikes."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from mesolive.cli import demo_trade
from mesolive.cli.demo_strategy import fitted
from mesolive.cli.demo_view import StepFailedError
from mesolive.language import check_definition
from mesolive.market.providers.chain_files import parse_export
from mesolive.records import replace
from mesolive.samples import iron_condor
from mesolive_testkit.market.chain_files import WHEN, ChainText


def made(chain: ChainText) -> dict[str, Any]:
    export = parse_export(chain.csv().encode())
    definition = fitted(iron_condor(), export.listing, export.underlying_last, WHEN)
    report = check_definition(definition)
    assert report.definition is not None, report
    return definition


@pytest.mark.parametrize(
    ("root", "spot", "step", "width"),
    [("SPY", 650.0, 1.0, "13"), ("NVDA", 120.0, 2.5, "5"), ("NDXP", 14300.0, 25.0, "275"), ("XSP", 650.0, 5.0, "15")],
)
def test_roots_and_widths_are_those_of_the_chain(root: str, spot: float, step: float, width: str) -> None:
    strikes = tuple(np.arange(spot - 20 * step, spot + 21 * step, step).tolist())
    definition = made(ChainText(root=root, name=root, spot=spot, strikes=strikes))
    assert definition["Structure"]["Expirations"][0]["Roots"] == {"Include": [root]}
    assert definition["Symbol"] == root.removesuffix("P") if root == "NDXP" else root
    long_put = definition["Structure"]["Legs"][1]["StrikeSelector"]["StrikePrice"]
    assert long_put == f"leg_short_put_strike - {width}"


def test_the_sample_is_left_as_it_is_on_its_own_index() -> None:
    assert made(ChainText()) | {"Structure": None} == iron_condor() | {"Structure": None}


@pytest.mark.parametrize(("days", "dte"), [((date(2026, 3, 20),), "4"), ((date(2026, 12, 18),), "277")])
def test_a_chain_without_an_expiration_in_the_usual_range_uses_its_nearest(days: tuple[date, ...], dte: str) -> None:
    definition = made(replace(ChainText(), days=days))
    expiration = definition["Structure"]["Expirations"][0]
    assert expiration["DTE"] == dte
    assert int(expiration["Min"]) <= int(dte) <= int(expiration["Max"])
    assert definition["Exit"]["Conditions"] == [f"leg_short_put_dte < {min(21, int(dte) // 2)}"]


def test_the_replay_of_a_demonstration_need_not_have_what_was_active_before_it() -> None:
    """Who subscribes to a strategy is told of its active signal, whenever that was raised."""
    received = demo_trade._Received()
    received.numbers = {"the signal of an hour ago": 17}
    demo_trade._check_replay([], 17, received)
    received.numbers["a fill of the trade"] = 18
    with pytest.raises(StepFailedError, match="1 received events are not in the replay"):
        demo_trade._check_replay([], 17, received)
