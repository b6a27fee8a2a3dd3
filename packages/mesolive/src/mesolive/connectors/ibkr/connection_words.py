"""States of the connection to TWS in words for the trader, with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from mesolive.connectors.ibkr.session_errors import ANOTHER_LOGIN
from mesolive.connectors.ibkr.session_state import SessionState
from mesolive.connectors.protocol import ConnectorError, ConnectorState, ConnectorStatus, Problem

TOLERATED_CLOCK_SECONDS: Final = 2.0
MAX_SHOWN_PROBLEMS: Final = 3
SUNDAY: Final = 6
LOGIN_ENDS_HOUR: Final = 1
"""New York time on Sunday at which IB ends the logins of the week."""

READ_ONLY_REMEDY: Final = (
    "In TWS: File, Global Configuration, API, Settings: clear Read-Only API (IBC: ReadOnlyApi=no), then enable the "
    "connector again."
)
CLIENT_ID_REMEDY: Final = (
    "TWS keeps the id of a lost connection for some minutes, and it is tried again. If it lasts, another program uses "
    "the id: stop it, or restart TWS."
)
SILENT_REMEDY: Final = "Look at TWS: log in, confirm on the phone, and close dialogs that wait for an answer."
NOT_RUNNING_REMEDY: Final = (
    "Start TWS or IB Gateway and log in; enable the API (Enable ActiveX and Socket Clients) and compare the port."
)
LOGIN_REMEDY: Final = (
    "Nothing is sent and nothing is concluded. Log in to TWS with the account that the connector is for, or correct "
    "its settings paper, port and accounts and enable it again."
)
LINK_REMEDY: Final = "Wait: IB resets its servers each night. If it lasts, look at TWS and at this computer's network."
DATA_REMEDY: Final = "Wait: quotes count as stale until it is back."
CLOCK_REMEDY: Final = "Synchronise this machine's clock (NTP)."


@dataclass(frozen=True, slots=True)
class Situation:
    """What the words are made of.

    Attributes
    ----------
    orders, data
        The two connections.
    data_wanted
        Whether market data are switched on.
    read_only
        Whether TWS refuses orders.
    problems
        What a person must look at.
    market_message
        What the market data provider has to say; empty when all is well.
    quiet
        Whether it is the time in which TWS restarts.
    """

    orders: SessionState
    data: SessionState
    data_wanted: bool
    read_only: bool
    problems: Sequence[str]
    market_message: str
    quiet: bool
    now: datetime


def words(situation: Situation) -> ConnectorStatus:
    """Return the state of a connection that was made, and may be lost since."""
    orders, data = situation.orders, situation.data
    if not orders.connected:
        message, remedy = lost_words(orders.loss, situation.now, quiet=situation.quiet)
        return ConnectorStatus(ConnectorState.DISCONNECTED, message, remedy)
    if not orders.link:
        return ConnectorStatus(
            ConnectorState.DISCONNECTED,
            "TWS has lost the connection to IB's servers (1100): nothing is sent, and orders at IB work on",
            LINK_REMEDY,
        )
    told: list[tuple[str, str]] = []
    if situation.read_only:
        told.append(("the API of TWS is read-only: it refuses orders", READ_ONLY_REMEDY))
    told += [(problem, "") for problem in situation.problems[:MAX_SHOWN_PROBLEMS]]
    if situation.data_wanted:
        if not data.connected:
            told.append((f"the connection of market data is lost: {data.loss}; it is attempted again", DATA_REMEDY))
        elif data.data_farms_broken:
            farms = ", ".join(data.data_farms_broken)
            told.append((f"IB's market data farm {farms} is not connected to TWS", DATA_REMEDY))
        elif situation.market_message:
            told.append((f"market data: {situation.market_message}", ""))
    ahead = orders.clock_ahead
    if ahead is not None and abs(ahead) > TOLERATED_CLOCK_SECONDS:
        told.append((f"the clock of TWS is {ahead:+.1f} s from this machine's", CLOCK_REMEDY))
    if told:
        remedy = next((text for _, text in told if text), "")
        return ConnectorStatus(ConnectorState.RESTRICTED, "; ".join(message for message, _ in told), remedy)
    return ConnectorStatus(ConnectorState.CONNECTED)


def lost_words(loss: str, now: datetime, *, quiet: bool) -> tuple[str, str]:
    """Return what a lost connection is, and what to do."""
    message = f"{loss or 'the connection to TWS is lost'}; orders at IB work on, and the connection is attempted again"
    if is_another_login(loss):
        return message, LOGIN_REMEDY
    if quiet:
        return f"TWS restarts at this time of the day: {message}", "Wait: it comes back by itself."
    if after_weekly_login(now):
        return (
            f"IB ends the week's login on Sunday at 01:00 New York time: {message}",
            "Log in to TWS, and confirm on the phone.",
        )
    if "client id" in loss:
        return message, CLIENT_ID_REMEDY
    if "says nothing" in loss or "does not answer" in loss:
        return message, SILENT_REMEDY
    if "changed its port" in loss:
        return message, "Enter the new port: mesolive connector set NAME port=PORT."
    return message, NOT_RUNNING_REMEDY


def is_another_login(loss: str) -> bool:
    """Whether a connection was not made because TWS is logged in as somebody else."""
    return loss.startswith(ANOTHER_LOGIN)


def after_weekly_login(now: datetime) -> bool:
    """Whether it is the part of Sunday in which a lost connection is probably the end of the week's login."""
    local = now.astimezone(ZoneInfo("America/New_York"))
    return local.weekday() == SUNDAY and local.hour >= LOGIN_ENDS_HOUR


def connect_error(loss: str, now: datetime, *, quiet: bool) -> ConnectorError:
    """Return the error of an attempt to connect that failed."""
    _, remedy = lost_words(loss, now, quiet=quiet)
    return ConnectorError(Problem.UNREACHABLE, loss, remedy)
