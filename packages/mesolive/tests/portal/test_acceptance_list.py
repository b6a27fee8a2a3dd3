"""The acceptance list of the Portal (docs/portal.md): forty lines, each with the browser tests of its number."""

from __future__ import annotations

import ast
import re

from mesolive_testkit.paths import DOCS, ROOT

LINES = 40


def numbered_tests() -> dict[int, set[str]]:
    """Return the browser tests by the numbers in their names."""
    collected: dict[int, set[str]] = {}
    for path in (ROOT / "packages/mesolive/tests/system/portal").glob("test_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
                numbers = re.match(r"test_((?:\d+_)+)", node.name)
                for number in numbers[1].strip("_").split("_") if numbers else ():
                    collected.setdefault(int(number), set()).add(node.name)
    return collected


def test_each_line_of_the_acceptance_list_names_the_tests_of_its_number() -> None:
    text = (DOCS / "portal.md").read_text().partition("## Acceptance list")[2].partition("\n## ")[0]
    listed = {
        int(number): set(re.findall(r"`(\w+)`", tests))
        for number, tests in re.findall(r"^\| (\d+) \|[^|]*\|([^|]*)\|$", text, flags=re.MULTILINE)
    }
    assert sorted(listed) == list(range(1, LINES + 1))
    assert listed == numbered_tests()
