"""Connectivity of the double of TWS: outages, data farms, restarts, logins, and the day that brings them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from mesolive.doubles.tws.contract_service import ContractService
from mesolive.doubles.tws.gateway import Client, Gateway
from mesolive.doubles.tws.market_data import MarketDataService
from mesolive.doubles.tws.order_reports import OrderReports
from mesolive.doubles.tws.order_service import OrderService
from mesolive.market.calendar import NEW_YORK

FARMS: Final = {
    "usfarm": (2103, 2104),
    "usopt": (2103, 2104),
    "usfuture": (2103, 2104),
    "ushmds": (2105, 2106),
    "secdefil": (2157, 2158),
}
"""The farms with the codes of their notices: broken, and restored."""

SUNDAY: Final = 6
WEEKLY_LOGIN_AT: Final = time(1, 0)


class Connectivity:
    """Loses and restores what TWS is connected to.

    Parameters
    ----------
    close_all
        Resets the sockets of all clients.

    Attributes
    ----------
    down
        Whether TWS is restarting: sockets are closed as soon as they are opened.
    logged_in
        Whether the login of the week is there: without it nothing is said after startApi.
    """

    def __init__(
        self,
        gateway: Gateway,
        data: MarketDataService,
        contracts: ContractService,
        orders: OrderService,
        reports: OrderReports,
        close_all: Callable[[], None],
    ) -> None:
        self._gateway = gateway
        self._data = data
        self._contracts = contracts
        self._orders = orders
        self._reports = reports
        self._close_all = close_all
        self.down = False
        self.logged_in = True
        self._broken: set[str] = set()
        self._seen = gateway.now()

    def greet(self, client: Client) -> None:
        """Send the notices that a new client gets."""
        inactive = self._gateway.faults.strike("farm_inactive", client=client.client_id)
        for farm, (broken, restored) in FARMS.items():
            if inactive is not None and farm == inactive["farm"]:
                client.error(-1, 2108, farm=farm)
                continue
            client.error(-1, broken if farm in self._broken else restored, farm=farm)
        if not self._gateway.link:
            client.error(-1, 1100)

    def lose_link(self, code: int = 1100) -> None:
        """Lose the connection to IB's servers: 1100, or 2110. Orders at the servers go on working."""
        self._gateway.link = False
        self._gateway.truth.note("link_lost", code=code)
        self._broadcast(code)

    def restore_link(self, code: int = 1102) -> None:
        """Restore the connection: send the delayed messages, then 1102, or 1101 when subscriptions are lost."""
        gateway = self._gateway
        gateway.link = True
        gateway.truth.note("link_restored", code=code)
        self._orders.restored()
        self._reports.release()
        if code == 1101:
            self._data.lose()
        self._broadcast(code)
        if gateway.faults.strike("silent_after_restore") is not None:
            self._data.fall_silent()
        if not self._contracts.farm_broken:
            self._contracts.farm_broken = False  # requests that waited for the link go on

    def break_farm(self, farm: str) -> None:
        """Break a data farm: what it serves is silent.

        Raises
        ------
        ValueError
            When there is no such farm.
        """
        self._broadcast(_codes(farm)[0], farm=farm)
        self._broken.add(farm)
        self._data.broken.add(farm)
        if farm == "secdefil":
            self._contracts.farm_broken = True

    def mend_farm(self, farm: str) -> None:
        """Restore a data farm; with a fault, subscriptions from before stay silent."""
        code = _codes(farm)[1]
        self._broken.discard(farm)
        self._data.broken.discard(farm)
        self._broadcast(code, farm=farm)
        if self._gateway.faults.strike("silent_after_restore") is not None:
            self._data.fall_silent([farm])
        if farm == "secdefil":
            self._contracts.farm_broken = False

    def flap_farm(self, farm: str, seconds: float) -> None:
        """Break a data farm for some seconds."""
        self.break_farm(farm)
        self._gateway.timeline.after(seconds, partial(self.mend_farm, farm))

    def restart(self, seconds: float, *, remember: bool = True) -> None:
        """Restart TWS: all sockets are lost, and new ones are closed for some seconds.

        Parameters
        ----------
        remember
            Whether TWS keeps its memory of order ids; without it each client begins with the first id again.
        """
        gateway = self._gateway
        gateway.truth.note("restart", remember=remember)
        self.down = True
        self._close_all()
        self._reports.forget()
        self._orders.forget_waiting()
        gateway.link = True
        if not remember:
            gateway.state.next_order_ids.clear()
        gateway.timeline.after(seconds, self._up)

    def log_out(self) -> None:
        """End the login of the week: sockets are lost, and new ones hear nothing until `log_in`."""
        self.logged_in = False
        self._gateway.truth.note("logged_out")
        self._close_all()

    def log_in(self) -> None:
        """Log in, as by telephone."""
        self.logged_in = True
        self._gateway.truth.note("logged_in")

    def reset_port(self, port: int) -> None:
        """Announce another port to all clients and close their sockets (1300)."""
        self._broadcast(1300, port=port)
        self._gateway.after_commit(self._close_all)

    def step(self) -> None:
        """Do what the day brings: restart, reset of the servers, end of the weekly login."""
        gateway, settings = self._gateway, self._gateway.settings
        before, now = self._seen, gateway.now()
        self._seen = now
        if _passed(before, now, settings.restart_at, gateway.zone.zone):
            self.restart(settings.outage_seconds)
        if _passed(before, now, settings.reset_at, gateway.zone.zone) and gateway.link:
            self.lose_link()
            gateway.timeline.after(settings.outage_seconds, self.restore_link)
        sunday = now.astimezone(NEW_YORK).weekday() == SUNDAY
        if settings.weekly_login and sunday and _passed(before, now, WEEKLY_LOGIN_AT, NEW_YORK):
            self.log_out()

    def _up(self) -> None:
        self.down = False

    def _broadcast(self, code: int, **details: object) -> None:
        for client in self._gateway.all_clients():
            client.error(-1, code, **details)


def _codes(farm: str) -> tuple[int, int]:
    codes = FARMS.get(farm)
    if codes is None:
        raise ValueError(f"there is no farm {farm!r}; there are: {', '.join(FARMS)}")
    return codes


def _passed(before: datetime, now: datetime, at: time | None, zone: ZoneInfo) -> bool:
    """Whether a time of the day lies after `before` and not after `now`."""
    if at is None:
        return False
    local = now.astimezone(zone)
    moment = datetime.combine(local.date(), at, local.tzinfo)
    if moment > local:
        moment -= timedelta(days=1)
    return before < moment
