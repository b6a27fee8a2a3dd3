"""Command line of doubles of brokers: what all of them share: `control`, `list`, and faults given to `run`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from mesolive.doubles.actions import Action
from mesolive.doubles.control_port import Command, command
from mesolive.doubles.fault_switches import Fault, FaultSwitches

Double = TypeVar("Double")


class UsageError(ValueError):
    """An argument of the command line that cannot be used."""


def add_control_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:  # pyright: ignore[reportPrivateUsage]  # argparse has no public name for it
    """Add the commands `control` and `list`."""
    control = commands.add_parser("control", help="command a running double")
    control.add_argument("--host", default="127.0.0.1")
    control.add_argument("port", type=int, help="its control port")
    control.add_argument("do", choices=["on", "off", "act", "faults", "actions", "truth", "state", "advance", "stop"])
    control.add_argument("words", nargs="*", metavar="NAME KEY=VALUE", help="the fault or action, and its arguments")
    commands.add_parser("list", help="list the faults and actions")


def add_fault_option(run: argparse.ArgumentParser) -> None:
    """Add the option `--fault`."""
    run.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[:KEY=VALUE,...]",
        help="a fault that is on; keys: its arguments, times, skip, probability",
    )


def switch_on(faults: FaultSwitches, texts: Iterable[str]) -> None:
    """Switch on the faults that `--fault` names."""
    for text in texts:
        name, _, rest = text.partition(":")
        switch = command_of("on", name, [pair for pair in rest.split(",") if pair])
        faults.switch_on(name, probability=switch.probability, times=switch.times, skip=switch.skip, **switch.arguments)


def print_catalogue(faults: Iterable[Fault], actions: Iterable[Action[Double]]) -> None:
    """Print the faults by group, and the actions, with their arguments."""
    group = ""
    for fault in faults:
        if fault.group != group:
            group = fault.group
            sys.stdout.write(f"\nFaults of {group}\n")
        shown = "".join(f" {key}={value}" for key, value in fault.defaults.items())
        sys.stdout.write(f"  {fault.name + shown:<44} {fault.summary}\n")
    sys.stdout.write("\nActions\n")
    for action in actions:
        shown = "".join(f" {key}" if value is None else f" {key}={value}" for key, value in action.arguments.items())
        sys.stdout.write(f"  {action.name + shown:<44} {action.summary}\n")


def run_control(options: argparse.Namespace) -> None:
    """Send one command to a running double and print its answer."""
    words: list[str] = list(options.words)
    name = words.pop(0) if words and "=" not in words[0] else ""
    result = asyncio.run(command(options.port, command_of(options.do, name, words), options.host))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n")


def command_of(do: str, name: str, pairs: Sequence[str]) -> Command:
    """Return the command that words of a command line make.

    Raises
    ------
    UsageError
        When a word is not of the form key=value, or its value cannot be used.
    """
    arguments: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} must be of the form key=value")
        arguments[key] = value
    try:
        times = arguments.pop("times", "") if do == "on" else ""
        skip = int(arguments.pop("skip", "0")) if do == "on" else 0
        probability = float(arguments.pop("probability", "1")) if do == "on" else 1.0
        return Command(do, name, arguments, int(times) if times else None, skip, probability)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None
