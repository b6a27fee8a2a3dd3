"""Pre-trade check of trading hours: refuses an order outside of the session of its option class.

One rule for all venues, by the table of contract specifications. Venues look again right before they write: a session
may end in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from mesolive.market.calendar import NEW_YORK, us_options_calendar
from mesolive.market.service import Market
from mesolive.trading.execution.risk_limits import Limits, RefusedError
from mesolive.trading.portfolio.accounts import Account
from mesolive.venues.base import VenueLeg

STYLE: Final = "%A %Y-%m-%d %H:%M"


def check_hours(market: Market, account: Account, legs: Sequence[VenueLeg], limits: Limits, now: datetime) -> None:
    """Refuse an order while one of its classes takes none, unless the account lets its orders wait.

    Parameters
    ----------
    market
        Whose quotes value the account has the hours and the market time.
    now
        The server's time, which counts where the underlying is not quoted.

    Raises
    ------
    RefusedError
        Naming the class, its hours and the next session.
    """
    if limits.queue_orders:
        return
    moment = market.now_of(account.provider, legs[0].contract.underlying, now)
    for root, symbol in {leg.contract.root: leg.contract.underlying for leg in legs}.items():
        hours = market.hours(symbol, account.provider, us_options_calendar())
        if hours.takes_orders(moment, night=account.night_sessions):
            continue
        opening, close = (
            at.astimezone(NEW_YORK) for at in hours.next_order_session(moment, night=account.night_sessions)
        )
        raise RefusedError(
            "OutsideTradingHours",
            f"orders in {root} are taken from {opening:%H:%M} to {close:%H:%M} New York, next from {opening:{STYLE}}, "
            f"and it is {moment.astimezone(NEW_YORK):{STYLE}}; nothing was sent; "
            "`mesolive account limits --queue-orders` lets orders of the account wait for the session",
        )
