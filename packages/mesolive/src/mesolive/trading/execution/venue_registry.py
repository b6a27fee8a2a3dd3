"""Venue registry: maps an account to the venue that serves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mesolive.errors import unavailable
from mesolive.trading.portfolio.accounts import Account, must_be_at_a_venue, must_be_enabled
from mesolive.venues.base import Venue
from mesolive_sdk.models import BrokerType


class VenueRegistry:
    """The venues of this server: those that it starts with by the type of account, those of connections by connection.

    Raises
    ------
    ValueError
        For two venues of one type, and for one that would serve paper accounts: nothing of them may reach a venue.
    """

    def __init__(self, venues: Iterable[Venue]) -> None:
        result: dict[BrokerType, Venue] = {}
        for venue in venues:
            if venue.kind in result:
                raise ValueError(f"two venues serve {venue.kind.name} accounts")
            if venue.kind is BrokerType.MesoLive:
                raise ValueError("paper accounts have no venue")
            result[venue.kind] = venue
        self._venues = result
        self._by_connection: dict[int, Venue] = {}

    def attach(self, connection_id: int, venue: Venue) -> None:
        """Add the venue of a connection: it serves the accounts of that connection, and no others."""
        self._by_connection[connection_id] = venue

    def detach(self, connection_id: int) -> None:
        """Remove the venue of a connection."""
        self._by_connection.pop(connection_id, None)

    @property
    def all(self) -> Mapping[BrokerType, Venue]:
        """The venues by type."""
        return self._venues

    def of(self, account: Account) -> Venue:
        """Return the account's venue.

        Raises
        ------
        ServiceError
            `NotSupported` for a paper account; `Conflict` for one that its owner has disabled; `ProviderUnavailable`
            when this server has no venue of its type.
        """
        must_be_at_a_venue(account)
        must_be_enabled(account)
        if account.connection_id is not None:
            connected = self._by_connection.get(account.connection_id)
            if connected is None:
                raise unavailable(
                    f"the connection of account {account.broker_account_id} is not connected: see mesolive connector "
                    "list",
                    account.broker_type.name,
                    code="VenueNotConnected",
                )
            return connected
        venue = self._venues.get(account.broker_type)
        if venue is None:
            raise unavailable(
                f"this server has no {account.broker_type.name} venue", account.broker_type.name, code="NoSuchVenue"
            )
        return venue
