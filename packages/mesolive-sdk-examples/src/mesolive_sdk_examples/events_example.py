"""Events: signals, updates and errors as they happen, and what was missed.

python -m mesolive_sdk_examples.events_example dump --seconds 10
python -m mesolive_sdk_examples.events_example dump --strategy-id 1 --since 0 --seconds 10
python -m mesolive_sdk_examples.events_example latest
python -m mesolive_sdk_examples.events_example since --event-seq-id 0 --limit 100
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from typing import Annotated
from uuid import UUID

import typer

from mesolive_sdk import MesoLiveEventHubClient, MesoLiveSignalRError, models, wire
from mesolive_sdk_examples.common import AsJson, Failure, Limit, Seconds, Session, Token, Url, command, example
from mesolive_sdk_examples.printing import out, print_fields, print_json, print_json_line, print_table, shown

app = example("Events: signals, updates and errors as they happen, and what was missed.")

REMEMBERED = 10_000
"""How many event ids are kept to recognise what comes twice."""


@app.command("dump")
@command
async def dump(
    strategy_id: Annotated[
        list[int] | None,
        typer.Option("--strategy-id", min=0, help="Only this strategy's events; else all. May be given several times."),
    ] = None,
    since: Annotated[
        int | None, typer.Option("--since", min=0, help="Begin with the events after this number.")
    ] = None,
    seconds: Seconds = 10.0,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Print events as they come, each once: first what is active, then what was missed, then what happens."""
    async with Session(url, token) as session:
        events = session.events()
        printer = Printer(as_json=as_json)
        events.on_any_event(printer.take)
        back = asyncio.Event()
        events.on_reconnected(lambda _connection_id: back.set())
        await session.enter_async_context(events)
        start = (await events.get_latest_event_seq_id()).LatestEventSeqId if since is None else since
        complete = False

        async def catch_up() -> None:
            """Subscribe, and print what came meanwhile; a replay that was cut off begins anew where it began."""
            nonlocal start, complete
            if complete:
                start = max(start, printer.last)
            complete = False
            with contextlib.suppress(MesoLiveSignalRError):  # lost: then it will also be back again
                await _subscribe(events, strategy_id)
                await _replay(events, start, printer)
                complete = True

        await catch_up()
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await back.wait()
                    # The server remembers nothing of the lost connection: subscribe again, and fill the gap.
                    back.clear()
                    await catch_up()
        except TimeoutError:
            pass
    if not as_json:
        out.print(f"{printer.count} events")


@app.command("latest")
@command
async def latest(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show the number of the last event."""
    async with Session(url, token) as session:
        events = await session.enter_async_context(session.events())
        result = await events.get_latest_event_seq_id()
    if as_json:
        print_json(result)
    else:
        print_fields("Latest event", {"Number": result.LatestEventSeqId, "At, market time": result.SnapshotTime})


@app.command("since")
@command
async def since(
    event_seq_id: Annotated[int, typer.Option("--event-seq-id", min=0, help="Events after this number.")],
    limit: Limit = 100,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List the events after a number."""
    async with Session(url, token) as session:
        events = await session.enter_async_context(session.events())
        result = await events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=event_seq_id, Limit=limit))
    if as_json:
        print_json(result)
        return
    print_table(
        f"Events after {event_seq_id}",
        ("Number", "At, market time", "Event", "Strategy", "What"),
        (
            (envelope.EventSeqId, envelope.EventTime, envelope.EventType, envelope.StrategyId, what(envelope.Event))
            for envelope in result.Events
        ),
    )
    if result.ContinuationToken and result.Events:
        out.print(f"more: --event-seq-id {result.Events[-1].EventSeqId}")


class Printer:
    """Prints each event once.

    Attributes
    ----------
    count
        How many were printed.
    last
        The highest number seen.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.count = 0
        self.last = 0
        self._as_json = as_json
        self._seen: OrderedDict[UUID, None] = OrderedDict()

    def take(self, event: models.MesoLiveEvent) -> None:
        """Print an event, unless it came before."""
        if event.EventId in self._seen:
            return
        self._seen[event.EventId] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        self.count += 1
        self.last = max(self.last, event.EventSeqId)
        if self._as_json:
            print_json_line({"EventType": type(event).callback, "Event": event})
        else:
            text = f"{event.EventSeqId:>6}  {shown(event.EventTime)}  {type(event).callback}: {what(event)}"
            out.print(text, highlight=False, soft_wrap=True)


def what(event: object) -> str:
    """Return an event as one line."""
    if not isinstance(event, models.MesoLiveEvent):
        return wire.encode_json(event).decode()[:200]
    parts: list[str] = []
    for name in event.__struct_fields__:
        value: object = getattr(event, name)
        if name.startswith("Event") or value is None or isinstance(value, dict | list):
            continue
        if name == "Result" or name.endswith("SignalResult"):
            continue  # the whole plan or signal; --json shows it
        if isinstance(value, models.ConditionEvaluation):
            parts.append(f"{name}={value.Statement}")
        elif isinstance(value, models.LiveContract):
            continue  # the leg's name says enough in one line
        else:
            parts.append(f"{name}={shown(value)}")
    return ", ".join(parts)


async def _subscribe(events: MesoLiveEventHubClient, strategies: list[int] | None) -> None:
    result = await events.subscribe_to_strategies(models.SubscribeToStrategiesArgs(Strategies=strategies or None))
    if result.FailedStrategies:
        raise Failure(f"no such strategies: {', '.join(map(str, result.FailedStrategies))}")


async def _replay(events: MesoLiveEventHubClient, since: int, printer: Printer) -> None:
    token: str | None = None
    while True:
        result = await events.get_events_since(
            models.GetEventsSinceArgs(SinceEventSeqId=since, Limit=models.MAX_EVENTS_LIMIT, ContinuationToken=token)
        )
        for envelope in result.Events:
            if isinstance(envelope.Event, models.MesoLiveEvent):
                printer.take(envelope.Event)
        token = result.ContinuationToken
        if not token:
            return


if __name__ == "__main__":
    app()
