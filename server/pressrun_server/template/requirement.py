"""Reads `require` of a slot: what an asset must have to be used, and where the document uses it.

```yaml
require:
  approval: approved             # or any
  rights: true                   # false: neither window nor territory, channel and licence are judged
  territory: attributes.region   # an expression, a code such as DE, or any; without it: see `Selector`
  channel: stated                # or any: also in output channels that the asset's rights leave out
  licence: [royalty-free, rights-managed]   # it must have one of them
  tags: [gdpr-checked]           # compliance tags, all of which it must have
```
"""

from __future__ import annotations

import re
from typing import Any

from pressrun_server.model.expression import Expression
from pressrun_server.model.template import Requirement
from pressrun_server.template.grammar import GrammarError, parse_condition
from pressrun_server.template.keys import Complaining, check_keys

__all__ = ["read_requirement", "read_territory"]

_KEYS = ("approval", "rights", "territory", "channel", "licence", "tags")
_CODE = re.compile(r"[A-Z]{2,}(-[A-Z]+)*\Z|[0-9]{3}\Z")
_ANY = "any"


def read_requirement(slot: str, value: Any, error: Complaining) -> Requirement:
    """What an asset of the slot must have; the strictest where the text is wrong."""
    path = ("slots", slot, "require")
    if not isinstance(value, dict):
        error(path, "require must be a mapping", "write {approval: approved}")
        return Requirement()
    check_keys(value, _KEYS, path, error)
    approval, rights, channel = value.get("approval", "approved"), value.get("rights", True), value.get("channel")
    # No sets: a list of YAML has no hash.
    if approval not in ("approved", _ANY):
        error((*path, "approval"), "approval is not valid", "valid: approved, any")
        approval = "approved"
    if not isinstance(rights, bool):
        error((*path, "rights"), "rights is not valid", "valid: true, false")
        rights = True
    if channel not in (None, "stated", _ANY):
        error(
            (*path, "channel"),
            "channel is not valid",
            "valid: stated (the asset's rights must cover the output channel, where they name any), any",
        )
    return Requirement(
        approval=approval,
        rights=rights,
        territory=value.get("territory") != _ANY,
        channel=channel != _ANY,
        licences=_texts((*path, "licence"), value.get("licence", []), error),
        tags=_texts((*path, "tags"), value.get("tags", []), error),
    )


def read_territory(slot: str, value: Any, error: Complaining) -> Expression | None:
    """What gives the territory of a document; None: what holds for all slots."""
    text = value.get("territory") if isinstance(value, dict) else None
    if text is None or text == _ANY:
        return None
    path = ("slots", slot, "require", "territory")
    # YAML reads the code of Norway as a word for false, and 150 as a number.
    if not isinstance(text, str):
        error(path, f"territory must be a text, not {text!r}", 'put it in quotes, e.g. territory: "NO"')
        return None
    if _CODE.match(text):
        return ("const", text)
    try:
        return parse_condition(text)
    except GrammarError as problem:
        hint = problem.hint or "e.g. attributes.region, DE, or any"
        error(path, f"territory: {problem}", hint, "expression")
        return None


def _texts(path: tuple[str | int, ...], value: Any, error: Complaining) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) and item for item in items):
        error(path, f"{path[-1]} must be a text or a list of texts", f"write {path[-1]}: [one, two]")
        return ()
    return tuple(dict.fromkeys(items))
