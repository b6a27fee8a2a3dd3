"""Records of the double of TWS: orders, executions, positions and accounts, as they are kept in its state file."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal

import msgspec

from mesolive.doubles.tws.instruments import Instrument

ZERO = Decimal(0)


class OrderStatus(enum.Enum):
    """States of an order in TWS, with the names of the protocol."""

    PENDING_SUBMIT = "PendingSubmit"
    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    PENDING_CANCEL = "PendingCancel"
    API_CANCELLED = "ApiCancelled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"
    FILLED = "Filled"

    @property
    def ended(self) -> bool:
        """Whether nothing can happen to the order any more."""
        return self in {OrderStatus.API_CANCELLED, OrderStatus.CANCELLED, OrderStatus.FILLED}


class Leg(msgspec.Struct, frozen=True):
    """One leg of a combo order; `sign` is 1 for a bought leg of a bought combo, -1 for a sold one."""

    con_id: int
    ratio: int
    action: str
    exchange: str
    open_close: int = 0
    short_sale_slot: int = 0
    designated_location: str = ""
    exempt_code: int = -1

    @property
    def sign(self) -> int:
        """1 where buying the combo buys the leg, -1 where it sells it."""
        return 1 if self.action == "BUY" else -1


class Order(msgspec.Struct):
    """An order at TWS.

    Attributes
    ----------
    client_id, order_id
        Who placed it, under which number: unique as long as TWS has its memory. An order by hand has client 0 and
        order id 0, or a negative one once it is bound.
    perm_id
        Permanent and unique; 0 until the order has reached IB's servers.
    con_id
        Of its contract; `BAG_CON_ID` for a combo.
    echoed
        Attributes that are sent back as they came.
    live
        Whether it is at IB's servers and may fill.
    submitted_in_outage
        Whether it waits for the connection to IB's servers.
    """

    client_id: int
    order_id: int
    perm_id: int
    con_id: int
    symbol: str
    sec_type: str
    exchange: str
    action: str
    quantity: Decimal
    order_type: str
    account: str
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    tif: str = "DAY"
    order_ref: str = ""
    parent_id: int = 0
    outside_rth: bool = False
    good_till_date: str = ""
    oca_group: str = ""
    all_or_none: bool = False
    transmit: bool = True
    legs: list[Leg] = []
    leg_prices: list[str] = []
    routing: list[tuple[str, str]] = []
    echoed: dict[str, str] = {}
    status: OrderStatus = OrderStatus.PENDING_SUBMIT
    filled: Decimal = ZERO
    average_price: Decimal = ZERO
    last_fill_price: Decimal = ZERO
    why_held: str = ""
    live: bool = False
    triggered: bool = False
    submitted_in_outage: bool = False
    placed_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str = ""

    @property
    def remaining(self) -> Decimal:
        """What is not filled yet."""
        return max(self.quantity - self.filled, ZERO)

    @property
    def is_combo(self) -> bool:
        """Whether it is an order of a combo."""
        return self.sec_type == "BAG"

    @property
    def sign(self) -> int:
        """1 for a purchase, -1 for a sale."""
        return 1 if self.action == "BUY" else -1


class Execution(msgspec.Struct, frozen=True):
    """One execution report: of a combo, of one of its legs, or of a single contract.

    Attributes
    ----------
    side
        `BOT` or `SLD`.
    cumulative, average
        Of the same order and contract, this execution included.
    of_bag
        Whether it is the report of a combo: it moves no position.
    """

    exec_id: str
    at: datetime
    account: str
    client_id: int
    order_id: int
    perm_id: int
    con_id: int
    symbol: str
    sec_type: str
    exchange: str
    side: str
    shares: Decimal
    price: Decimal
    cumulative: Decimal
    average: Decimal
    order_ref: str
    of_bag: bool = False
    liquidation: int = 0

    @property
    def signed(self) -> Decimal:
        """Shares with their sign: negative for a sale."""
        return self.shares if self.side == "BOT" else -self.shares


class Commission(msgspec.Struct, frozen=True):
    """What an execution cost, and the profit that it realized; `None` where it only opened a position."""

    exec_id: str
    commission: Decimal
    realized: Decimal | None
    currency: str = "USD"


class Position(msgspec.Struct):
    """What an account holds of a contract; `average_cost` is per contract, its multiplier included."""

    con_id: int
    quantity: Decimal = ZERO
    average_cost: Decimal = ZERO
    realized: Decimal = ZERO


class Account(msgspec.Struct):
    """An account: its cash and positions."""

    name: str
    cash: Decimal = Decimal(1_000_000)
    positions: dict[int, Position] = {}

    def position(self, con_id: int) -> Position:
        """Return the position in a contract, making an empty one."""
        return self.positions.setdefault(con_id, Position(con_id))


class State(msgspec.Struct):
    """Everything that outlives a restart of TWS, and what its own memory adds.

    Attributes
    ----------
    next_order_ids
        The order id that each client receives at its next connection: TWS' own memory, lost with its settings.
    instruments
        Contracts of orders, executions and positions: they stay known after their expiration.
    spots
        Prices of the underlyings, and `reached` the market's time: a double that is started again goes on from there.
    truths
        How many entries of the truth ledger belong to this state.
    """

    accounts: dict[str, Account] = {}
    orders: list[Order] = []
    executions: list[Execution] = []
    commissions: dict[str, Commission] = {}
    instruments: dict[int, Instrument] = {}
    next_order_ids: dict[int, int] = {}
    next_perm_id: int = 1_900_000_001
    next_execution: int = 1
    spots: dict[str, float] = {}
    reached: datetime | None = None
    truths: int = 0


def encode_state(state: State) -> bytes:
    """Return a state as the JSON of a state file."""
    return msgspec.json.encode(state)


def decode_state(data: bytes) -> State:
    """Return the state of a state file.

    Raises
    ------
    msgspec.ValidationError
        When it is not the JSON of a state.
    """
    return msgspec.json.decode(data, type=State)
