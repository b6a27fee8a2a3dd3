"""What `mesolive replay` shows: progress now and then, and text from outside that does no harm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mesolive.backtest.runner import Progress
from mesolive.cli import replay_view

START = datetime(2026, 1, 5, tzinfo=UTC)


def test_without_a_terminal_there_is_a_line_now_and_then_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr("mesolive.cli.replay_view.time.monotonic", lambda: now)
    with replay_view.showing_progress() as reported:
        for done in range(100):
            now = float(done)
            reported(Progress(START + timedelta(days=done), done, 100))
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert len(lines) == 6, "one in fifteen seconds"
    assert lines[0] == "2026-01-20: 15 % done, about 0:01:25 left"
    assert lines[-1] == "2026-04-05: 90 % done, about 0:00:10 left"
