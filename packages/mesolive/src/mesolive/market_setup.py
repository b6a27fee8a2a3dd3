"""The market and the clock that the settings ask for: simulated, recorded, or none beside the connectors."""

from __future__ import annotations

from datetime import datetime

import structlog

from mesolive.clock import Clock, WallClock
from mesolive.market.dividends import DividendFileError, read_dividends
from mesolive.market.service import Market
from mesolive.market.sources import GENERATED_SYMBOLS, SourceError, SourceRequest, open_source
from mesolive.operations.market_clock import MarketTime
from mesolive.settings import Settings, SettingsError
from mesolive_sdk.models import DataProviderType

_log = structlog.get_logger(__name__)

LIVE = "live"
"""Stands for a market in the record of market time: the server runs on the wall clock with its connectors."""


def build_market(
    settings: Settings, not_before: datetime | None = None, noted: MarketTime | None = None
) -> tuple[Market, Clock]:
    """Return the market that the settings ask for, and the clock that it runs on.

    Parameters
    ----------
    not_before
        The last market time of the run before; market time does not start earlier.
    noted
        The market time that the run before recorded.

    Raises
    ------
    SettingsError
        When the chain file, the recording or the table of dividends cannot be used, or market time has begun elsewhere
        than at the start.
    """
    resumed = noted is not None and noted.source == source_of(settings)
    start = settings.start
    if noted is not None and start is not None:
        if start != noted.start:
            begun = "" if noted.start is None else f"; it began with --start {noted.start.isoformat()}"
            raise SettingsError(
                f"start: the market time of this database has come to {noted.reached:%Y-%m-%d %H:%M:%S} UTC{begun}. "
                "Leave --start out to go on there, or name another --database to begin anew"
            )
        start = None  # the same command line as before: its market time goes on
    request = SourceRequest(settings.chain, start, settings.speed, settings.seed, not_before, resumed, settings.symbol)
    try:
        dividends = None if settings.dividends is None else read_dividends(settings.dividends)
    except DividendFileError as error:
        raise SettingsError(f"dividends: {error}") from None
    try:
        if settings.market is None:
            clock = WallClock()
            if not_before is not None and not_before > clock.now():  # a simulation has used this database
                _log.warning("market_time_went_back", to=clock.now().isoformat(), stored_until=not_before.isoformat())
            preferred = settings.preferred_providers()
            by_symbol = {symbol: DataProviderType[name] for symbol, name in preferred.items()}
            return Market(by_symbol=by_symbol, dividends=dividends), clock
        source = open_source(settings.market, request)
    except SourceError as error:
        raise SettingsError(f"market: {error}") from None
    return Market([source.provider], notes=source.notes, dividends=dividends), source.clock


def source_of(settings: Settings) -> str:
    """Return which market the settings ask for: its kind, and the file that it is made from."""
    if settings.chain is not None:
        return f"{settings.market} {settings.chain.name}"
    if settings.market is None:
        return LIVE
    return settings.market if settings.symbol == GENERATED_SYMBOLS[0] else f"{settings.market} {settings.symbol}"
