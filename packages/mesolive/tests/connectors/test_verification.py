"""Reports of a verification: no secret, no account, no broken table."""

from __future__ import annotations

from datetime import UTC, datetime

from mesolive.connectors.verification import MessageRecorder, Step, StepOutcome, report

AT = datetime(2026, 7, 27, 14, 40, tzinfo=UTC)


def test_messages_hold_neither_secrets_nor_hidden_fields_nor_accounts() -> None:
    recorder = MessageRecorder(["s3cret-value"], ["token"])
    recorder.record('{"token": "abc", "x": "s3cret-value", "account": "5WX00001"}')
    recorder.rename(["5WX00001", "5WX00002"])
    recorder.record("5WX00002 and 5WX00001")
    assert recorder.messages == [
        '{"token": "***", "x": "***", "account": "ACCOUNT-1"}',
        "ACCOUNT-2 and ACCOUNT-1",
    ]


def test_a_report_is_a_table_of_the_steps_and_the_messages() -> None:
    steps = [Step("a | b", StepOutcome.PASSED), Step("c", StepOutcome.FAILED, "no\nanswer")]
    text = report("tastytrade", "0.1.0", steps, ["one", "```two```"], AT)
    assert "2 steps, 1 failed" in text
    assert "| a \\| b | passed |  |" in text
    assert "| c | failed | no answer |" in text
    assert text.count("```") == 2
