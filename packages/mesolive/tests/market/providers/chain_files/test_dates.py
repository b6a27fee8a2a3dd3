"""The time of an export as browsers of any language write it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.providers.chain_files.dates import UnreadableDateError, may_mean, month_names, read_export_time

AFTERNOON = datetime(2026, 3, 16, 20, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "March 16, 2026 at 4:15 PM EDT",
        "March 16 2026, 4:15 PM EDT",
        "March 16, 2026 at 4:15\u202fPM EDT",
        "Mar 16 2026 @ 16:15 ET",
        "16 March 2026 at 16:15 GMT-4",
        "16 March 2026 at 8:15 pm UTC",
        "16 March 2026 at 21:15 CET",
        "17 March 2026 at 5:15 am GMT+9",
        "17 March 2026 at 1:45 am GMT+5:30",
        "Monday, March 16, 2026 at 1:15 PM PDT",
        "2026-03-16 16:15 GMT-4",
        "2026-03-16T20:15:00Z",
        "2026-03-16 16:15:00 -04:00",
        "16/03/2026, 16:15 GMT-4",
        "3/16/2026, 4:15:00 PM EDT",
        "16 mars 2026 à 16:15 UTC\u22124",
        "16 mars 2026 à 16 h 15 HAE",
        "16. März 2026 um 21:15 MEZ",
        "16 de marzo de 2026, 16:15 GMT-4",
        "16 marzo 2026 alle ore 16:15 GMT-4",
        "16 de março de 2026 às 16:15 GMT-4",
        "16 maart 2026 om 16:15 EDT",
        "16 marca 2026 16:15 GMT-4",
        "16 mars 2026 kl. 16:15 GMT\u22124",
        "16. marts 2026 kl. 16.15 GMT-4",
        "16. maaliskuuta 2026 klo 16.15 UTC-4",
        "16. března 2026 v 21:15 SEČ",
        "2026. március 16. 16:15 GMT-4",
        "16 martie 2026 la 16:15 GMT-4",
        "16 марта 2026 г. в 16:15 GMT-4",
        "16 март 2026 г. в 16:15 ч. Гринуич-4",
        "16 березня 2026 р. о 16:15 GMT-4",
        "16 Μαρτίου 2026 στις 4:15 μ.μ. GMT-4",
        "16 Mart 2026 16:15 GMT-4",
        "2026年3月16日 16:15 GMT-4",
        "2026年3月16日 GMT-4 16:15",
        "2026年3月16日 下午4:15 [EDT]",
        "2026년 3월 16일 오후 4시 15분 GMT-4",
        "16 במרץ 2026 בשעה 16:15 GMT-4\u200e",
        "16 مارس 2026 في 4:15 م غرينتش-4",
        "١٦ مارس ٢٠٢٦ في ٤:١٥ م غرينتش-٤",
        "16 मार्च 2026 को 4:15 pm GMT-4 बजे",
        "16 Maret 2026 pukul 16.15 EDT",
        "lúc 16:15 EDT 16 tháng 3, 2026",
        "16 มีนาคม 2569 เวลา 16:15 GMT-4",
    ],
)
def test_every_language_and_zone_gives_the_same_moment(text: str) -> None:
    assert list(read_export_time(f"Date: {text}").moments) == [AFTERNOON]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("March 11 2024, 12:05 AM EDT", datetime(2024, 3, 11, 4, 5, tzinfo=UTC)),
        ("March 11 2024, 12:05 PM EDT", datetime(2024, 3, 11, 16, 5, tzinfo=UTC)),
        ("February 5 2022, 8:09 PM EST", datetime(2022, 2, 6, 1, 9, tzinfo=UTC)),
        ("November 3 2024, 1:30 AM EDT", datetime(2024, 11, 3, 5, 30, tzinfo=UTC)),
        ("November 3 2024, 1:30 AM EST", datetime(2024, 11, 3, 6, 30, tzinfo=UTC)),
    ],
)
def test_midnight_noon_and_the_repeated_hour_are_distinguished(text: str, moment: datetime) -> None:
    assert list(read_export_time(text).moments) == [moment]


def test_two_readings_are_both_given() -> None:
    moments = read_export_time("3/4/2026, 16:15 GMT-4").moments
    assert list(moments) == [datetime(2026, 3, 4, 20, 15, tzinfo=UTC), datetime(2026, 4, 3, 20, 15, tzinfo=UTC)]
    # "listopada" is November in Polish and October in Croatian.
    assert [moment.month for moment in read_export_time("16 listopada 2026 16:15 GMT-4").moments] == [10, 11]


def test_standard_time_in_summer_is_new_yorks_clock_and_reported() -> None:
    time = read_export_time("July 16, 2026 at 4:15 PM EST")
    assert list(time.moments) == [datetime(2026, 7, 16, 20, 15, tzinfo=UTC)]
    assert time.contradicts_summer_time


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no time of day"),
        ("March 16, 2026", "no time of day"),
        ("4:15 PM", "names no month"),
        ("Smarch 16, 2026 4:15 PM", "names no month"),
        ("March 2026 4:15 PM", "not one day and one year"),
        ("March 16, 2026 13:15 PM", "clock of twelve hours"),
        ("March 16, 2026 25:15", "not a time of day"),
        ("February 30, 2026 4:15 PM", "is not a date"),
        ("March 16, 1900 4:15 PM", "year 1900"),
        ("March 16, 2026 4:15 PM GMT+99", "not a time zone"),
        ("March 16, 2026 4:15 PM IST", "India, Israel or Ireland"),
    ],
)
def test_what_is_no_time_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(UnreadableDateError, match=problem.replace("+", r"\+")):
        read_export_time(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        moments = read_export_time(text).moments
    except UnreadableDateError:
        return
    assert 1 <= len(moments) <= 2


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("Fri Mar 20 2026", True),
        ("03/20/2026", True),
        ("20-03-26", True),
        ("26-03-20", True),
        ("2026-03-20", True),
        ("20.03.2026 00:00", True),
        ("ven. 20 mars 2026", True),
        ("46101", True),
        ("46101.0", True),
        ("20260320", True),
        ("46102", False),
        ("Fri Mar 21 2026", False),
        ("20 April 2026", False),
        ("03/20/2027", False),
        ("", False),
        ("20", False),
    ],
)
def test_an_expiration_cell_is_compared_with_the_symbols_day(text: str, fits: bool) -> None:
    assert may_mean(text, date(2026, 3, 20)) is fits


def test_each_month_has_names_in_every_language_of_the_table() -> None:
    numbers = {number for _, found in month_names() for number in found}
    assert numbers == set(range(1, 13))
    ambiguous = {name for name, found in month_names() if len(found) > 1}
    assert ambiguous == {"lip", "lis", "listopada"}, "Polish and Croatian"
