"""The process of a backtest: started, read for its progress, bounded in time and disk, killed when it is not wanted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from mesolive.backtests.jobs import size_of
from mesolive.tasks import until_first

LINE = re.compile(r"(\d{4}-\d{2}-\d{2}): (\d{1,3}) % done")
LOOK_SECONDS = 2.0
LAST_LINES = 12
MAX_LINE = 64 * 1024

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")
"""What the child gets of the server's environment: no setting, and no secret."""


class Ended(Struct, frozen=True):
    """How a process ended.

    Attributes
    ----------
    status
        Its exit status; negative for a signal.
    last_lines
        The last lines that it wrote, but for its progress.
    stopped
        Why the server has ended it; `None` when it ended by itself.
    """

    status: int
    last_lines: Sequence[str]
    stopped: str | None


async def run(
    folder: Path,
    arguments: Sequence[str],
    *,
    seconds: float,
    max_bytes: int,
    progress: Callable[[str, int], None],
    environment: dict[str, str],
) -> Ended:
    """Run `mesolive replay` to its end; a caller that is cancelled kills it.

    Parameters
    ----------
    folder
        Its working directory; standard output becomes `replay.json` in it.
    seconds, max_bytes
        How long it may run, and how much it may write.
    progress
        Called with the day and the percent that are done.
    """
    with (folder / "replay.json").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mesolive.cli.replay_child",
            *arguments,
            cwd=folder,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ} | environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=asyncio.subprocess.PIPE,
            limit=MAX_LINE,
            start_new_session=True,  # a Ctrl-C of the server's terminal is the server's to handle
        )
    last_lines: deque[str] = deque(maxlen=LAST_LINES)
    stopped: str | None = None

    async def watched() -> None:
        nonlocal stopped
        stopped = await _watch(folder, max_bytes)

    try:
        async with asyncio.timeout(seconds):
            await until_first(_read(process, last_lines, progress), watched())
            if stopped is None:
                await process.wait()
    except TimeoutError:
        stopped = f"it took longer than {seconds:,.0f} s"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if process.stdin is not None:
            process.stdin.close()
    assert process.returncode is not None  # noqa: S101 - it was waited for
    return Ended(process.returncode, tuple(last_lines), stopped)


async def _read(
    process: asyncio.subprocess.Process, last_lines: deque[str], progress: Callable[[str, int], None]
) -> None:
    assert process.stderr is not None  # noqa: S101 - a pipe, see `run`
    while True:
        try:
            line = await process.stderr.readline()
        except ValueError:
            continue  # longer than the limit: dropped
        if not line:
            return
        text = line.decode(errors="replace").strip()
        if match := LINE.search(text):
            progress(match[1], min(int(match[2]), 100))
        elif text:
            last_lines.append(text[:500])


async def _watch(folder: Path, max_bytes: int) -> str:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if await asyncio.to_thread(size_of, folder) > max_bytes:
            return f"it wrote more than {max_bytes:,} bytes"
