"""Prometheus metrics of the server; docs/operations.md lists them and the alarms to set."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from mesolive.access.refusals import RefusedSignIns
from mesolive.market.greeks_comparison import GreeksProvider, compare
from mesolive.market.service import Market
from mesolive.operations.health import Health
from mesolive.operations.retention import Retention
from mesolive.operations.vitals import failures
from mesolive.signals.stats import EvaluationStats
from signalr_asyncio import SignalRServer


class ServerMetrics(Collector):
    """Collector that reads all values at each scrape, so that nothing is counted between scrapes."""

    def __init__(
        self,
        hubs: SignalRServer,
        health: Health,
        pulse: EvaluationStats,
        retention: Retention,
        market: Market,
        refused: RefusedSignIns,
    ) -> None:
        self._refused = refused
        self._market = market
        self._hubs = hubs
        self._health = health
        self._pulse = pulse
        self._retention = retention

    def collect(self) -> Iterator[Metric]:
        """Yield the present values."""
        yield InfoMetricFamily("mesolive", "Which server this is", {"version": version("mesolive")})
        yield from self._vitals()
        yield from self._broker_greeks()
        yield from self._signals()
        yield from self._connections()
        yield from self._deletions()
        yield from self._tasks()

    def _vitals(self) -> Iterator[Metric]:
        vitals = self._health.vitals
        yield _gauge("healthy", "1 while /health tells of no failure", not failures(vitals))
        yield _gauge("database_writable", "1 while the database takes writes", vitals.database_error is None)
        yield _gauge("database_write_seconds", "How long the last test write took until durable", vitals.write_seconds)
        if vitals.size is not None:
            yield _gauge("database_size_bytes", "Size of the database's files", vitals.size)
        if vitals.free is not None:
            yield _gauge("database_free_bytes", "Room left on the database's disk", vitals.free)
        yield _gauge("market_open", "1 while the stock exchange is open", vitals.market_open)
        connected = GaugeMetricFamily("mesolive_market_connected", "1 while market data comes in", labels=["provider"])
        silence = GaugeMetricFamily(
            "mesolive_market_silence_seconds", "Market time since a provider said anything", labels=["provider"]
        )
        in_session = GaugeMetricFamily(
            "mesolive_market_in_session", "1 while strategies on an underlying are evaluated", labels=["provider"]
        )
        for name, market in vitals.markets.items():
            in_session.add_metric([name], float(market.in_session))
            connected.add_metric([name], float(market.connected))
            if market.silence is not None:
                silence.add_metric([name], market.silence)
        yield connected
        yield in_session
        yield silence
        venues = GaugeMetricFamily(
            "mesolive_venue_connected",
            "1 while a venue is connected and was asked about all accounts",
            labels=["venue"],
        )
        for name, seconds in vitals.venues.items():
            venues.add_metric([name], float(seconds == 0))
        yield venues
        for name, (metric, text) in _COUNTED.items():
            if name in vitals.counts:
                yield _gauge(metric, text, vitals.counts[name])
        yield _gauge(
            "orders_unresolved_oldest_seconds",
            "Market time for which it is unknown what became of an order, the longest",
            vitals.oldest_unresolved,
        )
        yield _gauge("events_undelivered", "Events that wait to be delivered to clients", vitals.undelivered)
        yield _gauge("events_delivery_lag_seconds", "For how long events have waited", vitals.delivery_lag)
        yield _gauge("loop_lag_seconds", "Longest delay of the event loop in the last half minute", vitals.loop_lag)
        if vitals.stream_window is not None:
            text = "For how long changes of live values are gathered into one item; longer at overload"
            yield _gauge("stream_window_seconds", text, vitals.stream_window[1])
        if vitals.files is not None:
            yield _gauge("open_files", "File descriptors that are open", vitals.files[0])
            yield _gauge("open_files_limit", "File descriptors that may be open", vitals.files[1])

    def _broker_greeks(self) -> Iterator[Metric]:
        differences = GaugeMetricFamily(
            "mesolive_broker_greeks_difference",
            "How far a broker's option model is from ours: volatility and delta absolute, others as a part of ours",
            labels=["provider", "underlying", "value", "statistic"],
        )
        contracts = GaugeMetricFamily(
            "mesolive_broker_greeks_contracts",
            "Contracts of which a broker's option model is compared with ours",
            labels=["provider", "underlying"],
        )
        for provider in self._market.providers.values():
            if not isinstance(provider, GreeksProvider):
                continue
            for symbol, book in provider.books.items():
                by_value = compare(book.view(), provider.greeks(symbol))
                compared = max((difference.contracts for difference in by_value.values()), default=0)
                contracts.add_metric([provider.name.value, symbol], compared)
                for value, difference in by_value.items():
                    labels = [provider.name.value, symbol, value]
                    differences.add_metric([*labels, "median"], difference.median)
                    differences.add_metric([*labels, "largest"], difference.largest)
        yield differences
        yield contracts

    def _signals(self) -> Iterator[Metric]:
        pulse = self._pulse
        yield CounterMetricFamily("mesolive_evaluations", "Evaluations of signals since the start", pulse.evaluations)
        yield CounterMetricFamily("mesolive_evaluation_failures", "Evaluations that failed as a whole", pulse.failures)
        yield _gauge("evaluation_duration_seconds", "How long the last evaluation took", pulse.seconds)
        yield _gauge("evaluation_lateness_seconds", "Market time by which the last one began late", pulse.lateness)
        yield _gauge(
            "evaluation_last_success_timestamp_seconds",
            "When an evaluation last succeeded, Unix time",
            pulse.succeeded_at[1],
        )

    def _connections(self) -> Iterator[Metric]:
        stats = self._hubs.stats()
        connections = GaugeMetricFamily("mesolive_hub_connections", "Open connections of a hub", labels=["hub"])
        for path, number in stats.hub_connections.items():
            connections.add_metric([path], number)
        yield connections
        yield _gauge("queued_bytes", "Bytes that wait to be sent to clients", stats.queued_bytes)
        yield _gauge("hub_tasks", "Calls, streams and writers that run", stats.tasks)
        yield CounterMetricFamily("mesolive_connections", "Connections since the start", stats.total_connections)
        yield CounterMetricFamily("mesolive_refused", "Connections refused since the start", stats.refused)
        yield CounterMetricFamily(
            "mesolive_refused_sign_ins", "Sign-ins of browsers refused since the start", self._refused.total
        )
        yield CounterMetricFamily("mesolive_invocations", "Calls since the start", stats.invocations)
        yield CounterMetricFamily("mesolive_received_bytes", "Bytes of hub messages received", stats.bytes_in)
        yield CounterMetricFamily("mesolive_sent_bytes", "Bytes of hub messages sent", stats.bytes_out)
        yield CounterMetricFamily(
            "mesolive_overflows", "Connections closed because they read too slowly", stats.overflows
        )

    def _tasks(self) -> Iterator[Metric]:
        running = GaugeMetricFamily("mesolive_task_running", "How many tasks of this name run", labels=["task"])
        age = GaugeMetricFamily("mesolive_task_turn_age_seconds", "Real time since its last turn", labels=["task"])
        failures = CounterMetricFamily(
            "mesolive_task_failures", "Times that it failed and was started again", labels=["task"]
        )
        for name, task in self._health.registry.states().items():
            running.add_metric([name], task.running)
            age.add_metric([name], task.turn_age)
            failures.add_metric([name], task.failures)
        yield running
        yield age
        yield failures

    def _deletions(self) -> Iterator[Metric]:
        deleted = CounterMetricFamily(
            "mesolive_retention_deleted", "Rows deleted for their age since the start", labels=["kind"]
        )
        for kind, number in self._retention.deleted.items():
            deleted.add_metric([kind], number)
        yield deleted
        last = self._retention.last_run
        yield _gauge(
            "retention_last_run_timestamp_seconds",
            "When everything was last looked through for what is too old, Unix time; 0 is never",
            0 if last is None else last.timestamp(),
        )


_COUNTED = {
    "open orders": ("orders_open", "Orders at venues that have not ended"),
    "unresolved orders": ("orders_unresolved", "Orders of which it is unknown what their venue made of them"),
    "open positions": ("positions_open", "Positions that are not closed"),
    "preparations": ("preparations_running", "Preparations of entries, exits and adjustments that run"),
    "halts": ("halts", "Halts that stand"),
    "errors": ("errors_active", "Errors that the Event Hub tells of as active"),
}


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"mesolive_{name}", text, float(value))
