"""How far a market time of its own has come, over kills: it never goes back, wherever the file was torn."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.clock import ManualClock
from mesolive.connectors.market_time import CLOCK_FILE, RECORD_INTERVAL, MarketTimeFile

BEGIN = datetime(2024, 3, 14, 14, 0, tzinfo=UTC)


def kept(folder: Path, minutes: int, *, ended: bool = False, market: str = "day") -> datetime:
    at = BEGIN + timedelta(minutes=minutes)
    MarketTimeFile(folder, market).keep(ManualClock(at), ended=ended)
    return at


@given(st.lists(st.integers(1, 100), min_size=1, max_size=5), st.integers(0, 10_000), st.floats(0.1, 600))
def test_after_a_kill_anywhere_in_a_write_time_is_not_before_the_record_before_it(
    steps: list[int], torn_at: int, speed: float
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, minutes, last = Path(name), 0, BEGIN
        for step in steps:
            minutes += step
            last = kept(folder, minutes)
        whole = (folder / CLOCK_FILE).read_bytes()
        kept(folder, minutes + 1)
        written = (folder / CLOCK_FILE).read_bytes()
        cut = len(whole) + torn_at % (len(written) - len(whole) + 1)
        (folder / CLOCK_FILE).write_bytes(written[:cut])
        file = MarketTimeFile(folder, "day")
        reached = file.reached(speed)
        assert reached is not None
        assert reached >= last + RECORD_INTERVAL * speed
        assert file.reached(speed) == reached, "reading changes nothing"


def test_a_connection_that_ended_in_order_resumes_at_its_market_time(tmp_path: Path) -> None:
    kept(tmp_path, 5)
    last = kept(tmp_path, 6, ended=True)
    assert MarketTimeFile(tmp_path, "day").reached_in(10) == (last, True)
    assert MarketTimeFile(tmp_path, "another day").reached_in(10) == (last, False)


def test_a_kill_while_the_file_is_made_shorter_leaves_one_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = kept(tmp_path, 5)

    def killed(path: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            MarketTimeFile(tmp_path, "day").reached(1)
    assert MarketTimeFile(tmp_path, "day").reached(1) == last + RECORD_INTERVAL


@pytest.mark.parametrize(
    ("line", "reached"),
    [
        (b'"2024-03-14T14:05:00Z"\n', BEGIN + timedelta(minutes=6)),
        (b'{"ended":"2024-03-14T14:05:00Z"}\n', BEGIN + timedelta(minutes=5)),
    ],
)
def test_records_of_earlier_versions_are_read(tmp_path: Path, line: bytes, reached: datetime) -> None:
    (tmp_path / CLOCK_FILE).write_bytes(line)
    assert MarketTimeFile(tmp_path, "day").reached_in(1) == (reached, True)
