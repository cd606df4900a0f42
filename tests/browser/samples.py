"""The samples' programs of pages for browsers in this process, and their records with other words in every field."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tests.browser.pages import AS_OF, SAMPLES, TEMPLATES

from pressrun_loadtest.samples import load_bundle
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.model.prepared import PreparedPicture
from pressrun_server.model.template import RenditionSpec, program_key
from pressrun_server.prepare.picture import prepare_picture
from pressrun_server.render.programs import Loaded, begin, load
from pressrun_server.template.compile import compile_bundle

__all__ = ["CASES", "FEW", "Sample", "changed", "sample", "strings", "with_words"]

_LOCALES: Final = {"en": "en-GB", "de": "de-DE", "fr": "fr-FR"}
CASES: Final = [
    (template, path.stem) for template in TEMPLATES for path in sorted((SAMPLES / template / "samples").glob("*.json"))
]
"""Template and name of each record."""
FEW: Final = (("claim", "partly-de"), ("dunning", "second-de"), ("renewal", "house-en"), ("statement", "everyday-en"))
"""One of each template, for tests that run each time."""
_PICTURES: Final = {"logo": "logo.png", "banner": "banner-everyday.jpg"}
_Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True, slots=True)
class Sample:
    """A record of a sample, and what makes its page."""

    record: Any
    program: Loaded

    def page(self, record: Any) -> str:
        """The page of a record.

        Raises:
            PressrunError: why there is none.
        """
        pictures = {slot: _picture(name) for slot, name in _PICTURES.items() if slot in self.program.program.slots}
        data = json.dumps(record).encode()
        made = begin(self.program, data, assets=pictures, attributes={}, as_of=AS_OF, engine="e")
        return b"".join(made).decode()


@functools.cache
def _picture(name: str) -> tuple[Digest, PreparedPicture]:
    picture = prepare_picture((SAMPLES / "assets" / name).read_bytes(), RenditionSpec(screen=True))
    return Digest.of(picture.data), picture


@functools.cache
def _programs(template: str) -> dict[str, bytes]:
    return compile_bundle(load_bundle(SAMPLES / template)).programs


def sample(template: str, name: str) -> Sample:
    """A record of a sample."""
    locale = _LOCALES[name.rpartition("-")[2]]
    record = json.loads((SAMPLES / template / "samples" / f"{name}.json").read_bytes())
    return Sample(record, load(_programs(template)[program_key(locale, "web")]))


def strings(value: Any, path: _Path = ()) -> Iterator[_Path]:
    """The places of all texts in a record."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from strings(inner, (*path, index))


def with_words(given: Sample, word: str) -> tuple[Any, list[_Path]]:
    """A record with a word in all places whose values the template takes as text; and these places.

    Others (dates, amounts) refuse the word as INVALID_RECORD. What one row of a list takes all take.
    """
    kinds: dict[_Path, list[_Path]] = {}
    for path in strings(given.record):
        kinds.setdefault(tuple("*" if isinstance(step, int) else step for step in path), []).append(path)
    found, places = given.record, list[_Path]()
    for paths in kinds.values():
        tried = copy.deepcopy(found)
        for path in paths:
            _put(tried, path, word)
        if _takes(given, tried):
            found = tried
            places += paths
    return found, places


def _takes(given: Sample, record: Any) -> bool:
    try:
        given.page(record)
    except PressrunError as error:
        assert error.reason is Reason.INVALID_RECORD, error
        return False
    return True


def changed(record: Any, path: _Path, word: str) -> Any:
    """A record with another text in one place."""
    found = copy.deepcopy(record)
    _put(found, path, word)
    return found


def _put(record: Any, path: _Path, word: str) -> None:
    around = functools.reduce(lambda value, step: value[step], path[:-1], record)
    around[path[-1]] = word
