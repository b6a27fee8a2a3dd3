"""Fill models of a backtest: at the mark, or at bid and ask, with slippage that is always paid."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.backtest.fills import FillModel, ModelledFills
from mesolive_sdk import models
from mesolive_sdk.automation import NoPriceError
from mesolive_testkit.backtest import live_leg

PRICES = models.LivePrices(Bid=Decimal("2.00"), Ask=Decimal("2.40"), Mark=Decimal("2.20"))
CENTS = st.integers(0, 5000).map(lambda cents: Decimal(cents) / 100)


def fill(model: FillModel, qty: int, prices: models.LivePrices, slippage: str = "0") -> models.PaperLegFill:
    policy = ModelledFills(commission=Decimal(1), model=model, slippage=Decimal(slippage))
    return policy.fills({"p": live_leg(qty)}, {"p": prices})["p"]


@pytest.mark.parametrize(
    ("model", "qty", "slippage", "price"),
    [
        (FillModel.AT_MID_PRICE, 1, "0", "2.20"),
        (FillModel.AT_MID_PRICE, -1, "0", "2.20"),
        (FillModel.AT_MID_PRICE, 1, "0.05", "2.25"),
        (FillModel.AT_MID_PRICE, -1, "0.05", "2.15"),
        (FillModel.AT_BID_ASK, 1, "0", "2.40"),
        (FillModel.AT_BID_ASK, -1, "0", "2.00"),
        (FillModel.AT_BID_ASK, -1, "3", "0"),
    ],
)
def test_a_leg_is_filled_as_its_model_says(model: FillModel, qty: int, slippage: str, price: str) -> None:
    assert fill(model, qty, PRICES, slippage).Price == Decimal(price)


def test_commission_is_per_contract() -> None:
    assert fill(FillModel.AT_BID_ASK, -3, PRICES).Commission == Decimal(3)


def test_a_marker_leg_is_not_filled() -> None:
    assert ModelledFills().fills({"m": live_leg(0)}, {"m": PRICES}) == {}


def test_what_nobody_bids_for_is_sold_at_zero_and_what_nobody_offers_is_not_bought() -> None:
    worthless = models.LivePrices(Ask=Decimal("0.05"), Mark=Decimal("0.03"))
    assert fill(FillModel.AT_BID_ASK, -1, worthless).Price == 0
    for model in FillModel:
        with pytest.raises(NoPriceError, match="leg 'p' has no"):
            fill(model, 1, models.LivePrices(Bid=Decimal(1)))


@given(bid=CENTS, width=CENTS, slippage=CENTS, qty=st.sampled_from([-2, -1, 1, 2]))
def test_bid_and_ask_are_never_better_than_the_middle_and_slippage_never_helps(
    bid: Decimal, width: Decimal, slippage: Decimal, qty: int
) -> None:
    prices = models.LivePrices(Bid=bid, Ask=bid + width, Mark=bid + width / 2)
    side = 1 if qty > 0 else -1
    middle = fill(FillModel.AT_MID_PRICE, qty, prices).Price
    crossed = fill(FillModel.AT_BID_ASK, qty, prices).Price
    slipped = fill(FillModel.AT_BID_ASK, qty, prices, str(slippage)).Price
    assert side * middle <= side * crossed <= side * slipped
    assert slipped >= 0
