"""REST API of tastytrade, one method per call: accounts, orders, transactions, chains, quote tokens.

```python
async with Transport(SANDBOX, credentials) as transport:
    api = RestApi(transport)
    outcome = await api.submit("5WX00000", order)
```
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from mesolive.tastytrade_client.account_messages import (
    AccountWithAuthority,
    Balance,
    BalanceAnswer,
    Position,
    TradingStatus,
    Transaction,
)
from mesolive.tastytrade_client.instrument_messages import (
    Equity,
    Future,
    FuturesChains,
    MarketQuote,
    MarketSession,
    NestedChain,
    QuoteToken,
)
from mesolive.tastytrade_client.order_messages import DryRun, NewOrder, Order, Placed
from mesolive.tastytrade_client.outcomes import Answered, Outcome
from mesolive.tastytrade_client.transport import Transport, WriteCheck, part
from mesolive.tastytrade_client.values import exchange_day

ORDERS_PER_PAGE: Final = 100
TRANSACTIONS_PER_PAGE: Final = 250
MAX_QUOTED_SYMBOLS: Final = 100
"""How many symbols one request of quotes may have."""
DAY: Final = timedelta(days=1)


class RestApi:
    """The calls of the REST API. No method raises for what the server does: each returns an outcome.

    Parameters
    ----------
    transport
        Makes the calls; its owner closes it.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    # --- accounts -----------------------------------------------------------------------------------------------------

    async def accounts(self) -> Outcome[list[AccountWithAuthority]]:
        """Return the accounts of the login."""
        return await self.transport.pages("/customers/me/accounts", AccountWithAuthority)

    async def balances(self, account: str) -> Outcome[list[Balance]]:
        """Return the balances of an account, one per currency."""
        path = f"/accounts/{part(account)}/balances"
        outcome = await self.transport.call("GET", path, BalanceAnswer)
        if not isinstance(outcome, Answered):
            return outcome
        page = outcome.value
        return Answered([page] if page.items is None else page.items, outcome.status)

    async def trading_status(self, account: str) -> Outcome[TradingStatus]:
        """Return what an account may do now."""
        return await self.transport.call("GET", f"/accounts/{part(account)}/trading-status", TradingStatus)

    async def positions(self, account: str) -> Outcome[list[Position]]:
        """Return what an account holds. Rows of direction `Zero` hold nothing."""
        return await self.transport.pages(f"/accounts/{part(account)}/positions", Position)

    async def transactions(
        self,
        account: str,
        since: datetime,
        *,
        types: Sequence[str] = (),
        symbol: str | None = None,
    ) -> Outcome[list[Transaction]]:
        """Return the history of an account from the day in New York before `since`, oldest first.

        Parameters
        ----------
        types
            Such as `Trade` and `Receive Deliver`; by default all.
        symbol
            Of one instrument; by default all.
        """
        query: dict[str, str | int | Sequence[str]] = {
            "start-date": exchange_day(since - DAY),
            "sort": "Asc",
            "per-page": TRANSACTIONS_PER_PAGE,
        }
        if types:
            query["types"] = list(types)
        if symbol is not None:
            query["symbol"] = symbol
        return await self.transport.pages(f"/accounts/{part(account)}/transactions", Transaction, query=query)

    # --- orders -------------------------------------------------------------------------------------------------------

    async def dry_run(self, account: str, order: NewOrder, *, seconds: float | None = None) -> Outcome[DryRun]:
        """Let the server check an order and estimate its margin and fees; nothing is sent to a market."""
        path = f"/accounts/{part(account)}/orders/dry-run"
        return await self.transport.call("POST", path, DryRun, body=order, seconds=seconds, is_refused_with_data=True)

    async def submit(self, account: str, order: NewOrder, check: WriteCheck | None = None) -> Outcome[Placed]:
        """Send an order once. After an unknown outcome it may be at work: search for its identifier first.

        Parameters
        ----------
        check
            See `Transport.call`.
        """
        return await self.transport.call("POST", f"/accounts/{part(account)}/orders", Placed, body=order, check=check)

    async def replace(
        self, account: str, order_id: str, order: NewOrder, check: WriteCheck | None = None
    ) -> Outcome[Order]:
        """Replace an order's price once; the answer is the new order, which has an id of its own.

        The identifier of the old order is not taken over: send one again.

        Parameters
        ----------
        check
            See `Transport.call`.
        """
        path = f"/accounts/{part(account)}/orders/{part(order_id)}"
        return await self.transport.call("PUT", path, Order, body=order, check=check)

    async def cancel(self, account: str, order_id: str) -> Outcome[Order]:
        """Request the cancel of an order; 422 where it has ended already."""
        return await self.transport.call("DELETE", f"/accounts/{part(account)}/orders/{part(order_id)}", Order)

    async def order(self, account: str, order_id: str) -> Outcome[Order]:
        """Return one order."""
        return await self.transport.call("GET", f"/accounts/{part(account)}/orders/{part(order_id)}", Order)

    async def live_orders(self, account: str) -> Outcome[list[Order]]:
        """Return all orders that are open, and those that ended within a day. Do not poll it: it may be shut off."""
        path = f"/accounts/{part(account)}/orders/live"
        return await self.transport.pages(path, Order, query={"per-page": ORDERS_PER_PAGE})

    async def search_orders(self, account: str, since: datetime) -> Outcome[list[Order]]:
        """Return the orders of an account from the day in New York before `since`, newest first."""
        query = {"start-date": exchange_day(since - DAY), "per-page": ORDERS_PER_PAGE, "sort": "Desc"}
        return await self.transport.pages(f"/accounts/{part(account)}/orders", Order, query=query)

    # --- instruments --------------------------------------------------------------------------------------------------

    async def nested_chain(self, symbol: str) -> Outcome[list[NestedChain]]:
        """Return all options on an underlying, one chain per root. Megabytes: read it once a day."""
        return await self.transport.pages(f"/option-chains/{part(symbol)}/nested", NestedChain)

    async def nested_futures_chain(self, product: str) -> Outcome[FuturesChains]:
        """Return all options on the futures of a product, such as `ES`."""
        return await self.transport.call("GET", f"/futures-option-chains/{part(product)}/nested", FuturesChains)

    async def futures(self, product: str) -> Outcome[list[Future]]:
        """Return the futures of a product that are traded."""
        return await self.transport.pages("/instruments/futures", Future, query={"product-code": [product]})

    async def equity(self, symbol: str) -> Outcome[Equity]:
        """Return a stock, fund or index."""
        return await self.transport.call("GET", f"/instruments/equities/{part(symbol)}", Equity)

    async def market_session(self) -> Outcome[list[MarketSession]]:
        """Return the present session of the stock exchanges."""
        query = {"instrument-collections": ["Equity"]}
        return await self.transport.pages("/market-time/sessions/current", MarketSession, query=query)

    async def quotes(self, *, options: Sequence[str] = (), indexes: Sequence[str] = ()) -> Outcome[list[MarketQuote]]:
        """Return quotes on request, of at most `MAX_QUOTED_SYMBOLS` symbols."""
        query = {"equity-option": list(options), "index": list(indexes)}
        path = "/market-data/by-type"
        return await self.transport.pages(path, MarketQuote, query={name: item for name, item in query.items() if item})

    async def quote_token(self) -> Outcome[QuoteToken]:
        """Return a token for the quotes; it is valid for 24 hours."""
        return await self.transport.call("GET", "/api-quote-tokens", QuoteToken)
