"""Messages between the server and an agent: msgspec structs in MessagePack, several to a frame, in one order per link.

A message names the connection that it concerns; 0 is the link itself. Either side asks questions, which are answered,
and tells notices, which are not. Fields that a side does not know are passed over.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias

import msgspec

from mesolive.connectors.protocol import Problem
from mesolive.market.contracts import Expiration, OptionContract, Right, Underlying
from mesolive.venues.base import Dedupes, VenueFact, VenueRequest
from mesolive_sdk.models import AgentStatus, BrokerType, DataProviderType

PROTOCOL: Final = 1
"""Version of these messages; the server refuses an agent of another."""

LINK: Final = 0
"""The connection id of messages that concern the link itself."""


# --- the link ---------------------------------------------------------------------------------------------------------


class Offer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A connector that an agent hosts.

    Attributes
    ----------
    name, kind
        The agent owner's name of it, and its kind in the registry.
    data_provider, partial
        Whose quotes it brings, `None` for none; whether it quotes fewer contracts than it lists.
    broker, dedupes, listing_seconds
        Which accounts its venue serves, `None` for no venue; properties of that venue.
    own_time
        Whether its market time is not the computer's: a simulated or recorded market.
    epoch
        The newest epoch of this connection that the agent has seen.
    """

    name: str
    kind: str
    data_provider: DataProviderType | None = None
    partial: bool = False
    broker: BrokerType | None = None
    dedupes: Dedupes = Dedupes.NEVER
    listing_seconds: float = 0.0
    own_time: bool = False
    epoch: int = 0


