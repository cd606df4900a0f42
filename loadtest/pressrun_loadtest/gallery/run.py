"""The gallery from start to end: stage, templates, documents, pages."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from pressrun_client import Client, RenderError
from pressrun_loadtest.demo.stage import Stage
from pressrun_loadtest.demo.viewer import draw_first_pages
from pressrun_loadtest.gallery.flows import SEED, Flow, flows
from pressrun_loadtest.gallery.press import differences, publish, render
from pressrun_loadtest.gallery.systems import HOOK_SETTINGS, Systems

__all__ = ["run_gallery"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_WINDOW = "1000,1414"
"""As tall to its width as paper."""
_COLOURS = 96
"""Of a page's picture: the pages are flat, and should weigh little."""


def run_gallery(out: Path, width: int, say: Callable[[str], None], only: Sequence[str] = ()) -> int:
    """Render every document, or those that are named, into a folder: PDF, manifest, and its page as a PNG.

    Returns:
        the exit code: 0, or 1 where a document failed or shows something that it should not.

    Raises:
        DemoError: it cannot be run; the text says why and what to do.
        OSError: a file cannot be written.
    """
    chosen = [flow for flow in flows() if not only or flow.name in only]
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="pressrun-gallery-") as cache,
        Stage(out, cache=Path(cache), composers=1, seed=SEED, settings=HOOK_SETTINGS) as stage,
    ):
        systems = Systems.of(stage.environment, stage.node.metrics_url)
        made, bad = asyncio.run(_press(out, stage.node.target, systems, chosen, say))
        # While the systems are there: pages for browsers have pictures and films from them.
        _pages(made, Path(cache), width, say)
    say(f"{len(made)} documents in {out}, {bad} wrong")
    return 1 if bad or len(made) < len(chosen) else 0


async def _press(
    out: Path, target: str, systems: Systems, chosen: Sequence[Flow], say: Callable[[str], None]
) -> tuple[list[Path], int]:
    made, bad = list[Path](), 0
    async with Client(target) as client:
        await publish(client)
        for flow in chosen:
            problems = await _one(client, flow, systems, out)
            if problems is None:
                say(f"{flow.name}: FAILED, see {out / flow.name}.txt")
                bad += 1
                continue
            made.append(_file(flow, out))
            bad += bool(problems)
            say(f"{flow.name}: {flow.system}: {flow.shows}")
            for problem in problems:
                say(f"  WRONG {problem}")
    return made, bad


async def _one(client: Client, flow: Flow, systems: Systems, out: Path) -> list[str] | None:
    """What is wrong with a document; None where there is none."""
    try:
        document = await render(client, flow, systems)
    except RenderError as error:
        (out / f"{flow.name}.txt").write_text(f"{error}\n", encoding="utf-8")
        return None
    _file(flow, out).write_bytes(document.content)
    told = "".join(f"{decision.text}\n" for decision in document.manifest.decisions)
    (out / f"{flow.name}.txt").write_text(told, encoding="utf-8")
    return differences(flow, document)


def _file(flow: Flow, out: Path) -> Path:
    """Where a document goes; its page's picture has the flow's name."""
    return out / (f"{flow.name}.document.png" if flow.suffix == "png" else f"{flow.name}.{flow.suffix}")


def _pages(documents: list[Path], folder: Path, width: int, say: Callable[[str], None]) -> None:
    """The first page of each document as a picture; one for browsers is drawn where there is a browser."""
    by_kind = {suffix: [path for path in documents if path.suffix == suffix] for suffix in (".pdf", ".png", ".html")}
    drawn = list(zip(by_kind[".pdf"], draw_first_pages(by_kind[".pdf"], folder, width=width), strict=True))
    drawn += [(path.with_name(path.name.replace(".document", "")), path) for path in by_kind[".png"]]
    for path in by_kind[".html"]:
        picture = _shot(path, folder)
        if picture is None:
            say(f"{path.name}: no picture of it, since there is no chromium here")
        else:
            drawn.append((path, picture))
    for document, picture in drawn:
        with Image.open(picture) as page:
            plain = page.convert("RGB")
            small = plain.resize((width, round(plain.height * width / plain.width)), Image.Resampling.LANCZOS)
        small.quantize(_COLOURS, dither=Image.Dither.NONE).save(document.with_suffix(".png"), optimize=True)


def _shot(page: Path, folder: Path) -> Path | None:
    """What a browser shows of a page; None where there is no browser."""
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        return None
    picture = folder / f"{page.stem}.shot.png"
    line = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={_WINDOW}"]
    subprocess.run(  # noqa: S603 - no shell
        [*line, f"--screenshot={picture}", page.resolve().as_uri()], check=True, timeout=60, capture_output=True
    )
    return picture
