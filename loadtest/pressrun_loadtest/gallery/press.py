"""Renders the gallery through a client, and says what is in a document that should not be."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pressrun_client import Client, Document, OutputChannel, OutputFormat, SlotOutcome
from pressrun_loadtest.gallery.flows import Expected, Flow, bundle, templates
from pressrun_loadtest.gallery.systems import Systems

__all__ = ["differences", "publish", "render"]


async def publish(client: Client) -> None:
    """Give a node all templates of the gallery."""
    for name in templates():
        await client.publish(bundle(name))


async def render(client: Client, flow: Flow, systems: Systems | None = None, *, request_id: str = "") -> Document:
    """Make one document, after what it needs pushed, and what happens a moment before.

    Args:
        client: of a node that has the templates.
        flow: which one.
        systems: where things happen; a flow with changes needs them.
        request_id: what its request is called; empty: as the flow.
    """
    if systems is not None:
        for change in flow.changes:
            await systems.change(change)
    for identifier, file in flow.push.items():
        kind = "text/plain" if file.suffix == ".txt" else ""
        await client.put_content(identifier, file.read_bytes(), media_type=kind, approval="approved")
    return await client.render(
        flow.target,
        json.dumps(flow.record, ensure_ascii=False),
        locale=flow.locale,
        attributes=dict(flow.attributes),
        as_of=flow.as_of,
        output_channel=OutputChannel(flow.channel),
        output_format=OutputFormat.PNG if flow.channel == "mobile" else OutputFormat.DEFAULT,
        request_id=request_id or flow.name,
    )


def differences(flow: Flow, document: Document) -> list[str]:
    """What the manifest says otherwise than the flow expects; empty where all is right."""
    return list(_differences(flow, document))


def _differences(flow: Flow, document: Document) -> Iterator[str]:
    manifest = document.manifest
    digests = {pin.slot: pin.digest.sha256 for pin in manifest.pins.assets}
    decisions = {decision.slot: decision for decision in manifest.decisions}
    for slot, expected in flow.expect.items():
        decision = decisions.get(slot)
        if decision is None:
            yield f"slot {slot}: no decision is told"
        elif expected is None:
            if decision.outcome is not SlotOutcome.OMITTED or slot in digests:
                yield f"slot {slot}: {decision.text}, it should be left out"
        else:
            found = Expected(decision.ref, expected.version and decision.version, expected.sha256 and digests.get(slot))
            if found != expected:
                yield f"slot {slot}: {decision.text}, with {found}, expected {expected}"
            elif f"{decision.ref} version" not in decision.text:
                yield f"slot {slot}: the decision does not name the asset: {decision.text}"
        reasons = tuple(one.brief for one in decision.refused) if decision is not None else ()
        if expected is not None and reasons != flow.refused.get(slot, ()):
            yield f"slot {slot}: refused {reasons}, expected {flow.refused.get(slot, ())}"
    hosted = tuple(pin.slot for pin in manifest.pins.assets if pin.hosted_url and not pin.hosted_video) + flow.films
    if set(hosted) != {*flow.hosted, *flow.films}:
        yield f"slots that are linked to: {hosted}, expected {flow.hosted}"
    films = tuple(pin.slot for pin in manifest.pins.assets if pin.hosted_video)
    if films != flow.films:
        yield f"slots that lead to a film: {films}, expected {flow.films}"
    if manifest.pages != 1:
        yield f"it has {manifest.pages} pages, expected 1"
    gaps = tuple((gap.slot, gap.wanted, gap.used) for gap in manifest.localisation_gaps)
    if gaps != flow.gaps:
        yield f"localisation gaps {gaps}, expected {flow.gaps}"
