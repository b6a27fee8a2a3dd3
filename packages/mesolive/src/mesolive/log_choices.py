"""Log formats and levels by name, apart from `mesolive.logs`, so that reading settings does not load structlog."""

from __future__ import annotations

from typing import Literal

LogFormat = Literal["auto", "console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
