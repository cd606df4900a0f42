"""Reads `flows.yaml`: what each document of the gallery is made of, and what must be in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

__all__ = ["AS_OF", "SEED", "Change", "Expected", "Flow", "bundle", "flows", "templates"]

HERE = Path(__file__).parent
SEED = HERE / "assets" / "seed.yaml"
"""The brand library, for the sandbox."""
AS_OF = datetime(2026, 11, 3, 9, tzinfo=UTC)
"""The moment that documents speak of, where a flow names none."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a slot must hold."""

    ref: str
    version: str | None
    """None: whatever the system calls it."""
    sha256: str | None
    """Of the bytes that the source gave; None where the system made a rendition of its own."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is changed at a system."""

    source: str
    operation: str
    """Of the stand-in's admin interface."""
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flow:
    """One document."""

    name: str
    system: str
    shows: str
    """Which flows of the system it stands for."""
    template: str
    """Of the bundle, e.g. `core-dam`; published as `gallery-core-dam@1`."""
    locale: str
    record: Mapping[str, Any]
    attributes: Mapping[str, str]
    as_of: datetime
    push: Mapping[str, Path]
    """Content that is pushed before: files by id."""
    expect: Mapping[str, Expected | None]
    """By slot; None where it must be left out."""
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By slot, why candidates must be refused, in order."""
    gaps: tuple[tuple[str, str, str], ...] = ()
    """Slot, wanted and used locale of each localisation gap."""
    changes: tuple[Change, ...] = ()
    """What happens at the systems a moment before; they tell the node."""
    once: bool = False
    """It uses up a licence, and so means something in this order only."""
    channel: str = "print"
    """The output channel."""
    hosted: tuple[str, ...] = ()
    """Slots whose picture is linked to at its own system."""
    films: tuple[str, ...] = ()
    """Slots whose still leads to the film at its own system."""

    @property
    def suffix(self) -> str:
        """The ending of its file."""
        return {"web": "html", "mobile": "png"}.get(self.channel, "pdf")

    @property
    def target(self) -> str:
        """The template as a client names it."""
        return f"gallery-{self.template}@1"


def flows() -> tuple[Flow, ...]:
    """All documents, in the order in which they are shown."""
    listed = yaml.safe_load((HERE / "flows.yaml").read_text(encoding="utf-8"))
    return tuple(_flow(value) for value in listed)


def templates() -> tuple[str, ...]:
    """The names of the bundles."""
    return tuple(sorted(path.stem for path in (HERE / "bundles").glob("*.yaml")))


def bundle(name: str) -> dict[str, bytes]:
    """The files of a bundle; all share one style sheet."""
    folder = HERE / "bundles"
    return {
        "template.yaml": (folder / f"{name}.yaml").read_bytes(),
        f"{name}.html": (folder / f"{name}.html").read_bytes(),
        "letter.css": (folder / "letter.css").read_bytes(),
    }


def _flow(value: Mapping[str, Any]) -> Flow:
    moment = value.get("as_of")
    return Flow(
        name=value["name"],
        system=value["system"],
        shows=value["shows"],
        template=value["template"],
        locale=value["locale"],
        record=value["record"],
        attributes=value.get("attributes", {}),
        as_of=datetime.fromisoformat(moment) if moment else AS_OF,
        push={identifier: HERE / "assets" / name for identifier, name in value.get("push", {}).items()},
        expect={slot: _expected(wanted) for slot, wanted in value["expect"].items()},
        refused={slot: tuple(why) for slot, why in value.get("refused", {}).items()},
        gaps=tuple((gap["slot"], gap["wanted"], gap["used"]) for gap in value.get("gaps", ())),
        changes=tuple(_change(change) for change in value.get("changes", ())),
        once=value.get("once", False),
        channel=value.get("channel", "print"),
        hosted=tuple(value.get("hosted", ())),
        films=tuple(value.get("films", ())),
    )


def _change(value: Mapping[str, Any]) -> Change:
    body = dict(value["body"])
    if "file" in value:
        body["data"] = base64.b64encode((HERE / "assets" / value["file"]).read_bytes()).decode()
    return Change(value["source"], value["operation"], body)


def _expected(value: Any) -> Expected | None:
    if value == "none":
        return None
    file = value.get("file")
    digest = hashlib.sha256((HERE / "assets" / file).read_bytes()).hexdigest() if file else None
    return Expected(value["ref"], value.get("version"), digest)
