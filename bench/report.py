"""Benchmark report: ratios with targets, absolute figures beside them, printed, kept as JSON, and joined to one page.

A `Row` is judged by its ratio to a yardstick of the same run. Absolute figures depend on the machine: they are shown
and not judged.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

OUT = Path(__file__).parent / "out"
Better = Literal["lower", "higher"]
Verdict = Literal["missed", "met", "moonshot", "shown"]


@dataclass(frozen=True, slots=True)
class Absolute:
    """A measured figure that is shown and not judged, as the two sides of a ratio.

    Attributes
    ----------
    label
        What was measured.
    value, unit
        How much, and of what.
    """

    label: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Row:
    """One judged figure.

    Attributes
    ----------
    name
        What is compared with what, in that order: "hub call : bare echo".
    ratio
        The measured figure. Where no yardstick makes sense (a count that must be 0, megabytes grown), `unit` says what
        it is.
    target
        The value to reach; `None` where the ratio is only shown.
    moonshot
        The value that was hoped for.
    better
        Whether a lower or a higher value is the better one.
    absolutes
        The sides of the ratio and what else explains it.
    """

    name: str
    ratio: float
    target: float | None = None
    moonshot: float | None = None
    better: Better = "lower"
    absolutes: Sequence[Absolute] = ()
    unit: str = "×"

    @property
    def verdict(self) -> Verdict:
        """How the ratio stands to its target."""
        if self.target is None:
            return "shown"
        if not self._reaches(self.target):
            return "missed"
        return "moonshot" if self.moonshot is not None and self._reaches(self.moonshot) else "met"

    def _reaches(self, goal: float) -> bool:
        return self.ratio <= goal if self.better == "lower" else self.ratio >= goal


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a bench that does not state ratios yet.

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
    better: Better = "lower"
    met: bool | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.target is not None:
            met = self.value <= self.target if self.better == "lower" else self.value >= self.target
            object.__setattr__(self, "met", met)


Reported = Row | Figure | Absolute


def rows_of(reported: Sequence[Reported]) -> list[dict[str, Any]]:
    """Return what a bench reports as plain values for JSON: one shape for rows, figures and absolutes."""
    return [_plain(entry) for entry in reported]


def _plain(entry: Reported) -> dict[str, Any]:
    match entry:
        case Figure():
            entry = Row(entry.figure, entry.value, entry.target, None, entry.better, (), entry.unit)
        case Absolute():
            entry = Row(entry.label, entry.value, unit=entry.unit)
        case Row():
            pass
    return asdict(entry) | {"verdict": entry.verdict}


def machine() -> dict[str, str]:
    """Return what a reader must know of the run: processor, cores, memory, system, Python, date, commit."""
    return {
        "processor": _processor(),
        "cores": str(psutil.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line.partition(":") for line in cpuinfo.read_text().split("\n\n")[0].splitlines())
        fields = {key.strip(): value.strip() for key, _, value in lines}
        described = [fields.get("model name", ""), f"family {fields.get('cpu family')} model {fields.get('model')}"]
        return ", ".join(part for part in described if part)
    return platform.processor() or platform.machine()


def _commit() -> str:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(Path(__file__).parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    commit = git("rev-parse", "--short=12", "HEAD")
    if not commit:
        return "unknown"
    return f"{commit} and changes" if git("status", "--porcelain", "--untracked-files=no") else commit


def publish(name: str, reported: Sequence[Reported], *, as_json: bool = False) -> bool:
    """Print what a bench reports and write it to `bench/out/NAME.json`.

    Returns
    -------
    bool
        Whether every target was reached.
    """
    rows = rows_of(reported)
    document = {"bench": name, "machine": machine(), "rows": rows}
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")
    if as_json:
        json.dump(document, sys.stdout, indent=2)
        print()
    else:
        Console().print(_table(name, rows))
    return all(row["verdict"] != "missed" for row in rows)


_COLOURS = {"missed": "red", "met": "green", "moonshot": "bold green", "shown": "dim"}


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=f"bench {name}", title_justify="left", box=SIMPLE_HEAD)
    for column in ("figure", "value", "target", "moonshot", ""):
        table.add_column(column, justify="right" if column in {"value", "target", "moonshot"} else "left")
    for row in rows:
        verdict = "" if row["verdict"] == "shown" else f"[{_COLOURS[row['verdict']]}]{row['verdict']}[/]"
        table.add_row(escape(row["name"]), _value(row), _goal(row, "target"), _goal(row, "moonshot"), verdict)
        for absolute in row["absolutes"]:
            shown = f"[dim]{readable(absolute['value'])} {escape(absolute['unit'])}[/]"
            table.add_row(f"[dim]  {escape(absolute['label'])}[/]", shown, "", "", "")
    return table


def readable(value: float) -> str:
    """Return a figure with as many digits as a reader wants."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _value(row: Mapping[str, Any]) -> str:
    return f"{readable(row['ratio'])} {row['unit']}".strip()


def _goal(row: Mapping[str, Any], which: str) -> str:
    if row[which] is None:
        return ""
    return f"{'≤' if row['better'] == 'lower' else '≥'} {readable(row[which])}"


def page(documents: Sequence[Mapping[str, Any]], failures: Mapping[str, str]) -> str:
    """Return the page of a whole run in Markdown.

    Parameters
    ----------
    documents
        What `publish` wrote, one per bench.
    failures
        The benches that raised, with the last line of what they printed.
    """
    lines = ["# Benchmarks", ""]
    if documents:
        shown = dict(documents[0]["machine"])
        date, commit = shown.pop("date"), shown.pop("commit")
        described = "; ".join(f"{key} {value}" for key, value in shown.items())
        lines += [f"Measured {date}, commit `{commit}`: {described}.", ""]
    lines += [
        "A ratio compares with a yardstick of the same run on the same machine and is judged by its target. Absolute",
        "figures belong to this machine and are not judged. `make bench-report` writes this page.",
        "",
    ]
    for document in documents:
        lines += [f"## {document['bench']}", "", "| figure | value | target | moonshot | verdict | measured |"]
        lines.append("|---|---:|---:|---:|---|---|")
        for row in document["rows"]:
            sides = "; ".join(f"{side['label']} {readable(side['value'])} {side['unit']}" for side in row["absolutes"])
            verdict = "" if row["verdict"] == "shown" else row["verdict"]
            cells = [row["name"], _value(row), _goal(row, "target"), _goal(row, "moonshot"), verdict, sides]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    for name, reason in failures.items():
        lines += [f"## {name}", "", f"The bench failed: `{reason}`", ""]
    missed = [
        f"{each['bench']}: {row['name']}" for each in documents for row in each["rows"] if row["verdict"] == "missed"
    ]
    lines += ["## Missed", ""]
    lines += [f"- {name}" for name in missed] or ["Every target was reached."]
    return "\n".join(lines) + "\n"
