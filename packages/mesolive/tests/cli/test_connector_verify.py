"""`mesolive connector verify` over a night: what is left stands in the report, and is gone on with by it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mesolive.cli.root import app
from mesolive.connectors.protocol import ConnectorRequest
from mesolive.connectors.registry import KINDS
from mesolive.connectors.verification import Step, StepOutcome, overnight_state_in
from mesolive.records import replace


@dataclass
class Nightly:
    """A checklist of two days."""

    messages: Sequence[str] = ("one",)
    overnight_state: Mapping[str, Any] | None = None
    asked: list[str] = field(default_factory=list[str])

    def leave_overnight(self) -> None:
        self.overnight_state = {"Order": 5}
        self.asked.append("overnight")

    def resume(self, overnight: Mapping[str, Any]) -> None:
        self.asked.append(f"resume {dict(overnight)}")

    async def walk(self) -> AsyncGenerator[Step]:
        yield Step(f"a step of the {'first' if self.overnight_state else 'second'} day", StepOutcome.PASSED)


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[Nightly]:
    """Return the checklists that were walked, in place of those of TWS."""
    made: list[Nightly] = []

    def verify(_request: ConnectorRequest, _fill: bool) -> Nightly:
        made.append(Nightly())
        return made[-1]

    monkeypatch.setitem(KINDS, "ibkr", replace(KINDS["ibkr"], verify=verify))  # pyright: ignore[reportArgumentType]
    return made


def verified(report: Path, *arguments: str, kind: str = "ibkr") -> Result:
    return CliRunner().invoke(app, ["connector", "verify", kind, "--report", str(report), *arguments])


def test_the_overnight_state_is_in_the_report_and_resumed_once(tmp_path: Path, walks: list[Nightly]) -> None:
    report = tmp_path / "report.md"
    first = verified(report, "--overnight")
    assert first.exit_code == 0
    assert "with --resume and the same report" in first.output
    assert overnight_state_in(report.read_text(encoding="utf-8")) == {"Order": 5}
    again = verified(report)
    assert again.exit_code == 2
    assert "add --resume" in again.output
    second = verified(report, "--resume")
    assert second.exit_code == 0
    assert [walk.asked for walk in walks] == [["overnight"], ["resume {'Order': 5}"]]
    text = report.read_text(encoding="utf-8")
    assert text.index("the second day") < text.index("the first day")
    third = verified(report, "--resume")
    assert third.exit_code == 2
    assert "has nothing that was left" in third.output


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        (None, ("--resume",), "cannot be read"),
        ("## Left for another day\n\n```json\n[1]\n```\n", ("--resume",), "expected a JSON object, got list"),
        ("## Left for another day\n\n```json\n{\n```\n", ("--resume",), "cannot be read"),
        ("", ("--resume", "--overnight"), "expected one of --overnight and --resume"),
    ],
)
def test_a_report_that_cannot_be_resumed_is_refused_before_any_connection(
    content: str | None, arguments: tuple[str, ...], words: str, tmp_path: Path, walks: list[Nightly]
) -> None:
    report = tmp_path / "report.md"
    if content is not None:
        report.write_text(content, encoding="utf-8")
    result = verified(report, *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.replace("│", " ").split())
    assert walks == []


def test_a_kind_without_a_night_says_so(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.write_text("client_secret=a\nrefresh_token=b\n", encoding="utf-8")
    given = ("--set", "environment=sandbox", "--overnight", "--no-fill", "--secrets-file", str(secrets))
    result = verified(tmp_path / "report.md", *given, kind="tastytrade")
    assert result.exit_code == 2
    assert "no step that needs a night" in " ".join(result.output.replace("│", " ").split())
