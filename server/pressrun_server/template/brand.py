"""The tokens of brands in a template: `--brand-color-primary` is the token `color.primary` of the slot `brand`.

A slot with `tokens: FILE` takes JSON from a source as any slot takes an asset: by rules, approved, pinned by digest.
The bundle's file says which tokens there are, so that a style sheet is held to it at publish, and stands in where the
slot has no asset. A document with a brand's tokens has a program of its own (an edition), as with approved text.
"""

from __future__ import annotations

from collections.abc import Mapping

import tinycss2

from pressrun_server.errors import PressrunError
from pressrun_server.model.approved import PreparedText
from pressrun_server.model.template import Slot
from pressrun_server.model.tokens import PreparedTokens
from pressrun_server.prepare.tokens import prepare_tokens
from pressrun_server.template.description import Description
from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.values import Tokens

__all__ = ["brand_variables"]


def brand_variables(
    description: Description,
    files: Mapping[str, bytes],
    given: Mapping[str, PreparedText | PreparedTokens],
    diagnostics: Diagnostics,
) -> dict[str, Tokens]:
    """What the tokens of all slots are called in style sheets, with their values.

    Args:
        description: of the template.
        files: of its bundle.
        given: what assets were chosen for slots; a slot of tokens without one has those of the bundle.
        diagnostics: takes what there is to say.
    """
    found: dict[str, Tokens] = {}
    for slot in description.slots:
        chosen = given.get(slot.name)
        if slot.tokens:
            tokens = _tokens(slot, chosen, description, files, diagnostics)
            for name, value in tokens.values if tokens is not None else ():
                found[f"--{slot.name}-{name}"] = tinycss2.parse_component_value_list(value)
        elif isinstance(chosen, PreparedTokens):
            place, hint = description.place("slots", slot.name), "give it HTML or plain text"
            diagnostics.error("slot", place, f"the slot {slot.name!r} takes approved text, and was given tokens", hint)
    return found


def _tokens(
    slot: Slot,
    chosen: PreparedText | PreparedTokens | None,
    description: Description,
    files: Mapping[str, bytes],
    diagnostics: Diagnostics,
) -> PreparedTokens | None:
    place = description.place("slots", slot.name, "tokens")
    if isinstance(chosen, PreparedTokens):
        return chosen
    if chosen is not None:
        message = f"the slot {slot.name!r} takes tokens, and was given a text"
        diagnostics.error("slot", place, message, 'give it a JSON object: {"color": {"primary": "#0b6b66"}}')
        return None
    try:
        return prepare_tokens(files[slot.tokens])
    except PressrunError as error:
        diagnostics.error("tokens", place, f"{slot.tokens}: {error}", "see the guide")
        return None
