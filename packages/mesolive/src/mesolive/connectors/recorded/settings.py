"""Settings of the recorded connector: which recording, where to begin, how fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated

from mesolive.connectors.market_time import read_moment
from mesolive.connectors.settings_model import ConnectorSettings, Field


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSettings(ConnectorSettings):
    """Settings of the recorded connector."""

    recording: Annotated[
        str, Field("File or folder to replay, by its name in the folder `recordings` beside the server's data.")
    ]
    start: Annotated[str, Field("Market time at which it begins, ISO 8601; by default its first option quote.")] = ""
    speed: Annotated[float, Field("Market seconds per real second.")] = 1.0

    def check(self) -> Mapping[str, str]:
        """Return contradictions by the name of the setting."""
        problems: dict[str, str] = {}
        path = PurePath(self.recording)
        # Users are not all operators: none can make the server read another of its files.
        if not path.parts or path.is_absolute() or ".." in path.parts:
            problems["recording"] = f"expected a name inside the folder recordings, got {self.recording!r}"
        if not 0 < self.speed < float("inf"):
            problems["speed"] = f"expected a number greater than 0, got {self.speed:g}"
        if self.start:
            try:
                read_moment(self.start)
            except ValueError:
                problems["start"] = f"expected a moment such as 2026-01-05T15:00:00Z, got {self.start!r}"
        return problems
