"""Publishes the templates of a mix and finds out, before the clock runs, what the node refuses to make."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pressrun_client import Client, InvalidRequestError, RenderError, UnsupportedError
from pressrun_loadtest.load.errors import LoadError
from pressrun_loadtest.load.scenario import Part, Scenario
from pressrun_loadtest.load.stock import Stock
from pressrun_loadtest.samples import statement_path

__all__ = ["Ready", "prepare"]


class Ready(msgspec.Struct):
    """A mix as this node can make it."""

    templates: list[str | None] = []
    """`name@version` for each part; None for those that the node refuses."""
    left_out: list[str] = []
    """What is refused, and the node's words."""


async def prepare(target: str, scenario: Scenario, seed: int) -> Ready:
    """Publish, and render one document of each part.

    Of a scenario with a cold cache only what may be refused is tried, so that the cache stays cold.

    Raises:
        LoadError: the node cannot be used at all.
    """
    ready = Ready()
    names: dict[str, str] = {}
    async with Client(target) as client:
        for part in scenario.mix:
            if part.template not in names:
                folder = statement_path() if part.template == "statement" else Path(part.template)
                try:
                    names[part.template] = str((await client.publish(folder)).ref)
                except RenderError as error:
                    raise LoadError(f"the template {part.template} cannot be published on {target}: {error}") from error
            refusal = await _refusal(client, scenario, part, names[part.template], seed)
            ready.templates.append(None if refusal else names[part.template])
            if refusal:
                share = part.weight / scenario.total_weight
                ready.left_out.append(f"{share:.0%} {part.template} for {part.output_channel}: {refusal}")
    if not any(ready.templates):
        raise LoadError("the node refuses everything in the mix: " + "; ".join(ready.left_out))
    return ready


async def _refusal(client: Client, scenario: Scenario, part: Part, template: str, seed: int) -> str:
    if scenario.cache == "cold" and part.output_channel == "print":
        return ""
    alone = msgspec.structs.replace(scenario, mix=[msgspec.structs.replace(part, weight=1.0)])
    published = (await client.template(template)).ref
    request, _ = Stock(alone, [published], share=0, of=1, seed=seed).next()
    try:
        await client.render_request(request)
    except (UnsupportedError, InvalidRequestError) as error:
        return error.message
    except RenderError as error:
        raise LoadError(f"the first document of {part.template} failed: {error}") from error
    return ""
