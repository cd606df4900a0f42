"""Decides what goes into a slot: the choice, its fallback, nothing, or what is pinned; asks its questions as it goes.

Written as generators without I/O: they yield a question and are sent the answer, so that the same rules serve a caller
who must not wait and one who may.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeGuard, cast

import msgspec

from pressrun_server.assets.entry import Entry, Trouble
from pressrun_server.assets.errors import pins_mismatch
from pressrun_server.assets.pins import digest_of, find_pin, pinned_ref
from pressrun_server.assets.selection import FAIL, OMIT, Selected
from pressrun_server.errors import Reason
from pressrun_server.model.asset import AssetDescriptor, AssetUse
from pressrun_server.model.choice import Choice, Query
from pressrun_server.model.decision import Outcome, Refused, Settlement
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.spec import AssetPin, Pins

__all__ = ["Ask", "Find", "Former", "Settled", "Settling", "Stored", "pinned", "settle"]

_NO_VARIANT: Final = "it has no variant for this locale, and no default; add one to the rule"
_BRIEF: Final = {
    Reason.ASSET_NOT_FOUND: "not found",
    Reason.ASSET_UNAVAILABLE: "not available",
    Reason.ASSET_INVALID: "not valid",
    Reason.ASSET_TOO_LARGE: "too large",
}
"""For troubles that have no words of their own."""


@dataclass(frozen=True, slots=True)
class Find:
    """May this asset be used? Answered by the entry and where it was found, or by what is wrong."""

    ref: str
    ask: bool = False
    """Ask the source even if its last answer is fresh."""
    last: bool = True
    """Whether nothing comes after it, so that it may take all the time there is."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Are these bytes here, and were they once this asset's? Answered by `Former`, by None, or by what is wrong."""

    digest: Digest
    descriptor: AssetDescriptor


@dataclass(frozen=True, slots=True)
class Ask:
    """Which assets meet this query? Answered by their refs, the best first, or by what is wrong."""

    query: Query
    last: bool = True


@dataclass(frozen=True, slots=True)
class Former:
    """Bytes of an asset that it no longer has."""

    descriptor: AssetDescriptor
    prepared: Digest


Settled = tuple[AssetUse | None, tuple[RenderWarning, ...], Settlement | None]
"""What goes into the slot, if anything, what there is to say about it, and how it came to that where it was not simply
the first choice."""

Answer = tuple[Entry, str] | Trouble | Former | tuple[str, ...] | None
_Failed = tuple[Choice, str, Trouble]
Settling = Generator[Find | Stored | Ask, Answer, Settled]


def settle(selection: Selected, channel: str, refused: list[Refused]) -> Settling:
    """Settle one slot.

    Args:
        selection: what its rules chose.
        channel: the output channel, for warnings.
        refused: is told of each candidate that cannot be used, also where the slot fails the document.

    Raises:
        PressrunError: the asset cannot be used and nothing may stand in for it.
    """
    slot, otherwise = selection.slot, selection.otherwise
    ending = otherwise in {FAIL, OMIT}
    chosen, ref, found = yield from _candidates(selection, refused, ending=ending)
    if isinstance(found, tuple):
        plain = not refused and not chosen.locale
        settlement = None if plain else Settlement(Outcome.CHOSEN, tuple(refused), chosen.locale)
        return _use(slot, found), (), settlement
    if otherwise == FAIL:
        raise found.error(slot, ref)
    if otherwise == OMIT:
        text = f"asset {ref}: {found.text}; the slot is left out"
        return None, (_warning("ASSET_OMITTED", slot, channel, text),), Settlement(Outcome.OMITTED, tuple(refused))
    second = yield Find(otherwise)
    if _is_found(second):
        text = f"asset {ref}: {found.text}; its fallback {otherwise} is used"
        warning = _warning("ASSET_FALLBACK", slot, channel, text)
        return _use(slot, second), (warning,), Settlement(Outcome.FALLBACK, tuple(refused))
    trouble = _trouble(second)
    refused.append(_refused(otherwise, trouble))
    both = f"{trouble.text}; it is the fallback of {ref}, of which: {found.text}"
    raise msgspec.structs.replace(trouble, text=both).error(slot, otherwise)


