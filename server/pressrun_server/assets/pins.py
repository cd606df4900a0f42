"""Asset pins: a request that brings them gets the same bytes again, or an error."""

from __future__ import annotations

from pressrun_server.assets.errors import pins_mismatch
from pressrun_server.assets.selection import FAIL, OMIT, Selected
from pressrun_server.model.digest import Digest
from pressrun_server.model.spec import AssetPin, Pins
from pressrun_sources.model import AssetRef

__all__ = ["digest_of", "find_pin", "pinned_ref"]


def find_pin(pins: Pins, selection: Selected) -> AssetPin | None:
    """The pin of a slot; None where the earlier document left the slot out and this one may do so too.

    Raises:
        PressrunError: PINS_MISMATCH, the slot must have an asset and the pins name none.
    """
    pin = next((pin for pin in pins.assets if pin.slot == selection.slot), None)
    if pin is None and selection.otherwise != OMIT:
        raise pins_mismatch(selection.slot, "the pins name no asset for it, and it cannot be left out")
    return pin


def pinned_ref(pin: AssetPin, selection: Selected, key: str) -> str:
    """The ref that is pinned, in the words of the template.

    Raises:
        PressrunError: PINS_MISMATCH, the template chooses another asset or another rendition for this record.
    """
    if pin.rendition and pin.rendition != key:
        raise pins_mismatch(selection.slot, f"the pins ask for the rendition {pin.rendition}, the template for {key}")
    chosen = [selection.ref] if selection.ref else [choice.ref for choice in selection.choices if choice.ref]
    for ref in chosen if selection.otherwise in {FAIL, OMIT} else [*chosen, selection.otherwise]:
        if _canonical(ref) == _canonical(pin.ref):
            return ref
    source = pin.ref.partition(":")[0]
    if any(choice.query is not None and choice.query.source == source for choice in selection.choices):
        # What a query found then is not asked for again: the pin says it, and it is judged as any other.
        return pin.ref
    found = ", ".join(chosen) or "what its query finds"
    raise pins_mismatch(
        selection.slot, f"the pins ask for the asset {pin.ref}, the template chooses {found} for this record"
    )


def digest_of(pin: AssetPin) -> Digest:
    """The bytes that are pinned."""
    return Digest(pin.sha256, pin.size)


def _canonical(ref: str) -> str:
    try:
        return str(AssetRef.parse(ref))
    except ValueError:
        return ref  # looking it up will say what is wrong
