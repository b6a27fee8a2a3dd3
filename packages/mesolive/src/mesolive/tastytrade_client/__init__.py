"""Client of tastytrade: REST API with certain and uncertain outcomes, account stream, DXLink quotes.

Usable alone: it knows nothing of the server around it, and needs `httpx`, `msgspec` and `websockets`.

```python
credentials = Credentials(client_secret=Hidden(secret), refresh_token=Hidden(token))
async with Transport(SANDBOX, credentials) as transport:
    api = RestApi(transport)
    match await api.submit("5WX00000", order):
        case Answered(placed): ...    # it is at work: placed.order.id
        case Refused() as refusal: ...    # nothing exists there
        case Unknown(): ...    # search_orders, and look for the identifier
    stream = AccountStream(SANDBOX.account_stream, transport.tokens)
    async with stream.connected(["5WX00000"]) as notes:
        async for note in notes: ...
```

`quote_feed.QuoteFeed` keeps the quotes of any number of symbols.
"""

from mesolive.tastytrade_client.account_messages import (
    Account,
    AccountWithAuthority,
    Balance,
    Position,
    TradingStatus,
    Transaction,
)
from mesolive.tastytrade_client.account_stream import (
    AccountStream,
    Notification,
    Other,
    StreamConfig,
    StreamLostError,
    Unreadable,
)
from mesolive.tastytrade_client.api import RestApi
from mesolive.tastytrade_client.config import (
    PRODUCTION,
    SANDBOX,
    SOURCE,
    ClientConfig,
    Credentials,
    Endpoints,
    Hidden,
)
from mesolive.tastytrade_client.dxlink import DxLinkConfig, DxLinkConnection, DxLinkLostError
from mesolive.tastytrade_client.dxlink_events import EventTable, EventTables, number
from mesolive.tastytrade_client.instrument_messages import (
    Future,
    FuturesChains,
    NestedChain,
    NestedExpiration,
    NestedFutureChain,
    NestedFutureExpiration,
    NestedStrike,
    QuoteToken,
)
from mesolive.tastytrade_client.oauth import LoginRefusedError, TokenSource
from mesolive.tastytrade_client.order_messages import (
    EQUITY_OPTION,
    FUTURE_OPTION,
    OPTIONS,
    STRICT_POSITION_EFFECTS,
    DryRun,
    Fill,
    NewLeg,
    NewOrder,
    Order,
    OrderLeg,
    Placed,
)
from mesolive.tastytrade_client.outcomes import (
    Answered,
    CallFailedError,
    ErrorItem,
    Outcome,
    Refused,
    Unknown,
    value_of,
)
from mesolive.tastytrade_client.quote_feed import FeedConfig, FeedState, QuoteFeed
from mesolive.tastytrade_client.transport import Transport
from mesolive.tastytrade_client.values import moment, price_text, signed

__all__ = [
    "PRODUCTION",
    "SANDBOX",
    "SOURCE",
    "ClientConfig",
    "Credentials",
    "Endpoints",
    "Hidden",
    "Answered",
    "CallFailedError",
    "ErrorItem",
    "Outcome",
    "Refused",
    "Unknown",
    "value_of",
    "RestApi",
    "Transport",
    "LoginRefusedError",
    "TokenSource",
    "AccountStream",
    "Notification",
    "Other",
    "StreamConfig",
    "StreamLostError",
    "Unreadable",
    "DxLinkConfig",
    "DxLinkConnection",
    "DxLinkLostError",
    "EventTable",
    "EventTables",
    "number",
    "FeedConfig",
    "FeedState",
    "QuoteFeed",
    "Account",
    "AccountWithAuthority",
    "Balance",
    "Position",
    "TradingStatus",
    "Transaction",
    "EQUITY_OPTION",
    "FUTURE_OPTION",
    "OPTIONS",
    "STRICT_POSITION_EFFECTS",
    "DryRun",
    "Fill",
    "NewLeg",
    "NewOrder",
    "Order",
    "OrderLeg",
    "Placed",
    "Future",
    "FuturesChains",
    "NestedChain",
    "NestedFutureChain",
    "NestedFutureExpiration",
    "NestedExpiration",
    "NestedStrike",
    "QuoteToken",
    "moment",
    "price_text",
    "signed",
]
