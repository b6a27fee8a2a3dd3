"""The hub that conformance and interop tests call: one method for each thing that a hub can do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from signalr_asyncio import ClientResultError, Hub, HubContext, HubMethodError, hub_method

# Method names are those that a .NET hub would have.
# ruff: noqa: N802


class Typed(msgspec.Struct):
    """A value of many types."""

    blob: bytes
    when: datetime
    guid: UUID
    prices: dict[str, float]
    amount: Decimal


@dataclass(slots=True)
class Seen:
    """What hubs did, for the tests to look at.

    Attributes
    ----------
    ended
        The keys of the endless streams that have ended.
    disconnected
        The error with which each connection ended, by connection id.
    numbered
        How many numbers were sent, by connection id.
    saved
        The numbers that clients had saved, by a key of theirs.
    """

    ended: set[str] = field(default_factory=set[str])
    disconnected: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    numbered: dict[str, int] = field(default_factory=dict[str, int])
    saved: dict[str, list[int]] = field(default_factory=dict[str, list[int]])


def _is_root(context: HubContext) -> bool:
    return context.user_id == "root"


class ConformanceHub(Hub):
    """See the module."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    async def on_disconnected(self, error: str | None) -> None:
        self.seen.disconnected[self.context.connection_id] = error

    # -- calls

    async def Add(self, a: int, b: int) -> int:
        return a + b

    async def Nothing(self) -> None:
        pass

    async def Say(self, value: Any) -> None:
        await self.clients.caller.send("Heard", value)

    async def CallMe(self, target: str, arguments: list[Any]) -> None:
        await self.clients.caller.send(target, *arguments)

    async def UntilGone(self) -> None:
        await self.context.cancellation.wait()

    async def ConnectionId(self) -> str:
        return self.context.connection_id

    async def Transport(self) -> str:
        return self.context.transport

    async def User(self) -> str | None:
        return self.context.user_id

    async def Refuse(self, text: str) -> None:
        raise HubMethodError(text)

    async def Break(self, text: str) -> None:
        raise RuntimeError(text)

    async def EndMe(self) -> None:
        self.context.abort()

    @hub_method(authorize=_is_root)
    async def AdminOnly(self) -> str:
        return "done"

    async def Next(self, counter: str) -> int:
        number = self.context.items[counter] = self.context.items.get(counter, 0) + 1
        return number

    # -- values

    async def Echo(self, value: Any) -> Any:
        return value

    async def EchoTyped(self, value: Typed) -> Typed:
        return value

    async def Describe(self, value: Typed) -> dict[str, str]:
        return {
            "blob": value.blob.hex(),
            "when": value.when.isoformat(timespec="microseconds"),
            "guid": str(value.guid),
            "prices": " ".join(f"{name}={price}" for name, price in sorted(value.prices.items())),
            "amount": str(value.amount),
        }

    async def Third(self) -> Decimal:
        return Decimal("0.3333")

    async def Long(self, length: int) -> str:
        return "x" * length

    # -- other clients

    async def Join(self, group: str) -> None:
        await self.groups.add(self.context.connection_id, group)

    async def Leave(self, group: str) -> None:
        await self.groups.remove(self.context.connection_id, group)

    async def Tell(self, group: str, text: str) -> None:
        await self.clients.group(group).send("News", text)

    async def Whisper(self, connection_id: str, text: str) -> None:
        await self.clients.client(connection_id).send("Whisper", text)

    async def Shout(self, text: str) -> None:
        await self.clients.others.send("Shout", text)

    async def TellUser(self, user: str, text: str) -> None:
        await self.clients.user(user).send("Private", text)

    async def Ask(self, question: str) -> str:
        try:
            return str(await self.clients.caller.invoke("Question", question, timeout=60.0))
        except ClientResultError as error:
            return f"error: {error}"

    async def AskPlainly(self, question: str) -> str:
        return str(await self.clients.caller.invoke("Question", question, timeout=60.0))

    async def Save(self, key: str, number: int, milliseconds: int) -> None:
        await asyncio.sleep(milliseconds / 1000)
        self.seen.saved.setdefault(key, []).append(number)

    async def Numbers(self, start: int, end: int) -> None:
        for number in range(start, end):
            await self.clients.caller.send("Number", number)
        self.seen.numbered[self.context.connection_id] = end

    # -- streams

    async def Count(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number

    async def Repeat(self, text: str) -> AsyncIterator[str]:
        for _ in range(100):
            yield text

    async def CountLater(self, count: int) -> AsyncIterator[int]:
        return self.Count(count)

    async def CountSlowly(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number
            await asyncio.sleep(0.005)

    async def CountWhenTold(self, count: int) -> AsyncIterator[int]:
        await self._gate().wait()
        for number in range(count):
            yield number

    async def Go(self) -> None:
        self._gate().set()

    def _gate(self) -> asyncio.Event:
        return self.context.items.setdefault("told", asyncio.Event())

    async def CountThenFail(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number
        raise HubMethodError("enough")

    async def Forever(self, key: str) -> AsyncIterator[int]:
        number = 0
        try:
            while True:
                yield number
                number += 1
                await asyncio.sleep(0.005)
        finally:
            self.seen.ended.add(key)

    async def Flood(self, count: int, size: int) -> AsyncIterator[str]:
        for number in range(count):
            yield f"{number}:".ljust(size, "x")

    # -- uploads

    async def Sum(self, numbers: AsyncIterator[int]) -> int:
        return sum([number async for number in numbers])

    async def SumAndSay(self, numbers: AsyncIterator[int]) -> None:
        await self.Say(str(await self.Sum(numbers)))

    async def Zip(self, left: AsyncIterator[str], glue: str, right: AsyncIterator[str]) -> str:
        lefts = [item async for item in left]
        rights = [item async for item in right]
        return " ".join(f"{a}{glue}{b}" for a, b in zip(lefts, rights, strict=True))

    async def Upper(self, items: AsyncIterator[str]) -> AsyncIterator[str]:
        async for item in items:
            yield item.upper()
