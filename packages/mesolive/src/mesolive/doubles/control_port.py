"""Control port of a double of a broker: faults, actions and the truth over a socket, as one JSON object per line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec

from mesolive.clock import Clock, ManualClock
from mesolive.doubles.actions import ActionError, Result
from mesolive.doubles.fault_switches import FaultError, FaultSwitches

MAX_LINE_BYTES: Final = 1 << 16
MAX_ANSWER_BYTES: Final = 1 << 28
"""The truth of a long run is one line."""


class Command(msgspec.Struct, forbid_unknown_fields=True):
    """One line to the control port.

    Attributes
    ----------
    do
        `on`, `off`, `act`, `faults`, `actions`, `truth`, `state`, `advance` or `stop`.
    name
        Of the fault or action.
    times, skip, probability
        Of a fault that is switched on: see `FaultSwitches.switch_on`.
    """

    do: str
    name: str = ""
    arguments: dict[str, str] = {}
    times: int | None = None
    skip: int = 0
    probability: float = 1.0


class ControlError(ValueError):
    """A line that is not a command."""


class Controlled(Protocol):
    """A double as its control port sees it."""

    @property
    def faults(self) -> FaultSwitches:
        """The switches."""
        ...

    @property
    def clock(self) -> Clock:
        """Market time."""
        ...

    def act(self, name: str, arguments: Mapping[str, str]) -> Result:
        """Make something happen."""
        ...

    def actions(self) -> Mapping[str, str]:
        """Return the summary of every action by name."""
        ...

    def truth(self) -> object:
        """Return what really happened."""
        ...

    def state(self) -> object:
        """Return its books."""
        ...


class ControlPort:
    """Serves the control port of one double.

    Parameters
    ----------
    stop
        Called when the double is to end.
    """

    def __init__(self, double: Controlled, stop: Callable[[], None]) -> None:
        self._double = double
        self._stop = stop
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None  # noqa: S101 - started
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Accept connections."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=MAX_LINE_BYTES)

    async def close(self) -> None:
        """Accept no more connections, and close those that there are."""
        if self._server is not None:
            self._server.close()
        serving = dict(self._open)
        for writer in serving.values():
            writer.close()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - runs in one
        self._open[task] = writer
        try:
            while line := await reader.readline():
                writer.write(await self._answer(line) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the other side is gone, or its line is too long
        finally:
            del self._open[task]
            writer.close()

    async def _answer(self, line: bytes) -> bytes:
        try:
            command = msgspec.json.decode(line, type=Command)
            result = await self._do(command)
        except (msgspec.DecodeError, ControlError, FaultError, ActionError) as error:
            return msgspec.json.encode({"ok": False, "error": str(error)})
        return msgspec.json.encode({"ok": True, "result": result})

    async def _do(self, command: Command) -> object:
        double = self._double
        match command.do:
            case "on":
                double.faults.switch_on(
                    command.name,
                    probability=command.probability,
                    times=command.times,
                    skip=command.skip,
                    **command.arguments,
                )
            case "off":
                double.faults.switch_off(command.name)
            case "act":
                return double.act(command.name, command.arguments)
            case "faults":
                return _known(double.faults)
            case "actions":
                return double.actions()
            case "truth":
                return double.truth()
            case "state":
                return double.state()
            case "advance":
                await self._advance(command.arguments)
            case "stop":
                self._stop()
            case other:
                raise ControlError(f"there is no command {other!r}")
        return None

    async def _advance(self, arguments: Mapping[str, str]) -> None:
        clock = self._double.clock
        if not isinstance(clock, ManualClock):
            raise ControlError("only a double on a manual clock can be advanced")
        await clock.advance(float(arguments.get("seconds", "1")))


async def command(port: int, line: Command, host: str = "127.0.0.1") -> object:
    """Send one command to a control port; return its result.

    Raises
    ------
    ControlError
        When it was refused.
    OSError
        When nothing listens.
    """
    reader, writer = await asyncio.open_connection(host, port, limit=MAX_ANSWER_BYTES)
    try:
        writer.write(msgspec.json.encode(line) + b"\n")
        answer = msgspec.json.decode(await reader.readuntil(b"\n"), type=dict[str, object])
    finally:
        writer.close()
    if not answer.get("ok"):
        raise ControlError(str(answer.get("error")))
    return answer.get("result")


def _known(faults: FaultSwitches) -> list[dict[str, object]]:
    return [
        {
            "name": fault.name,
            "group": fault.group,
            "summary": fault.summary,
            "arguments": dict(fault.defaults),
            "on": [
                {"times": fault_on.times, "probability": fault_on.probability, "arguments": dict(fault_on.arguments)}
                for fault_on in faults.on.get(fault.name, ())
            ],
            "fired": faults.fired.get(fault.name, 0),
        }
        for fault in faults.catalogue.values()
    ]
