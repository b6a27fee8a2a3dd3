"""What every test of connectors is checked for: no credential is in anything that was written."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from mesolive.connectors.settings_model import Secret
from mesolive.tastytrade_client import Hidden

SHORTEST = 8
"""A shorter secret may stand in a log by chance."""

STORED = ("*.sqlite3", "*.sqlite3-wal", "*.jsonl", "*.log")
TOKEN = re.compile(r"bearer\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)


@pytest.fixture(autouse=True)
def no_credential_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    captured_logs: Sequence[MutableMapping[str, Any]],
) -> Generator[None]:
    """Search all logs at DEBUG, the libraries' too, and all stored files of a test for every secret that was given."""
    given: set[str] = set()
    make, hide = Secret.__init__, Hidden.__init__

    def remember(secret: Secret, value: str) -> None:
        given.add(value)
        make(secret, value)

    def remember_hidden(hidden: Hidden, text: str) -> None:
        given.add(text)  # tokens too that the broker has given
        hide(hidden, text)

    monkeypatch.setattr(Secret, "__init__", remember)
    monkeypatch.setattr(Hidden, "__init__", remember_hidden)
    caplog.set_level(logging.DEBUG)
    yield
    written = {"our log": repr(captured_logs), "the libraries' log": caplog.text}
    for pattern in STORED:
        written |= {file.name: file.read_bytes().decode("latin-1") for file in tmp_path.rglob(pattern)}
    for where, text in written.items():
        assert not TOKEN.search(text), f"a token is in {where}"
        for secret in given:
            assert len(secret) < SHORTEST or secret not in text, f"a secret is in {where}"
