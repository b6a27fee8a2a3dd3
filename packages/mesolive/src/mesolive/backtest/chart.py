"""Backtest chart as a PNG: the account's value, its drawdown, and the underlying with every trade marked."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Matplotlib's methods take arguments that it leaves without types.

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesolive.backtest.runner import Outcome
from mesolive.backtest.statistics import PositionResult, Results, drawdowns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK: Final = "#1f2933"
MUTED: Final = "#7b8794"
GRID: Final = "#e4e7eb"
EQUITY: Final = "#0b6e99"
FALL: Final = "#c0392b"
GAIN: Final = "#2e8b57"
UNDERLYING: Final = "#52606d"
MAX_TICKS: Final = 9
MAX_TITLE: Final = 55
MANY_TRADES: Final = 40


class ChartError(Exception):
    """A chart was asked for and cannot be drawn here."""


def draw(outcome: Outcome, results: Results, path: Path, title: str, subtitle: str = "") -> Path:
    """Draw the chart as a PNG of 1600 x 1000 pixels.

    Time runs by steps of the backtest: nights and weekends take no room.

    Parameters
    ----------
    title, subtitle
        The strategy, and what it was run on.

    Raises
    ------
    ChartError
        When matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra that only charts need
        from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: PLC0415 - likewise
    except ImportError:
        raise ChartError("a chart needs matplotlib: pip install 'mesolive[charts]'") from None
    figure = Figure(
        figsize=(16, 10), dpi=100, layout=ConstrainedLayoutEngine(h_pad=0.10, w_pad=0.12), facecolor="white"
    )
    equity, fall, underlying = figure.subplots(3, 1, sharex=True, height_ratios=(10, 4, 9))
    times = [point.at for point in outcome.points]
    for axes in (equity, fall, underlying):
        _plain(axes)
    _equity(equity, outcome, results, times)
    _drawdown(fall, outcome, results, times)
    _underlying(underlying, outcome, results, times)
    _days(underlying, times)
    figure.suptitle(_drawable(title), x=0.008, ha="left", fontsize=18, fontweight="bold", color=INK, parse_math=False)
    figure.text(0.992, 0.988, _drawable(subtitle), ha="right", va="top", fontsize=11, color=MUTED, parse_math=False)
    # Without the library's version: the same backtest draws the same bytes.
    figure.savefig(path, format="png", metadata={"Software": None})
    return path


def _plain(axes: Axes) -> None:
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(b=True)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=10)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GRID)
    axes.margins(x=0.01)


def _heading(axes: Axes, text: str, more: str = "") -> None:
    axes.set_title(text, loc="left", fontsize=12, fontweight="bold", color=INK)
    if more:
        axes.set_title(more, loc="right", fontsize=11, color=MUTED)


