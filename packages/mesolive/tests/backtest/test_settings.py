"""The definition's own simulation settings: each is read, or named as not used, or refused with its field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from mesolive.backtest.fills import FillModel
from mesolive.backtest.settings import SettingsFieldError, SimulationSettings, simulation_settings
from mesolive.language import parse_definition
from mesolive_testkit.signals import Json, short_put


def read(**sections: object) -> SimulationSettings:
    return simulation_settings(parse_definition(short_put(**sections)).source)


def test_all_settings_are_read() -> None:
    result = read(
        Backtest={"Name": "run 1", "Start": "2024-01-02T09:30:00", "End": "2024-02-01T16:00:00", "Cash": "25000.00"},
        Settings={
            "Sim": {
                "FillModel": "AtBidAsk",
                "SlippageAmt": 0.05,
                "Commission": {"CommissionModel": "FixedFee", "OptionFee": "1.25"},
            }
        },
    )
    assert result == SimulationSettings(
        name="run 1",
        start=date(2024, 1, 2),
        end=date(2024, 2, 1),
        cash=Decimal(25000),
        fill_model=FillModel.AT_BID_ASK,
        slippage=Decimal("0.05"),
        commission=Decimal("1.25"),
    )


def test_a_version_2_definition_has_the_same_settings() -> None:
    raw: Json = short_put(
        Start="2021-01-01T00:00:00", End="2021-12-31T00:00:00", Cash=10000, SimSettings={"FillModel": "AtMidPrice"}
    )
    del raw["MesoSimVersion"]
    parsed = simulation_settings(parse_definition(raw).source)
    assert (parsed.start, parsed.end, parsed.cash) == (date(2021, 1, 1), date(2021, 12, 31), Decimal(10000))
    assert parsed.fill_model is FillModel.AT_MID_PRICE


def test_nothing_written_is_nothing_read() -> None:
    assert read() == SimulationSettings()
    assert read(Backtest={"Name": "generate"}, Settings={"Sim": None}) == SimulationSettings()


def test_unused_settings_are_named_with_the_reason() -> None:
    result = read(
        Backtest={"Speed": 3},
        Settings={"Sim": {"Commission": {"CommissionModel": "Deribit"}, "PositionMonitor": {}, "Other": 1}},
    )
    assert [field for field, _ in result.unused] == [
        "Settings.Sim.Commission.CommissionModel",
        "Backtest.Speed",
        "Settings.Sim.PositionMonitor",
        "Settings.Sim.Other",
    ]
    assert "'Deribit' is not supported" in result.unused[0][1]


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"Backtest": {"Cash": "much"}}, "Backtest.Cash: expected an amount of 0 or more, got 'much'"),
        ({"Backtest": {"Cash": -1}}, "Backtest.Cash"),
        ({"Backtest": {"Start": "soon"}}, "Backtest.Start: expected a time such as"),
        ({"Backtest": []}, "Backtest: expected an object"),
        (
            {"Settings": {"Sim": {"FillModel": "AtOnce"}}},
            "Settings.Sim.FillModel: expected one of AtMidPrice, AtBidAsk",
        ),
        ({"Settings": {"Sim": {"SlippageAmt": "Infinity"}}}, "Settings.Sim.SlippageAmt"),
        ({"Settings": {"Sim": {"Commission": 3}}}, "Settings.Sim.Commission: expected an object"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_its_field(sections: Json, message: str) -> None:
    with pytest.raises(SettingsFieldError, match=message):
        read(**sections)
