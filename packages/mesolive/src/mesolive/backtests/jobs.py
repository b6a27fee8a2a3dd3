"""Backtest jobs on disk: one folder each with its request, its state and the files that `mesolive replay` writes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from mesolive.errors import not_found
from mesolive_sdk import models
from mesolive_sdk.models import BacktestState

ID = re.compile(r"[0-9a-f]{32}")


class Job(msgspec.Struct, kw_only=True):
    """A backtest as its folder describes it.

    Attributes
    ----------
    arguments
        Those of `mesolive replay`, without the files.
    asked
        What the client asked for, without the definition.
    """

    id: str
    user_id: int
    name: str
    strategy_name: str
    market: str
    first: str | None
    last: str | None
    arguments: list[str]
    state: BacktestState
    started_at: datetime
    progress: int = 0
    day: str | None = None
    ended_at: datetime | None = None
    message: str | None = None
    asked: models.StartBacktestArgs | None = None


class JobFolder:
    """The folder of all users' jobs.

    Parameters
    ----------
    folder
        Made when the first job begins.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, user_id: int, job_id: str) -> Path:
        """Return the folder of a job; `NotFound` for an id that is none."""
        if ID.fullmatch(job_id) is None:
            raise not_found(f"backtest {job_id[:40]!r}")
        return self._folder / str(user_id) / job_id

    def read(self, user_id: int, job_id: str) -> Job:
        """Return a user's job; `NotFound` when they have none of that id."""
        try:
            return msgspec.json.decode((self.place(user_id, job_id) / "job.json").read_bytes(), type=Job)
        except (OSError, msgspec.MsgspecError):
            raise not_found(f"backtest {job_id[:40]!r}") from None

    def all_of(self, user_id: int) -> list[Job]:
        """Return a user's jobs, the newest first."""
        jobs = list(self._jobs(self._folder / str(user_id)))
        return sorted(jobs, key=lambda job: job.started_at, reverse=True)

    def every(self) -> Iterator[Job]:
        """Yield the jobs of all users."""
        for folder in self._folder.glob("*"):
            yield from self._jobs(folder)

    def begin(self, job: Job, definition: dict[str, Any]) -> Path:
        """Store a new job with its definition, and return its folder."""
        place = self.place(job.user_id, job.id)
        place.mkdir(parents=True, mode=0o700)
        (place / "strategy.json").write_bytes(msgspec.json.format(msgspec.json.encode(definition), indent=2))
        self.write(job)
        return place

    def write(self, job: Job) -> None:
        """Store the state of a job atomically."""
        place = self.place(job.user_id, job.id)
        new = place / "job.json.new"
        new.write_bytes(msgspec.json.encode(job))
        new.replace(place / "job.json")

    def delete(self, job: Job) -> None:
        """Delete a job with its files."""
        shutil.rmtree(self.place(job.user_id, job.id), ignore_errors=True)

    def _jobs(self, folder: Path) -> Iterator[Job]:
        for place in folder.glob("*/job.json"):
            try:
                yield msgspec.json.decode(place.read_bytes(), type=Job)
            except (OSError, msgspec.MsgspecError):
                continue  # being written, or deleted meanwhile


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    total = 0
    for place in folder.rglob("*"):
        try:
            total += place.stat().st_size
        except OSError:
            continue  # renamed or deleted meanwhile
    return total
