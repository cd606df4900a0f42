"""What a licence purchase transaction allows, in our words.

Documented: the fields of transactions and terms, keys, `any`, that empty or non-positive limits mean none, states.
Inferred, always on the strict side: several terms hold together; a key that the mapping does not know allows nothing;
restrictions take away from what is allowed; an empty list of allowed keys states no limit; `to_be_used_until` ends the
use as `valid_until` does, since nobody here knows whether the asset was used before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pressrun_sources.describing import moment
from pressrun_sources.model import Approval
from pressrun_sources.shape import flag_in, integer_in, mapping_in, sequence_in, text_in
from pressrun_sources.smintio.mapping import SmintioMapping

__all__ = ["Licence", "licence_of", "listed"]

Record = Mapping[str, object]
_QUANTITY = re.compile(r"_up_to_(\d{1,15})_")
_CHANNELS = ("email", "mobile", "print", "web")


@dataclass(frozen=True, slots=True)
class Licence:
    """The limits of a licence."""

    approval: Approval
    """Approved where the purchase is complete and nothing of the licence bars our use."""
    rights_from: datetime | None
    rights_until: datetime | None
    territories: tuple[str, ...] | None
    """None: everywhere."""
    channels: tuple[str, ...] | None
    """None: in every output channel."""
    attributes: tuple[tuple[str, str], ...]


def licence_of(transaction: Record, mapping: SmintioMapping) -> Licence:
    """Read a transaction.

    Raises:
        ValueError: a date cannot be read.
    """
    terms = sequence_in(transaction, "license_terms")
    limits = [moment(text, end=True) for name in ("valid_until", "to_be_used_until") for text in _texts(terms, name)]
    begins = [moment(text, end=False) for text in _texts(terms, "valid_from")]
    return Licence(
        approval=_approval(transaction, terms, mapping),
        rights_from=max(begins, default=None),
        rights_until=min(limits, default=None),
        territories=_allowed(terms, "geographies", mapping.territories, _all(mapping.territories)),
        channels=_allowed(terms, "distributions", mapping.channels, _CHANNELS),
        attributes=tuple(_attributes(transaction, terms)),
    )


def _approval(transaction: Record, terms: Sequence[Record], mapping: SmintioMapping) -> Approval:
    state = text_in(transaction, "state")
    if state == "cancelled":
        return Approval.RETIRED
    if state != "completed" or not flag_in(transaction, "can_be_synced"):
        return Approval.REJECTED if state == "error" else Approval.PENDING
    content = mapping_in(transaction, "content_element")
    editorial = any(flag_in(holder, "is_editorial_use") for holder in (content, *terms))
    barred = any(_bars(term, "industries", mapping.industry) for term in terms)
    left = _downloads_left(transaction)
    refused = (editorial and mapping.purpose != "editorial") or barred or left == 0
    return Approval.REJECTED if refused else Approval.APPROVED


def _bars(term: Record, dimension: str, key: str) -> bool:
    allowed, restricted = listed(term, f"allowed_{dimension}"), listed(term, f"restricted_{dimension}")
    return bool(key) and (key in restricted or bool(allowed and "any" not in allowed and key not in allowed))


def _allowed(
    terms: Sequence[Record], dimension: str, words: Mapping[str, tuple[str, ...]], everything: Sequence[str]
) -> tuple[str, ...] | None:
    """What all terms allow, in our words; None where none of them limits it."""
    found: set[str] | None = None
    for term in terms:
        allowed, restricted = listed(term, f"allowed_{dimension}"), listed(term, f"restricted_{dimension}")
        if (not allowed or "any" in allowed) and not restricted:
            continue
        # An unknown key stays as it is: it names nothing that anybody asks for.
        given = set(everything) if not allowed or "any" in allowed else _meant(allowed, words)
        given -= set(everything) if "any" in restricted else _meant(restricted, words)
        found = given if found is None else found & given
    # Nothing at all cannot be said by an empty tuple, which would mean no limit.
    return None if found is None else tuple(sorted(found)) or ("none",)


def _meant(keys: Sequence[str], words: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {word for key in keys for word in words.get(key, (key,))}


def _all(words: Mapping[str, tuple[str, ...]]) -> Sequence[str]:
    return sorted({word for known in words.values() for word in known})


def _attributes(transaction: Record, terms: Sequence[Record]) -> list[tuple[str, str]]:
    found = [("licence_id", text_in(transaction, "uuid") or "")]
    found += [("licence", text) for text in (text_in(mapping_in(transaction, "offering"), "license_type"),) if text]
    quantities = [
        int(match[1]) for term in terms for key in listed(term, "usage_limits") if (match := _QUANTITY.search(key))
    ]
    if quantities:
        found.append(("licence_volume", str(min(quantities))))
    found += [
        ("licence_limit", key) for term in terms for key in listed(term, "usage_limits") if not _QUANTITY.search(key)
    ]
    left = _downloads_left(transaction)
    if left is not None:
        found.append(("licence_downloads_left", str(left)))
    return found


def _downloads_left(transaction: Record) -> int | None:
    constraints = mapping_in(transaction, "license_download_constraints")
    most = integer_in(constraints, "effective_max_downloads") or 0
    return max(0, most - (integer_in(transaction, "current_downloads") or 0)) if most > 0 else None


def listed(holder: Record, name: str) -> tuple[str, ...]:
    """The texts of a list."""
    value = holder.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _texts(terms: Sequence[Record], name: str) -> list[str]:
    return [text for term in terms if (text := text_in(term, name))]
