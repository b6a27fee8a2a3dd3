"""Structured logging: one line per event on standard error, as text on a terminal and as JSON elsewhere."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from mesolive.lean_imports import without
from mesolive.log_choices import LogFormat

# Rich would draw the tracebacks on terminals; ours are text before they are drawn.
with without("rich"):
    import structlog
    from structlog.processors import ExceptionRenderer
    from structlog.tracebacks import ExceptionDictTransformer

HIDDEN = "***"

# Second line of defence: callers should never log a secret. A key in a log is a key in every copy of the log.
_SECRETS = (
    (re.compile(r"(access_token=)[^&\s\"'<>]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"(bearer\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"), HIDDEN),
    (re.compile(r"(://[^/\s:@]*):[^/\s@]+@"), rf"\1:{HIDDEN}@"),
)

MIN_EXACT_CHARACTERS = 8
"""A shorter secret is not replaced: it would hide ordinary words, and what is hidden would show what it is."""


class _KnownSecrets:
    """Secrets in use, such as a broker's password: hidden wherever they stand in a log.

    Each is counted: two connections may have the same password. Whoever hides texts bounds their number, for every line
    that is logged is compared with all of them; a limit here would let one user's secrets displace another's.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._pattern: re.Pattern[str] | None = None
        self._is_current = True

    def add(self, secret: str) -> None:
        if len(secret) >= MIN_EXACT_CHARACTERS:
            self._counts[secret] += 1
            self._is_current = False

    def discard(self, secret: str) -> None:
        if secret in self._counts:
            self._counts[secret] -= 1
            if not self._counts[secret]:
                del self._counts[secret]
            self._is_current = False

    def replaced(self, text: str) -> str:
        if not self._is_current:  # not at every change: a pattern of thousands of texts takes tens of milliseconds
            self._compile()
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)

    def _compile(self) -> None:
        # The longest first: a secret may begin with another one.
        texts = sorted(self._counts, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, texts))) if texts else None
        self._is_current = True


_KNOWN = _KnownSecrets()

DEEPEST = 8
"""The maximum depth of lists and mappings that is searched for secrets."""


CALL_FIELDS: ContextVar[Mapping[str, object]] = ContextVar("call_fields", default=MappingProxyType({}))
"""Fields of every line that is logged within a call, and within the tasks that it starts. One variable for all of them:
structlog's own binding has a variable for each field, which costs twenty times as much at each call of a hub."""


REPEAT_SECONDS = 60.0
"""Seconds before a repeated log line that a client causes is written again."""

FROM_CLIENTS = ("uvicorn", "websockets", "signalr_asyncio.picows")
"""Loggers whose lines any client that reaches the port can cause, without a key."""


BAD_TEXT = "Invalid UTF-8 sequence received from client."
"""What uvicorn writes, as an error with a traceback, when a client sends a text frame that is no UTF-8."""


class OncePerMinute(logging.Filter):
    """Lets each line of the web server through once a minute, with the number of those that were left out.

    A client's malformed text is written as a warning without its traceback: it says nothing of this server.

    Parameters
    ----------
    monotonic
        Seconds that only grow.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write the record; errors with a trace always are."""
        if record.msg == BAD_TEXT and record.name.startswith(FROM_CLIENTS):
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        if not record.name.startswith(FROM_CLIENTS) or record.exc_info:
            return True
        # Keyed by the format string without its values, so the number of keys is bounded by the calls in the library.
        kind, now = (record.name, str(record.msg)), self._monotonic()
        since, left_out = self._seen.get(kind, (-REPEAT_SECONDS, 0))
        if now - since < REPEAT_SECONDS:
            self._seen[kind] = since, left_out + 1
            return False
        self._seen[kind] = now, 0
        if left_out:
            record.msg = f"{record.msg} (and {left_out} more since the last such line)"
        return True


def configure_logs(level: int = logging.INFO, style: LogFormat = "auto") -> None:
    """Set up logging for a process that is a server.

    Log entries name keys by their ids, and URLs without their passwords. Any other text that looks like a key or a
    password is replaced. Tracebacks are written without local variables, which could hold a token. What libraries log
    gets the same form, from warnings on: their details are of no use to an operator.

    Parameters
    ----------
    level
        The least that is written.
    style
        `console` for people, `json` for programs; `auto` is `console` on a terminal and `json` elsewhere.
    """
    readable = sys.stderr.isatty() if style == "auto" else style == "console"
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        add_call_fields,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[structlog.typing.Processor] = (
        [
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ]
        if readable
        else [
            ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            hide_secrets,
            structlog.processors.JSONRenderer(),
        ]
    )
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(OncePerMinute())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger("mesolive").setLevel(level)


def log_to_stderr() -> None:
    """Set up logging for a command: errors only, on standard error; what a command raises it says in one line.

    Standard output belongs to what the command was asked for: `TOKEN=$(mesolive apikey create …)` must hold the token
    alone. A command that becomes a server calls `configure_logs` afterwards.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        # Looked up at each write: `sys.stderr` may have been replaced.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def add_call_fields(_logger: object, _method: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Add `CALL_FIELDS` to a log entry, where it does not have such fields itself."""
    for name, value in CALL_FIELDS.get().items():
        entry.setdefault(name, value)
    return entry


def hide_text(secret: str) -> None:
    """Hide a text in everything that is logged from now on: a second line of defence for credentials in use.

    Once for each call of `release_text`. A text of less than `MIN_EXACT_CHARACTERS` is not hidden.
    """
    _KNOWN.add(secret)


def release_text(secret: str) -> None:
    """End the effect of one call of `hide_text`."""
    _KNOWN.discard(secret)


@contextmanager
def hidden_texts(secrets: Iterable[str]) -> Generator[None]:
    """Hide texts within the block."""
    texts = list(secrets)
    for text in texts:
        hide_text(text)
    try:
        yield
    finally:
        for text in texts:
            release_text(text)


def without_known_secrets(text: str) -> str:
    """Return a text without the secrets that `hide_text` was given, for messages that come from outside."""
    return _KNOWN.replaced(text)


def hide_secrets(_logger: object, _method: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace texts that look like an API key, an authorization or a password in all values of a log entry."""
    return {name: _without_secrets(value, DEEPEST) for name, value in entry.items()}


def _without_secrets(value: Any, depth: int) -> Any:  # noqa: ANN401 - any logged value
    if isinstance(value, str):
        for pattern, shown in _SECRETS:
            value = pattern.sub(shown, value)
        return without_known_secrets(value)
    if depth == 0:
        return value
    if isinstance(value, dict):
        return {name: _without_secrets(item, depth - 1) for name, item in value.items()}  # pyright: ignore[reportUnknownVariableType]  # of any kind
    if isinstance(value, list | tuple):
        return [_without_secrets(item, depth - 1) for item in value]  # pyright: ignore[reportUnknownVariableType]  # of any kind
    return value
