"""Run the benchmarks: every module of this folder that has a `run` function, or the one named."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence
from typing import cast

import bench
from bench.report import Figure, publish

NOT_BENCHMARKS = {"__main__", "report"}


def names() -> list[str]:
    """Return the names of all benchmarks."""
    found = (module.name for module in pkgutil.iter_modules(bench.__path__))
    return sorted(name for name in found if name not in NOT_BENCHMARKS and not name.startswith("_"))


def main(wanted: Sequence[str]) -> int:
    """Run the benchmarks `wanted`, or all; return the exit status: 0, or 2 for an unknown name."""
    known = names()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"bench: no benchmark named {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    for name in wanted or known:
        run = cast("Callable[[], Sequence[Figure]]", importlib.import_module(f"bench.{name}").run)
        publish(name, run())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