def _equity(axes: Axes, outcome: Outcome, results: Results, times: Sequence[datetime]) -> None:
    from matplotlib.ticker import StrMethodFormatter  # noqa: PLC0415 - as in `draw`

    start = float(results.start)
    places = [place for place, point in enumerate(outcome.points) if point.value is not None]
    values = [float(point.value) for point in outcome.points if point.value is not None]
    axes.axhline(start, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.plot(places, values, color=EQUITY, linewidth=1.8)
    axes.fill_between(places, values, start, color=EQUITY, alpha=0.10, linewidth=0)
    at = dict(zip(places, values, strict=True))
    size = _marker(results)
    for position in results.positions:
        end = None if position.closed_at is None else _place(times, position.closed_at)
        if end in at and len(results.positions) <= MANY_TRADES:
            axes.plot(
                [end], [at[end]], marker="o", color=_colour(position), markersize=size - 2, markeredgecolor="white"
            )
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    gain = "" if results.pnl is None else f"{results.pnl:+,.2f} ({results.percent or 0:+.2f} %)"
    win = "" if results.win_rate is None else f"   win rate {results.win_rate:.0f} %"
    factor = "" if results.profit_factor is None else f"   profit factor {results.profit_factor:.2f}"
    _heading(
        axes,
        "Net liquidation value",
        f"{gain}   {results.trades} trade{'' if results.trades == 1 else 's'}{win}{factor}",
    )


def _drawdown(axes: Axes, outcome: Outcome, results: Results, times: Sequence[datetime]) -> None:
    from matplotlib.ticker import StrMethodFormatter  # noqa: PLC0415 - as in `draw`

    falls = drawdowns(outcome.points, results.start)
    places = [bisect.bisect_left(times, at) for at, _ in falls]
    values = [float(value) for _, value in falls]
    axes.fill_between(places, values, 0.0, color=FALL, alpha=0.18, linewidth=0)
    axes.plot(places, values, color=FALL, linewidth=1.1)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    deepest = results.max_drawdown
    if deepest is not None:
        trough = bisect.bisect_left(times, deepest.trough_at)
        axes.plot([trough], [-float(deepest.amount)], marker="v", color=FALL, markersize=8, markeredgecolor="white")
    more = (
        "" if deepest is None else f"largest {deepest.amount:,.2f} ({deepest.percent:.2f} %), {deepest.days:.1f} days"
    )
    _heading(axes, "Drawdown", more)


def _marker(results: Results) -> float:
    """Return the size of a trade's mark: smaller where there are many."""
    return 9.0 if len(results.positions) <= MANY_TRADES else 5.5


def _colour(position: PositionResult) -> str:
    if position.pnl is None or position.closed_at is None:
        return MUTED
    return GAIN if position.pnl >= 0 else FALL


def _underlying(axes: Axes, outcome: Outcome, results: Results, times: Sequence[datetime]) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415 - as in `draw`
    from matplotlib.ticker import StrMethodFormatter  # noqa: PLC0415 - as in `draw`

    places = [place for place, point in enumerate(outcome.points) if point.underlying is not None]
    prices = [point.underlying for point in outcome.points if point.underlying is not None]
    axes.plot(places, prices, color=UNDERLYING, linewidth=1.2)
    at = dict(zip(places, prices, strict=True))
    size = _marker(results)
    for position in results.positions:
        begin = _place(times, position.opened_at)
        end = len(times) - 1 if position.closed_at is None else _place(times, position.closed_at)
        if begin not in at or end not in at:
            continue
        colour = _colour(position)
        axes.plot([begin, end], [at[begin], at[end]], color=colour, linewidth=1.4, linestyle=(0, (1, 1.5)), alpha=0.8)
        axes.plot([begin], [at[begin]], marker="^", color=INK, markersize=size, markeredgecolor="white")
        if position.closed_at is not None:
            axes.plot([end], [at[end]], marker="o", color=colour, markersize=size, markeredgecolor="white")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    _heading(axes, "Underlying")
    shown = (("^", INK, "entry"), ("o", GAIN, "exit with a gain"), ("o", FALL, "exit with a loss"))
    handles = [
        Line2D(
            [], [], marker=marker, color=colour, linestyle="none", markersize=8, markeredgecolor="white", label=label
        )
        for marker, colour, label in shown
    ]
    axes.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=3,
        frameon=False,
        fontsize=11,
        labelcolor=MUTED,
    )


def _place(times: Sequence[datetime], moment: datetime) -> int:
    """Return the step at which something happened: the last one that is not after it."""
    return max(bisect.bisect_right(times, moment) - 1, 0)


def _days(axes: Axes, times: Sequence[datetime]) -> None:
    places = [place for place, at in enumerate(times) if place == 0 or times[place - 1].date() != at.date()]
    shown = places[:: max(-(-len(places) // MAX_TICKS), 1)]
    axes.set_xticks(shown, [f"{times[place]:%a %d %b %Y}" for place in shown])


def _drawable(title: str) -> str:
    """Return a title without characters that the font lacks."""
    from matplotlib.font_manager import findfont, get_font  # noqa: PLC0415 - as in `draw`

    font = get_font(findfont("DejaVu Sans"))
    shown = title if len(title) <= MAX_TITLE else f"{title[:MAX_TITLE]}…"
    return "".join(item if font.get_char_index(ord(item)) else "?" for item in shown)
