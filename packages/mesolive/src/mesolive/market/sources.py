"""Registry of market data sources: builds each kind of provider, and its clock, from settings.

A new kind of provider is added by its module in `providers` and one line in `SOURCES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from mesolive.clock import Clock, ScaledClock
from mesolive.market.calendar import us_options_calendar
from mesolive.market.provider import Provider
from mesolive.market.providers.simulated.models import default_start
from mesolive.market.providers.simulated.provider import SimulatedProvider

log = structlog.get_logger(__name__)

GENERATED_SYMBOLS: Final = ("SPX", "ES", "MES")
"""Underlyings of which whole chains can be generated, the default first."""

LIFE_OF_AN_EXPORT: Final = timedelta(days=30)
"""For how long a market made of a chain export goes on over restarts: it lists nothing new, and its options expire."""


class SourceError(ValueError):
    """A market data source cannot be built from its settings; the text gives the reason in one line."""


class SourceRequest(Struct, frozen=True):
    """What a source is made from.

    Attributes
    ----------
    path
        A file or folder: a chain export to set in motion, or a recording. `None` for none.
    start
        Market time at which to begin; `None` for the source's own beginning.
    speed
        Market seconds per real second.
    seed
        Of what is random in the source.
    not_before
        How far market time has come already, in a run before; `None` for the first.
    resumed
        Whether that run was of this same market: then its time goes on exactly where it was.
    symbol
        Underlying of a generated market: one of `GENERATED_SYMBOLS`.
    """

    path: Path | None = None
    start: datetime | None = None
    speed: float = 1.0
    seed: int = 1
    not_before: datetime | None = None
    resumed: bool = False
    symbol: str = "SPX"


class Source(Struct, frozen=True):
    """A provider and the clock that the whole server then runs on.

    Attributes
    ----------
    notes
        Anomalies in its data file, a line each.
    """

    provider: Provider
    clock: Clock
    notes: Sequence[str] = ()


def open_source(kind: str, request: SourceRequest) -> Source:
    """Return the source of a kind.

    Parameters
    ----------
    kind
        A key of `SOURCES`.
    request
        What to make it from.

    Raises
    ------
    SourceError
        When there is no such kind, or the request cannot be met.
    """
    opener = SOURCES.get(kind)
    if opener is None:
        raise SourceError(f"there is no market {kind!r}; there are: {', '.join(SOURCES)}")
    try:
        return opener(request)
    except OSError as error:
        raise SourceError(f"{request.path} cannot be read: {error.strerror or error}") from None


def _simulated(request: SourceRequest) -> Source:
    calendar = us_options_calendar()
    if request.path is None:
        start = request.start or default_start(datetime.now(UTC), calendar)
        reached = _go_on(request, start, None)
        # What another market reached may be an evening: this one begins with the next session then.
        begins = start if reached == start else default_start(reached, calendar)
        clock = _clock(request, reached if request.resumed else begins)
        if request.symbol == GENERATED_SYMBOLS[0]:
            return Source(SimulatedProvider.generated(clock, seed=request.seed, calendar=calendar), clock)
        if request.symbol not in GENERATED_SYMBOLS:
            raise SourceError(
                f"expected one of the symbols {', '.join(GENERATED_SYMBOLS)}, got {request.symbol!r}; a market of "
                "another underlying is made from a chain file"
            )
        return Source(SimulatedProvider.futures(clock, request.symbol, seed=request.seed, calendar=calendar), clock)
    # Imported where it is used: a generated market, and a server on the wall clock, start without it.
    from mesolive.market.providers.chain_files import ChainFileError, read_chain_file  # noqa: PLC0415 - see above

    try:
        file = read_chain_file(request.path)
    except ChainFileError as error:
        raise SourceError(f"{request.path.name} cannot be used: {error}") from None
    export = file.exports[0]
    clock = _clock(request, _go_on(request, export.exported_at, export.exported_at + LIFE_OF_AN_EXPORT))
    provider = SimulatedProvider.from_export(export, clock, seed=request.seed, calendar=calendar)
    return Source(provider, clock, file.notes)


def _recorded(request: SourceRequest) -> Source:
    if request.path is None:
        raise SourceError("a recorded market needs the recording to replay")
    # Imported where they are used, as above.
    from mesolive.market.providers.recorded.clock import ReplayClock  # noqa: PLC0415 - see above
    from mesolive.market.providers.recorded.provider import RecordedProvider, begins_at, ends_at  # noqa: PLC0415 - see above
    from mesolive.market.providers.recorded.recordings import RecordingError, open_recordings  # noqa: PLC0415 - see above

    calendar = us_options_calendar()
    try:
        recordings = open_recordings(request.path, calendar)
    except RecordingError as error:
        raise SourceError(str(error)) from None
    end = ends_at(recordings)
    start = _go_on(request, begins_at(recordings), end)
    try:
        clock = ReplayClock(start, request.speed)
    except ValueError as error:
        raise SourceError(str(error)) from None
    provider = RecordedProvider(recordings, clock, calendar)
    if start > end:
        raise SourceError(f"{request.path.name} ends at {end:%Y-%m-%d %H:%M} UTC, before the start")
    return Source(provider, clock, [note for recording in recordings for note in recording.notes])


def _go_on(request: SourceRequest, beginning: datetime, until: datetime | None) -> datetime:
    """Return the start of market time: the requested one, but not before market time already reached.

    What it has come to counts only up to `until`: what lies behind was another market's time.
    """
    start, reached = request.start or beginning, request.not_before
    if request.resumed and reached is not None and (until is None or reached <= until):
        log.info("market_time_resumed", since=reached.isoformat())
        return reached
    if reached is None or reached <= start:
        return start
    if until is None or reached <= until:
        write = log.info if request.start is None else log.warning  # the requested start is not used
        write("market_time_resumed", since=reached.isoformat())
        return reached
    log.warning("market_time_went_back", to=start.isoformat(), stored_until=reached.isoformat())
    return start


def _clock(request: SourceRequest, start: datetime) -> ScaledClock:
    try:
        return ScaledClock(start, request.speed)
    except ValueError as error:
        raise SourceError(str(error)) from None


SOURCES: Final[Mapping[str, Callable[[SourceRequest], Source]]] = {
    "simulated": _simulated,
    "recorded": _recorded,
}
