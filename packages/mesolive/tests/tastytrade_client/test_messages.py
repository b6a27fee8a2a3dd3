"""Answers of tastytrade are decoded whatever fields are missing, added, or of another type."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.tastytrade_client import (
    Order,
    Placed,
    Position,
    Transaction,
    moment,
    price_text,
    signed,
)
from mesolive.tastytrade_client.answers import Envelope
from mesolive_testkit.market import SHARED_DATA, needs_shared_data
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.answer_models import LISTS, ONES

SHARED = SHARED_DATA / "tastytrade"


def decoded(data: dict[str, Any], model: type[Any]) -> Any:
    return msgspec.json.decode(json.dumps(data), type=model)


class TestOrders:
    def test_an_order_keeps_what_is_needed_of_it(self) -> None:
        order: Order = decoded(samples.order(price="4.70", external_identifier="ref-1"), Order)
        assert (order.order_id, order.external_identifier, order.signed_price) == ("1251898", "ref-1", Decimal("-4.70"))
        assert order.received == datetime(2026, 7, 27, 14, 36, 0, 310000, UTC)
        assert order.updated == datetime(2026, 7, 27, 14, 36, 0, 310000, UTC)
        assert not order.has_ended
        assert [leg.sign for leg in order.legs or ()] == [-1, 1]

    def test_quantities_come_as_numbers_as_text_and_as_fractions(self) -> None:
        for quantity in (2, "2", 2.0, "2.0"):
            order: Order = decoded(samples.order(legs=[samples.leg(samples.SHORT, "Sell to Open", quantity)]), Order)
            assert [leg.quantity for leg in order.legs or ()] == [2]

    def test_only_an_id_is_required(self) -> None:
        order: Order = decoded({"id": 5}, Order)
        assert (order.order_id, order.legs, order.has_ended, order.is_complete) == ("5", None, False, False)

    @pytest.mark.parametrize("status", ["Received", "In Flight", "Cancel Requested", "Contingent", "Teleported", ""])
    def test_a_status_that_is_no_known_end_counts_as_working(self, status: str) -> None:
        assert not decoded(samples.order(status=status), Order).has_ended

    @pytest.mark.parametrize("status", ["Filled", "Cancelled", "Canceled", "Expired", "Rejected", "Partially Removed"])
    def test_known_ends_are_ends(self, status: str) -> None:
        assert decoded(samples.order(status=status), Order).has_ended

    def test_filled_with_the_fills_of_one_leg_is_not_complete(self) -> None:
        legs = [samples.leg(samples.SHORT, "Sell to Open", 1, samples.fill(1)), samples.leg(samples.LONG)]
        order: Order = decoded(samples.order(status="Filled", legs=legs), Order)
        assert order.is_filled
        assert not order.is_complete

    @given(st.lists(st.sampled_from(sorted(samples.order())), unique=True), st.dictionaries(st.text(), st.integers()))
    def test_any_field_but_the_id_may_be_missing_and_any_may_be_added(
        self, missing: list[str], added: dict[str, int]
    ) -> None:
        data = {f"x-{name}": value for name, value in added.items()} | samples.order()
        for name in missing:
            if name != "id":
                del data[name]
        assert decoded(data, Order).order_id == "1251898"


class TestOthers:
    def test_fees_of_an_answer_are_a_cost(self) -> None:
        placed: Placed = decoded(samples.placed(samples.order())["data"], Placed)
        assert placed.fee_calculation is not None
        assert placed.fee_calculation.cost == Decimal("3.44")

    def test_positions_have_a_sign_and_rows_of_nothing_hold_nothing(self) -> None:
        for quantity, direction, expected in ((2, "Short", -2), ("2", "Long", 2), ("3.0", "Zero", 0)):
            position: Position = decoded(samples.position(quantity=quantity, direction=direction), Position)
            assert position.signed_quantity == expected

    def test_the_fees_of_a_row_are_the_sum_of_its_parts(self) -> None:
        row: Transaction = decoded(samples.transaction(), Transaction)
        assert row.fees == Decimal("3.442")
        assert row.signed_value - row.fees == row.signed_net_value

    def test_moments_are_read_in_every_spelling(self) -> None:
        expected = datetime(2026, 7, 27, 14, 36, tzinfo=UTC)
        for text in (
            "2026-07-27T14:36:00Z",
            "2026-07-27T14:36:00.000+00:00",
            "2026-07-27T10:36:00-0400",
            1785162960000,
        ):
            assert moment(text) == expected
        assert [moment(0), moment(None), moment("soon")] == [None, None, None]

    @given(st.decimals(min_value="-9999", max_value="9999", places=4))
    def test_prices_are_written_unsigned_and_read_back(self, price: Decimal) -> None:
        text = price_text(price)
        assert Decimal(text) == abs(price)
        assert "E" not in text
        assert "-" not in text

    def test_amounts_get_the_sign_of_their_effect(self) -> None:
        amount = Decimal("1.05")
        assert [signed(amount, effect) for effect in ("Credit", "Debit", "None", None)] == [
            amount,
            -amount,
            amount,
            amount,
        ]


@needs_shared_data
@pytest.mark.shared_data
class TestRecordedAnswers:
    @pytest.mark.parametrize("name", ONES)
    def test_a_recorded_answer_is_decoded(self, name: str) -> None:
        msgspec.json.decode((SHARED / f"go_{name}Resp.json").read_bytes(), type=ONES[name])

    @pytest.mark.parametrize("name", LISTS)
    def test_a_recorded_list_is_decoded(self, name: str) -> None:
        read = msgspec.json.decode((SHARED / f"go_{name}Resp.json").read_bytes(), type=LISTS[name])
        assert read.data.items

    @pytest.mark.parametrize("name", [path.stem for path in sorted(SHARED.glob("go_*.json"))])
    def test_every_recorded_answer_is_an_answer_or_an_error(self, name: str) -> None:
        content = (SHARED / f"{name}.json").read_bytes()
        read = msgspec.json.decode(content)
        assert "data" in read or "error" in read
        if "data" in read:
            msgspec.json.decode(content, type=Envelope[Any])

    def test_the_samples_of_the_tests_have_the_keys_of_the_recorded_ones(self) -> None:
        def keys(name: str) -> set[str]:
            data = json.loads((SHARED / f"go_{name}.json").read_bytes())["data"]
            return set(data["items"][0] if "items" in data else data)

        own: dict[str, Any] = samples.order()
        assert keys("getOrderResp") - {"contingent-status", "rules"} <= set(own)
        assert set(samples.transaction()) <= keys("transactionsResp")
        assert set(samples.position()) <= keys("accountPositionsResp")
        assert set(samples.balance()) <= keys("accountBalancesResp")
        assert set(samples.chain()) == keys("equityOptionChainsNestedResp")
        assert set(samples.placed(own)["data"]) == keys("orderResp")
        assert set(samples.effect()) == set(
            json.loads((SHARED / "go_orderResp.json").read_bytes())["data"]["buying-power-effect"]
        )
