"""The client's model of each answer that was recorded, by the sample's name: one object, or a list of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesolive.tastytrade_client import (
    AccountWithAuthority,
    DryRun,
    Future,
    NestedChain,
    Order,
    Placed,
    Position,
    QuoteToken,
    TradingStatus,
    Transaction,
)
from mesolive.tastytrade_client.account_messages import BalanceAnswer
from mesolive.tastytrade_client.answers import Envelope, Items
from mesolive.tastytrade_client.instrument_messages import Equity

ONES: Mapping[str, Any] = {
    "getOrder": Envelope[Order],
    "cancelledOrder": Envelope[Order],
    "replaceOrder": Envelope[Order],
    "patchOrder": Envelope[Order],
    "order": Envelope[Placed],
    "orderDryRun": Envelope[DryRun],
    "orderDryRunGTC": Envelope[DryRun],
    "orderECRDryRun": Envelope[DryRun],
    "orderErrorDryRun": Envelope[DryRun],
    "accountBalances": Envelope[BalanceAnswer],
    "accountTradingStatus": Envelope[TradingStatus],
    "transaction": Envelope[Transaction],
    "quoteStreamerTokens": Envelope[QuoteToken],
    "equity": Envelope[Equity],
    "future": Envelope[Future],
}
LISTS: Mapping[str, Any] = {
    "accountOrders": Envelope[Items[Order]],
    "liveOrders": Envelope[Items[Order]],
    "customerLiveOrders": Envelope[Items[Order]],
    "accountPositions": Envelope[Items[Position]],
    "transactions": Envelope[Items[Transaction]],
    "myAccounts": Envelope[Items[AccountWithAuthority]],
    "equityOptionChainsNested": Envelope[Items[NestedChain]],
    "equities": Envelope[Items[Equity]],
    "activeEquities": Envelope[Items[Equity]],
    "futures": Envelope[Items[Future]],
}
