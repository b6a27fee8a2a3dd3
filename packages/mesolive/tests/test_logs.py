"""What is logged tells what happened and keeps secrets."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import structlog
from mesolive.logs import configure_logs
configure_logs()
def work(token):
    raise ValueError("broken")
try:
    work("very-" + "secret")
except ValueError:
    structlog.get_logger("x").exception("work_failed", position_id=7)
"""


def test_a_traceback_names_the_place_and_no_local_variable() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=30)
    (line,) = ended.stderr.splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["position_id"], entry["level"]) == ("work_failed", 7, "error")
    assert entry["exception"][0]["exc_type"] == "ValueError"
    assert entry["exception"][0]["frames"][-1]["name"] == "work"
    assert "very-secret" not in line
