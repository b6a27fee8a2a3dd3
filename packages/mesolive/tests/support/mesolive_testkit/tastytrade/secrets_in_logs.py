"""Everything that is logged during a test at DEBUG, searched for secrets and tokens of the tests and of the double."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import structlog

from mesolive_testkit.tastytrade.rest import REFRESH, SECRET

SECRETS = re.compile(
    "|".join(
        [
            re.escape(SECRET),
            re.escape(REFRESH),
            r"\baccess-\d",
            "q-secret-91",
            "secret-old",
            r"(?<!api-)quote-token",
            "double-client-secret",
            "double-refresh-token",
            r"\b(double|quote)\.[\w-]{20,}",
        ]
    )
)
"""Credentials, and tokens as the tests' servers and the double hand them out; `/api-quote-tokens` is a path."""
SERVERS = ("websockets.server", "uvicorn", "mesolive.doubles")
"""Loggers of the servers inside the tests: they are not ours where there is a real broker."""


class _Recorder(logging.Handler):
    """Keeps the lines that hold a secret."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines = 0
        self.findings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(SERVERS):
            text = record.getMessage()
            if record.exc_info is not None and record.exc_info[1] is not None:
                text += f" {record.exc_info[1]!r}"
            self.note(f"{record.name}: {text}")

    def note(self, line: str) -> None:
        self.lines += 1
        if SECRETS.search(line):
            self.findings.append(line[:500])

    def process(self, _logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        """Note an event of structlog; as a processor it goes on unchanged."""
        self.note(repr(dict(event)))
        return event


@contextmanager
def recorded_secrets() -> Generator[_Recorder]:
    """Record all that is logged, whatever the levels of the loggers would let through."""
    recorder = _Recorder()
    root, sockets = logging.getLogger(), logging.getLogger("websockets")
    server = logging.getLogger("websockets.server")
    levels = [(logger, logger.level) for logger in (root, sockets, server)]
    root.addHandler(recorder)
    root.setLevel(logging.DEBUG)
    sockets.setLevel(logging.DEBUG)
    server.setLevel(logging.INFO)  # every frame of the tests' own servers, as text
    processors: list[structlog.typing.Processor] = structlog.get_config()["processors"]
    processors.insert(0, recorder.process)
    try:
        yield recorder
    finally:
        if recorder.process in processors:
            processors.remove(recorder.process)
        root.removeHandler(recorder)
        for logger, level in levels:
            logger.setLevel(level)