class Hello(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """The agent's first question: what it hosts.

    Attributes
    ----------
    instance
        A random name of the agent's process: the same process that comes back is not a second agent.
    """

    protocol: int
    agent: str
    instance: str
    version: str
    offers: tuple[Offer, ...]


class Granted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An offered connector that the server takes: its connection's id, and the epoch of this link for it."""

    name: str
    connection: int
    epoch: int


class Refused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An offered connector that the server does not take, and why."""

    name: str
    reason: str


class Welcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to `Hello`."""

    granted: tuple[Granted, ...] = ()
    refused: tuple[Refused, ...] = ()


class ReadClock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks for the other side's computer time, which proves that the link is alive and shows the clocks' difference."""


# --- questions of the server --------------------------------------------------------------------------------------


class Submit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """An order; `epoch` is that of the link for this connection, `ticket` names it in `MayWrite`."""

    epoch: int
    ticket: int
    request: VenueRequest


class Replace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Another order in place of one."""

    epoch: int
    ticket: int
    reference: str
    filled: Decimal
    request: VenueRequest


class Cancel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A cancel."""

    account: str
    reference: str
    venue_id: str | None = None


class Orders(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks for the venue's orders."""

    account: str
    since: datetime


class Executions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks for the venue's fills."""

    account: str
    since: datetime


class Settlements(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks for the venue's settlements."""

    account: str
    since: datetime


class Positions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks for what an account holds."""

    account: str


class OpenReports(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks for reports from the oldest that is not booked; `stream` is repeated with each."""

    stream: int


class CloseReports(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Ends a stream of reports; a notice."""

    stream: int


class Connect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks the agent to connect the connector now, where it waits for its owner."""


class RunTest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks for the connector's test."""


class ReadAccounts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks for the accounts of the login."""


class ReadFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks for what the broker states about an account."""

    account: str


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Contracts to quote, and by which priority where they are pinned; a notice of the server."""

    contracts: tuple[OptionContract, ...]
    priority: int | None = None


class OpenQuotes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks for quotes, from a complete picture on; answered when the picture has been sent.

    Attributes
    ----------
    wanted
        What is subscribed and pinned, in place of all that was before.
    """

    stream: int
    wanted: tuple[Subscribe, ...] = ()


# --- questions and notices of the agent ---------------------------------------------------------------------------


class MayWrite(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Asks whether an order may be written now; the answer is a reason not to, or nothing."""

    epoch: int
    ticket: int


class State(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """How the connector is: the name of its `ConnectorState`, with its words."""

    state: str
    message: str = ""
    remedy: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A numbered report of the venue; `number` is `None` for one that is not journalled."""

    stream: int
    number: int | None
    fact: VenueFact


class ReportsEnded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """The venue's session at the agent has ended."""

    stream: int
    reason: str


class ReportsBooked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """The server has booked these reports; a notice of the server."""

    numbers: tuple[int, ...]


class MarketTime(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reading of a market's own time, and of the server's computer time by the agent's estimate."""

    market: datetime
    computer: datetime
    speed: float = 1.0


class Strikes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One expiration with its strikes."""

    expiration: Expiration
    calls: tuple[Decimal, ...]
    puts: tuple[Decimal, ...]


class UnderlyingQuote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The underlying's prices and the times of their changes, in microseconds; 0 is never."""

    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    mark: float | None = None
    given_mark: float | None = None
    times: tuple[int, int, int, int] = (0, 0, 0, 0)
    quality: int = 0
    today_open: float | None = None
    previous_close: float | None = None


class DayPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One day of the underlying's history."""

    day: date
    close: float | None = None
    iv: float | None = None
    open: float | None = None
    last: float | None = None


class BookPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changed in one book.

    Attributes
    ----------
    mute_seconds, exchange_hours, always_open, underlying
        Of the first part of a stream: how the book is made.
    listing, unread
        The contracts, where they changed; then all quotes follow. Beside them the expirations whose contracts the
        provider has not read yet.
    at
        When the provider was heard last, in microseconds; `None` for never.
    indices
        Positions in the listing, as little-endian 32-bit numbers.
    values, times
        By field, one per index: 64-bit floats, and microseconds as 64-bit numbers.
    quality, released
        8-bit and 64-bit numbers, one per index; empty where none changed.
    """

    symbol: str
    underlying: Underlying | None = None
    mute_seconds: float | None = None
    exchange_hours: bool = False
    always_open: bool = False
    listing: tuple[Strikes, ...] | None = None
    unread: tuple[Expiration, ...] = ()
    at: int | None = None
    indices: bytes = b""
    values: dict[str, bytes] = {}
    times: dict[str, bytes] = {}
    quality: bytes = b""
    released: bytes = b""
    quote: UnderlyingQuote | None = None
    days: tuple[DayPart, ...] = ()


class ProviderState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the provider is, and how its market data lines are used."""

    state: AgentStatus
    message: str = ""
    connected_at: datetime | None = None
    lines: int | None = None
    pinned: int = 0
    without: tuple[OptionContract, ...] = ()


class Quotes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A batch of changes. The next one follows when the server has said `QuotesTaken`."""

    stream: int
    number: int
    books: tuple[BookPart, ...] = ()
    provider: ProviderState | None = None
    market_time: MarketTime | None = None


class QuotesTaken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """The server has taken a batch; a notice of the server."""

    stream: int
    number: int


class CloseQuotes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """The server wants no quotes any more; a notice."""

    stream: int


class Unsubscribe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Contracts that have no subscriber any more; a notice of the server."""

    contracts: tuple[OptionContract, ...]


class Interest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Expirations that are viewed; a notice of the server."""

    symbol: str
    expirations: tuple[tuple[str, date], ...]


# --- answers and frames -------------------------------------------------------------------------------------------


class Failure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a question has no answer.

    Attributes
    ----------
    problem
        Of a `ConnectorError`; `None` for a venue whose outcome is unknown.
    is_of_account
        Whether it is about the account alone (`AccountUnreachableError`): the venue answers about others.
    """

    message: str
    problem: Problem | None = None
    remedy: str = ""
    is_of_account: bool = False


Question: TypeAlias = (
    Hello
    | ReadClock
    | Submit
    | Replace
    | Cancel
    | Orders
    | Executions
    | Settlements
    | Positions
    | OpenReports
    | Connect
    | RunTest
    | ReadAccounts
    | ReadFacts
    | OpenQuotes
    | MayWrite
)

Notice: TypeAlias = (
    CloseReports
    | State
    | Report
    | ReportsEnded
    | ReportsBooked
    | Quotes
    | QuotesTaken
    | CloseQuotes
    | Subscribe
    | Unsubscribe
    | Interest
)


class Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A question with the number of its answer."""

    connection: int
    number: int
    body: Question


class Tell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A notice."""

    connection: int
    body: Notice


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """The answer to a question: a result that is read as the type that was asked for, or a failure."""

    number: int
    result: msgspec.Raw = msgspec.Raw()
    failure: Failure | None = None


Message: TypeAlias = Ask | Tell | Answer


class HeldPosition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One contract that an account holds."""

    contract: OptionContract
    qty: Decimal


RIGHTS: Final = (Right.CALL, Right.PUT)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Message])


def encode_result(value: object) -> msgspec.Raw:
    """Return a value as the result of an answer."""
    return msgspec.Raw(_encoder.encode(value))


def encode_frame(messages: list[Message]) -> bytes:
    """Return messages as one frame."""
    return _encoder.encode(messages)


def decode_frame(frame: bytes) -> list[Message]:
    """Return the messages of a frame; raises `msgspec.DecodeError` for what is none."""
    return _decoder.decode(frame)
