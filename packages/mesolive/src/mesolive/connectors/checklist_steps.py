"""Steps of a checklist as work that passes or fails: what every broker's checklist shares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mesolive.connectors.protocol import ConnectorError
from mesolive.connectors.verification import MessageRecorder, Step, StepOutcome


class StepFailedError(Exception):
    """The result of a step is not what its title states.

    Parameters
    ----------
    message
        What was found.
    remedy
        What to do about it; empty where nothing is known.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class StepSkippedError(Exception):
    """A step could not be tried: the message says why."""


def must(holds: bool, otherwise: str, remedy: str = "") -> None:
    """Raise `StepFailedError` unless something holds."""
    if not holds:
        raise StepFailedError(otherwise or "it does not hold", remedy)


async def run_step(recorder: MessageRecorder, title: str, work: Callable[[], Awaitable[str]], remedy: str = "") -> Step:
    """Do the work of a step, and return how it ended.

    Parameters
    ----------
    recorder
        Takes secrets and accounts out of what is shown.
    work
        Returns what it found; whatever it raises is the step's failure.
    remedy
        What to do when it fails, unless the failure says it.
    """
    try:
        return Step(title, StepOutcome.PASSED, recorder.clean(await work()))
    except StepSkippedError as error:
        return Step(title, StepOutcome.SKIPPED, recorder.clean(str(error)))
    except Exception as error:  # noqa: BLE001 - a step that fails is a line of the report
        text = str(error) or type(error).__name__
        own_remedy = error.remedy if isinstance(error, (StepFailedError, ConnectorError)) else ""
        return Step(title, StepOutcome.FAILED, recorder.clean(text), own_remedy or remedy)
