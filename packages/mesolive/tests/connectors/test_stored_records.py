"""Names of records in the connectors' journals on disk: they stay, whatever the classes are called."""

from __future__ import annotations

import msgspec
import pytest

from mesolive.connectors.ibkr import journal as ibkr_journal
from mesolive.connectors.tastytrade import order_journal as tastytrade_journal


@pytest.mark.parametrize(
    ("record", "names"),
    [
        (
            ibkr_journal.Record,
            {"Sending", "Known", "Denied", "Finished", "Seen", "Cost", "Told", "Held", "Covered", "Missed", "Gone"},
        ),
        (tastytrade_journal.Record, {"Sent", "Known", "NotThere", "Told", "Apart"}),
    ],
    ids=["ibkr", "tastytrade"],
)
def test_a_journal_on_disk_is_read_by_the_record_names_that_it_was_written_with(
    record: type[msgspec.Struct], names: set[str]
) -> None:
    schema = msgspec.json.schema(record)
    assert set(schema["discriminator"]["mapping"]) == names
