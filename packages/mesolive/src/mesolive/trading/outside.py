"""Values that a strategy reads from outside of the chain: its external data, and its indicators over daily closes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import tzinfo

from mesolive.errors import unavailable
from mesolive.language.definition import StrategyDefinition
from mesolive.language.external_data import ExternalDataError, ExternalTable, parse_csv
from mesolive.language.indicators import IndicatorError, indicator_values
from mesolive.market.chain_view import BookView
from mesolive.market.external import ExternalSource, FetchError, FetchRules
from mesolive.market.service import Market
from mesolive_sdk.models import DataProviderType

NOTHING: Mapping[str, float] = {}


class OutsideValues:
    """Fetches external data and computes indicators, off the evaluation path.

    Parameters
    ----------
    market
        Whose daily closes the indicators are computed over.
    zone
        The exchange's time zone: dates of external data are local to it.
    rules
        Where external data may come from.
    """

    def __init__(self, market: Market, zone: tzinfo, rules: FetchRules | None = None) -> None:
        self._market = market

        def decode(content: bytes) -> ExternalTable:
            return parse_csv(content, zone)

        self._tables = ExternalSource(decode, rules)

    async def get(
        self, definition: StrategyDefinition, view: BookView, provider: DataProviderType | None
    ) -> Mapping[str, float]:
        """Return the values by variable name as they were known at the view's moment.

        Raises
        ------
        ServiceError
            `ProviderUnavailable` when the data cannot be fetched or read, is older than five days, or an indicator
            cannot be computed: a condition on a value that is not there is not false, it is unknown.
        """
        if definition.csv_url is None and not definition.indicators:
            return NOTHING
        try:
            values: dict[str, float] = {}
            if definition.csv_url is not None:
                values |= (await self._tables.get(definition.csv_url)).values(view.now)
            if definition.indicators:
                symbol = view.underlying.underlying.symbol
                history = self._market.book(symbol, provider).history
                today = view.calendar.local(view.now).date()
                closes = [day.close for day in history.days if day.day < today and day.close is not None]
                values |= await asyncio.to_thread(indicator_values, definition, closes)
        except (FetchError, ExternalDataError, IndicatorError, TimeoutError) as error:
            raise unavailable(f"external data: {error or 'it took too long to fetch'}") from error
        return values
