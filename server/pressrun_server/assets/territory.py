"""Territories: which countries a name means, whether one covers another, and when a day begins in one.

Countries are ISO 3166-1 codes of two letters; wider names are those of UN M49, with its numbers, and the groups that
trade speaks of. Zones by country are those of tzdata's `zone.tab`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, date, datetime
from importlib import resources
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["covers", "midnight"]

_EU: Final = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
_EUROPE: Final = (
    "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL "
    "NO PL PT RO RS RU SE SI SJ SK SM UA VA XK"
)
_AFRICA: Final = (
    "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS LY MA MG ML MR MU MW MZ NA NE "
    "NG RE RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG YT ZA ZM ZW"
)
_MIDDLE_EAST: Final = "AE BH CY EG IL IQ IR JO KW LB OM PS QA SA SY TR YE"
_EMEA: Final = f"{_EUROPE} {_MIDDLE_EAST} {_AFRICA}"
_NORTHERN_AMERICA: Final = "BM CA GL PM US"
_LATIN_AMERICA: Final = (
    "AG AI AR AW BB BL BO BQ BR BS BV BZ CL CO CR CU CW DM DO EC FK GD GF GP GS GT GY HN HT JM KN KY LC MF MQ MS MX NI "
    "PA PE PR PY SR SV SX TC TT UY VC VE VG VI"
)
_ASIA_PACIFIC: Final = (
    "AF AS AU BD BN BT CC CK CN CX FJ FM GU HK ID IN JP KG KH KI KP KR KZ LA LK MH MM MN MO MP MV MY NC NF NP NR NU NZ "
    "PF PG PH PK PN PW SB SG TH TJ TK TL TM TO TV TW UM UZ VN VU WF WS"
)
_CAUCASUS: Final = "AM AZ GE"

_GROUPS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        name: frozenset(members.split())
        for names, members in (
            ("EU", _EU),
            ("EEA", f"{_EU} IS LI NO"),
            ("DACH", "DE AT CH"),
            ("BENELUX", "BE NL LU"),
            ("NORDICS", "DK FI IS NO SE"),
            ("EUROPE 150", _EUROPE),
            ("AFRICA 002", _AFRICA),
            ("MIDDLE-EAST", _MIDDLE_EAST),
            ("MENA", f"{_MIDDLE_EAST} DZ LY MA SD TN"),
            ("EMEA", _EMEA),
            ("NORTH-AMERICA", f"{_NORTHERN_AMERICA} MX"),
            ("NORTHERN-AMERICA 021", _NORTHERN_AMERICA),
            ("LATAM 419", _LATIN_AMERICA),
            ("AMERICAS 019", f"{_NORTHERN_AMERICA} {_LATIN_AMERICA}"),
            ("APAC", _ASIA_PACIFIC),
            (
                "WORLD WORLDWIDE GLOBAL WW 001",
                f"{_EMEA} {_CAUCASUS} {_NORTHERN_AMERICA} {_LATIN_AMERICA} {_ASIA_PACIFIC} AQ",
            ),
        )
        for name in names.split()
    }
)
_EVERYWHERE: Final = _GROUPS["WORLD"]
_ALIASES: Final = {"UK": "GB", "EL": "GR"}


def covers(stated: tuple[str, ...], territory: str) -> bool:
    """Whether rights for the stated territories are rights for this one.

    A name that is no country and no group that is known here covers itself alone, so that an organisation may have
    names of its own. An empty territory is covered by the whole world only: nobody knows where it is.
    """
    return _covers(stated, territory)


@functools.lru_cache(maxsize=4096)
def _covers(stated: tuple[str, ...], territory: str) -> bool:
    wanted = _countries(territory) if territory.strip() else _EVERYWHERE
    granted = frozenset[str]().union(*map(_countries, stated))
    # Where the whole world is granted, a name that is only somebody's own is somewhere in it.
    return wanted <= granted or granted >= _EVERYWHERE


@functools.lru_cache(maxsize=4096)
def midnight(day: date, territory: str, *, end: bool) -> datetime:
    """The moment, in UTC, at which a day begins in a territory.

    Where a territory has several zones, rights begin when the day has begun in all of them and end when it begins in
    the first, so that they never hold where they should not. An unknown territory has UTC.

    Args:
        day: the day.
        territory: a country or a group of countries.
        end: whether the moment ends a period.
    """
    moments = [_in_utc(day, zone) for zone in _zones(territory)]
    return min(moments) if end else max(moments)


def _countries(name: str) -> frozenset[str]:
    plain = "-".join(name.upper().replace("_", " ").split())
    return _GROUPS.get(plain) or frozenset((_ALIASES.get(plain, plain),))


def _in_utc(day: date, zone: ZoneInfo) -> datetime:
    try:
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


@functools.lru_cache(maxsize=512)
def _zones(territory: str) -> tuple[ZoneInfo, ...]:
    table = _table()
    names = sorted({zone for country in _countries(territory) for zone in table.get(country, ())})
    return tuple(map(_zone, names)) or (_zone("UTC"),)


@functools.lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    # Of the package, never of the machine: every node must say the same.
    folder = resources.files("tzdata.zoneinfo")
    with folder.joinpath(*name.split("/")).open("rb") as stream:
        return ZoneInfo.from_file(stream, key=name)


@functools.cache
def _table() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    text = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found[country] = (*found.get(country, ()), zone)
    return MappingProxyType(found)
