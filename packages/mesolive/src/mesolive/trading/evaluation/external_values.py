"""External values of strategies: fetched external data, and indicators over daily closes."""

from __future__ import annotations

import asyncio
from datetime import datetime, tzinfo

from mesolive.language.definition import StrategyDefinition
from mesolive.language.external import ExternalValues
from mesolive.language.external_data import ExternalDataError, ExternalTable, parse_csv
from mesolive.language.indicators import IndicatorError, indicator_values, outputs
from mesolive.market.chain_view import BookView
from mesolive.market.service import Market
from mesolive.trading.evaluation.external_fetch import ExternalSource, FetchError
from mesolive.trading.evaluation.fetch_rules import FetchRules
from mesolive_sdk.models import DataProviderType

NOTHING = ExternalValues()


class ExternalDataReader:
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

    def close(self) -> None:
        """Stop: no further fetch is started."""
        self._tables.close()

    async def get(
        self, definition: StrategyDefinition, view: BookView, provider: DataProviderType | None
    ) -> ExternalValues:
        """Return the values by variable name as they were known at the view's moment.

        What cannot be fetched or read, is older than five days, or cannot be computed, is left out with the reason:
        the statements that read it fail, and no others.
        """
        if definition.csv_url is None and not definition.indicators:
            return NOTHING
        result: dict[str, float] = {}
        missing: dict[str, str] = {}
        unread: str | None = None
        if definition.csv_url is not None:
            try:
                result |= await self._table_values(definition.csv_url, view.now)
            except (FetchError, ExternalDataError, TimeoutError) as error:
                unread = f"external data: {error or 'it took too long to fetch'}"
        if definition.indicators:
            try:
                result |= await self._indicators(definition, view, provider)
            except IndicatorError as error:
                missing = {name: str(error) for indicator in definition.indicators for name in outputs(indicator)}
        return ExternalValues(result, missing, unread)

    async def _table_values(self, url: str, now: datetime) -> dict[str, float]:
        return (await self._tables.get(url)).values(now)

    async def _indicators(
        self, definition: StrategyDefinition, view: BookView, provider: DataProviderType | None
    ) -> dict[str, float]:
        history = self._market.book(view.underlying.underlying.symbol, provider).history
        today = view.calendar.local(view.now).date()
        closes = [day.close for day in history.days if day.day < today and day.close is not None]
        return await asyncio.to_thread(indicator_values, definition, closes)
