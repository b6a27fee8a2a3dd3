"""The tolerant reader: what it takes, and how it says what is wrong, kind by kind."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest

from mesolive_sdk import models, wire
from mesolive_sdk_testkit.values import Maker
from signalr_asyncio import Payload


class Kinds(msgspec.Struct, kw_only=True):
    Text: str = ""
    Whole: int = 0
    Truth: bool = False
    Amount: Decimal = Decimal(0)
    Time: models.UtcDateTime | None = None
    Number: UUID | None = None
    Names: list[str] = []
    Sizes: dict[str, int] = {}
    Anything: Any = None


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("Text", 5, "expected a string, got 5"),
        ("Text", None, "expected a string, got null"),
        ("Text", datetime(2024, 1, 1, tzinfo=UTC), "expected a string, got 2024-01-01T00:00:00+00:00"),
        ("Text", b"x", "expected a string, got a bytes"),
        ("Whole", "5", 'expected an integer, got "5"'),
        ("Whole", 5.5, "expected an integer, got 5.5"),
        ("Whole", True, "expected an integer, got true"),
        ("Truth", 1, "expected true or false, got 1"),
        ("Truth", "yes", 'expected true or false, got "yes"'),
        ("Amount", True, "expected a decimal number, got true"),
        ("Amount", "1,5", 'expected a decimal number, got "1,5"'),
        ("Amount", {}, "expected a decimal number, got an object"),
        ("Time", 5, "expected a time as ISO 8601 with a time zone, such as 2024-05-17T14:30:00Z, got 5"),
        ("Number", "6f1c", 'expected a UUID such as 6f1c7a52-8f0e-4c8b-9d35-0f6a4a1b2c3d, got "6f1c"'),
        ("Names", {}, "expected a list, got an object"),
        ("Names", "ab", 'expected a list, got "ab"'),
        ("Sizes", [], "expected an object, got a list"),
    ],
)
def test_the_problem_names_the_expected_and_the_actual_value(field: str, value: object, expected: str) -> None:
    with pytest.raises(wire.WireValidationError) as caught:
        wire.read({field: value}, Kinds)
    assert caught.value.problems == {field: [expected]}
    assert str(caught.value) == f"{field}: {expected}"


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("Whole", 5.0, 5),
        ("Whole", Decimal("5.0"), 5),
        ("Amount", 5, Decimal(5)),
        ("Amount", 0.1, Decimal("0.1")),
        ("Time", datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)),
        ("Number", "6F1C7A52-8F0E-4C8B-9D35-0F6A4A1B2C3D", UUID("6f1c7a52-8f0e-4c8b-9d35-0f6a4a1b2c3d")),
        ("Anything", [Decimal("0.5"), {"a": Decimal("1e-400")}], [0.5, {"a": Decimal("1e-400")}]),
        ("Anything", Decimal("1e400"), Decimal("1e400")),
    ],
)
def test_what_means_the_same_is_taken(field: str, value: object, read: object) -> None:
    assert getattr(wire.read({field: value}, Kinds), field) == read


def test_problems_inside_lists_and_objects_carry_their_places() -> None:
    with pytest.raises(wire.WireValidationError) as caught:
        wire.read({"Names": ["a", 1, None], "Sizes": {"x": 1, "y": "2"}}, Kinds)
    assert set(caught.value.problems) == {"Names[1]", "Names[2]", "Sizes[y]"}


def test_a_model_that_refuses_its_own_fields_is_a_problem_at_its_place() -> None:
    class Picky(msgspec.Struct, kw_only=True):
        Low: int

        def __post_init__(self) -> None:
            if self.Low > 5:
                raise ValueError("is too high")

    with pytest.raises(wire.WireValidationError, match=r"^\[1\]: is too high$"):
        wire.read([{"Low": 5}, {"Low": 6}], list[Picky])


def test_a_type_that_the_wire_does_not_have_is_a_fault_of_the_program() -> None:
    with pytest.raises(TypeError, match="the wire has no"):
        wire.read([1], set[int])
    with pytest.raises(TypeError, match="no unions but with null"):
        wire.read(1, int | list[int])  # type: ignore[arg-type] # a union is a type form too


def test_an_event_with_a_member_of_a_newer_server_is_read_and_a_broken_one_is_not() -> None:
    event, form = Maker(40).make("PositionUpdateEvent")
    envelope, _ = Maker(41).make("MesoLiveEventEnvelope")
    envelope.EventType = "OnPositionUpdate"
    envelope.Event = form | {"Status": "Merged"}
    event.Status = models.PositionStatus.Unknown
    assert wire.decode_event(envelope) == event
    envelope.Event = form | {"PositionId": "seven"}
    with pytest.raises(wire.WireValidationError, match=r'PositionId: expected an integer, got "seven"'):
        wire.decode_event(envelope)


def test_broken_messagepack_is_one_clear_error() -> None:
    with pytest.raises(wire.WireValidationError, match=r"\$: is malformed"):
        wire.decode_reply(b"\xc1", Kinds, "messagepack")


class BrokenPayload:
    """A payload whose bytes are not a value."""

    def decode(self, type_: type[Any]) -> Any:
        raise msgspec.DecodeError("no value")

    def builtins(self) -> Any:
        raise msgspec.DecodeError("no value")


class OddPayload(BrokenPayload):
    """A payload that breaks only when it is read as plain values."""

    def decode(self, type_: type[Any]) -> Any:
        raise msgspec.ValidationError("does not fit")


@pytest.mark.parametrize("payload", [BrokenPayload(), OddPayload()])
def test_an_argument_that_is_no_value_at_all_is_a_problem_of_the_whole(payload: Payload) -> None:
    with pytest.raises(wire.WireValidationError) as caught:
        wire.decode_args(payload, models.GetPositionArgs)
    assert caught.value.problems == {"$": ["is malformed: no value"]}


def test_the_hooks_know_flags_only() -> None:
    assert wire.enc_hook(models.LiveQuoteFields.Bid) == "Bid"
    assert wire.dec_hook(models.LiveQuoteFields, "bid") == models.LiveQuoteFields.Bid
    with pytest.raises(NotImplementedError):
        wire.enc_hook(object())
    with pytest.raises(NotImplementedError):
        wire.dec_hook(bytearray, "x")
