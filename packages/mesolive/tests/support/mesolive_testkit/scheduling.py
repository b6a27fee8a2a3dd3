"""The order in which `make test` gives tests to its workers: system tests and fast ones side by side."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence

from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController

SYSTEM_DIRECTORIES = frozenset({"system", "backtest", "conformance", "interop", "mesolive-sdk-examples"})

FAST_TESTS_TOGETHER = 8
"""How many tests of a module a worker is given at a time where none of them starts a server."""

LAST_SYSTEM_TEST = 0.9
"""When the last system tests are given out, as a part of the run: no worker computes alone for long at the end."""


class MixedScheduling(LoadGroupScheduling):
    """Gives the tests of all directories out side by side, in place of one directory after the other.

    Tests of servers and processes wait, the others compute: while either kind runs alone, cores idle or workers queue.
    Tests that share a module's fixtures stay together and are given out first, the largest group at the beginning.
    """

    units: dict[str, str] | None = None
    """The unit of work that a test belongs to, once all workers have collected."""

    def _split_scope(self, nodeid: str) -> str:
        if self.units is None:
            self.units = units_of_work(next(iter(self.registered_collections.values())))
        return self.units[nodeid]

    def _assign_work_unit(self, node: WorkerController) -> None:
        if not any(self.assigned_work.values()):
            order = given_out_at(list(self.workqueue))
            self.workqueue = OrderedDict(sorted(self.workqueue.items(), key=lambda unit: order[unit[0]]))
        super()._assign_work_unit(node)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Note that a test ended, and forget its unit with the last one: after each test all known ones are counted."""
        super().mark_test_complete(node, item_index, duration)
        units = self.assigned_work[node]
        name = self._split_scope(self.registered_collections[node][item_index])
        if all(units[name].values()):
            del units[name]


def units_of_work(nodeids: Sequence[str]) -> dict[str, str]:
    """Return the name of each test's unit of work: a group, a few fast tests of a module, or one system test."""
    units: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for nodeid in nodeids:
        module = nodeid.split("::")[0]
        if nodeid.rfind("@") > nodeid.rfind("]"):  # xdist writes a test's group behind its name
            units[nodeid] = nodeid.rsplit("@", 1)[1]
        elif SYSTEM_DIRECTORIES & set(module.split("/")):
            units[nodeid] = nodeid
        else:
            units[nodeid] = f"{module}::{seen[module] // FAST_TESTS_TOGETHER}"
            seen[module] += 1
    return units


def given_out_at(units: Sequence[str]) -> dict[str, float]:
    """Return the part of the run after which each unit is given out: groups at 0, the others of a directory evenly."""
    directories = {unit: unit.split("::")[0].rsplit("/", 1)[0] for unit in units if "::" in unit}
    sizes = Counter(directories.values())
    before: Counter[str] = Counter()
    order = dict.fromkeys(units, 0.0)
    for unit, directory in directories.items():
        until = LAST_SYSTEM_TEST if SYSTEM_DIRECTORIES & set(directory.split("/")) else 1.0
        order[unit] = until * (before[directory] + 0.5) / sizes[directory]
        before[directory] += 1
    return order
