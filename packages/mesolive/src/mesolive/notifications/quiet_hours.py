"""Quiet hours: whether a moment lies in hours of the day of a time zone. Pure."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from mesolive_sdk.models import QuietHours


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name of the IANA database.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"expected a time zone such as America/New_York, got {name[:64]!r}") from None


def is_quiet(hours: QuietHours | None, now: datetime) -> bool:
    """Return whether `now` lies in the hours, the end excluded; hours that begin and end alike are the whole day."""
    if hours is None:
        return False
    local = now.astimezone(zone_of(hours.TimeZone)).time()
    begin, end = time.fromisoformat(hours.From), time.fromisoformat(hours.To)
    if begin < end:
        return begin <= local < end
    return local >= begin or local < end
