"""Date parser of chain files: export times in any browser language and zone, and expiration dates.

The exchange's page writes the time of an export as the browser's language does: `March 16, 2026 at 4:15 PM EDT`,
`16 March 2026 at 16:15 GMT-4`, `16 mars 2026 à 16:15 UTC−4`, `2026年3月16日 16:15 GMT-4`. Month names are data
(`month_names.tsv`). A date in digits alone, `03/04/2026`, has two readings; both are returned, for the rest of the file
to decide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

NEW_YORK: Final = ZoneInfo("America/New_York")
FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2059
BUDDHIST_YEARS: Final = 543
"""By how much the Thai calendar is ahead."""
MAX_TEXT: Final = 200
EXCEL_EPOCH: Final = date(1899, 12, 30)

ZONE_HOURS: Final[Mapping[str, float]] = {
    "z": 0,
    "wet": 0,
    "west": 1,
    "bst": 1,
    "cet": 1,
    "cest": 2,
    "mez": 1,
    "mesz": 2,
    "eet": 2,
    "eest": 3,
    "oez": 2,
    "oesz": 3,
    "sec": 1,
    "selc": 2,
    "msk": 3,
    "sast": 2,
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
    "akst": -9,
    "akdt": -8,
    "hst": -10,
    "ast": -4,
    "adt": -3,
    "nst": -3.5,
    "ndt": -2.5,
    "hne": -5,
    "hae": -4,
    "hnc": -6,
    "hac": -5,
    "hnr": -7,
    "har": -6,
    "hnp": -8,
    "hap": -7,
    "hna": -4,
    "haa": -3,
    "brt": -3,
    "wib": 7,
    "hkt": 8,
    "sgt": 8,
    "awst": 8,
    "jst": 9,
    "kst": 9,
    "aest": 10,
    "aedt": 11,
    "acst": 9.5,
    "acdt": 10.5,
    "nzst": 12,
    "nzdt": 13,
}
"""Hours ahead of UTC by the abbreviation that browsers print; `CST` is the American one, others print `GMT+8`."""
ZONE_REGIONS: Final[Mapping[str, str]] = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
    "eastern": "America/New_York",
    "central": "America/Chicago",
    "pacific": "America/Los_Angeles",
}
AMBIGUOUS_ZONES: Final = {"ist": "India, Israel or Ireland"}

_OFFSET: Final = re.compile(
    r"(?:gmt|utc|гринуич|غرينتش|гринвич)\s*(?:([+-])\s*(\d{1,2})(?::?(\d{2}))?)?(?![a-z])|(?<=\d)\s*([+-])(\d{2}):(\d{2})\b"
)
_ISO: Final = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)t?")
_TIME: Final = re.compile(r"(?<!\d)(\d{1,2})\s*(?::|h|시|時|点)\s*(\d{2})(?!\d)(?::(\d{2})(?:\.\d+)?)?분?")
_POINT_TIME: Final = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{2})(?![\d.])")
_AFTERNOON: Final = re.compile(r"(?<![^\W\d_])(?:ptg\b|p\.?\s?m\b\.?|μ\.?μ\.?|م(?![^\W\d_]))|下午|午後|오후")
_MORNING: Final = re.compile(r"(?<![^\W\d_])(?:pg\b|a\.?\s?m\b\.?|π\.?μ\.?|ص(?![^\W\d_]))|上午|午前|오전")
_WORD: Final = re.compile(r"[a-z]+")


class UnreadableDateError(ValueError):
    """A text is not the time of an export; the message names the recognised and the missing parts."""


class ExportTime(Struct, frozen=True):
    """The parsed time of an export.

    Attributes
    ----------
    moments
        In UTC: one, or the two readings of a date such as 03/04/2026.
    zone
        How the text calls its zone; `None` where it names none and New York's was taken.
    contradicts_summer_time
        Whether the text has standard time in summer or the reverse; New York's clock on that day was taken.
    """

    moments: Sequence[datetime]
    zone: str | None
    contradicts_summer_time: bool = False


def fold(text: str) -> str:
    """Return a text in lower case without accents and invisible characters, every digit and minus a plain one."""
    plain = "".join(
        str(unicodedata.digit(character))
        if character.isdigit() and unicodedata.digit(character, -1) >= 0
        else character
        for character in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(character) and unicodedata.category(character) != "Cf"
    )
    # Hangul is written as a whole again.
    plain = unicodedata.normalize("NFC", plain)
    return " ".join(plain.replace("\u2212", "-").replace("\u2013", "-").split())


@cache
def month_names() -> Sequence[tuple[str, frozenset[int]]]:
    """Return the folded spellings of months with their numbers, the longest first."""
    text = files("mesolive.market.providers.chain_files").joinpath("month_names.tsv").read_text(encoding="utf-8")
    numbers: dict[str, set[int]] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        for number, spellings in enumerate(line.split("\t")[1:], start=1):
            for spelling in spellings.split("|"):
                numbers.setdefault(fold(spelling).strip("."), set()).add(number)
    return sorted(((name, frozenset(months)) for name, months in numbers.items()), key=lambda entry: -len(entry[0]))


def read_export_time(text: str) -> ExportTime:
    """Return the time that a text such as `March 16, 2026 at 4:15 PM EDT` means.

    Parameters
    ----------
    text
        In any language of `month_names.tsv`, with any zone that a browser prints. Without a zone it is New York's time.

    Raises
    ------
    UnreadableDateError
        When there is no date or time in it, or its zone is unknown.
    """
    rest = fold(text[:MAX_TEXT])
    zone, rest, spelled = _zone(rest)
    clock, rest = _clock(rest, text)
    days = _days(rest, text)
    moments: list[datetime] = []
    contradicts = False
    for day in days:
        local = datetime(day.year, day.month, day.day, *clock, tzinfo=zone)
        if spelled in {"EST", "EDT"}:
            # The zone letters resolve the repeated hour at the end of summer time; other days follow New York's clock.
            local = local.replace(tzinfo=NEW_YORK, fold=1 if spelled == "EST" else 0)
            contradicts = contradicts or local.tzname() != spelled
        moments.append(local.astimezone(UTC))
    return ExportTime(moments, spelled, contradicts)


def _zone(text: str) -> tuple[tzinfo, str, str | None]:
    """Return a text's zone, the text without it, and how it was spelled."""
    dated = _ISO.sub(lambda match: " " * len(match[0]), text)  # its hyphens are not offsets
    match = _OFFSET.search(dated)
    if match is not None:
        sign, hours, minutes = (match[1], match[2], match[3]) if match[4] is None else (match[4], match[5], match[6])
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        if offset >= timedelta(hours=24):
            raise UnreadableDateError(f"{match[0]!r} is not a time zone")
        rest = text[: match.start()] + " " + text[match.end() :]
        return timezone(-offset if sign == "-" else offset), rest, match[0].strip().upper()
    for word in _WORD.finditer(text):
        name, rest = word[0], text[: word.start()] + " " + text[word.end() :]
        if name in AMBIGUOUS_ZONES:
            raise UnreadableDateError(
                f"the time zone {name.upper()} may be that of {AMBIGUOUS_ZONES[name]}; write it as GMT+5:30, say"
            )
        if name in ZONE_HOURS:
            return timezone(timedelta(hours=ZONE_HOURS[name])), rest, name.upper()
        if name in ZONE_REGIONS:
            return ZoneInfo(ZONE_REGIONS[name]), rest, name.upper()
    return NEW_YORK, text, None


