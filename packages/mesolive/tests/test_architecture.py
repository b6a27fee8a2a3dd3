"""The import contracts of pyproject.toml hold, and the architecture page shows the same layers."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from mesolive_testkit.paths import DOCS, ROOT

CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}


def test_the_import_contracts_hold() -> None:
    checked = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_architecture_page_shows_the_layers_of_the_contracts() -> None:
    page = (DOCS / "architecture.md").read_text()
    for contract in ("server", "trading"):
        shown = re.search(rf"<!-- layers: {contract} -->\n```\n(.*?)```", page, re.DOTALL)
        assert shown is not None, contract
        assert shown[1].splitlines() == CONTRACTS[contract]["layers"]
