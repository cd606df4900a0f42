"""Shards: each character in one of them, and what a language writes in as few as may be."""

from __future__ import annotations

from collections import Counter

import pytest

from pressrun_server.fonts.repertoire import shards

_ALPHABETS = {
    "de": ("ÄÖÜäöüßẞ", {"latin", "latin-central"}),
    "fr": ("ÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸàâæçéèêëîïôœùûüÿ«»\u202f€", {"latin"}),
    "is": ("ÁÐÉÍÓÚÝÞÆÖáðéíóúýþæö", {"latin"}),
    "pl": ("ĄĆĘŁŃÓŚŹŻąćęłńóśźż", {"latin", "latin-central"}),
    "cs": ("ÁČĎÉĚÍŇÓŘŠŤÚŮÝŽáčďéěíňóřšťúůýž", {"latin", "latin-central"}),
    "hu": ("ÁÉÍÓÖŐÚÜŰáéíóöőúüű", {"latin", "latin-central"}),
    "hr": ("ČĆĐŠŽčćđšž", {"latin", "latin-central"}),
    "ro": ("ĂÂÎȘȚăâîșț", {"latin", "latin-central"}),
    "tr": ("ÇĞİÖŞÜçğıöşü", {"latin", "latin-outer"}),
    "lv": ("ĀĒĢĪĶĻŅŪāēģīķļņū", {"latin-outer"}),
    "el": ("ΑΩαωάέήίόύώϊΰς", {"greek"}),
    "ru": ("АЯЁаяё", {"cyrillic"}),
    "uk": ("ЄІЇҐєіїґ", {"cyrillic"}),
    "bg": ("ЪЮЯъюя", {"cyrillic"}),
    "sr": ("ЂЈЉЊЋЏђјљњћџ", {"cyrillic-southern"}),
    "kk": ("ӘҒҚҢӨҰҮҺәғқңөұүһ", {"cyrillic-asian"}),
}
"""By language: letters beside ASCII, and the shards that have them."""


def test_a_character_has_one_place() -> None:
    """All but the space are in one shard; in a shard no code stands for two."""
    found = shards()
    places = Counter(character for codes in found.values() for character in codes if character != " ")
    assert max(places.values()) == 1
    for name, codes in found.items():
        assert len(set(codes.values())) == len(codes) <= 224, name
        assert all(0 < code < 0x100 for code in codes.values()), name


@pytest.mark.parametrize("language", _ALPHABETS)
def test_a_language_brings_few_shards(language: str) -> None:
    """What a language writes is in the shards that are meant for it, and in no others."""
    letters, wanted = _ALPHABETS[language]
    home = {character: name for name, codes in shards().items() for character in codes}
    assert {home[letter] for letter in letters} == wanted