def _clock(text: str, original: str) -> tuple[tuple[int, int, int], str]:
    """Return hour, minute and second, and the text without them."""
    match = _TIME.search(text)
    if match is None:
        # Dates contain the point too: the last such pair is the time.
        pairs = list(_POINT_TIME.finditer(text))
        match = pairs[-1] if pairs else None
    if match is None:
        raise UnreadableDateError(f"{original[:60]!r} has no time of day such as 4:15 PM or 16:15")
    rest = text[: match.start()] + " " + text[match.end() :]
    hour, minute = int(match[1]), int(match[2])
    second = int(match[3] or 0) if match.re is _TIME else 0
    afternoon, morning = _AFTERNOON.search(rest), _MORNING.search(rest)
    if afternoon is not None or morning is not None:
        if not 1 <= hour <= 12:
            raise UnreadableDateError(f"{match[0].strip()!r} is not an hour of a clock of twelve hours")
        hour = hour % 12 + (12 if afternoon is not None else 0)
        rest = _MORNING.sub(" ", _AFTERNOON.sub(" ", rest))
    if hour > 23 or minute > 59 or second > 59:
        raise UnreadableDateError(f"{match[0].strip()!r} is not a time of day")
    return (hour, minute, second), rest


def _days(text: str, original: str) -> list[date]:
    """Return the date of a text, or both readings of one that has two."""
    iso = _ISO.search(text)
    if iso is not None:
        return [_date(int(iso[1]), int(iso[2]), int(iso[3]), original)]
    months = _months(text)
    numbers = [(int(digits), len(digits)) for digits in re.findall(r"\d+", text)]
    if months:
        years = [value for value, length in numbers if length == 4]
        days = [value for value, length in numbers if length <= 2]
        if len(years) == 1 and len(days) == 1:
            return [_date(years[0], month, days[0], original) for month in sorted(months)]
        raise UnreadableDateError(f"{original[:60]!r} names a month, but not one day and one year of four digits")
    if len(numbers) < 3:
        raise UnreadableDateError(
            f"{original[:60]!r} names no month that is known; write the date as 2026-03-16 16:15 GMT-4, for example"
        )
    values, lengths = [value for value, _ in numbers[:3]], [length for _, length in numbers[:3]]
    if lengths[0] == 4:
        return [_date(values[0], values[1], values[2], original)]
    year = values[2] if lengths[2] == 4 else 2000 + values[2]
    if "thang" in text or values[0] > 12:
        return [_date(year, values[1], values[0], original)]
    if values[1] > 12 or values[0] == values[1]:
        return [_date(year, values[0], values[1], original)]
    return [_date(year, values[0], values[1], original), _date(year, values[1], values[0], original)]


