"""`mesolive portal link`: whom a link signs in, on a server without users, with one, and with several."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

MESOLIVE = Path(sys.executable).parent / "mesolive"
LINK = re.compile(r"http://127\.0\.0\.1:8700/login#code=[\w-]{22}\n")
SECONDS = 60


def command(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MESOLIVE_")}
    return subprocess.run(
        [MESOLIVE, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_without_users_a_person_is_asked_for_the_first_name_and_a_program_is_told_to_give_one(tmp_path: Path) -> None:
    refused = command(tmp_path, "portal", "link")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "there is no user yet" in refused.stderr
    assert "--user" in refused.stderr
    terminal, side = pty.openpty()
    try:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MESOLIVE_")}
        process = subprocess.Popen(
            [MESOLIVE, "portal", "link"],
            cwd=tmp_path,
            env=environment,
            stdin=side,
            stdout=subprocess.PIPE,
            stderr=side,
            text=True,
        )
        os.write(terminal, b"ann\n")
        written, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0
        assert LINK.fullmatch(written)
    finally:
        os.close(terminal)
        os.close(side)
    again = command(tmp_path, "portal", "link")
    assert LINK.fullmatch(again.stdout)
    assert "Signs in ann" in again.stderr


def test_with_several_users_the_name_is_needed(tmp_path: Path) -> None:
    for name in ("ann", "bob"):
        assert LINK.fullmatch(command(tmp_path, "portal", "link", "--user", name).stdout)
    refused = command(tmp_path, "portal", "link")
    assert refused.returncode == 2
    assert "there are several users" in refused.stderr
