"""Names of enum members, .NET's moments with an offset, names of fields by policy."""

import enum
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalr_asyncio.protocol.codec import HubProtocol
from signalr_asyncio.protocol.json import JsonHubProtocol
from signalr_asyncio.protocol.messagepack import MessagePackHubProtocol
from signalr_asyncio.protocol.messages import Completion, Invocation, Ping, Shared, StreamItem


class Side(enum.IntEnum):
    Buy = 1
    Sell = 2


class Color(enum.Enum):
    RED = "r"
    GREEN = "g"


@dataclass
class Leg:
    strike_price: Decimal
    buy_sell: Side
    next_leg: "Leg | None" = None


@dataclass
class Basket:
    first_leg: Leg
    other_legs: list[Leg] = field(default_factory=list[Leg])
    by_color: dict[Color, Side] = field(default_factory=dict[Color, Side])
    opened_at: datetime | None = None


class Tagged(msgspec.Struct, tag="tagged", omit_defaults=True):
    side: Side
    legs: list[Leg] = []
    note: str = "none"


class Other(msgspec.Struct, tag="other"):
    side: str


class Row(msgspec.Struct, array_like=True, tag=7):
    name: str
    side: Side


class Pair(NamedTuple):
    side: Side
    name: str


class Fields(TypedDict):
    side: Side


def protocols(**forms: Any) -> list[HubProtocol]:
    return [JsonHubProtocol(**forms), MessagePackHubProtocol(**forms)]


def received(protocol: HubProtocol, value: Any) -> Any:
    """Return the payload that arrives when `value` is sent in plain form."""
    plain = JsonHubProtocol() if protocol.name == "json" else MessagePackHubProtocol()
    (message,) = protocol.parser(None).feed(plain.encode(StreamItem("1", value)))
    assert isinstance(message, StreamItem)
    return message.item


def written(protocol: HubProtocol, value: Any) -> Any:
    """Return what a peer reads as plain values."""
    (message,) = protocol.parser(None).feed(protocol.encode(StreamItem("1", value)))
    assert isinstance(message, StreamItem)
    return message.item.builtins()


BOTH = pytest.mark.parametrize("protocol", protocols(), ids=["json", "messagepack"])


@BOTH
@pytest.mark.parametrize("given", [2, "Sell", "sell", "SELL"])
def test_a_member_of_an_enum_is_read_by_value_and_by_name(protocol: HubProtocol, given: Any) -> None:
    for value, type_, expected in [
        (given, Side, Side.Sell),
        ([1, given], list[Side], [Side.Buy, Side.Sell]),
        ([given], tuple[Side, ...], (Side.Sell,)),
        ([given], set[Side], {Side.Sell}),
        ([given, "x"], tuple[Side, str], (Side.Sell, "x")),
        ([given, "x"], Pair, Pair(Side.Sell, "x")),
        ({"a": given}, dict[str, Side], {"a": Side.Sell}),
        ({"side": given}, Fields, {"side": Side.Sell}),
        ({"strike_price": 1, "buy_sell": given}, Leg, Leg(Decimal(1), Side.Sell)),
        ({"type": "tagged", "side": given}, Tagged | Other, Tagged(Side.Sell)),
        ({"type": "other", "side": "Sell"}, Tagged | Other, Other("Sell")),
        ([7, "a", given], Row, Row("a", Side.Sell)),
        (given, Annotated[Side, msgspec.Meta(description="a side")], Side.Sell),
        (None, Side | None, None),
        (given, Side | None, Side.Sell),
    ]:
        assert received(protocol, value).decode(type_) == expected


@BOTH
def test_names_are_read_at_any_depth_and_other_values_stay_exact(protocol: HubProtocol) -> None:
    leg = {"strike_price": 0.1, "buy_sell": "Sell", "next_leg": {"strike_price": 2, "buy_sell": 1}}
    value = {"first_leg": leg, "other_legs": [leg], "by_color": {"GREEN": "Buy", "r": 2}}
    second = Leg(Decimal(2), Side.Buy)
    first = Leg(Decimal("0.1"), Side.Sell, second)
    assert received(protocol, value).decode(Basket) == Basket(
        first, [first], {Color.GREEN: Side.Buy, Color.RED: Side.Sell}
    )


def test_a_json_number_beside_a_name_keeps_all_its_digits() -> None:
    digits = "0.1234567890123456789012345"
    record = f'{{"type":2,"invocationId":"1","item":{{"strike_price":{digits},"buy_sell":"Buy"}}}}\x1e'
    (message,) = JsonHubProtocol().parser(None).feed(record.encode())
    assert isinstance(message, StreamItem)
    assert message.item.decode(Leg) == Leg(Decimal(digits), Side.Buy)


