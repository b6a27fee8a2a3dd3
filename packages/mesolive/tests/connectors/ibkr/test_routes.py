"""Routes of orders to IB: SMART, or the exchange that the settings name, which modifications keep."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.connectors.ibkr.order_entry import EntryRules
from mesolive.venues.base import Accepted
from mesolive_testkit.ibkr_bench import IbkrBench, opened

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
TO_CBOE = EntryRules(routes={"SPX": "CBOE"})


def routes_of(bench: IbkrBench) -> list[tuple[str, set[str]]]:
    """Return the exchange of each order at the double, and those of its legs."""
    return [(order.exchange, {leg.exchange for leg in order.legs}) for order in bench.double.state.orders]


@pytest.mark.parametrize(
    ("rules", "route"),
    [(EntryRules(), "SMART"), (TO_CBOE, "CBOE"), (EntryRules(routes={"SPY": "CBOE"}), "SMART")],
)
async def test_a_combo_goes_with_its_legs_where_the_settings_send_its_underlying(
    rules: EntryRules, route: str, tmp_path: Path
) -> None:
    async with opened(tmp_path, START, rules) as bench, bench.venue.session():
        assert isinstance(await bench.venue.submit(bench.resting()), Accepted)
        assert routes_of(bench) == [(route, {route})]


async def test_a_modification_keeps_the_route_of_its_order_when_the_settings_have_changed(tmp_path: Path) -> None:
    async with opened(tmp_path, START, TO_CBOE) as bench:
        order = bench.resting()
        async with bench.venue.session():
            assert isinstance(await bench.venue.submit(order), Accepted)
        await bench.close_venue()
        bench.rules = EntryRules()
        await bench.open_venue()
        async with bench.venue.session():
            answer = await bench.venue.replace(order.reference, Decimal(0), bench.resting())
            assert isinstance(answer, Accepted), answer
            assert isinstance(await bench.venue.submit(bench.resting()), Accepted)
        assert [route for route, _ in routes_of(bench)] == ["CBOE", "SMART"]
