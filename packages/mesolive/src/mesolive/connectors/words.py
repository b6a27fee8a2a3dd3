"""Words that connectors of several brokers have for the same thing."""

from __future__ import annotations

from typing import Final

CLASSES_CAUSE: Final = "the broker lists a class of options whose terms are not known here"
CLASSES_REMEDY: Final = (
    "Nothing of it is quoted, selected or traded; all else works. A later version may know the class: report its name."
)
