"""The gallery from start to end: stage, templates, documents, pages."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from pressrun_client import Client, RenderError
from pressrun_loadtest.demo.stage import Stage
from pressrun_loadtest.demo.viewer import draw_first_pages
from pressrun_loadtest.gallery.flows import SEED, Flow, flows
from pressrun_loadtest.gallery.press import differences, publish, render

__all__ = ["run_gallery"]

_COLOURS = 96
"""Of a page's picture: the pages are flat, and should weigh little."""


def run_gallery(out: Path, width: int, say: Callable[[str], None]) -> int:
    """Render every document into a folder: PDF, manifest, and its page as a PNG.

    Returns:
        the exit code: 0, or 1 where a document failed or shows something that it should not.

    Raises:
        DemoError: it cannot be run; the text says why and what to do.
        OSError: a file cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pressrun-gallery-") as cache:
        with Stage(out, cache=Path(cache), composers=1, seed=SEED) as stage:
            made, bad = asyncio.run(_press(out, stage.node.target, say))
        _pages(made, Path(cache), width)
    say(f"{len(made)} documents in {out}, {bad} wrong")
    return 1 if bad or len(made) < len(flows()) else 0


async def _press(out: Path, target: str, say: Callable[[str], None]) -> tuple[list[Path], int]:
    made, bad = list[Path](), 0
    async with Client(target) as client:
        await publish(client)
        for flow in flows():
            problems = await _one(client, flow, out)
            if problems is None:
                say(f"{flow.name}: FAILED, see {out / flow.name}.txt")
                bad += 1
                continue
            made.append(out / f"{flow.name}.pdf")
            bad += bool(problems)
            say(f"{flow.name}: {flow.system}: {flow.shows}")
            for problem in problems:
                say(f"  WRONG {problem}")
    return made, bad


async def _one(client: Client, flow: Flow, out: Path) -> list[str] | None:
    """What is wrong with a document; None where there is none."""
    try:
        document = await render(client, flow)
    except RenderError as error:
        (out / f"{flow.name}.txt").write_text(f"{error}\n", encoding="utf-8")
        return None
    (out / f"{flow.name}.pdf").write_bytes(document.content)
    told = "".join(f"{decision.text}\n" for decision in document.manifest.decisions)
    (out / f"{flow.name}.txt").write_text(told, encoding="utf-8")
    return differences(flow, document)


def _pages(documents: list[Path], folder: Path, width: int) -> None:
    for document, picture in zip(documents, draw_first_pages(documents, folder, width=width), strict=True):
        with Image.open(picture) as page:
            small = page.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        small.save(document.with_suffix(".png"), optimize=True)
