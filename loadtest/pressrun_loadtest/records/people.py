"""Who the customers are: names in Latin, Greek and Cyrillic letters, and addresses to match."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun_loadtest.records.chance import Chance
from pressrun_loadtest.records.words import language, people

__all__ = ["Person", "company", "person"]

_LARGEST_HOUSE = 148


@dataclass(frozen=True, slots=True)
class Person:
    """A customer's name and address."""

    name: str
    address: tuple[str, ...]
    region: str
    """ISO 3166-2, of the branch that keeps the account."""


def person(chance: Chance, country: str) -> Person:
    """A private customer of a bank in `country`; one in four comes from elsewhere, half of those live there."""
    words = people()
    origin = chance.pick(tuple(words["abroad"])) if chance.one_in(4) else country
    given, family = chance.pick(words["given"][origin]), chance.pick(words["family"][origin])
    address, region = _home(chance, country)
    if origin != country and chance.one_in(2):
        abroad = chance.pick(words["abroad"][origin])
        street = abroad["street"].format(n=chance.between(1, _LARGEST_HOUSE))
        address = (street, chance.filled(abroad["place"]), abroad["country"])
    return Person(f"{given} {family}", address, region)


def company(chance: Chance, country: str, code: str) -> Person:
    """A business customer: the firm, with the person in charge in the address."""
    words, firms = people(), language(code)["companies"]
    family, given = chance.pick(words["family"][country]), chance.pick(words["given"][country])
    address, region = _home(chance, country)
    firm = f"{family} {chance.pick(firms['trades'])} {chance.pick(firms['forms'])}"
    return Person(firm, (f"{given} {family}", *address), region)


def _home(chance: Chance, country: str) -> tuple[tuple[str, ...], str]:
    place = chance.pick(people()["home"][country])
    street, number = chance.pick(place["streets"]), chance.between(1, _LARGEST_HOUSE)
    code, city = chance.filled(place["postcode"]), place["city"]
    if country == "DE":
        return (f"{street} {number}", f"{code} {city}"), place["region"]
    if country == "FR":
        return (f"{number}, {street}", f"{code} {city}"), place["region"]
    return (f"{number} {street}", city, code), place["region"]
