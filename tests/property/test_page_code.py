"""Code that is made for pages and messages changes no byte: the samples, and records that are not what they should be."""

from __future__ import annotations

import functools
import json
import random
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pressrun_loadtest.samples import load_bundle, statement_path
from pressrun_server.errors import PressrunError
from pressrun_server.model.digest import Digest
from pressrun_server.model.prepared import PreparedPicture
from pressrun_server.render.mail_composition import LoadedMailProgram
from pressrun_server.render.programs import begin, load
from pressrun_server.render.web_composition import LoadedWebProgram
from pressrun_server.template.compile import compile_bundle

_MOMENT = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
_SAMPLES = statement_path().parent
_NAMES = ("statement", "renewal", "claim", "dunning")
_PICTURE = PreparedPicture("image/png", b"not looked at", 40, 20)
_VALUES: tuple[Any, ...] = (
    None, True, 7, -12, 1.5, "", " ", "a  b", " x ", "Ω & <b>é</b>", "From me", ".", "a=b", "·", "l" * 200, "\u22121.00", "\n", "a\tb",
    "\u202eabc", "\u00a0", "2026-02-30", "1999-12-31", "-0.00", "0.00", "-1234567.891", "12345.67", "1e3", [], {}, ["x"],
)  # fmt: skip


@functools.cache
def _programs(name: str, channel: str) -> list[tuple[Any, Any]]:
    """By locale: a program that stays on closures, and one that has code."""
    template = compile_bundle(load_bundle(_SAMPLES / name))
    found = []
    for key, data in sorted(template.programs.items()):
        if key.endswith(f";{channel}"):
            fresh, used = load(data), load(data)
            assert isinstance(used, LoadedWebProgram | LoadedMailProgram)
            used.composed()
            used.composed()
            found.append((fresh, used))
    return found


@functools.cache
def _records(name: str) -> tuple[str, ...]:
    files = sorted((_SAMPLES / name / "samples").glob("*.json"))
    return tuple(json.dumps(json.loads(file.read_bytes())) for file in files)


def _made(program: Any, record: bytes) -> bytes | str:
    assets = dict.fromkeys(program.program.slots, (Digest.of(b"x"), _PICTURE))
    try:
        composing = begin(program, record, assets=assets, attributes={}, as_of=_MOMENT, engine="e")
        return b"".join(composing)
    except PressrunError as error:
        return str(error)


def _disturbed(value: Any, chance: random.Random) -> Any:
    """A record in which something is missing, of another kind, or longer."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(value)
    node, key = chance.choice(places)
    match chance.randrange(4):
        case 0:
            del node[key]
        case 1 if isinstance(node, list):
            node *= 40
        case _:
            node[key] = chance.choice(_VALUES)
    return value


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_NAMES), st.sampled_from(("web", "email", "mobile")), st.integers(0, 1 << 30), st.integers(0, 3))
@example("statement", "email", 1, 0)
@example("renewal", "email", 1, 0)
@example("claim", "email", 1, 0)
@example("dunning", "email", 1, 0)
def test_code_and_closures_give_the_same(name: str, channel: str, seed: int, times: int) -> None:
    """What a much used program gives is what a new one gives, errors included."""
    chance = random.Random(seed)
    record = json.loads(chance.choice(_records(name)))
    for _ in range(times):
        record = _disturbed(record, chance)
    data = json.dumps(record).encode()
    fresh, used = chance.choice(_programs(name, channel))
    # One that has made nothing yet, so that it has no code.
    assert _made(used, data) == _made(type(fresh)(fresh.program), data)
