"""DXLink side of the double of tastytrade: setup, authorization, channels, keepalives, and errors of one socket."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from starlette.websockets import WebSocket

from mesolive.doubles.tastytrade.connections import Connections
from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.feed import Feed, FeedError
from mesolive.doubles.tastytrade.market_events import MarketEvents
from mesolive.doubles.tastytrade.oauth import Tokens
from mesolive.doubles.tastytrade.sockets import FrameError, Socket
from mesolive.doubles.tastytrade.values import JsonObject
from mesolive.tasks import Tasks

VERSION: Final = "1.0-2.8.3"
KEEPALIVE_PART: Final = 0.5
"""After which part of the client's patience the double says that it is alive."""

TICK_SECONDS: Final = 1.0
MAX_PATIENCE: Final = 3600.0
"""Seconds that a client can say it waits for the double."""


class Session:
    """One socket, from its setup to its end."""

    def __init__(self, socket: Socket, now: datetime, patience: float) -> None:
        self.socket = socket
        self.heard_at = now
        self.spoke_at = now
        self.patience = patience
        self.speak_after = patience
        self.set_up = False
        self.asked_for_token = False
        self.authorized = False
        self.feeds: dict[int, Feed] = {}


class DxLink:
    """Serves market data.

    Parameters
    ----------
    desk
        The market, faults and time.
    tokens
        Which quote tokens are valid.
    connections
        To reset sockets.
    """

    def __init__(self, desk: Desk, tokens: Tokens, connections: Connections) -> None:
        self._desk = desk
        self._tokens = tokens
        self._connections = connections
        self._events = MarketEvents(desk)
        self._sessions: set[Session] = set()

    @property
    def subscriptions(self) -> int:
        """How many subscriptions all sockets have."""
        return sum(feed.subscriptions for session in self._sessions for feed in session.feeds.values())

    @property
    def frames(self) -> int:
        """How many frames of data were sent on the channels that are open."""
        return sum(feed.frames for session in self._sessions for feed in session.feeds.values())

    @property
    def clients(self) -> int:
        """How many sockets are open."""
        return len(self._sessions)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one socket until it ends."""
        desk = self._desk
        socket = Socket(websocket, self._connections)
        if desk.faults.strike("feed_upgrade_refused") is not None:
            await socket.refuse_upgrade()
            return
        await socket.accept()
        session = Session(socket, desk.timer.now(), desk.settings.keepalive_seconds)
        self._sessions.add(session)
        tasks = Tasks()
        tasks.spawn("keepalive watch", self._watch(session))
        try:
            while True:
                try:
                    frame = await socket.receive()
                except FrameError:
                    self._error(session, 0, "INVALID_MESSAGE", "The message is not valid JSON")
                    continue
                if frame is None:
                    return
                message, size = frame
                session.heard_at = desk.timer.now()
                if size > desk.settings.frame_bytes:
                    socket.close(1009, "Max frame length exceeded")
                    continue
                self._take(session, message)
        finally:
            self._sessions.discard(session)
            await tasks.stop()
            await socket.done()

    def step(self) -> None:
        """Send what has changed in the market."""
        if self._muted():
            return
        for session in list(self._sessions):
            for feed in session.feeds.values():
                feed.flush()

    def burst(self, events: int) -> None:
        """Send the latest events again and again, so many to every feed."""
        for session in list(self._sessions):
            for feed in session.feeds.values():
                feed.repeat(events)

    def cut_all(self) -> None:
        """Reset all sockets."""
        for session in list(self._sessions):
            session.socket.cut()

    def close_channels(self) -> None:
        """Close all channels unasked."""
        for session in list(self._sessions):
            for channel in list(session.feeds):
                del session.feeds[channel]
                session.socket.send({"type": "CHANNEL_CLOSED", "channel": channel})

    def send_error(self, error: str, text: str) -> None:
        """Send an error to all sockets, and close them if it is of the kind that ends them."""
        for session in list(self._sessions):
            self._error(session, 0, error, text)
            if error in {"TIMEOUT", "UNAUTHORIZED"}:
                session.socket.close(1000)

    # messages

    def _take(self, session: Session, message: JsonObject) -> None:
        kind, channel = message.get("type"), message.get("channel")
        self._desk.truth.note("feed_frame", type=str(kind), channel=str(channel))
        if self._muted():
            self._desk.faults.strike("feed_mute")
            return
        if not isinstance(kind, str) or not isinstance(channel, int) or isinstance(channel, bool):
            self._error(session, 0, "INVALID_MESSAGE", "type and channel are needed")
        elif channel == 0:
            self._connection(session, kind, message)
        elif not session.authorized:
            self._error(session, channel, "UNAUTHORIZED", "Not authorized yet")
        elif kind == "CHANNEL_REQUEST":
            self._open(session, channel, message)
        elif channel not in session.feeds:
            self._error(session, channel, "BAD_ACTION", "The channel is not open")
        else:
            self._on_channel(session, channel, kind, message)

    def _connection(self, session: Session, kind: str, message: JsonObject) -> None:
        match kind:
            case "SETUP":
                self._set_up(session, message)
            case "AUTH":
                self._authorize(session, message)
            case "KEEPALIVE":
                pass  # that it came is what counts
            case _:
                self._error(session, 0, "BAD_ACTION", f"{kind} is not for channel 0")

    def _set_up(self, session: Session, message: JsonObject) -> None:
        desk = self._desk
        if "version" not in message:
            self._error(session, 0, "UNSUPPORTED_PROTOCOL", "The version is missing")
            session.socket.close(1000)
            return
        # keepaliveTimeout is how long a side waits for the other, acceptKeepaliveTimeout what it asks the other for.
        wanted, own = message.get("acceptKeepaliveTimeout"), message.get("keepaliveTimeout")
        if isinstance(wanted, int | float) and wanted > 0:
            session.patience = min(float(wanted), desk.settings.keepalive_seconds)
        if isinstance(own, int | float) and own > 0:
            session.speak_after = min(float(own), MAX_PATIENCE)
        session.set_up = True
        answer: JsonObject = {
            "type": "SETUP",
            "channel": 0,
            "version": VERSION,
            "keepaliveTimeout": session.patience,
            "acceptKeepaliveTimeout": session.speak_after,
        }
        session.socket.send(answer)
        late = desk.faults.strike("unauthorized_late")
        desk.timeline.after(0.0 if late is None else float(late["seconds"]), partial(self._ask_for_token, session))

    def _ask_for_token(self, session: Session) -> None:
        session.asked_for_token = True
        session.socket.send({"type": "AUTH_STATE", "channel": 0, "state": "UNAUTHORIZED"})

    def _authorize(self, session: Session, message: JsonObject) -> None:
        if not session.asked_for_token:
            self._error(session, 0, "UNAUTHORIZED", "Session not found: api")
            session.socket.close(1000)
        elif not self._tokens.is_quote_token(message.get("token")):
            session.socket.send({"type": "AUTH_STATE", "channel": 0, "state": "UNAUTHORIZED"})
            self._error(session, 0, "UNAUTHORIZED", "The token is not valid")
            session.socket.close(1000)
        else:
            session.authorized = True
            session.socket.send({"type": "AUTH_STATE", "channel": 0, "state": "AUTHORIZED", "userId": "double"})

    def _open(self, session: Session, channel: int, message: JsonObject) -> None:
        if channel % 2 == 0:
            self._error(session, channel, "BAD_ACTION", "Protocol violation with an even channel usage.")
        elif channel in session.feeds:
            self._error(session, channel, "BAD_ACTION", "The channel is open already")
        elif message.get("service") != "FEED":
            self._error(session, channel, "BAD_ACTION", f"There is no service {message.get('service')}")
        elif self._desk.faults.strike("channel_refused") is not None:
            session.socket.send({"type": "CHANNEL_CLOSED", "channel": channel})
        else:
            session.feeds[channel] = Feed(self._desk, self._events, session.socket, channel)
            parameters: JsonObject = {"contract": "AUTO", "subFormat": "LIST"}
            given = message.get("parameters")
            if isinstance(given, dict) and "contract" in given:
                parameters["contract"] = given["contract"]
            session.socket.send(
                {"type": "CHANNEL_OPENED", "channel": channel, "service": "FEED", "parameters": parameters}
            )

    def _on_channel(self, session: Session, channel: int, kind: str, message: JsonObject) -> None:
        feed = session.feeds[channel]
        try:
            match kind:
                case "FEED_SETUP":
                    feed.set_up(message)
                case "FEED_SUBSCRIPTION":
                    feed.subscribe(message)
                case "CHANNEL_CANCEL":
                    del session.feeds[channel]
                    session.socket.send({"type": "CHANNEL_CLOSED", "channel": channel})
                case _:
                    self._error(session, channel, "BAD_ACTION", f"{kind} is not known")
        except FeedError as error:
            self._error(session, channel, error.error, error.message)

    def _error(self, session: Session, channel: int, error: str, text: str) -> None:
        session.socket.send({"type": "ERROR", "channel": channel, "error": error, "message": text})

    # life

    async def _watch(self, session: Session) -> None:
        """End a session whose client is silent for too long, and say now and then that the double is alive."""
        desk = self._desk
        while not session.socket.closing:
            await desk.timer.sleep(min(TICK_SECONDS, session.patience / 4, session.speak_after / 4))
            now = desk.timer.now()
            if now - session.heard_at > timedelta(seconds=session.patience):
                self._error(session, 0, "TIMEOUT", "No keepalive was received in time")
                session.socket.close(1000)
            elif now - session.spoke_at >= timedelta(seconds=session.speak_after * KEEPALIVE_PART):
                session.spoke_at = now
                if session.set_up and not self._muted():
                    session.socket.send({"type": "KEEPALIVE", "channel": 0})

    def _muted(self) -> bool:
        return self._desk.faults.is_on("feed_mute")
