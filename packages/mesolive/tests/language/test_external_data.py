"""Section D.9: external data without looking ahead."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.language.decision import SelectionError, StatementKind
from mesolive.language.external import ExternalValues
from mesolive.language.external_data import MAX_BYTES, ExternalDataError, ExternalTable, parse_csv
from mesolive_testkit.language.market import NEW_YORK
from mesolive_testkit.language.strategies import compiled, definition, leg, scope, select


def table(text: str) -> ExternalTable:
    return parse_csv(text.encode(), NEW_YORK)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


DAILY = "Date,my_signal,level\n2023-09-11,1,4400.5\n2023-09-12,0,\n2023-09-13,1,4500\n"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2023-09-12T00:00:00", {"my_signal": 1.0, "level": 4400.5}),
        ("2023-09-12T23:59:59", {"my_signal": 1.0, "level": 4400.5}),
        ("2023-09-13T00:00:00", {"my_signal": 0.0}),
        ("2023-09-13T15:00:00", {"my_signal": 0.0}),
        ("2023-09-14T09:30:00", {"my_signal": 1.0, "level": 4500.0}),
    ],
)
def test_a_row_with_a_date_counts_from_the_end_of_that_day(now: str, expected: dict[str, float]) -> None:
    assert table(DAILY).values(local(now)) == expected


def test_a_row_with_a_time_counts_from_that_time() -> None:
    result = table("DATETIME,x\n2023-09-13 10:00:00,1\n2023-09-13 10:05:00,2\n2023-09-13T10:10,3\n")
    assert result.values(local("2023-09-13T10:04:59")) == {"x": 1.0}
    assert result.values(local("2023-09-13T10:05:00")) == {"x": 2.0}
    assert result.values(local("2023-09-13T10:10:00")) == {"x": 3.0}


def test_rows_may_come_in_any_order_and_of_equal_times_the_last_one_counts() -> None:
    result = table("date,x\n2023-09-12,2\n2023-09-11,1\n2023-09-12,3\n\n")
    assert result.values(local("2023-09-12T12:00:00")) == {"x": 1.0}
    assert result.values(local("2023-09-13T12:00:00")) == {"x": 3.0}


def test_before_the_first_row_there_is_nothing() -> None:
    with pytest.raises(ExternalDataError, match="no row"):
        table(DAILY).values(local("2023-09-11T23:00:00"))


def test_data_more_than_five_days_old_fails() -> None:
    assert table(DAILY).values(local("2023-09-19T00:00:00"))
    with pytest.raises(ExternalDataError, match="days old"):
        table(DAILY).values(local("2023-09-19T00:00:01"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("day,x\n", "not 'date' or 'datetime'"),
        ("date\n2023-09-11\n", "0 columns of values"),
        ("date,my signal\n", "is not a name for a variable"),
        ("date,nav\n", "language's own"),
        ("date,leg_a_price\n", "language's own"),
        ("date,x,x\n", "stands twice"),
        ("date,x\n2023-13-11,1\n", "line 2: '2023-13-11' is not a date"),
        ("date,x\n11.09.2023,1\n", "line 2"),
        ("date,x\n2023-09-11,high\n", "line 2: 'high' is not a number"),
        ("date,x\n2023-09-11,inf\n", "line 2: 'inf' is not a number"),
        ("date,x\n2023-09-11,1,2\n", "line 2 has 3 cells, the header 2"),
        ("date,x\n9999-12-31,1\n", "line 2"),
        ("date," + ",".join(f"c{n}" for n in range(300)) + "\n", "300 columns"),
        ('date,x\n"2023-09-11,1\n', "line 2 has 1 cells"),
    ],
)
def test_a_csv_that_cannot_be_used_says_where_and_why(text: str, message: str) -> None:
    with pytest.raises(ExternalDataError, match=message):
        table(text).values(local("2023-09-12T12:00:00"))


def test_what_is_too_large_or_no_text_is_refused() -> None:
    with pytest.raises(ExternalDataError, match="more than 2,097,152 bytes"):
        parse_csv(b"x" * (MAX_BYTES + 1), NEW_YORK)
    with pytest.raises(ExternalDataError, match="not UTF-8"):
        parse_csv(b"date,x\n\xff\n", NEW_YORK)


def test_the_largest_file_is_read_in_bounded_time() -> None:
    lines = MAX_BYTES // len("2023-09-11,1\n") - 2
    started = time.thread_time()
    assert len(parse_csv(b"date,x\n" + b"2023-09-11,1\n" * lines, NEW_YORK).moments) == lines
    assert time.thread_time() - started < 10


@given(
    st.lists(st.integers(0, 3000), min_size=1, max_size=40, unique=True),
    st.integers(-100, 3200),
)
def test_no_value_is_ever_used_before_its_time(minutes: list[int], at: int) -> None:
    base = datetime(2023, 9, 11, tzinfo=NEW_YORK)
    stamps = [datetime.fromtimestamp(base.timestamp() + 60 * minute, NEW_YORK) for minute in minutes]
    text = "datetime,x\n" + "".join(f"{stamp:%Y-%m-%d %H:%M:%S},{stamp.timestamp():.0f}\n" for stamp in stamps)
    now = datetime.fromtimestamp(base.timestamp() + 60 * at, UTC)
    known = [stamp.timestamp() for stamp in stamps if stamp <= now]
    if not known:
        with pytest.raises(ExternalDataError):
            table(text).values(now)
        return
    assert table(text).values(now) == {"x": max(known)}


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_an_error(content: bytes) -> None:
    with contextlib.suppress(ExternalDataError):
        assert parse_csv(b"date,x\n" + content, NEW_YORK).names == ("x",)


def test_what_could_not_be_read_fails_the_statements_that_read_it_and_no_others() -> None:
    outside = ExternalValues({"ema": 4500.0}, {"rsi": "RSI of 'rsi': bad parameter"}, "external data: it is gone")
    within = scope(external=outside)

    def error_of(text: str) -> str | None:
        return compiled(text).judge(within, StatementKind.ENTRY).error

    assert error_of("ema > 1") is None
    assert error_of("nav > 1") is None
    assert error_of("rsi > 1") == "'rsi' has no value: RSI of 'rsi': bad parameter"
    assert error_of("my_signal > 1") == "'my_signal' has no value: external data: it is gone"
    assert compiled("nav > 1 or my_signal > 1").judge(within, StatementKind.ENTRY).result is True


def test_a_selection_that_reads_what_is_not_there_fails_with_the_reason() -> None:
    raw = definition([leg("a", StrikePrice="4000 + level")], ExternalData={"CsvUrl": "https://docs.google.com/x"})
    with pytest.raises(SelectionError, match="'level' has no value: external data: it is gone"):
        select(raw, external=ExternalValues(unread="external data: it is gone"))
