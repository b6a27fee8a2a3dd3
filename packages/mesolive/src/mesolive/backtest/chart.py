"""The chart of a replay: the account's value over time, as a PNG."""

# pyright: reportUnknownMemberType=false
# Matplotlib's methods take arguments that it leaves without types.

from __future__ import annotations

from pathlib import Path

from mesolive.backtest.runner import Outcome


class ChartError(Exception):
    """A chart was asked for and cannot be drawn here."""


def draw(outcome: Outcome, path: Path, title: str) -> Path:
    """Draw the account's value over time as a PNG.

    Raises
    ------
    ChartError
        When matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra that only charts need
    except ImportError:
        raise ChartError("a chart needs matplotlib: pip install 'mesolive[charts]'") from None
    known = [(one.at, float(one.value)) for one in outcome.points if one.value is not None]
    figure = Figure(figsize=(10, 5), dpi=120, layout="constrained")
    axes = figure.subplots()
    # By number of the step: nights and weekends take no room.
    axes.plot(range(len(known)), [value for _, value in known], linewidth=1.2, color="#1f6f8b")
    places = [place for place, (at, _) in enumerate(known) if place == 0 or known[place - 1][0].date() != at.date()]
    shown = places[:: max(len(places) // 10, 1)]
    axes.set_xticks(shown, [f"{known[place][0]:%Y-%m-%d}" for place in shown], rotation=30, ha="right")
    axes.set_title(title)
    axes.set_ylabel("net liquidation value")
    axes.grid(visible=True, alpha=0.3)
    # Without the library's version: the same replay draws the same bytes.
    figure.savefig(path, format="png", metadata={"Software": None})
    return path
