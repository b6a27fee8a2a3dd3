"""The encoding rules, one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive_sdk import models, wire
from mesolive_sdk.models import LiveDataInclude, LiveQuoteFields, OrderState

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
TIMES = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
QUOTE_FIELDS = st.integers(0, 15).map(LiveQuoteFields)


class Probe(msgspec.Struct, kw_only=True):
    Number: Decimal | None = None
    Fields: LiveQuoteFields | None = None
    State: OrderState | None = None
    Groups: dict[int, Decimal] | None = None
    Anything: object = None


def read(**fields: object) -> Probe:
    return wire.decode_json(json.dumps(fields), Probe)


@given(DECIMALS)
def test_a_decimal_keeps_its_exact_digits_as_a_json_number(number: Decimal) -> None:
    data = wire.encode_json(Probe(Number=number))
    assert json.loads(data, parse_float=Decimal, parse_int=Decimal)["Number"].as_tuple() == number.as_tuple()
    arrived = wire.decode_json(data, Probe).Number
    assert arrived is not None
    assert arrived.as_tuple() == number.as_tuple()


@given(DECIMALS)
def test_a_decimal_is_read_from_a_string_too(number: Decimal) -> None:
    assert read(Number=str(number)).Number == number


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_decimal_that_json_cannot_say_is_refused_and_not_written_as_broken_json(number: str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        wire.encode_json(Probe(Number=Decimal(number)))


def test_text_that_reads_like_no_number_is_still_text() -> None:
    assert json.loads(wire.encode_json({"Note": "NaN, Infinity"})) == {"Note": "NaN, Infinity"}


@given(TIMES)
def test_a_time_is_written_in_utc_with_z_and_read_back_as_the_same_instant(time: datetime) -> None:
    data = wire.encode_json(models.LivePrices(SnapshotTime=time))
    text = json.loads(data)["SnapshotTime"]
    assert text.endswith("Z")
    assert ("." in text) == (time.microsecond != 0)
    arrived = wire.decode_json(data, models.LivePrices).SnapshotTime
    assert arrived == time
    assert arrived is not None
    assert arrived.tzinfo is UTC


@given(TIMES)
def test_a_time_of_any_offset_is_normalised_when_read(time: datetime) -> None:
    arrived = wire.decode_json(json.dumps({"SnapshotTime": time.isoformat()}), models.LivePrices).SnapshotTime
    assert arrived == time
    assert arrived is not None
    assert arrived.tzinfo is UTC


def test_a_time_without_a_zone_is_an_error() -> None:
    with pytest.raises(wire.WireValidationError, match=r"SnapshotTime: expected a time as ISO 8601 with a time zone"):
        wire.decode_json('{"SnapshotTime":"2024-05-17T14:30:00"}', models.LivePrices)


@pytest.mark.parametrize("time", ["0001-01-01T00:30:00+01:00", "9999-12-31T23:30:00-01:00"])
def test_a_time_that_has_no_year_in_utc_is_an_error_like_any_other(time: str) -> None:
    with pytest.raises(wire.WireValidationError, match=r"SnapshotTime: expected a time"):
        wire.decode_json(json.dumps({"SnapshotTime": time}), models.LivePrices)


@given(st.sampled_from([state for state in OrderState if state is not OrderState.Unknown]))
def test_an_enum_is_a_name_and_is_read_in_any_case_and_from_its_integer(state: OrderState) -> None:
    assert json.loads(wire.encode_json(Probe(State=state)))["State"] == state.value
    assert read(State=state.value.upper()).State is state
    assert read(State=state.value.lower()).State is state
    assert read(State=state.number).State is state


@pytest.mark.parametrize("member", ["Amended", 99, "Unknown", ""])
def test_an_unknown_member_in_a_reply_becomes_unknown(member: object) -> None:
    probe = read(State=member, Number=1.25)
    assert probe.State is OrderState.Unknown
    assert probe.Number == Decimal("1.25")


@given(QUOTE_FIELDS)
def test_flags_are_names_and_are_read_back_equal_from_names_and_integer(fields: LiveQuoteFields) -> None:
    text = json.loads(wire.encode_json(Probe(Fields=fields)))["Fields"]
    assert text in {"All", "None"} or set(text.split(", ")) < {"Bid", "Ask", "Last", "Mark"}
    assert read(Fields=text).Fields == fields
    assert read(Fields=text.lower()).Fields == fields
    assert read(Fields=int(fields)).Fields == fields


def test_flags_read_as_the_contract_writes_them() -> None:
    assert str(LiveQuoteFields.Bid | LiveQuoteFields.Ask) == "Bid, Ask"
    assert str(LiveQuoteFields(0)) == "None"
    assert str(LiveDataInclude(7)) == "All"


@pytest.mark.parametrize("flags", ["Bid, Quote", 16, -1, True, [], "Bid Ask"])
def test_flags_that_do_not_exist_are_refused(flags: object) -> None:
    with pytest.raises(wire.WireValidationError, match="Fields"):
        read(Fields=flags)


@given(st.dictionaries(st.integers(0, 2**63), st.integers(0, 9).map(Decimal), max_size=3))
def test_integer_keys_are_strings_on_the_wire_and_integers_again_when_read(groups: dict[int, Decimal]) -> None:
    data = wire.encode_json(Probe(Groups=groups))
    assert set(json.loads(data)["Groups"]) == {str(key) for key in groups}
    assert wire.decode_json(data, Probe).Groups == groups


def test_untyped_json_keeps_numbers_as_floats_unless_that_would_lose_digits() -> None:
    text = '{"Anything":{"Delta":0.10,"Long":0.1234567890123456789012,"Many":[1,2.5]}}'
    assert wire.decode_json(text, Probe).Anything == {
        "Delta": 0.1,
        "Long": Decimal("0.1234567890123456789012"),
        "Many": [1, 2.5],
    }


def test_a_value_without_a_wire_form_is_named() -> None:
    with pytest.raises(TypeError, match="type object is unsupported"):
        wire.encode_json({"x": object()})


@pytest.mark.parametrize("data", ["{", '{"Number": nope}', b'{"Number": "\xff"}', "[" * 5000])
def test_broken_json_is_one_clear_error(data: str | bytes) -> None:
    with pytest.raises(wire.WireValidationError, match=r"\$: is malformed"):
        wire.decode_json(data, Probe)


def test_integer_keys_that_came_as_strings_are_integers_again_in_messagepack_too() -> None:
    data = msgspec.msgpack.encode({"Groups": {"1": "2.50", "-7": 3}, "State": 3})
    probe = wire.decode_reply(data, Probe, "messagepack")
    assert probe.Groups == {1: Decimal("2.50"), -7: Decimal(3)}
    assert probe.State is OrderState.Filled


@pytest.mark.parametrize("key", ["one", "1.5", "", "-", "9" * 40, "²"])
def test_a_key_that_is_no_integer_is_named(key: str) -> None:
    with pytest.raises(wire.WireValidationError, match=r"Groups\[.*\]: expected an integer as key"):
        read(Groups={key: 1}, State=3)
