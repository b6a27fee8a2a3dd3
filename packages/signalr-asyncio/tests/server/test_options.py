"""Settings are checked when they are made."""

from typing import Any

import pytest

from signalr_asyncio import HubOptions, TransportType


def test_the_defaults_are_those_of_aspnet_core() -> None:
    options = HubOptions()
    assert options.keep_alive_interval == 15
    assert options.client_timeout == 30
    assert options.handshake_timeout == 15
    assert options.maximum_receive_message_size == 32 * 1024
    assert options.stream_buffer_capacity == 10
    assert options.maximum_parallel_invocations == 1
    assert options.enable_detailed_errors is False
    assert options.send_timeout == 10
    assert options.disconnect_timeout == 15
    assert options.poll_timeout == 90
    assert options.stateful_buffer_size == 100_000
    assert options.allow_stateful_reconnect is False
    assert [transport.value for transport in options.transports] == ["WebSockets", "ServerSentEvents", "LongPolling"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"keep_alive_interval": 0.0}, "keep_alive_interval"),
        ({"handshake_timeout": -1.0}, "handshake_timeout"),
        ({"poll_timeout": float("nan")}, "poll_timeout"),
        ({"send_timeout": float("inf")}, "send_timeout"),
        ({"client_timeout": 15.0}, "longer than keep_alive_interval"),
        ({"maximum_receive_message_size": 0}, "maximum_receive_message_size"),
        ({"maximum_parallel_invocations": 0}, "maximum_parallel_invocations"),
        ({"maximum_connections": 0}, "maximum_connections"),
        ({"maximum_connections_per_user": 0}, "maximum_connections_per_user"),
        ({"stream_high_water": 2_000_000}, "stream_high_water"),
        ({"minimum_negotiate_version": 2}, "minimum_negotiate_version"),
        ({"minimum_negotiate_version": -1}, "minimum_negotiate_version"),
        ({"transports": ()}, "transports"),
        ({"transports": (TransportType.WEB_SOCKETS, TransportType.WEB_SOCKETS)}, "transports"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(options: dict[str, Any], names: str) -> None:
    with pytest.raises(ValueError, match=names):
        HubOptions(**options)


def test_times_are_looked_at_often_enough_for_the_shortest() -> None:
    assert HubOptions().tick == 1.0
    assert HubOptions(send_timeout=0.4).tick == pytest.approx(0.1)
    assert HubOptions(send_timeout=0.001).tick == 0.02


def test_none_means_no_limit() -> None:
    options = HubOptions(maximum_receive_message_size=None, maximum_connections_per_user=None)
    assert options.maximum_receive_message_size is None