@BOTH
@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ("Hold", Side),
        (3, Side),
        ({"side": 5}, Other),
        ([1], dict[str, Side]),
        ({"a": 1}, list[Side]),
        ("x", Pair),
        ("x", Leg),
        ("text", int),
        ([[2026, 1]], list[datetime]),
        ({"type": "else", "side": 1}, Tagged),
        (["x"], list[Leg] | dict[str, Side]),
        (True, Leg | datetime | None),
        (["x"], list[int]),
        ({"a": "x"}, dict[str, int]),
    ],
)
def test_what_fits_in_no_form_is_refused_with_the_path(protocol: HubProtocol, value: Any, type_: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        received(protocol, value).decode(type_)


MOMENT = datetime(2026, 11, 28, 21, 45, 0, 123456, UTC)


@pytest.mark.parametrize("minutes", [0, 120, -300, 345, 840])
def test_a_date_time_offset_of_dotnet_is_read(minutes: int) -> None:
    protocol = MessagePackHubProtocol()
    zone = timezone(timedelta(minutes=minutes))
    # Its own clock time, marked as UTC, and the offset.
    value = [MOMENT.astimezone(zone).replace(tzinfo=UTC), minutes]
    for wrapped, type_, expected in [
        (value, datetime, MOMENT),
        ([value], list[datetime], [MOMENT]),
        ({"at": value}, dict[str, datetime | None], {"at": MOMENT}),
        ([MOMENT, 5], tuple[datetime, int], (MOMENT, 5)),
    ]:
        assert received(protocol, wrapped).decode(type_) == expected
    assert received(protocol, value).decode(datetime).utcoffset() == timedelta(minutes=minutes)


def test_an_offset_that_no_zone_has_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        received(MessagePackHubProtocol(), [MOMENT, 900]).decode(datetime)


@pytest.mark.parametrize("protocol", protocols(enums="name"), ids=["json", "messagepack"])
def test_members_are_written_by_name_where_that_is_configured(protocol: HubProtocol) -> None:
    leg = Leg(Decimal(1), Side.Buy)
    assert written(protocol, [Side.Sell, (Color.RED,), {Color.RED: Side.Buy}, leg, Row("a", Side.Buy)]) == [
        "Sell",
        ["RED"],
        {"RED": "Buy"},
        {"strike_price": 1 if protocol.name == "json" else "1", "buy_sell": "Buy", "next_leg": None},
        [7, "a", "Buy"],
    ]


@BOTH
def test_members_are_written_by_value_by_default(protocol: HubProtocol) -> None:
    assert written(protocol, [Side.Sell, Color.RED]) == [2, "r"]


@pytest.mark.parametrize("protocol", protocols(naming="camel"), ids=["json", "messagepack"])
def test_fields_of_dataclasses_are_written_and_read_in_camel_case(protocol: HubProtocol) -> None:
    leg = Leg(Decimal("1.5"), Side.Sell)
    basket = Basket(leg, [leg], {Color.RED: Side.Buy}, MOMENT)
    plain = written(protocol, basket)
    assert list(plain) == ["firstLeg", "otherLegs", "byColor", "openedAt"]
    assert list(plain["firstLeg"]) == ["strikePrice", "buySell", "nextLeg"]
    assert received(protocol, plain).decode(Basket) == basket
    assert received(protocol, [plain]).decode(list[Basket] | None) == [basket]
    assert received(protocol, {"strike_price": 1.5, "buySell": "Sell"}).decode(Leg) == leg
    # Structs have a way of their own, and other types none.
    assert written(protocol, Tagged(Side.Buy, [leg]))["legs"][0]["strikePrice"] == plain["firstLeg"]["strikePrice"]
    assert received(protocol, {"type": "tagged", "side": 1, "legs": [plain["firstLeg"]]}).decode(Tagged).legs == [leg]
    assert received(protocol, [3]).decode(list[int]) == [3]


class Tree(msgspec.Struct):
    leaves: list["Tree"] = []


class Priced(NamedTuple):
    leg: Leg
    price: int


@pytest.mark.parametrize("protocol", protocols(naming="camel"), ids=["json", "messagepack"])
def test_other_names_are_read_wherever_a_dataclass_occurs(protocol: HubProtocol) -> None:
    plain, leg = {"strikePrice": 1, "buySell": 2}, Leg(Decimal(1), Side.Sell)
    cases: list[tuple[Any, Any, Any]] = [
        ([plain, 5], tuple[Leg, int], (leg, 5)),
        ([plain, 5], Priced, Priced(leg, 5)),
        ({"a": plain}, dict[str, Leg], {"a": leg}),
        (plain, Annotated[Leg, msgspec.Meta(description="a leg")], leg),
        ({"leaves": [{}]}, Tree, Tree([Tree()])),
    ]
    for value, type_, expected in cases:
        assert received(protocol, value).decode(type_) == expected


def test_a_value_that_cannot_be_read_in_plain_form_is_refused_as_it_is() -> None:
    far = b"\xc7\x0c\xff" + bytes(4) + b"\x7f" + bytes(7)
    body = b"\x94\x02\x80\xa11\x92\xa4Sell" + far
    (message,) = MessagePackHubProtocol().parser(None).feed(bytes((len(body),)) + body)
    assert isinstance(message, StreamItem)
    with pytest.raises(msgspec.ValidationError, match="Expected `int`, got `str`"):
        message.item.decode(list[Side])


@pytest.mark.parametrize("type_", [Leg, list[Side]])
def test_a_number_that_no_decimal_holds_is_refused(type_: Any) -> None:
    digits = "1e9999999999999999999"
    for protocol in (JsonHubProtocol(), JsonHubProtocol(naming="camel")):
        for text in (f'["Sell",{digits}]', f'{{"strikePrice":{digits},"buySell":"Sell"}}'):
            (message,) = protocol.parser(None).feed(f'{{"type":2,"invocationId":"1","item":{text}}}\x1e'.encode())
            assert isinstance(message, StreamItem)
            with pytest.raises(msgspec.DecodeError):
                message.item.decode(type_)


@pytest.mark.parametrize("protocol", protocols(naming="camel"), ids=["json", "messagepack"])
def test_a_wrong_value_under_another_name_is_refused(protocol: HubProtocol) -> None:
    with pytest.raises(msgspec.ValidationError):
        received(protocol, {"strikePrice": 1, "buySell": "Hold"}).decode(Leg)


def test_a_naming_may_be_a_function() -> None:
    (protocol, _) = protocols(naming=str.upper)
    assert list(written(protocol, Leg(Decimal(1), Side.Buy))) == ["STRIKE_PRICE", "BUY_SELL", "NEXT_LEG"]
    with pytest.raises(ValueError, match="'camel' or a function"):
        protocols(naming="pascal")


@pytest.mark.parametrize("protocol", protocols(naming="camel"), ids=["json", "messagepack"])
def test_all_that_carries_values_is_written_in_the_configured_names(protocol: HubProtocol) -> None:
    leg = Leg(Decimal(1), Side.Buy)
    for message in (
        Invocation("t", [leg]),
        Invocation("t", [Shared(leg)]),
        StreamItem("1", leg),
        Completion("1", leg, has_result=True),
    ):
        assert b"strikePrice" in protocol.encode(message)
    assert b"strikePrice" in protocol.item_encoder("1")(leg)
    assert protocol.encode(Ping()) == type(protocol)().encode(Ping())


def test_what_a_hook_returns_is_in_the_configured_names_too() -> None:
    class Opaque:
        pass

    def hook(value: Any) -> Any:
        assert isinstance(value, Opaque)
        return Leg(Decimal(1), Side.Buy)

    protocol = JsonHubProtocol(enc_hook=hook, naming="camel")
    assert list(written(protocol, [Opaque()])[0]) == ["strikePrice", "buySell", "nextLeg"]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
)


@given(PLAIN)
def test_plain_values_are_written_as_without_configuration(value: Any) -> None:
    for configured, plain in zip(protocols(naming="camel", enums="name"), protocols(), strict=True):
        assert configured.encode(StreamItem("1", value)) == plain.encode(StreamItem("1", value))


class Everything(msgspec.Struct, omit_defaults=True, rename="camel"):
    some_list: list[int] = []
    some_dict: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    some_text: str = "x"
    unset: int | msgspec.UnsetType = msgspec.UNSET
    made: list[int] = msgspec.field(default_factory=lambda: [1])


@pytest.mark.parametrize("value", [Everything(), Everything([1], {"a": 1}, "y", 3), Row("a", Side.Buy), Other("x")])
def test_structs_are_written_as_without_configuration(value: Any) -> None:
    for configured, plain in zip(protocols(naming="camel"), protocols(), strict=True):
        assert configured.encode(StreamItem("1", value)) == plain.encode(StreamItem("1", value))
