"""Windows of option chains: underlyings, expirations, and strikes around the money with quotes and greeks.

They show what is in the quote book and ask no provider for more: at a provider with few market data lines the strikes
that are not followed are modelled, and say so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.errors import not_found, unavailable, validation
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import Expiration, Right
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.market.view import ChainSlice
from mesolive_sdk import models

DAY = 86_400.0


class ChainWindows:
    """Answers `ListUnderlyings`, `GetExpirations` and `GetChain`."""

    def __init__(self, market: Market) -> None:
        self._market = market

    async def underlyings(self, user: UserContext, args: models.ListUnderlyingsArgs) -> models.ListUnderlyingsResult:
        """Return the underlyings of all providers, or of one; `ProviderUnavailable` for one that is not there."""
        del user
        if args.DataProvider is not None and args.DataProvider not in self._market.providers:
            raise unavailable(
                f"this server has no {args.DataProvider.name} provider",
                args.DataProvider.name,
                code="ProviderUnavailable",
            )
        infos: list[models.UnderlyingInfo] = []
        for kind, provider in self._market.providers.items():
            if args.DataProvider is not None and kind is not args.DataProvider:
                continue
            for symbol in provider.books:
                view = self._market.view(symbol, kind)
                quote = view.underlying.quote
                infos.append(
                    models.UnderlyingInfo(
                        Underlying=self._market.to_live_underlying(symbol, kind),
                        DataProvider=kind,
                        Preferred=self._market.serving(symbol).name is kind,
                        Bid=_decimal(quote.bid, 6),
                        Ask=_decimal(quote.ask, 6),
                        Last=_decimal(quote.last, 6),
                        Mark=_decimal(quote.mark, 6),
                        ReceivedAt=view.last_received_at,
                        Stale=view.stale,
                    )
                )
        infos.sort(key=lambda item: (item.Underlying.Symbol, item.DataProvider.value))
        return models.ListUnderlyingsResult(Underlyings=infos)

    async def expirations(self, user: UserContext, args: models.GetExpirationsArgs) -> models.GetExpirationsResult:
        """Return the expirations of an underlying; `NotFound` where there are no quotes of it."""
        del user
        view = self._view(args.Symbol, args.DataProvider)
        return models.GetExpirationsResult(
            At=view.now, Expirations=[_expiration(view, expiration) for expiration in view.expirations]
        )

    async def window(self, user: UserContext, args: models.GetChainArgs) -> models.GetChainResult:
        """Return the strikes of one expiration that are nearest to a price.

        Raises
        ------
        ServiceError
            `ValidationError` for a day or a price that is none; `NotFound` for an underlying, an expiration or a
            trading class that is not there.
        """
        del user
        try:
            day = date.fromisoformat(args.Day)
        except ValueError:
            raise validation({"Day": [f"expected a date as YYYY-MM-DD, got {args.Day[:20]!r}"]}) from None
        if args.Center is not None and not (args.Center.is_finite() and args.Center > 0):
            raise validation({"Center": [f"expected a price above 0, got {args.Center}"]})
        view = self._view(args.Symbol, args.DataProvider)
        fitting = [
            expiration
            for expiration in view.expirations
            if expiration.day == day and args.Root in (None, expiration.root)
        ]
        if not fitting:
            what = args.Symbol if args.Root is None else args.Root
            raise not_found(f"expiration {args.Day} of {what[:40]!r}")
        expiration = fitting[0]
        sides = {right: view.slice(expiration.root, day, right) for right in (Right.CALL, Right.PUT)}
        strikes = sorted({strike for side in sides.values() if side is not None for strike in _strikes(side)})
        spot = view.underlying.quote.mark
        center = float(args.Center) if args.Center is not None else (view.forward(expiration) or spot)
        shown = strikes if center is None else sorted(strikes, key=lambda each: abs(float(each) - center))
        shown = sorted(shown[: args.Strikes])
        return models.GetChainResult(
            At=view.now,
            Expiration=_expiration(view, expiration),
            Multiplier=expiration.multiplier,
            Spot=_decimal(spot, 6),
            Stale=view.stale,
            Listed=len(strikes),
            Rows=[
                models.ChainRow(
                    Strike=strike,
                    Call=_quote(sides[Right.CALL], strike, expiration),
                    Put=_quote(sides[Right.PUT], strike, expiration),
                )
                for strike in shown
            ],
        )

    def _view(self, symbol: str, provider: models.DataProviderType | None) -> BookView:
        try:
            return self._market.view(symbol, provider)
        except (UnknownUnderlyingError, UnknownProviderError):
            raise not_found(f"underlying {symbol[:40]!r}") from None


def _strikes(side: ChainSlice) -> Sequence[Decimal]:
    return [side.contract(index).strike for index in range(len(side.strikes))]


def _expiration(view: BookView, expiration: Expiration) -> models.ChainExpiration:
    return models.ChainExpiration(
        Root=expiration.root,
        Day=expiration.day.isoformat(),
        Expiration=expiration.settles_at,
        Settlement=expiration.settlement.value,
        DTE=Decimal(str(round((expiration.settles_at - view.now).total_seconds() / DAY, 4))),
        Forward=_decimal(view.forward(expiration), 4),
    )


def _quote(side: ChainSlice | None, strike: Decimal, expiration: Expiration) -> models.ChainQuote | None:
    """Return the option of a strike; greeks of one contract, as the streams of contracts have them."""
    index = None if side is None else side.index_of(strike)
    if side is None or index is None:
        return None
    scale = float(expiration.multiplier)
    return models.ChainQuote(
        Bid=_decimal(side.bid.item(index), 6),
        Ask=_decimal(side.ask.item(index), 6),
        Last=_decimal(side.last.item(index), 6),
        Mark=_decimal(side.mark.item(index), 6),
        IV=_decimal(100 * side.iv.item(index), 4),
        Delta=_decimal(scale * side.delta.item(index), 6),
        Gamma=_decimal(scale * side.gamma.item(index), 8),
        Theta=_decimal(scale * side.theta.item(index), 6),
        Vega=_decimal(scale * side.vega.item(index), 6),
        Quality=QuoteQuality(side.quality.item(index)).name.capitalize(),
    )


def _decimal(value: float | None, digits: int) -> Decimal | None:
    if value is None or not math.isfinite(value):
        return None
    return Decimal(str(round(value, digits)))
