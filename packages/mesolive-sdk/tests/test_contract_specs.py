"""Contract specifications: what a symbol is, and that the table is whole."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mesolive_sdk.contract_specs import contract_specs, live_underlying, underlying_type
from mesolive_sdk.models import MesoContractType


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("SPX", MesoContractType.Index),
        ("XSP", MesoContractType.Index),
        ("NDX", MesoContractType.Index),
        ("RUT", MesoContractType.Index),
        ("VIX", MesoContractType.Index),
        ("NQX", MesoContractType.Index),
        ("SPY", MesoContractType.Stock),
        ("QQQ", MesoContractType.Stock),
        ("IWM", MesoContractType.Stock),
        ("AAPL", MesoContractType.Stock),
        ("ES", MesoContractType.Futures),
        ("MES", MesoContractType.Futures),
    ],
)
def test_a_request_names_an_underlying_with_the_type_that_its_symbol_has(symbol: str, kind: MesoContractType) -> None:
    assert underlying_type(symbol) is kind
    asked = live_underlying(symbol)
    assert (asked.Symbol, asked.ContractType, asked.Currency) == (symbol, kind, "USD")


def test_every_underlying_has_its_ticks_its_hours_and_a_source() -> None:
    specs = contract_specs()
    roots: list[str] = []
    for symbol, spec in specs.underlyings.items():
        assert spec.source.startswith("http"), symbol
        assert spec.hours in specs.hours, symbol
        for terms in spec.classes:
            assert terms.tick in specs.ticks, symbol
            assert terms.roots, symbol
            roots += terms.roots
    assert len(roots) == len(set(roots)), "a root belongs to one class"
    assert all(hours.source.startswith("http") for hours in specs.hours.values())
    for name, table in specs.ticks.items():
        bounds = [bound for bound, _ in table.steps]
        assert bounds[0] == 0, name
        assert bounds == sorted(bounds), name
        assert all(step > 0 and step % Decimal("0.01") == 0 for _, step in table.steps), name


def test_what_is_not_in_the_table_has_options_on_a_hundred_shares() -> None:
    spec = contract_specs().underlying("F")
    (terms,) = spec.classes
    assert (terms.roots, terms.style, terms.settlement, terms.multiplier, terms.delivers) == (
        ("F",),
        "American",
        "PM",
        100,
        "shares",
    )
