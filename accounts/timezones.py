"""The time zones people choose from."""

import zoneinfo
from functools import cache

Group = tuple[str, list[tuple[str, str]]]


@cache
def names() -> frozenset[str]:
    """Every zone that is understood. (The standard library reads a folder tree at each call.)"""
    return frozenset(zoneinfo.available_timezones())


@cache
def choices() -> list[tuple[str, str] | Group]:
    """Zones by continent for a select: places only, without aliases such as “EST5EDT” and “Etc/GMT+3”."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(names()):
        continent, slash, place = name.partition("/")
        if slash and continent not in {"Etc", "SystemV", "US", "Brazil", "Canada", "Chile", "Mexico"}:
            groups.setdefault(continent, []).append((name, place.replace("_", " ").replace("/", ", ")))
    return [("UTC", "UTC"), *groups.items()]
