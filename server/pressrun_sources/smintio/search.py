"""Builds searches of a portal's search page.

Documented: filters by id, whose values are opaque and must be picked from the values that the portal offers, by their
display names; pages from zero, and the result set's id that keeps them stable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pressrun_sources.errors import InvalidReferenceError, NotFoundError
from pressrun_sources.shape import flag_in, mapping_in, sequence_in, text_in
from pressrun_sources.smintio.client import SmintioClient

__all__ = ["SOURCE_FILTER", "search_all"]

SOURCE_FILTER = "smintIoHub:dataAdapterInstanceKey"
"""The filter that restricts a search to one of the systems behind the portal, e.g. `da:12`."""

Record = Mapping[str, object]


async def search_all(client: SmintioClient, wanted: Mapping[str, str], subject: str) -> list[str]:
    """The ids of all hits.

    Args:
        client: the calls.
        wanted: display name of a value by the id of its filter.
        subject: for messages.

    Raises:
        NotFoundError: a filter does not offer that value.
        InvalidReferenceError: there is no such filter, or there are more than `max_pages` pages.
    """
    source, mapping = client.transport.source, client.config.mapping
    if not client.config.search_page_id:
        message = f"{source} cannot search; name the asset by its id, or set PRESSRUN_SMINTIO_SEARCH_PAGE_ID"
        raise InvalidReferenceError(source, None, message)
    model = mapping_in(await client.search(_parameters([], 0, 1, None), subject), "filterModel")
    values = [await _value(client, model, name, text, subject) for name, text in sorted(wanted.items())]
    found, result_set = list[str](), None
    for page in range(mapping.max_pages):
        answer = await client.search(_parameters(values, page, mapping.page_size, result_set), subject)
        found += [uuid for item in sequence_in(answer, "assetDataObjects") if (uuid := text_in(item, "uuid"))]
        details = mapping_in(answer, "details")
        if not flag_in(details, "hasMoreResults"):
            return found
        result_set = text_in(details, "searchResultSetId")
    most = mapping.page_size * mapping.max_pages
    raise InvalidReferenceError(source, None, f"{subject} finds more than {most} assets in {source}; add a criterion")


def _parameters(
    values: Sequence[Mapping[str, object]], page: int, size: int, result_set: str | None
) -> Mapping[str, object]:
    return {
        "queryString": "",
        "currentFilters": {"values": list(values)},
        "resourceAssetMode": 0,
        "page": page,
        "pageSize": size,
        "searchResultSetUuid": result_set,
    }


async def _value(client: SmintioClient, model: Record, name: str, text: str, subject: str) -> Mapping[str, object]:
    """The filter entry that stands for a value."""
    source = client.transport.source
    if name == SOURCE_FILTER:
        # Not part of the filter model; its values are the keys that search results name.
        return {"id": name, "dataType": "string", "stringValue": text}
    items = [i for g in sequence_in(model, "formGroupDefinitions") for i in sequence_in(g, "formItemDefinitions")]
    item = next((i for i in items if text_in(i, "id") == name), None)
    if item is None:
        known = ", ".join(sorted(text_in(i, "id") or "" for i in items))
        raise InvalidReferenceError(source, None, f"{source} cannot search by {name!r}; its filters are {known}")
    offered = sequence_in(item, "allowedValues")
    if flag_in(item, "isDynamicAllowedValues"):
        offered = await client.allowed_values(name, subject)
    for entry in offered:
        value = mapping_in(entry, "value")
        if text in mapping_in(entry, "name").values() or text_in(value, "stringValue") == text:
            return {"id": name, "dataType": "string", "stringValue": text_in(value, "stringValue") or ""}
    message = f"{source} has no approved asset with {subject.removeprefix('the search for ')}"
    raise NotFoundError(source, None, message, f"the filter {name} offers no {text!r}")
