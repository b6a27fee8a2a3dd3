"""Account stream of the double of tastytrade: connect, heartbeat, and notifications of orders and positions."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Final

import msgspec
from starlette.websockets import WebSocket

from mesolive.doubles.tastytrade.connections import Connections
from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.oauth import Tokens
from mesolive.doubles.tastytrade.sockets import FrameError, Socket
from mesolive.doubles.tastytrade.values import JsonObject, millis

TAKEN: Final = frozenset({"public-watchlists-subscribe", "quote-alerts-subscribe", "user-message-subscribe"})
"""Actions that are answered and do nothing here."""


class StreamClient:
    """One socket of the account stream."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.session_id = secrets.token_hex(4)
        self.accounts: frozenset[str] = frozenset()
        self.pending_frame: str | None = None


class AccountStream:
    """Tells connected clients what happens to their accounts; nothing is kept for those that are not connected.

    Parameters
    ----------
    desk
        What happens.
    tokens
        Which tokens are valid: every frame carries one.
    connections
        To reset sockets.
    """

    def __init__(self, desk: Desk, tokens: Tokens, connections: Connections) -> None:
        self._desk = desk
        self._tokens = tokens
        self._connections = connections
        self._clients: set[StreamClient] = set()
        desk.listen(self._notify)

    @property
    def clients(self) -> int:
        """How many sockets are open."""
        return len(self._clients)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one socket until it ends."""
        socket = Socket(websocket, self._connections)
        if self._desk.faults.strike("stream_upgrade_refused") is not None:
            await socket.refuse_upgrade()
            return
        await socket.accept()
        client = StreamClient(socket)
        self._clients.add(client)
        try:
            while True:
                try:
                    frame = await socket.receive()
                except FrameError:
                    self._answer(client, {}, "error", "unparsable")
                    continue
                if frame is None:
                    return
                self._take(client, frame[0])
        finally:
            self._clients.discard(client)
            await socket.done()

    def close_all(self, code: int = 1000, reason: str = "Bye") -> None:
        """Close all sockets as the broker does now and then."""
        for client in list(self._clients):
            client.socket.close(code, reason)

    def cut_all(self) -> None:
        """Reset all sockets."""
        for client in list(self._clients):
            client.socket.cut()

    # what clients say

    def _take(self, client: StreamClient, frame: JsonObject) -> None:
        action = str(frame.get("action", ""))
        self._desk.truth.note("stream_frame", action=action)
        if self._desk.faults.is_on("stream_mute"):
            self._desk.faults.strike("stream_mute")
            return
        match action:
            case "connect":
                self._connect(client, frame)
            case "heartbeat":
                self._heartbeat(client, frame)
            case _ if action in TAKEN:
                self._answer(client, frame, "ok")
            case _:
                self._answer(client, frame, "error", "not-implemented")

    def _connect(self, client: StreamClient, frame: JsonObject) -> None:
        faults = self._desk.faults
        if faults.strike("connect_unanswered") is not None:
            return
        value = frame.get("value")
        accounts = frozenset(str(number) for number in value) if isinstance(value, list) else frozenset[str]()  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # of JSON
        good = self._has_token(frame) and accounts and accounts <= set(self._desk.accounts)
        if not good or faults.strike("connect_refused") is not None:
            self._answer(client, frame, "error", "failed")
            return
        client.accounts = accounts
        self._answer(client, frame, "ok")

    def _heartbeat(self, client: StreamClient, frame: JsonObject) -> None:
        faults = self._desk.faults
        if faults.strike("heartbeat_unanswered") is not None:
            return
        if not client.accounts:
            self._answer(client, frame, "error", "connect-not-completed")
        elif not self._has_token(frame) or faults.strike("heartbeat_refused") is not None:
            self._answer(client, frame, "error", "failed")
            client.socket.close(1000, "Bye")
        else:
            self._answer(client, frame, "ok")

    def _has_token(self, frame: JsonObject) -> bool:
        return self._tokens.scopes_of(str(frame.get("auth-token", ""))) is not None

    def _answer(self, client: StreamClient, frame: JsonObject, status: str, message: str | None = None) -> None:
        answer: JsonObject = {
            "status": status,
            "action": frame.get("action"),
            "web-socket-session-id": client.session_id,
        }
        if message is not None:
            answer["message"] = message
        if status == "ok" and frame.get("action") == "connect":
            answer["value"] = sorted(client.accounts)
        if "request-id" in frame and message is None and self._desk.faults.strike("request_id_missing") is None:
            answer["request-id"] = frame["request-id"]
        client.socket.send(answer)

    # what clients receive

    def _notify(self, account: str, kind: str, data: JsonObject) -> None:
        desk = self._desk
        frame: JsonObject = {"type": kind, "data": data, "timestamp": millis(desk.now())}
        late = desk.faults.strike("frames_late", message=kind, account=account)
        lag = desk.settings.stream_lag + (0.0 if late is None else float(late["seconds"]))
        desk.timeline.after(lag, partial(self._send, account, kind, frame))

    def _send(self, account: str, kind: str, frame: JsonObject) -> None:
        for client in list(self._clients):
            if account in client.accounts:
                self._send_to(client, account, kind, frame)

    def _send_to(self, client: StreamClient, account: str, kind: str, frame: JsonObject) -> None:
        faults = self._desk.faults
        if faults.strike("stream_mute") is not None:
            return
        if faults.strike("frames_lost", message=kind, account=account) is not None:
            return
        if faults.strike("frames_malformed", message=kind, account=account) is not None:
            client.socket.send_text('{"type":"' + kind + '","data":{')
            return
        if faults.strike("frames_gathered", message=kind, account=account) is not None:
            frame = {"results": [frame]}
        text = _encoded(frame)
        if faults.strike("frames_swapped", message=kind, account=account) is not None and client.pending_frame is None:
            client.pending_frame = text
            return
        client.socket.send_text(text)
        if faults.strike("frames_doubled", message=kind, account=account) is not None:
            client.socket.send_text(text)
        if client.pending_frame is not None:
            client.socket.send_text(client.pending_frame)
            client.pending_frame = None


def _encoded(frame: JsonObject) -> str:
    return msgspec.json.encode(frame).decode()
