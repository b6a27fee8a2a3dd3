"""Calls that the server is to refuse, for tests: the refusal as a value."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest

from mesolive_sdk import MesoLiveApiException


async def refused(call: Awaitable[object]) -> MesoLiveApiException:
    """Return what a call was refused with; a call that succeeds fails the test."""
    with pytest.raises(MesoLiveApiException) as caught:
        await call
    return caught.value
