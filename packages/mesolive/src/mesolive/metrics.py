"""What the server tells a Prometheus scraper."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from signalr_asyncio import SignalRServer


class ServerMetrics(Collector):
    """Reads the hubs' counters when it is asked, so that counting costs nothing in between."""

    def __init__(self, hubs: SignalRServer) -> None:
        self._hubs = hubs

    def collect(self) -> Iterator[Metric]:
        """Yield the present values."""
        stats = self._hubs.stats()
        connections = GaugeMetricFamily("mesolive_hub_connections", "Open connections of a hub", labels=["hub"])
        for path, number in stats.hub_connections.items():
            connections.add_metric([path], number)
        yield connections
        yield GaugeMetricFamily("mesolive_queued_bytes", "Bytes that wait to be sent to clients", stats.queued_bytes)
        yield GaugeMetricFamily("mesolive_hub_tasks", "Calls, streams and writers that run", stats.tasks)
        yield CounterMetricFamily("mesolive_connections", "Connections since the start", stats.total_connections)
        yield CounterMetricFamily("mesolive_refused", "Connections refused since the start", stats.refused)
        yield CounterMetricFamily("mesolive_invocations", "Calls since the start", stats.invocations)
        yield CounterMetricFamily("mesolive_received_bytes", "Bytes of hub messages received", stats.bytes_in)
        yield CounterMetricFamily("mesolive_sent_bytes", "Bytes of hub messages sent", stats.bytes_out)
        yield CounterMetricFamily(
            "mesolive_overflows", "Connections closed because they read too slowly", stats.overflows
        )
