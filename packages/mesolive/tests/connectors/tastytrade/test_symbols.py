"""Symbols of options: padded, streamed, and back."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.connectors.tastytrade.symbols import contract_of, order_symbol, streamer_symbol
from mesolive.market.contracts import OptionContract, Right

CONTRACTS = st.builds(
    OptionContract,
    underlying=st.just("SPX"),
    root=st.sampled_from(["SPX", "SPXW"]),
    day=st.dates(date(2020, 1, 1), date(2060, 1, 1)),
    right=st.sampled_from(Right),
    strike=st.decimals("0.001", "99999", places=3),
)


@given(CONTRACTS)
def test_a_contract_is_read_back_from_its_padded_symbol(contract: OptionContract) -> None:
    symbol = order_symbol(contract)
    assert len(symbol) == 21
    assert contract_of(symbol) == contract


@pytest.mark.parametrize(
    ("padded", "streamed"),
    [
        ("SPXW  261218P05000000", ".SPXW261218P5000"),
        ("AAPL  230616C00062500", ".AAPL230616C62.5"),
        ("SPY   261218C00712500", ".SPY261218C712.5"),
        ("F     260116C00000500", ".F260116C0.5"),
    ],
)
def test_both_symbols_are_those_of_the_broker(padded: str, streamed: str) -> None:
    contract = contract_of(padded)
    assert contract is not None
    assert order_symbol(contract) == padded
    assert streamer_symbol(contract) == streamed


@pytest.mark.parametrize("symbol", ["SPX", "/ESZ6", "./CLZ6 LOZ6  261117C70", "SPXW  261318P05000000", "", "BTC/USD"])
def test_what_is_no_option_on_a_stock_or_index_is_no_contract(symbol: str) -> None:
    assert contract_of(symbol) is None
