"""`mesolive replay` as a child of the server: at low priority, and ended with the server.

Run as `python -m mesolive.cli.replay_child` with the arguments of `mesolive replay`. Standard input is a pipe from the
server; its end means that the server has ended, however it did.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

NICE = 10
LINE_SECONDS = 1.0
"""Seconds between two lines of progress: the server reads them."""


def main() -> None:
    """Run the command of this process's arguments."""
    os.nice(NICE)
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    from mesolive.cli import replay_view  # noqa: PLC0415 - after the thread: the import takes a second

    replay_view.LINE_SECONDS = LINE_SECONDS
    no_module: Any = None  # how Python says that there is none
    sys.modules["matplotlib"] = no_module  # pages draw by themselves: its import takes seconds
    sys.argv = ["mesolive", "replay", *sys.argv[1:]]
    from mesolive.cli.root import main as run  # noqa: PLC0415 - as above

    run()


def _end_with_the_server() -> None:
    # Not by `sys.stdin`: a thread that waits in it keeps a lock that the end of the interpreter needs.
    while os.read(0, 4096):
        pass
    os._exit(3)


if __name__ == "__main__":
    main()
