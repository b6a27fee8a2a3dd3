"""What a benchmark reports: figures with their targets, printed as a table and kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

OUT = Path(__file__).parent / "out"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes
    ----------
    target
        The value to reach, or `None` for a figure that is only reported.
    better
        Whether a lower or a higher value is the better one; decides `met`.
    """

    figure: str
    value: float
    unit: str
    target: float | None = None
    better: Literal["lower", "higher"] = "lower"
    met: bool | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.target is not None:
            met = self.value <= self.target if self.better == "lower" else self.value >= self.target
            object.__setattr__(self, "met", met)


def _readable(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def publish(name: str, figures: Sequence[Figure]) -> None:
    """Print the figures as a table and write them to `bench/out/NAME.json`."""
    table = Table(title=f"bench {name}", title_justify="left", box=SIMPLE_HEAD)
    for column, justify in (
        ("figure", "left"),
        ("value", "right"),
        ("unit", "left"),
        ("target", "right"),
        ("", "left"),
    ):
        table.add_column(column, justify="right" if justify == "right" else "left")
    for entry in figures:
        sign = "≤" if entry.better == "lower" else "≥"
        target = "" if entry.target is None else f"{sign} {_readable(entry.target)}"
        verdict = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}[entry.met]
        table.add_row(entry.figure, _readable(entry.value), entry.unit, target, verdict)
    Console().print(table)
    OUT.mkdir(exist_ok=True)
    rows = [{key: value for key, value in asdict(entry).items() if key != "better"} for entry in figures]
    (OUT / f"{name}.json").write_text(json.dumps(rows, indent=2) + "\n")
