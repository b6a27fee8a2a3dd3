"""States of the connection to TWS in words for the trader, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from mesolive.connectors.ibkr.session_errors import ANOTHER_LOGIN
from mesolive.connectors.ibkr.session_state import SessionState
from mesolive.connectors.protocol import ConnectorError, ConnectorState, ConnectorStatus, Problem
from mesolive.connectors.words import CLASSES_CAUSE, CLASSES_REMEDY

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
OTHER_PROGRAM_REMEDY: Final = (
    "Compare host and port with those in TWS: File, Global Configuration, API, Settings, Socket port."
)
LOGIN_REMEDY: Final = (
    "Nothing is sent and nothing is concluded. Log in to TWS with the account that the connector is for, or correct "
    "its settings paper, port and accounts and enable it again."
)
LINK_REMEDY: Final = "Wait: IB resets its servers each night. If it lasts, look at TWS and at this computer's network."
RESTART_REMEDY: Final = "Wait: it comes back by itself."
WEEKLY_REMEDY: Final = "Log in to TWS, and confirm on the phone."
PORT_REMEDY: Final = "Enter the new port: mesolive connector set NAME port=PORT."
DIALOG_REMEDY: Final = (
    "Look at TWS and answer its dialog; switch on Bypass Order Precautions for API Orders (Global Configuration, API, "
    "Precautions; IBC: BypassOrderPrecautions=yes)."
)
PROBLEM_REMEDY: Final = "Compare the account's statement with the books: mesolive connector list says of what."
MARKET_REMEDY: Final = (
    "Subscribe in IB's Client Portal to the market data of the underlyings and of their options, and share them with "
    "the paper account; end other sessions and programs that use the login's data."
)
DATA_REMEDY: Final = "Wait: quotes count as stale until it is back."
CLOCK_REMEDY: Final = "Synchronise this machine's clock (NTP)."


LINK_CAUSE: Final = "TWS has lost the connection to IB's servers (1100)"
LOST_CAUSE: Final = "the connection to TWS is lost"
RESTART_CAUSE: Final = "TWS restarts at this time of the day"
WEEKLY_CAUSE: Final = "IB ends the week's login on Sunday at 01:00 New York time"
LOSSES: Final = (
    ("client id", "the client id is in use", CLIENT_ID_REMEDY),
    ("says nothing", "TWS accepts the connection and says nothing", SILENT_REMEDY),
    ("does not answer", "TWS does not answer", SILENT_REMEDY),
    ("changed its port", "TWS has changed its port", PORT_REMEDY),
    ("is no TWS", "another program answers where TWS is expected", OTHER_PROGRAM_REMEDY),
    ("nothing listens", "nothing listens where TWS is expected", NOT_RUNNING_REMEDY),
)
"""Parts of a loss' words, what is wrong, and what to do."""


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
        Problems that a person must resolve.
    unanswered
        Whether an order is among them that TWS has not answered: a dialog may hold it.
    market_message
        What the market data provider has to say; empty when all is well.
    unknown_classes
        Which classes of options are left out, in words; empty for none.
    quiet
        Whether it is the time in which TWS restarts.
    """

    orders: SessionState
    data: SessionState
    data_wanted: bool
    read_only: bool
    problems: Sequence[str]
    unanswered: bool
    market_message: str
    quiet: bool
    now: datetime
    unknown_classes: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """One problem: the text for its owner, the text for all users, and the remedy."""

    message: str
    cause: str
    remedy: str


def words(situation: Situation) -> ConnectorStatus:
    """Return the state of a connection that was made, and may be lost since."""
    orders = situation.orders
    if not orders.connected:
        return _status(ConnectorState.DISCONNECTED, [lost_words(orders.loss, situation.now, quiet=situation.quiet)])
    if not orders.link:
        text = f"{LINK_CAUSE}: nothing is sent, and orders at IB work on"
        return _status(ConnectorState.DISCONNECTED, [Words(text, LINK_CAUSE, LINK_REMEDY)])
    restrictions = list(_restrictions(situation))
    return (
        _status(ConnectorState.RESTRICTED, restrictions) if restrictions else ConnectorStatus(ConnectorState.CONNECTED)
    )


def _status(state: ConnectorState, restrictions: Sequence[Words]) -> ConnectorStatus:
    """Return a state with the words of all that is wrong, and with every remedy once."""
    message = "; ".join(notice.message for notice in restrictions)
    causes = dict.fromkeys(notice.cause for notice in restrictions)
    remedies = dict.fromkeys(notice.remedy for notice in restrictions)
    return ConnectorStatus(state, message, " ".join(remedies), cause="; ".join(causes))


def _restrictions(situation: Situation) -> Iterator[Words]:
    orders, data = situation.orders, situation.data
    if situation.read_only:
        yield Words("the API of TWS is read-only: it refuses orders", "the API of TWS is read-only", READ_ONLY_REMEDY)
    if situation.problems:
        text = "; ".join(situation.problems[:MAX_SHOWN_PROBLEMS])
        if situation.unanswered:
            yield Words(text, "TWS has not answered an order", DIALOG_REMEDY)
        else:
            yield Words(text, "something of an order, a fill or a settlement needs a look", PROBLEM_REMEDY)
    if situation.data_wanted:
        if not data.connected:
            text = f"the connection of market data is lost: {data.loss}; it is attempted again"
            yield Words(text, "the connection of market data is lost", DATA_REMEDY)
        elif data.data_farms_broken:
            text = f"IB's market data farm {', '.join(data.data_farms_broken)} is not connected to TWS"
            yield Words(text, "a market data farm of IB is not connected to TWS", DATA_REMEDY)
        elif situation.market_message:
            text = f"market data: {situation.market_message}"
            yield Words(text, "market data are not complete, or not live", MARKET_REMEDY)
    if situation.unknown_classes:
        yield Words(situation.unknown_classes, CLASSES_CAUSE, CLASSES_REMEDY)
    ahead = orders.clock_ahead
    if ahead is not None and abs(ahead) > TOLERATED_CLOCK_SECONDS:
        text = f"the clock of TWS is {ahead:+.1f} s from this machine's"
        yield Words(text, "the clock of TWS is not this machine's", CLOCK_REMEDY)


def lost_words(loss: str, now: datetime, *, quiet: bool) -> Words:
    """Return what a lost connection is, and what to do."""
    message = f"{loss or LOST_CAUSE}; orders at IB work on, and the connection is attempted again"
    if is_another_login(loss):
        return Words(message, ANOTHER_LOGIN, LOGIN_REMEDY)
    if quiet:
        return Words(f"{RESTART_CAUSE}: {message}", RESTART_CAUSE, RESTART_REMEDY)
    if after_weekly_login(now):
        return Words(f"{WEEKLY_CAUSE}: {message}", WEEKLY_CAUSE, WEEKLY_REMEDY)
    for part, cause, remedy in LOSSES:
        if part in loss:
            return Words(message, cause, remedy)
    return Words(message, LOST_CAUSE, NOT_RUNNING_REMEDY)


def is_another_login(loss: str) -> bool:
    """Whether a connection was not made because TWS is logged in as another user."""
    return loss.startswith(ANOTHER_LOGIN)


def after_weekly_login(now: datetime) -> bool:
    """Whether it is the part of Sunday in which a lost connection is probably the end of the week's login."""
    local = now.astimezone(ZoneInfo("America/New_York"))
    return local.weekday() == SUNDAY and local.hour >= LOGIN_ENDS_HOUR


def connect_error(loss: str, now: datetime, *, quiet: bool) -> ConnectorError:
    """Return the error of an attempt to connect that failed."""
    words = lost_words(loss, now, quiet=quiet)
    return ConnectorError(Problem.UNREACHABLE, loss, words.remedy, words.cause)
