"""Decides what goes into a slot: the choice, its fallback, nothing, or what is pinned; asks its questions as it goes.

Written as generators without I/O: they yield a question and are sent the answer, so that the same rules serve a caller
who must not wait and one who may.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import msgspec

from pressrun_server.assets.entry import Entry, Trouble
from pressrun_server.assets.errors import pins_mismatch
from pressrun_server.assets.pins import digest_of, find_pin, pinned_descriptor, pinned_ref
from pressrun_server.assets.preparation import Prepared
from pressrun_server.assets.selection import FAIL, OMIT, Selected
from pressrun_server.model.asset import AssetUse
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.spec import AssetPin, Pins

__all__ = ["Find", "Settled", "Settling", "Stored", "settle"]


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
    """Are these bytes here, prepared? Answered by the result, by None, or by what is wrong."""

    digest: Digest


Settled = tuple[AssetUse | None, tuple[RenderWarning, ...]]
"""What goes into the slot, if anything, and what there is to say about it."""

Answer = tuple[Entry, str] | Trouble | Prepared | None
Settling = Generator[Find | Stored, Answer, Settled]


def settle(selection: Selected, channel: str, rendition: str, pins: Pins | None) -> Settling:
    """Settle one slot.

    Args:
        selection: what its rules chose.
        channel: the output channel, for warnings.
        rendition: the key of the rendition that is chosen.
        pins: what an earlier answer used.

    Raises:
        PressrunError: the asset cannot be used and nothing may stand in for it; PINS_MISMATCH.
    """
    if pins is not None:
        return (yield from _pinned(selection, channel, rendition, pins))
    slot, ref, otherwise = selection.slot, selection.ref, selection.otherwise
    found = yield Find(ref, last=otherwise in {FAIL, OMIT})
    if isinstance(found, tuple):
        return _use(slot, found), ()
    assert isinstance(found, Trouble)
    if otherwise == FAIL:
        raise found.error(slot, ref)
    if otherwise == OMIT:
        return None, (_warning("ASSET_OMITTED", slot, channel, f"asset {ref}: {found.text}; the slot is left out"),)
    second = yield Find(otherwise)
    if isinstance(second, tuple):
        text = f"asset {ref}: {found.text}; its fallback {otherwise} is used"
        return _use(slot, second), (_warning("ASSET_FALLBACK", slot, channel, text),)
    assert isinstance(second, Trouble)
    both = f"{second.text}; it is the fallback of {ref}, of which: {found.text}"
    raise msgspec.structs.replace(second, text=both).error(slot, otherwise)


def _pinned(selection: Selected, channel: str, rendition: str, pins: Pins) -> Settling:
    pin = find_pin(pins, selection)
    slot = selection.slot
    if pin is None:
        return None, (_warning("ASSET_OMITTED", slot, channel, "the pins leave the slot out"),)
    ref = pinned_ref(pin, selection, rendition)
    found = yield Find(ref)
    if not isinstance(found, tuple):
        raise _trouble(found).error(slot, ref)
    if _is_pinned(found[0], pin):
        return _use(slot, found), ()
    # The source has another version now, or had when it was asked last; the pinned bytes may still be here.
    stored = yield Stored(digest_of(pin))
    if isinstance(stored, Trouble):
        raise stored.error(slot, ref)
    if isinstance(stored, Prepared):
        descriptor = pinned_descriptor(pin, found[0].descriptor, stored)
        return AssetUse(slot, descriptor, stored.digest, found[1]), ()
    found = yield Find(ref, ask=True)
    if not isinstance(found, tuple):
        raise _trouble(found).error(slot, ref)
    if _is_pinned(found[0], pin):
        return _use(slot, found), ()
    raise pins_mismatch(
        slot,
        f"the pinned bytes {pin.sha256} of the asset {ref} (version {pin.version!r}) are no longer here, and its "
        f"source now has the version {found[0].descriptor.version!r}",
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
