"""Run the benchmarks: every module of this folder that has a `run` function, or those that are named.

    python -m bench [--json] [NAME ...]     each prints a table and writes bench/out/NAME.json
    python -m bench --report [NAME ...]     each in a process of its own; writes bench/out/report.md

The exit status is 1 when a target is missed or a bench fails, and 2 for a name that there is not.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

import bench
from bench.report import OUT, Reported, page, publish

NOT_BENCHMARKS = {"__main__", "report", "yardsticks"}


def names() -> list[str]:
    """Return the names of all benchmarks."""
    modules = (module.name for module in pkgutil.iter_modules(bench.__path__))
    return sorted(name for name in modules if name not in NOT_BENCHMARKS and not name.startswith("_"))


def run_here(wanted: Sequence[str], *, as_json: bool) -> bool:
    """Run benchmarks in this process; return whether every target was reached."""
    reached = True
    for name in wanted:
        run = cast("Callable[[], Sequence[Reported]]", importlib.import_module(f"bench.{name}").run)
        reached &= publish(name, run(), as_json=as_json)
    return reached


def write_report(wanted: Sequence[str]) -> bool:
    """Run each benchmark in a process of its own and write the page of all; return whether every target was reached."""
    documents: list[dict[str, Any]] = []
    failures: dict[str, str] = {}
    for name in wanted:
        print(f"bench: {name}", flush=True)
        (OUT / f"{name}.json").unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "bench", name], stderr=subprocess.PIPE, text=True, errors="replace", check=False
        )
        if (OUT / f"{name}.json").exists():
            documents.append(json.loads((OUT / f"{name}.json").read_text()))
        else:
            sys.stderr.write(done.stderr)
            failures[name] = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    OUT.mkdir(exist_ok=True)
    (OUT / "report.md").write_text(page(documents, failures))
    print(f"bench: wrote {OUT / 'report.md'}")
    return not failures and all(row["verdict"] != "missed" for each in documents for row in each["rows"])


def main(arguments: Sequence[str]) -> int:
    """Run what the command line names; return the exit status."""
    parser = argparse.ArgumentParser(prog="bench", description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benchmarks; all when none is named")
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    parser.add_argument("--report", action="store_true", help="run each in a process of its own and write one page")
    given = parser.parse_args(arguments)
    known = names()
    unknown = [name for name in given.names if name not in known]
    if unknown:
        print(f"bench: no benchmark named {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    wanted = given.names or known
    reached = write_report(wanted) if given.report else run_here(wanted, as_json=given.json)
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
