"""The server is killed while it sends notifications: no event is told twice, and what may be lost is said."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_testkit.http_sink import Sink, http_sink
from mesolive_testkit.operator.processes import Served, command, start

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

SETTINGS = {"MESOLIVE_NOTIFY_HOSTS": "127.0.0.1"}


async def halt(url: str, token: str, reason: str) -> None:
    async with MesoLiveControlHubClient(url, token, reconnect=None) as control:
        await control.halt_trading(models.HaltTradingArgs(IdempotencyKey=new_idempotency_key(), Reason=reason))


async def add_rule(url: str, token: str, sink: Sink) -> None:
    async with MesoLiveControlHubClient(url, token, reconnect=None) as control:
        args = models.AddNotificationRuleArgs(Name="desk", Url=sink.address(), Kinds=[models.NotificationKind.Halts])
        await control.add_notification_rule(args)


async def test_a_server_killed_while_it_sends_a_message_notifies_no_event_twice(
    tmp_path: Path,
) -> None:
    token = command(tmp_path, "apikey", "create", "--user", "me").stdout.strip()
    with http_sink() as sink:
        served = start(tmp_path, env=SETTINGS)
        try:
            await add_rule(served.url, token, sink)
            let_go, arrived = threading.Event(), threading.Event()

            def answer(_: str) -> int:
                arrived.set()
                let_go.wait(60)
                return 200

            sink.before_answer = answer
            await halt(served.url, token, "first")
            assert await asyncio.to_thread(arrived.wait, 60)
            await halt(served.url, token, "second")
            kill(served)
            let_go.set()
            sink.before_answer = lambda _: 200
            served = start(tmp_path, env=SETTINGS)
            await halt(served.url, token, "third")
            texts = await until_told(sink, "third")
            lines = "\n".join(line for text in texts for line in text.splitlines()[1:])
            assert lines.count("first") == 1
            assert lines.count("second") == 1
            assert lines.count("third") == 1
            assert "1 earlier events may not have been reported" in lines
        finally:
            kill(served)


async def until_told(sink: Sink, word: str) -> list[str]:
    while not any(word in text for text in sink.received):
        await sink.next()
    return list(sink.received)


def kill(served: Served) -> None:
    served.process.kill()
    served.process.communicate()
