from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, cast, create_engine, func, insert, select
from sqlalchemy.exc import StatementError

from mesolive.store.types import MAX_DECIMAL_TEXT, DecimalText, EnumText, JsonText, UtcDateTime


class Colour(enum.Enum):
    RED = "r"
    GREEN = "g"


metadata = MetaData()
values = Table(
    "stored_values",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("amount", DecimalText),
    Column("moment", UtcDateTime),
    Column("document", JsonText),
    Column("colour", EnumText(Colour)),
)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as opened:
        metadata.create_all(opened)
        yield opened
    engine.dispose()


def stored(connection: Connection, **columns: Any) -> Any:
    """Write one value and read it back."""
    (name,) = columns
    key = connection.execute(insert(values).values(**columns).returning(values.c.id)).scalar_one()
    return connection.execute(select(values.c[name]).where(values.c.id == key)).scalar_one()


def text_of(connection: Connection, amount: Decimal) -> str:
    key = connection.execute(insert(values).values(amount=amount).returning(values.c.id)).scalar_one()
    return connection.execute(select(cast(values.c.amount, Text)).where(values.c.id == key)).scalar_one()


def decimal_of(sign: int, digits: int, exponent: int) -> Decimal:
    return Decimal((sign, tuple(map(int, str(digits))), exponent))  # not computed: that would round


amounts = st.builds(decimal_of, st.integers(0, 1), st.integers(0, 10**40), st.integers(-60, 60))


class TestDecimals:
    @given(amount=amounts)
    def test_come_back_with_exactly_their_value(self, connection: Connection, amount: Decimal) -> None:
        assert stored(connection, amount=amount) == amount

    @given(amount=amounts, zeros=st.integers(0, 6))
    def test_of_one_value_are_one_text_so_that_sql_finds_them(
        self, connection: Connection, amount: Decimal, zeros: int
    ) -> None:
        sign, digits, exponent = amount.as_tuple()
        assert isinstance(exponent, int)
        longer = Decimal((sign, digits + (0,) * zeros, exponent - zeros))
        assert text_of(connection, amount) == text_of(connection, longer)

    @pytest.mark.parametrize(
        ("given_text", "kept"),
        [("1.50", "1.5"), ("100000.00", "100000"), ("1E+3", "1000"), ("-0.00", "0"), ("1E-7", "0.0000001")],
    )
    def test_are_readable_in_a_dump(self, connection: Connection, given_text: str, kept: str) -> None:
        assert text_of(connection, Decimal(given_text)) == kept

    @pytest.mark.parametrize(
        "amount",
        ["NaN", "sNaN", "Infinity", "-Infinity", f"1E+{MAX_DECIMAL_TEXT}", f"1E-{MAX_DECIMAL_TEXT + 1}", "1E+999999"],
    )
    def test_that_cannot_be_stored_exactly_are_refused(self, connection: Connection, amount: str) -> None:
        with pytest.raises(StatementError, match="stored"):
            stored(connection, amount=Decimal(amount))

    def test_are_never_made_of_floats(self, connection: Connection) -> None:
        with pytest.raises(StatementError, match="expected a Decimal, got float"):
            stored(connection, amount=0.1)

    def test_are_neither_ordered_nor_added_in_sql_where_they_are_text(self) -> None:
        for operation in (
            lambda: values.c.amount < Decimal(2),
            lambda: values.c.amount + Decimal(2),
            values.c.amount.desc,
            lambda: values.c.amount.like("1%"),
        ):
            with pytest.raises(TypeError, match="in Python"):
                operation()

    def test_can_be_looked_up_by_value(self, connection: Connection) -> None:
        stored(connection, amount=Decimal("4512.50"))
        selection = select(func.count()).where(values.c.amount == Decimal("4512.5"))
        assert connection.execute(selection).scalar_one() == 1
        listed = select(func.count()).where(values.c.amount.in_([Decimal("4512.500")]))
        assert connection.execute(listed).scalar_one() == 1


moments = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.builds(timezone, st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes))),
)


class TestMoments:
    @given(moment=moments)
    def test_come_back_as_the_same_instant_in_utc(self, connection: Connection, moment: datetime) -> None:
        read = stored(connection, moment=moment)
        assert read == moment
        assert read.tzinfo is UTC

    @given(pair=st.tuples(moments, moments))
    def test_sort_in_the_database_as_they_do_in_time(
        self, connection: Connection, pair: tuple[datetime, datetime]
    ) -> None:
        keys = [
            connection.execute(insert(values).values(moment=moment).returning(values.c.id)).scalar_one()
            for moment in pair
        ]
        rows = connection.execute(
            select(values.c.moment).where(values.c.id.in_(keys)).order_by(values.c.moment)
        ).scalars()
        assert list(rows) == sorted(pair)

    def test_without_a_zone_are_refused(self, connection: Connection) -> None:
        with pytest.raises(StatementError, match="carries no time zone"):
            stored(connection, moment=datetime(2026, 1, 5))  # noqa: DTZ001 - the fault that is tested


documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | amounts | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


class TestDocuments:
    @given(document=documents.filter(lambda document: document is not None))
    def test_come_back_as_they_were_numbers_exactly(self, connection: Connection, document: Any) -> None:
        assert stored(connection, document=document) == document

    def test_hold_fractions_as_decimals_with_their_digits(self, connection: Connection) -> None:
        read = stored(connection, document={"Strike": Decimal("4512.500")})
        assert read == {"Strike": Decimal("4512.5")}
        assert str(read["Strike"]) == "4512.500"


class TestMembers:
    @pytest.mark.parametrize("colour", Colour)
    def test_come_back_as_members(self, connection: Connection, colour: Colour) -> None:
        assert stored(connection, colour=colour) is colour

    def test_of_other_types_are_refused(self, connection: Connection) -> None:
        with pytest.raises(StatementError, match="expected a member of Colour"):
            stored(connection, colour="RED")

    def test_that_a_newer_server_wrote_are_named_in_the_error(self, connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO stored_values (id, colour) VALUES (999999, 'BLUE')")
        with pytest.raises(LookupError, match="Colour has no member 'BLUE'"):
            connection.execute(select(values.c.colour).where(values.c.id == 999999)).all()


def test_nothing_is_null_in_every_type(connection: Connection) -> None:
    for name in ("amount", "moment", "document", "colour"):
        assert stored(connection, **{name: None}) is None
