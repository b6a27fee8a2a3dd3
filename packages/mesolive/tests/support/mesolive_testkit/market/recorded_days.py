"""Days of recorded chains and bars as vendors write them, priced by one model: every file tells of the same market."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from mesolive.pricing.black import values
from mesolive_testkit.market.files import HEADER, export_row

NEW_YORK = ZoneInfo("America/New_York")
VOLATILITY = 0.15
RATE = 0.03
OPTIONSDX_HEADER = (
    "[QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [QUOTE_TIME_HOURS], [UNDERLYING_LAST], [EXPIRE_DATE], "
    "[EXPIRE_UNIX], [DTE], [C_VOLUME], [C_LAST], [C_SIZE], [C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK], [P_SIZE], "
    "[P_LAST], [P_VOLUME]"
)


def spot(moment: datetime, level: float) -> float:
    """Return the underlying's price: a wave of one percent over four days."""
    days = (moment.timestamp() / 86400.0) % 1000.0
    return round(level * (1.0 + 0.01 * float(np.sin(days * np.pi / 2.0))), 2)


def quotes(
    moment: datetime, level: float, expires: date, strikes: Sequence[float]
) -> Iterator[tuple[float, tuple[float, float], tuple[float, float]]]:
    """Yield each strike with bid and ask of its call and of its put."""
    price = spot(moment, level)
    left = max((datetime.combine(expires, time(16), NEW_YORK) - moment) / timedelta(days=365), 0.0)
    forward, discount = price * np.exp(RATE * left), np.exp(-RATE * left)
    for strike in strikes:
        sides: list[tuple[float, float]] = []
        for is_call in (True, False):
            value = float(
                values(
                    np.array([is_call]),
                    np.array([forward]),
                    np.array([strike]),
                    np.array([left]),
                    np.array([VOLATILITY]),
                    np.array([discount]),
                )[0]
            )
            middle = round(value, 2)
            sides.append((max(round(middle - 0.05, 2), 0.0), round(middle + 0.05, 2)))
        yield strike, sides[0], sides[1]


def optionsdx(path: Path, moments: Sequence[datetime], expirations: Sequence[date], level: float = 4600.0) -> Path:
    """Write a file of OptionsDX with a chain for each moment."""
    lines = [OPTIONSDX_HEADER]
    strikes = [level + 25.0 * step for step in range(-12, 13)]
    for moment in moments:
        local = moment.astimezone(NEW_YORK)
        for expires in expirations:
            if expires < local.date():
                continue
            end = datetime.combine(expires, time(16), NEW_YORK)
            head = (
                f"{int(moment.timestamp())}, {local:%Y-%m-%d %H:%M}, {local:%Y-%m-%d}, "
                f"{local.hour + local.minute / 60}, "
                f"{spot(moment, level)}, {expires}, {int(end.timestamp())}, {(expires - local.date()).days}"
            )
            lines += [
                f"{head}, 10, {call[1]}, 5 x 5, {call[0]}, {call[1]}, {strike}, {put[0]}, {put[1]}, 5 x 5, {put[1]}, 10"
                for strike, call, put in quotes(moment, level, expires, strikes)
            ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]))
    return path


def exchange_days(
    folder: Path, moments: Sequence[datetime], expirations: Sequence[date], level: float = 4600.0
) -> Path:
    """Write a file of the exchange's chain export for each moment."""
    folder.mkdir(parents=True, exist_ok=True)
    strikes = [level + 25.0 * step for step in range(-12, 13)]
    for moment in moments:
        local = moment.astimezone(NEW_YORK)
        price = spot(moment, level)
        rows = [
            export_row("SPXW", expires, strike, call, put)
            for expires in expirations
            if expires > local.date()
            for strike, call, put in quotes(moment, level, expires, strikes)
        ]
        when = f'"Date: {local:%B %-d, %Y at %-I:%M %p} {local.tzname()}"'
        head = [
            "",
            f"S&P 500 INDEX,Last: {price},Change: 0.5",
            f"{when},Bid: {price - 0.5},Ask: {price + 0.5},Size: 1*1,Volume: 0",
            HEADER,
        ]
        (folder / f"spx_{local:%Y%m%d_%H%M}.csv").write_text("\n".join([*head, *rows, ""]))
    return folder


def bar_days(
    folder: Path,
    days: Sequence[date],
    expirations: Sequence[date],
    *,
    options: str = "spxw",
    underlying: str = "spx",
    style: str = "european",
    level: float = 4600.0,
    every: int = 30,
) -> Path:
    """Write minute bars of each day: an archive of option quotes and one of the underlying's trades."""
    strikes = [level + 25.0 * step for step in range(-8, 9)]
    for day in days:
        own = folder / "option" / options
        own.mkdir(parents=True, exist_ok=True)
        opening = datetime.combine(day, time(9, 30), NEW_YORK)
        # A bar is known when its minute is over: the last one ends with the close.
        minutes = sorted({*range(0, 390, every), *range(0, 390, 3), 389})
        trades: list[str] = []
        contracts: dict[tuple[str, float, date], list[str]] = {}
        for minute in minutes:
            moment = opening + timedelta(minutes=minute + 1)
            began = (9 * 60 + 30 + minute) * 60_000
            ticks = round(spot(moment, level) * 10_000)
            trades.append(f"{began},{ticks},{ticks},{ticks},{ticks},1")
            for expires in expirations:
                if expires < day or minute % every:
                    continue
                for strike, call, put in quotes(moment, level, expires, strikes):
                    for right, (bid, ask) in (("call", call), ("put", put)):
                        low, high = round(bid * 10_000), round(ask * 10_000)
                        row = f"{began},{low},{low},{low},{low},5,{high},{high},{high},{high},5"
                        contracts.setdefault((right, strike, expires), []).append(row)
        with zipfile.ZipFile(own / f"{day:%Y%m%d}_quote_{style}.zip", "w") as archive:
            for (right, strike, expires), rows in contracts.items():
                name = (
                    f"{day:%Y%m%d}_{options}_minute_quote_{style}_{right}_{round(strike * 10_000)}_{expires:%Y%m%d}.csv"
                )
                archive.writestr(name, "".join(f"{row}\n" for row in rows))
        stock = folder / "index" / underlying
        stock.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(stock / f"{day:%Y%m%d}_trade.zip", "w") as archive:
            archive.writestr(f"{day:%Y%m%d}_{underlying}_minute_trade.csv", "".join(f"{row}\n" for row in trades))
    return folder