def _months(text: str) -> frozenset[int]:
    """Return the numbers of the month that a folded text names; more than one where languages differ."""
    for name, numbers in month_names():
        at = text.find(name)
        while at >= 0:
            before, after = text[at - 1] if at else " ", text[at + len(name) : at + len(name) + 1] or " "
            # Hebrew writes its preposition as part of the word.
            if (not before.isalpha() or before == "ב") and not after.isalpha():
                return numbers
            at = text.find(name, at + 1)
    return frozenset()


def _date(year: int, month: int, day: int, original: str) -> date:
    if year >= FIRST_YEAR + BUDDHIST_YEARS:
        year -= BUDDHIST_YEARS
    try:
        result = date(year, month, day)
    except ValueError:
        raise UnreadableDateError(f"{original[:60]!r} is not a date") from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise UnreadableDateError(
            f"{original[:60]!r} lies in the year {year}: quotes of {FIRST_YEAR} to {LAST_YEAR} can be read"
        )
    return result


def may_mean(text: str, day: date) -> bool:
    """Return whether an expiration cell may mean a day: by its numbers and month in any order, or Excel's number."""
    folded = fold(text[:MAX_TEXT])
    numbers = [int(digits) for digits in re.findall(r"\d+", folded)]
    if re.fullmatch(r"\d{5}(?:[.,]0*)?|\d{8}", folded):
        return numbers[0] == (day - EXCEL_EPOCH).days or numbers[0] == day.year * 10000 + day.month * 100 + day.day
    years = {day.year, day.year % 100, day.year + BUDDHIST_YEARS}
    months = _months(folded)
    if months:
        return (
            day.month in months
            and len(numbers) >= 2
            and numbers[0] in {day.day, *years}
            and _holds(numbers[:2], day, years)
        )
    if len(numbers) < 3:
        return False
    first, second, third = numbers[:3]
    return any(
        (year in years and month == day.month and number == day.day)
        for year, month, number in ((first, second, third), (third, first, second), (third, second, first))
    )


def _holds(numbers: Sequence[int], day: date, years: set[int]) -> bool:
    return (numbers[0] == day.day and numbers[1] in years) or (numbers[1] == day.day and numbers[0] in years)


def iso_day(text: str) -> date:
    """Return a day written as `2026-03-16`, with or without a time behind it.

    Raises
    ------
    UnreadableDateError
        When it is not.
    """
    match = _ISO.match(text.strip())
    if match is None:
        raise UnreadableDateError(f"{text[:40]!r} is not a date such as 2026-03-16")
    return _date(int(match[1]), int(match[2]), int(match[3]), text)
