"""What a crash test needs to know of a broker: its double, its connector's settings, and what really happened there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Protocol

from mesolive.connectors.kinds import ConnectorKind
from mesolive.market.contracts import OptionContract
from mesolive_sdk.models import DataProviderType


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order at the broker.

    Attributes
    ----------
    reference
        Ours, as the broker has it; empty for an order of another program.
    venue_id
        The broker's permanent id; orders of ours whose venue ids begin with it, up to a point, are this order.
    filled
        Combos, or contracts of an order of one leg.
    working
        Whether it may fill still.
    """

    reference: str
    venue_id: str
    filled: Decimal
    working: bool


@dataclass(frozen=True, slots=True)
class BrokerTruth:
    """What really happened at the broker.

    Attributes
    ----------
    traded
        By contract: the signed quantity of all fills, and its sum times the prices.
    held
        Positions that are not zero.
    commissions
        Of all fills.
    fired
        How often each fault struck, since the process of the double started.
    """

    orders: Sequence[BrokerOrder]
    traded: Mapping[OptionContract, tuple[Decimal, Decimal]]
    positions: Mapping[OptionContract, Decimal]
    commissions: Decimal
    fired: Mapping[str, int]


class Double(Protocol):
    """A double that runs in a process of its own."""

    @property
    def port(self) -> int:
        """Where the connector reaches it."""
        ...

    def set_faults(self, *, on: bool) -> None:
        """Switch all faults of the test on, or off."""
        ...

    def truth(self) -> BrokerTruth:
        """Return what really happened."""
        ...


@dataclass(frozen=True, slots=True)
class DoubleRequest:
    """What a double is made from.

    Attributes
    ----------
    folder
        Where it keeps what outlives a kill.
    port
        That it listens on; 0 for a free one.
    offset
        Seconds that market time is ahead of this computer's.
    """

    folder: Path
    port: int
    offset: float
    seed: int


@dataclass(frozen=True, slots=True)
class Driver:
    """One broker. Its functions are named functions of a module: they are called in other processes.

    Attributes
    ----------
    kind
        The kind of connector, with times of waiting that suit a test.
    account
        That is traded.
    open_double
        Runs a double while its context lasts.
    settings
        Settings of the connector, from the double's port and the market time's offset.
    disturb
        Called in the double's process every so often while faults are on: lets something happen there.
    outlives_kills
        Whether the double goes on after a kill where it was; else it is never killed.
    quotes
        The provider of the broker's connector, when its quotes are traded on: then venue and quotes die together. By
        default the quotes are a simulated connection's.
    """

    kind: ConnectorKind
    account: str
    open_double: Callable[[DoubleRequest], AbstractAsyncContextManager[Double]]
    settings: Callable[[int, float], dict[str, str]]
    disturb: Callable[[Double, Random], None]
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    outlives_kills: bool = True
    quotes: DataProviderType | None = None
