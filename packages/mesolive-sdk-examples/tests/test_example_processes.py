"""The examples as processes of their own: as modules, cut off, interrupted, with a reader that leaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesolive_examples_testkit import Forwarder, Shell

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "example", ["agents", "accounts", "strategies", "positions", "data", "events", "trade_e2e", "orders", "autopilot"]
)
async def test_each_example_runs_as_a_module_and_explains_itself(example: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"mesolive_sdk_examples.{example}_example", "--help", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert b"Usage: python -m mesolive_sdk_examples" in output


async def test_the_program_in_the_readme_of_the_sdk_shows_account_and_positions(shell: Shell, position_id: int) -> None:
    readme = Path(__file__).parents[2] / "mesolive-sdk" / "README.md"
    program = readme.read_text().partition("```python\n")[2].partition("```")[0]
    assert len(program.splitlines()) <= 20
    process = await _start(shell, shell.kit.url, "-c", program)
    output, errors = await asyncio.wait_for(process.communicate(), 120)
    assert (process.returncode, errors) == (0, b"")
    lines = output.decode().splitlines()
    assert any(line.startswith("ML1000 ") and line.endswith(" USD") for line in lines)
    assert any(line.startswith("held ") for line in lines)
    assert position_id > 0


async def test_a_dump_of_events_resumes_after_a_lost_connection(shell: Shell, strategy_id: int) -> None:
    async with Forwarder(shell.kit.url) as forwarder:
        dump = ("-m", "mesolive_sdk_examples.events_example", "dump", "--since", "0", "--seconds", "600", "--json")
        process = await _start(shell, forwarder.url, *dump)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(120):
                await process.stdout.readline()
                forwarder.cut()
                opened = await shell.kit.enter(strategy_id, "while away")
                while True:
                    line = json.loads(await process.stdout.readline())
                    if line["EventType"] == "OnPositionUpdate" and line["Event"]["PositionId"] == opened.PositionId:
                        break
        finally:
            process.kill()
            await process.communicate()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let programs that are started here hear SIGINT, also where this process was started to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
async def test_an_interrupted_stream_ends_with_status_130(shell: Shell) -> None:
    stream = ("data_example", "underlying", "stream", "--symbol", "SPX", "--seconds", "600", "--json")
    process = await _start(shell, shell.kit.url, "-m", f"mesolive_sdk_examples.{stream[0]}", *stream[1:])
    assert process.stdout is not None
    try:
        async with asyncio.timeout(120):
            await process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, errors = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert (process.returncode, errors) == (130, b"interrupted\n")


async def test_a_reader_that_has_had_enough_ends_a_stream_quietly(shell: Shell) -> None:
    stream = ("-m", "mesolive_sdk_examples.data_example", "underlying", "stream", "--symbol", "SPX", "--seconds", "600")
    ours, theirs = os.pipe()
    process = await _start(shell, shell.kit.url, *stream, "--json", stdout=theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb", closefd=True) as reader:
        await asyncio.to_thread(reader.readline)
    _, errors = await asyncio.wait_for(process.communicate(), 120)
    assert (process.returncode, errors) == (1, b"")


async def _start(
    shell: Shell, url: str, *arguments: str, stdout: int = asyncio.subprocess.PIPE
) -> asyncio.subprocess.Process:
    environment = os.environ | {"MESOLIVE_URL": url, "MESOLIVE_API_KEY": shell.kit.token}
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stdout=stdout, stderr=asyncio.subprocess.PIPE
    )
