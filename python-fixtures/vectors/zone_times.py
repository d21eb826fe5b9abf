"""Readings of clocks in zones with rules: any, and near the moments when they are put forward or back."""

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=None)
def switches(name, year):
    """The moments of a year when the zone's offset changes, to the minute."""
    zone, found = ZoneInfo(name), []
    day = datetime(year, 1, 1, tzinfo=timezone.utc)
    while day.year == year:
        after = day + timedelta(days=1)
        if day.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            found.append(between(day, after, zone))
        day = after
    return found


def between(before, after, zone):
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
            before = middle
        else:
            after = middle
    return after.replace(second=0, microsecond=0)


def zone_times(request):
    return [told(**moment) for moment in request["moments"]]


def told(zone, year, fold, near, minutes):
    moments = switches(zone, year)
    if moments and near:
        reading = moments[near % len(moments)].astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    else:
        reading = datetime(year, 1 + near, 15)
    reading = (reading + timedelta(minutes=minutes)).replace(fold=fold, tzinfo=ZoneInfo(zone))
    return {
        "parts": list(reading.timetuple()[:6]),
        "offset": int(reading.utcoffset().total_seconds()),
        "text": reading.isoformat(),
    }
