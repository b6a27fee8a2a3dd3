"""Base types of the models: wire enums, flag sets and UTC times."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Self, TypeAlias, TypeVar, cast

import msgspec

UtcDateTime: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""An instant: always with a time zone; what is read is normalised to UTC."""

Id: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A number that the server gave out; in arguments it must fit 63 bits."""

PageLimit: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=500)]
"""How many items one page may hold."""

IdempotencyKeyStr: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=128,
        pattern=r"^[A-Za-z0-9._:\-]*\Z",
        description="a key of 1 to 128 letters, digits or any of . _ : -",
    ),
]
"""A client-chosen key: 1 to 128 letters, digits or any of `. _ : -`."""

UNKNOWN = "Unknown"

_F = TypeVar("_F")


def to_utc(value: datetime) -> datetime:
    """Return the same instant in UTC.

    Raises
    ------
    ValueError
        When `value` has no time zone: a guess would book a trade at a wrong hour; or when it lies outside of the
        years 1 to 9999 in UTC.
    """
    if value.tzinfo is None:
        msg = f"expected a time with a time zone, got the naive {value.isoformat()}"
        raise ValueError(msg)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        msg = f"expected a time within the years 1 to 9999 of UTC, got {value.isoformat()}"
        raise ValueError(msg) from None


class WireEnum(enum.StrEnum):
    """An enum that travels as its member's name.

    A name in any case and the integer value (its place in the contract's list, from 0) are read too. Every enum has a
    member `Unknown`, which no server sends: it stands for a member that a newer server knows and this SDK does not.
    """

    @property
    def number(self) -> int:
        """The integer value: the member's place in the contract's list, from 0; -1 for `Unknown`."""
        return -1 if self.value == UNKNOWN else list(type(self)).index(self)

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if isinstance(value, str):
            folded = value.strip().casefold()
            return next((member for member in cls if member.value.casefold() == folded), None)
        if isinstance(value, int) and not isinstance(value, bool):
            return next((member for member in cls if member.number == value >= 0), None)
        return None


class _FlagsType(type):
    """Gives a class of flags what `enum.Flag` gives: iteration, length, `in`, access by name, and `__members__`."""

    def __iter__(cls: type[_F]) -> Iterator[_F]:
        return iter(list(_members(cls).values())[:-2])

    def __len__(cls) -> int:
        return len(_members(cls)) - 2

    def __getitem__(cls: type[_F], name: str) -> _F:
        return _members(cls)[name]

    def __contains__(cls, member: object) -> bool:
        return isinstance(member, cls)

    @property
    def __members__(cls: type[_F]) -> Mapping[str, _F]:
        """All members by name: the single flags, then the aliases `All` and `None_`."""
        return _members(cls)


class WireFlags(metaclass=_FlagsType):
    """A set of flags that travels as names joined with a comma (`Bid, Ask`), as `All`, or as `None`.

    Subclasses name their single flags in `_names`; members are class attributes. A class and its values behave as those
    of `enum.Flag`: the class is iterated, has `__members__` and gives members by name; sets are combined with `|`, `&`,
    `^` and `~`, asked with `in`, iterated flag by flag, have `name` and `value`, and compare by value; an empty set is
    false. It is not an `enum.Flag` because msgspec writes those as integers, and the wire has names.

    Parameters
    ----------
    value
        The sum of the flags' integer values.

    Raises
    ------
    ValueError
        When `value` has a bit that is not a flag.
    """

    __slots__ = ("value",)

    _names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, value: int) -> None:
        if not 0 <= value <= self._all():
            msg = f"expected an integer from 0 to {self._all()}, got {value}"
            raise ValueError(msg)
        self.value = value

    @classmethod
    def _all(cls) -> int:
        return (1 << len(cls._names)) - 1

    @property
    def name(self) -> str:
        """The flags' names joined with `|`, as `enum.Flag` has them; `None_` for the empty set, `All` for all flags."""
        if self.value in {0, self._all()}:
            return "All" if self.value else "None_"
        return "|".join(name for place, name in enumerate(self._names) if self.value >> place & 1)

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read the wire form: names joined with commas in any case, `All`, `None`, or the integer value.

        Raises
        ------
        ValueError
            When it is neither a string nor an integer, or holds an unknown name or bit.
        """
        if isinstance(text, int) and not isinstance(text, bool):
            return cls(text)
        if not isinstance(text, str):
            msg = f"expected names joined with ', ' out of {cls._choice()}, got {type(text).__name__}"
            raise ValueError(msg)  # noqa: TRY004 - a decoding hook reports ValueError with the value's path
        known = {name.casefold(): 1 << place for place, name in enumerate(cls._names)} | {"all": cls._all(), "none": 0}
        value = 0
        for part in text.split(","):
            name = part.strip().casefold()
            if name not in known:
                msg = f"expected names joined with ', ' out of {cls._choice()}, got {part.strip()[:40]!r}"
                raise ValueError(msg)
            value |= known[name]
        return cls(value)

    @classmethod
    def _choice(cls) -> str:
        return ", ".join((*cls._names, "All", "None"))

    def __str__(self) -> str:
        if self.value == 0:
            return "None"
        if self.value == self._all():
            return "All"
        return ", ".join(name for place, name in enumerate(self._names) if self.value >> place & 1)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __or__(self, other: Self) -> Self:
        return type(self)(self.value | self._same(other))

    def __and__(self, other: Self) -> Self:
        return type(self)(self.value & self._same(other))

    def __xor__(self, other: Self) -> Self:
        return type(self)(self.value ^ self._same(other))

    def __invert__(self) -> Self:
        return type(self)(self._all() & ~self.value)

    def __contains__(self, other: Self) -> bool:
        return self.value & self._same(other) == other.value

    def __iter__(self) -> Iterator[Self]:
        return (type(self)(1 << place) for place in range(len(self._names)) if self.value >> place & 1)

    def __len__(self) -> int:
        return self.value.bit_count()

    def __bool__(self) -> bool:
        return self.value != 0

    def __int__(self) -> int:
        return self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WireFlags) and type(other) is type(self) and other.value == self.value

    def __hash__(self) -> int:
        return hash((type(self), self.value))

    def _same(self, other: Self) -> int:
        if type(other) is not type(self):
            msg = f"flags of {type(self).__name__} cannot be combined with {type(other).__name__}"
            raise TypeError(msg)
        return other.value


def _members(flags: type[_F]) -> Mapping[str, _F]:
    """Return the single flags of a class by name, then `All` and `None_`."""
    names: tuple[str, ...] = vars(flags)["_names"]
    make = cast("Callable[[int], _F]", flags)
    values = {name: 1 << place for place, name in enumerate(names)} | {"All": (1 << len(names)) - 1, "None_": 0}
    return MappingProxyType({name: make(value) for name, value in values.items()})


class Timed(msgspec.Struct, kw_only=True):
    """Base of the models that hold instants: each field named in `times` is kept in UTC.

    Raises
    ------
    ValueError
        When such a field is given a time without a time zone.
    """

    times: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        """Normalise the instants to UTC."""
        for name in self.times:
            value: datetime | None = getattr(self, name)
            if value is not None and value.tzinfo is not UTC:
                setattr(self, name, to_utc(value))


ReasonStr: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
"""1 to 500 characters that say why."""

IdList: TypeAlias = Annotated[list[Id], msgspec.Meta(max_length=1000)]
"""Numbers that the server gave out; at most 1000."""

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object that this contract does not look into."""

ZERO = Decimal(0)


class PageArgs(msgspec.Struct, kw_only=True):
    """Base of the arguments of paged lists.

    Attributes
    ----------
    Limit
        How many items one page may hold, 1 to 500.
    ContinuationToken
        The last page's token for the next one; null for the first page.
    """

    Limit: PageLimit = 50
    ContinuationToken: str | None = None


class PageResult(msgspec.Struct, kw_only=True):
    """Base of the results of paged lists.

    Attributes
    ----------
    ContinuationToken
        What to ask the next page with; null on the last page.
    """

    ContinuationToken: str | None = None
