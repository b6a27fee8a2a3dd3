"""Market data of `mesolive replay`: a simulated or recorded provider, and the first and last moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import typer

from mesolive.backtest.runner import StepClock
from mesolive.backtest.settings import SimulationSettings
from mesolive.cli.output import Console, print_oddities
from mesolive.market.calendar import FIRST_DAY, LAST_DAY, ExchangeCalendar
from mesolive.market.provider import Provider
from mesolive.market.providers.chain_files import ChainFileError, read_chain_file
from mesolive.market.providers.recorded.provider import RecordedProvider, begins_at
from mesolive.market.providers.recorded.recordings import ExportRecording, RecordingError, open_recordings
from mesolive.market.providers.simulated.provider import Hours, SimulatedProvider
from mesolive.market.sources import GENERATED_SYMBOLS
from mesolive.market.trading_hours import trading_hours

MAX_DAYS: Final = 400
"""The maximum number of calendar days in one replay of a simulated market."""

SIMULATED_STEP: Final = timedelta(seconds=5)
"""Between two moves of the simulated market, whatever `--every` is: one market for every grid."""


@dataclass(frozen=True, slots=True)
class ReplayMarket:
    """The market of a replay: a provider on its clock, and the first and the last moment.

    Attributes
    ----------
    title
        Names it in one line.
    unused
        Fields of the definition that it does not use, each with the reason.
    days
        The exchange-local dates that it has; `None` for all.
    once_a_day
        Whether it has one chain a day, shortly before the close.
    """

    provider: Provider
    clock: StepClock
    begin: datetime
    end: datetime
    title: str
    unused: tuple[tuple[str, str], ...] = ()
    days: frozenset[date] | None = None
    once_a_day: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """The days that were asked for on the command line; `None` where nothing was."""

    first: date | None
    last: date | None

    @classmethod
    def of(cls, first: str | None, last: str | None) -> Days:
        """Read `--from` and `--to`."""
        return cls(_day("--from", first), _day("--to", last))


def recorded_market(path: Path, calendar: ExchangeCalendar, days: Days, settings: SimulationSettings) -> ReplayMarket:
    """Open a recording; the definition's own days count where the recording has some of them.

    Raises
    ------
    typer.BadParameter
        When it cannot be read, or has nothing in the days that were asked for.
    """
    try:
        recordings = open_recordings(path, calendar, into_session=True)
    except (RecordingError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--recording") from None
    for recording in recordings:
        if not recording.has_underlying:
            symbol = recording.listing.underlying.symbol
            raise typer.BadParameter(
                f"{path.name} has options on {symbol} without the price of {symbol}: "
                "its minute bars (trades or quotes) of the same days are needed",
                param_hint="--recording",
            )
    print_oddities(
        (note for recording in recordings for note in recording.notes), Console(stderr=True, highlight=False)
    )
    clock = StepClock(begins_at(recordings))
    provider = RecordedProvider(recordings, clock, calendar)
    recorded = (calendar.local(clock.now()).date(), calendar.local(provider.ends_at).date())
    unused: list[tuple[str, str]] = []
    own = (settings.start or recorded[0], settings.end or recorded[1])
    if own[0] > recorded[1] or own[1] < recorded[0]:
        have = f"the recording has {recorded[0]} to {recorded[1]}"
        unused += [("Backtest.Start", have)] if settings.start is not None else []
        unused += [("Backtest.End", have)] if settings.end is not None else []
        own = recorded
    first, last = days.first or own[0], days.last or own[1]
    _check_order(first, last)
    begin = max(clock.now(), _opening(calendar, max(first, recorded[0])))
    end = _closing(calendar, min(last, recorded[1]))
    if end < begin or not any(first <= day <= last for day in provider.days):
        raise typer.BadParameter(
            f"no trading day from {first} to {last} is recorded: the recording has {recorded[0]} to {recorded[1]}"
        )
    if begin > clock.now():  # A market that starts later starts with the quotes known at that time.
        clock = StepClock(begin)
        provider = RecordedProvider(recordings, clock, calendar)
    once_a_day = any(isinstance(recording, ExportRecording) and recording.end_of_day for recording in recordings)
    if once_a_day:
        unused.append(("Schedule", "the recording has one chain a day: it is evaluated five minutes before each close"))
    number = sum(first <= day <= last for day in provider.days)
    title = f"recorded: {path.name}, {number} {'day' if number == 1 else 'days'}"
    return ReplayMarket(provider, clock, begin, end, title, tuple(unused), frozenset(provider.days), once_a_day)


def simulated_market(
    chain: Path | None,
    calendar: ExchangeCalendar,
    days: Days,
    settings: SimulationSettings,
    seed: int,
    symbol: str = GENERATED_SYMBOLS[0],
) -> ReplayMarket:
    """Make a simulated market; the definition's own days are used where none are given.

    Parameters
    ----------
    symbol
        Underlying of the strategy. One of `GENERATED_SYMBOLS` has its own market, futures over their 23 hours; without
        a chain any other is not in it.

    Raises
    ------
    typer.BadParameter
        When the chain export cannot be used, or the days are not there, or too many.
    """
    first, last = days.first or settings.start, days.last or settings.end
    if last is None or (first is None and chain is None):
        raise typer.BadParameter(
            "a simulated market needs --from and --to, or Backtest.Start and End in the definition"
        )
    if chain is None:
        first = first or last
        begin, end = _range(calendar, first, last)
        if symbol in GENERATED_SYMBOLS[1:]:
            return _futures(symbol, calendar, begin, end, seed)
        clock = StepClock(begin)
        provider = SimulatedProvider.generated(clock, seed=seed, step=SIMULATED_STEP, calendar=calendar)
        return ReplayMarket(provider, clock, begin, end, f"simulated, seed {seed}")
    try:
        file = read_chain_file(chain)
    except ChainFileError as error:
        raise typer.BadParameter(str(error), param_hint="--chain") from None
    print_oddities(file.notes, Console(stderr=True, highlight=False))
    export = file.exports[0]
    start = calendar.local(export.exported_at).date()
    unused: list[tuple[str, str]] = []
    if days.first is None and first is not None and first < start:
        unused.append(("Backtest.Start", f"the chain is of {start}"))
    if days.last is None and last < start:
        raise typer.BadParameter(f"the chain is of {start}, and Backtest.End is before it: give --to")
    begin, end = _range(calendar, max(first or start, start), last)
    begin = max(begin, export.exported_at)
    if end <= begin:
        raise typer.BadParameter(f"no trading day from {start} to {last}: the chain was exported after its session")
    clock = StepClock(export.exported_at)
    provider = SimulatedProvider.from_export(
        export, clock, seed=seed, step=SIMULATED_STEP, hours=Hours.SESSION, calendar=calendar
    )
    return ReplayMarket(provider, clock, begin, end, f"simulated from {chain.name}, seed {seed}", tuple(unused))


def _futures(symbol: str, calendar: ExchangeCalendar, begin: datetime, end: datetime, seed: int) -> ReplayMarket:
    """Return a market of options on futures: its days begin on the evening before."""
    hours = trading_hours(symbol, calendar)
    begin = hours.decision_sessions(hours.local_day(begin))[0][0]
    end = hours.decision_sessions(hours.local_day(end))[-1][1]
    clock = StepClock(begin)
    provider = SimulatedProvider.futures(clock, symbol, seed=seed, step=SIMULATED_STEP, calendar=calendar)
    return ReplayMarket(provider, clock, begin, end, f"simulated {symbol} futures, seed {seed}")


def _range(calendar: ExchangeCalendar, first: date, last: date) -> tuple[datetime, datetime]:
    _check_order(first, last)
    begin, end = _opening(calendar, first), _closing(calendar, last)
    if end < begin:
        raise typer.BadParameter(f"no trading day in the range from {first} to {last}")
    if (last - first).days > MAX_DAYS:
        raise typer.BadParameter(f"expected at most {MAX_DAYS} days, got {(last - first).days} from {first} to {last}")
    return begin, end


def _check_order(first: date, last: date) -> None:
    if last < first:
        raise typer.BadParameter(f"expected --to on or after --from, got {first} to {last}")


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a day such as 2026-01-05, got {text!r}", param_hint=option) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise typer.BadParameter(f"expected a day from {FIRST_DAY} to {LAST_DAY}, got {day}", param_hint=option)
    return day


def _opening(calendar: ExchangeCalendar, day: date) -> datetime:
    """Return the opening of a day, or of the next that has a session."""
    session = calendar.session(day) or calendar.session(calendar.next_trading_day(day))
    assert session is not None  # noqa: S101 - a trading day has one
    return session[0]


def _closing(calendar: ExchangeCalendar, day: date) -> datetime:
    """Return the close of a day, or of the last before it that had a session."""
    session = calendar.session(day) or calendar.session(calendar.previous_trading_day(day))
    assert session is not None  # noqa: S101 - a trading day has one
    return session[1]