def _candidates(
    selection: Selected, refused: list[Refused], *, ending: bool
) -> Generator[Find | Stored | Ask, Answer, tuple[Choice, str, tuple[Entry, str] | Trouble]]:
    """The first candidate that may be used; else the trouble of one that could not be asked for, or of the first."""
    choices = selection.choices or (Choice(selection.ref),)
    first: _Failed | None = None
    for index, choice in enumerate(choices):
        last = ending and index + 1 == len(choices)
        refs: tuple[str, ...] = (choice.ref,)
        if choice.query is not None:
            answer = yield Ask(choice.query, last)
            if isinstance(answer, Trouble):
                refused.append(_refused(_named(choice.query), answer))
                first = _worse(first, (choice, _named(choice.query), answer))
                continue
            assert isinstance(answer, tuple)
            refs = cast("tuple[str, ...]", answer)
        for number, ref in enumerate(refs):
            found = yield Find(ref, last=last and number + 1 == len(refs))
            if _is_found(found):
                return choice, ref, found
            trouble = _trouble(found)
            refused.append(_refused(ref, trouble))
            first = _worse(first, (choice, ref, trouble))
    if first is None:
        return Choice(), selection.slot, Trouble(Reason.ASSET_NOT_FOUND, _NO_VARIANT, brief="no variant")
    return first


def _worse(first: _Failed | None, other: _Failed) -> _Failed:
    """The trouble to tell of: with one that may pass the document can be tried again, whatever else there was."""
    if first is None:
        return other
    passing = Reason.ASSET_UNAVAILABLE
    return other if other[2].reason is passing and first[2].reason is not passing else first


def _is_found(answer: Answer) -> TypeGuard[tuple[Entry, str]]:
    return isinstance(answer, tuple) and len(answer) > 0 and isinstance(answer[0], Entry)


def _refused(ref: str, trouble: Trouble) -> Refused:
    return Refused(ref, trouble.reason, trouble.brief or _BRIEF.get(trouble.reason, "not usable"), trouble.text)


def _named(query: Query) -> str:
    return f"{query.text} in {query.locale}" if query.locale else query.text


def pinned(selection: Selected, channel: str, rendition: str, pins: Pins) -> Settling:
    """Settle one slot by what an earlier answer used.

    Args:
        selection: what its rules chose.
        channel: the output channel, for warnings.
        rendition: the key of the rendition that is wanted.
        pins: what the earlier answer used.

    Raises:
        PressrunError: the pinned asset may no longer be used; PINS_MISMATCH.
    """
    pin = find_pin(pins, selection)
    slot = selection.slot
    if pin is None:
        text = "the pins leave the slot out"
        return None, (_warning("ASSET_OMITTED", slot, channel, text),), Settlement(Outcome.OMITTED)
    ref = pinned_ref(pin, selection, rendition)
    settlement = Settlement(Outcome.PINNED)
    found = yield Find(ref)
    if not _is_found(found):
        raise _trouble(found).error(slot, ref)
    if _is_pinned(found[0], pin):
        _same_link(selection, pin, found[0].descriptor)
        return _use(slot, found), (), settlement
    # The source has another version now, or had when it was asked last; the pinned bytes may still be here.
    stored = yield Stored(digest_of(pin), found[0].descriptor)
    if isinstance(stored, Trouble):
        raise stored.error(slot, ref)
    if isinstance(stored, Former):
        _same_link(selection, pin, stored.descriptor)
        return AssetUse(slot, stored.descriptor, stored.prepared, found[1]), (), settlement
    found = yield Find(ref, ask=True)
    if not _is_found(found):
        raise _trouble(found).error(slot, ref)
    if _is_pinned(found[0], pin):
        _same_link(selection, pin, found[0].descriptor)
        return _use(slot, found), (), settlement
    raise pins_mismatch(
        slot,
        f"the bytes {pin.sha256} are not here as those of the asset {ref} (pinned version {pin.version!r}), and its "
        f"source now has the version {found[0].descriptor.version!r}",
    )


def _same_link(selection: Selected, pin: AssetPin, descriptor: AssetDescriptor) -> None:
    """See that the document links where the earlier one did; the pin comes from outside and is not linked to itself.

    Raises:
        PressrunError: PINS_MISMATCH.
    """
    link = descriptor.hosted
    here, video = ("", "") if link is None else (link.url, link.video)
    if selection.rendition.hosted and (here, video) != (pin.hosted_url, pin.hosted_video):
        raise pins_mismatch(
            selection.slot,
            f"the asset {descriptor.ref} was linked to at {pin.hosted_url or 'no address'}, and its system shows it at "
            f"{here or 'none'} now",
        )


def _is_pinned(entry: Entry, pin: AssetPin) -> bool:
    return entry.descriptor.digest == digest_of(pin)


def _trouble(answer: Answer) -> Trouble:
    assert isinstance(answer, Trouble)
    return answer


def _use(slot: str, found: tuple[Entry, str]) -> AssetUse:
    entry, found_in = found
    assert entry.prepared is not None
    return AssetUse(slot, entry.descriptor, entry.prepared, found_in)


def _warning(code: str, slot: str, channel: str, text: str) -> RenderWarning:
    return RenderWarning(code, f"slot {slot!r} ({channel}): {text}", f"slots.{slot}")
