from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest
from PIL import Image

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.prepare.pool import PreparerPool
from pressrun_server.prepare.tasks import CHECKED, COMPILED, IMAGE, PAGES, RasterOrder, TaskName
from pressrun_server.render.composers import ComposeJob, ComposerPool
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.render.engine import engine

BUNDLE = {
    "template.yaml": b"""\
name: note
version: "1"
title: "{{ name }}"
channels: [print]
default_locale: en-GB
locales: [en-GB]
html: note.html
slots:
  logo:
    rules:
      - {use: "library:logo"}
    otherwise: omit
schema:
  type: object
  required: [name, lines]
  properties:
    name: {type: string}
    lines: {type: array, items: {type: string}}
""",
    "note.html": b"""\
<!DOCTYPE html>
<html><head><title>Note</title></head>
<body><p><img src="asset:logo" alt="Logo"></p><p>Dear {{ name }}</p>
<p pr-for="line in lines">{{ line }}</p></body></html>
""",
}


def png() -> bytes:
    """A small picture."""
    file = io.BytesIO()
    Image.new("RGB", (40, 20), (10, 90, 160)).save(file, "PNG")
    return file.getvalue()


def record(lines: int) -> bytes:
    """A record whose document has about one page per 40 lines."""
    return json.dumps({"name": "Zoë Łuk", "lines": [f"Line {n} of {lines}" for n in range(lines)]}).encode()


async def test_the_real_processes_compile_prepare_compose_and_check() -> None:
    """From a bundle and a picture to a checked document: the composer's bytes are those that one process would make."""
    digests = engine()
    preparers = PreparerPool(1)
    blobs: dict[str, bytes] = {}

    async def blob(name: str) -> bytes:
        return blobs[name]

    await preparers.start()
    try:
        answer = await preparers.run(TaskName.COMPILE, msgspec.msgpack.encode(BUNDLE), timeout=40)
        compiled = COMPILED.decode(answer)
        assert [str(diagnostic) for diagnostic in compiled.diagnostics if diagnostic.severity == "error"] == []
        program = compiled.programs["en-GB"]
        logo = await preparers.run(TaskName.IMAGE, png(), timeout=20)
        with pytest.raises(PressrunError) as refused:
            await preparers.run(TaskName.IMAGE, b"<html>no image</html>", timeout=20)
        assert refused.value.reason is Reason.ASSET_INVALID

        names = str(Digest.of(program)), str(Digest.of(logo))
        blobs.update(zip(names, (program, logo), strict=True))
        composers = ComposerPool(1, blob=blob, engine=digests.digest)
        await composers.start()
        try:
            as_of = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
            for lines in (3, 900):
                job = ComposeJob(names[0], record(lines), {"segment": "x"}, as_of, {"logo": names[1]}, digests.digest)
                stream = composers.compose(job)
                pdf = await stream.read()
                here = Composition(
                    LoadedProgram.load(program),
                    record(lines),
                    assets={"logo": (Digest.of(logo), IMAGE.decode(logo))},
                    attributes={"segment": "x"},
                    as_of=as_of,
                    engine=digests.digest,
                )
                assert pdf == b"".join(here)
                summary = stream.summary
                assert summary is not None
                assert Digest(summary.sha256, summary.size) == Digest.of(pdf)
                assert 0 < summary.cpu_seconds < 5
                facts = CHECKED.decode(await preparers.run(TaskName.CHECK, pdf, timeout=20))
                assert facts["pages"] == summary.pages
            with pytest.raises(PressrunError) as broken:
                await composers.compose(msgspec.structs.replace(job, record=b"[1]")).read()
            assert broken.value.reason is Reason.INVALID_RECORD
        finally:
            await composers.close()
        order = msgspec.msgpack.encode(RasterOrder(pdf, (0,), 40))
        [picture] = PAGES.decode(await preparers.run(TaskName.RASTER, order, timeout=20))
        assert Image.open(io.BytesIO(picture)).format == "PNG"
    finally:
        await preparers.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("module", "load", "loop", "barred"),
    [
        ("composer", "workshop", "render.composer", "grpc pymupdf fitz PIL asyncio aiohttp jinja2 yaml"),
        ("preparer", "tasks", "prepare.worker", "grpc asyncio aiohttp"),
    ],
)
def test_helpers_load_only_what_they_may(module: str, load: str, loop: str, barred: str) -> None:
    """Composers load neither gRPC nor PyMuPDF nor Pillow, preparers no gRPC, and neither an event loop."""
    code = (
        "import sys\n"
        f"from pressrun_server.app import {module}\n"
        f"{module}.{load}()\n"
        f"import pressrun_server.{loop}\n"
        "print(*sorted(set(sys.modules) & set(sys.argv[1].split())))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, barred], capture_output=True, text=True, check=True, timeout=50)
    assert done.stdout.strip() == ""
