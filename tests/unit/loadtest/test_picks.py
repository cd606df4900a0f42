from __future__ import annotations

import itertools
from random import Random

from pressrun_loadtest.demo.picks import Pick, Picks

LOCALES = ("de-DE", "en-GB", "fr-FR")
SEGMENTS = ("business", "everyday", "premier", "student")


def seen(picks: list[Pick], places: int = 12) -> list[Pick]:
    """What is chosen of these."""
    chooser = Picks(places)
    for pick in picks:
        chooser.see(pick)
    return chooser.chosen()


def everything(count: int) -> list[Pick]:
    """Documents of all kinds in turn."""
    kinds = itertools.cycle(itertools.product(LOCALES, SEGMENTS))
    return [Pick(*next(kinds), f"s-{number:06}") for number in range(count)]


def test_twelve_places_show_each_segment_in_each_locale() -> None:
    """A row for each locale and a column for each segment, each with the first customer of its kind."""
    chosen = seen(everything(500))
    assert [(pick.locale, pick.segment) for pick in chosen] == list(itertools.product(LOCALES, SEGMENTS))
    assert [pick.request_id for pick in chosen] == [f"s-{number:06}" for number in range(12)]


def test_the_order_in_which_documents_finish_does_not_matter() -> None:
    """The same documents give the same sheet."""
    picks = everything(300)
    shuffled = picks.copy()
    Random(5).shuffle(shuffled)
    assert seen(picks) == seen(shuffled)


def test_kinds_that_are_missing_are_made_up_for() -> None:
    """With two kinds only, each fills half of the places; no document is there twice."""
    picks = [Pick("de-DE", SEGMENTS[number % 2], f"{number:03}") for number in range(100)]
    chosen = seen(picks)
    assert len(set(chosen)) == 12
    assert [pick.segment for pick in chosen] == ["business"] * 6 + ["everyday"] * 6


def test_fewer_documents_than_places_are_all_shown() -> None:
    """Nothing is made up, and nothing is left out."""
    assert len(seen(everything(5))) == 5
    assert seen([]) == []
