"""The words records are made of: names, places, merchants and messages, kept as JSON beside the code. All invented."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any, TypedDict

__all__ = ["Abroad", "Home", "Language", "Message", "People", "language", "people"]


class Message(TypedDict):
    """The personal paragraph, about 80 words: `opening` with `{years}` and `{product}`, then the segment's own part."""

    opening: str
    years: str
    segments: dict[str, str]


class Language(TypedDict):
    """What is said in one language."""

    products: dict[str, str]
    message: Message
    companies: dict[str, list[str]]
    transactions: dict[str, list[str]]
    """Texts by kind; most fit on one line of the statement, a few are meant to wrap."""


class Home(TypedDict):
    """A city with branches of the bank."""

    region: str
    city: str
    streets: list[str]
    postcode: str


class Abroad(TypedDict):
    """A place of customers who live elsewhere."""

    street: str
    place: str
    country: str


class People(TypedDict):
    """Names by country of origin, and places by country."""

    given: dict[str, list[str]]
    family: dict[str, list[str]]
    home: dict[str, list[Home]]
    abroad: dict[str, list[Abroad]]


def language(code: str) -> Language:
    """The words of `en`, `de` or `fr`."""
    found: Language = _data(f"{code}.json")
    return found


def people() -> People:
    """Names and places."""
    found: People = _data("people.json")
    return found


@functools.cache
def _data(name: str) -> Any:
    return json.loads(resources.files("pressrun_loadtest.records").joinpath("data", name).read_text(encoding="utf-8"))
