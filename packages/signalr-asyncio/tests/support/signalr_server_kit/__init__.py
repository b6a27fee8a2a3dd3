"""Helpers to test the server: a clock moved by hand, an ASGI peer without a socket, a real server on one."""

from signalr_server_kit.clock import ManualClock
from signalr_server_kit.http import Answer, OpenRequest, request
from signalr_server_kit.peer import Peer

__all__ = ["Answer", "ManualClock", "OpenRequest", "Peer", "request"]
