"""Microsoft's own client drives this server, and cannot tell it from ASP.NET Core.

The cases, each a sentence, are in `cases/`; a case that fails is reported under its sentence.
"""

from __future__ import annotations

import pytest

from signalr_testkit.conformance import ConformanceServer
from signalr_testkit.implementations import IMPLEMENTATIONS, implementation
from signalr_testkit.node import drive, require_node

# Server-sent events are text: that MessagePack is refused there is one of the cases.
COMBINATIONS = [
    ("WebSockets", "json"),
    ("WebSockets", "messagepack"),
    ("ServerSentEvents", "json"),
    ("LongPolling", "json"),
    ("LongPolling", "messagepack"),
]
MIN_CASES = 50

RUNS = [
    pytest.param(transport, protocol, websockets, marks=[pytest.mark.long] * (transport != "WebSockets" and bool(at)))
    for at, websockets in enumerate(IMPLEMENTATIONS)
    for transport, protocol in COMBINATIONS
]
"""The implementations differ in WebSockets alone: what goes by HTTP is always tested with the first of them."""


@pytest.mark.node
@pytest.mark.parametrize(("transport", "protocol", "websockets"), RUNS)
async def test_the_official_client_finds_all_as_it_expects(
    transport: str, protocol: str, websockets: str, subtests: pytest.Subtests
) -> None:
    chosen, node = implementation(websockets), require_node()
    async with ConformanceServer(chosen) as server:
        results = await drive(node, {"url": server.url, "transport": transport, "protocol": protocol})
    assert len(results) >= MIN_CASES, "cases went missing"
    for result in results:
        with subtests.test(result.case):
            assert result.ok, result.error
