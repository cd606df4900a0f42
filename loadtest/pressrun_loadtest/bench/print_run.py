"""Measures the CPU time of a print run in a composer: bind, lay out and write into one file, with nothing around them.

`python -m pressrun_loadtest.bench.print_run` is that process. It gets what a composer gets from the front: the blobs,
and documents one after the other.
"""

from __future__ import annotations

import gc
import hashlib
import json
import statistics
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from pressrun_loadtest.bench.checks import check_documents
from pressrun_loadtest.bench.config import Sizes
from pressrun_loadtest.bench.errors import CheckError
from pressrun_loadtest.bench.report import Entry
from pressrun_loadtest.bench.rounds import composing, described
from pressrun_loadtest.demo.child import ask

__all__ = ["measure_print_run"]

_TIME_S = 900.0
_NAME = "printrun-small-cpu"
_AS_OF = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
_MOST_BYTES = 6144
"""Of a document beyond the shared parts."""
_ENOUGH = 1000
"""Documents that share a part which comes late, such as the characters of one name, so that it hardly counts."""


def measure_print_run(sizes: Sizes, seed: int, folder: Path) -> Entry:
    """CPU time per document of a run, the median of the rounds.

    Raises:
        CheckError: documents are not what they should be, or take too many bytes.
        HelperError: the process failed.
    """
    order, customers, count = composing(sizes, seed, folder, "print-run")
    answer = ask(__name__, order, seconds=_TIME_S)
    check_documents(_NAME, Path(order["documents"]), customers, answer["sampled"])
    rounds: list[float] = answer["milliseconds"]
    size, measured = answer["bytes"], count - sizes.compose_warm
    if size > _MOST_BYTES and measured >= _ENOUGH:
        raise CheckError(_NAME, [f"a document takes {size:.0f} bytes of the file, more than {_MOST_BYTES}"])
    note = (
        f"SMALL in one file; bind, lay out, emit; {size:.0f} bytes a document beyond the shared parts; "
        f"{described(rounds)}"
    )
    return Entry(_NAME, statistics.median(rounds), "ms", measured, note)


class _Run:
    """A run that is being written into memory."""

    def __init__(self) -> None:
        # The node's own parts are loaded in this process only.
        import msgspec  # noqa: PLC0415

        from pressrun_loadtest.samples import load_bundle, statement_path  # noqa: PLC0415
        from pressrun_server.model.digest import Digest  # noqa: PLC0415
        from pressrun_server.model.run import RunEntry, RunOrder, RunTitle  # noqa: PLC0415
        from pressrun_server.model.template import program_key  # noqa: PLC0415
        from pressrun_server.prepare.image import prepare_image  # noqa: PLC0415
        from pressrun_server.render.engine import engine  # noqa: PLC0415
        from pressrun_server.render.run_composition import RunComposition, RunInbox  # noqa: PLC0415
        from pressrun_server.render.run_link import Blob, Frames, Item  # noqa: PLC0415
        from pressrun_server.template.compile import compile_bundle  # noqa: PLC0415

        self._encode = msgspec.msgpack.encode
        self._item = Item
        self._entry = RunEntry
        self._inbox = RunInbox()
        self._frames = Frames()
        order = self._encode(RunOrder(RunTitle("bench", _AS_OF, engine().digest)))
        self._steps = iter(RunComposition(order, self._inbox))
        compiled = compile_bundle(load_bundle(statement_path()))
        assert compiled.info is not None
        self.file = bytearray()
        self.entries: list[Any] = []
        self._programs: dict[str, str] = {}
        self._assets: dict[str, str] = {}
        for locale in compiled.info.locales:
            data = compiled.programs[program_key(locale, "print")]
            self._programs[locale] = str(Digest.of(data))
            self._feed(Blob(self._programs[locale], data, program=True))
        for path in sorted((statement_path().parent / "assets").iterdir()):
            if path.suffix in {".png", ".jpg"}:
                data = self._encode(prepare_image(path.read_bytes()))
                self._assets[path.stem] = str(Digest.of(data))
                self._feed(Blob(self._assets[path.stem], data, program=False))

    def _feed(self, item: Any) -> None:
        self._inbox.feed(self._encode([item]), last=False)

    def add(self, item: Any) -> None:
        """One document, from a stream item."""
        assets = {"logo": self._assets["logo"], "banner": self._assets[f"banner-{item.attributes['segment']}"]}
        program = self._programs[item.locale]
        record = bytes(item.record)
        self._feed(
            self._item(item.request_id, program, "statement@1", item.locale, record, item.attributes, _AS_OF, assets)
        )
        while not self._inbox.hungry:
            self._take(next(self._steps))

    def end(self) -> None:
        """No more come."""
        self._inbox.feed(b"", last=True)
        for data in self._steps:
            self._take(data)

    def _take(self, data: bytes) -> None:
        for found in self._frames.feed(data):
            if isinstance(found, bytes):
                self.file += found
            elif isinstance(found, self._entry):
                self.entries.append(found)


def _main() -> None:
    from pressrun_loadtest.demo.orders import read_items  # noqa: PLC0415

    order = json.load(sys.stdin)
    run = _Run()
    items = list(read_items(Path(order["records"])))
    warm, length = order["warm"], order["round"]
    for item in items[:warm]:
        run.add(item)
    shared = len(run.file)
    milliseconds = []
    gc.collect()
    for start in range(warm, len(items), length):
        began = time.process_time()
        for item in items[start : start + length]:
            run.add(item)
        milliseconds.append((time.process_time() - began) / len(items[start : start + length]) * 1000)
    run.end()
    failed = [entry.request_id for entry in run.entries if entry.failure is not None]
    if failed or len(run.entries) != len(items):
        sys.exit(f"{len(failed)} of {len(items)} documents failed, the first {failed[:1]}")
    digests = _extracted(bytes(run.file), [run.entries[index] for index in order["sampled"]], Path(order["documents"]))
    answer = {
        "milliseconds": milliseconds,
        "bytes": (len(run.file) - shared) / (len(items) - warm),
        "sampled": digests,
    }
    json.dump(answer, sys.stdout)


def _extracted(file: bytes, entries: list[Any], folder: Path) -> dict[str, str]:
    """The pages of some documents as files of their own, so that they are checked as others are."""
    pymupdf: Any = import_module("pymupdf")  # only in this process; its types are incomplete
    digests = {}
    with pymupdf.open(stream=file, filetype="pdf") as run:
        for entry in entries:
            with pymupdf.open() as alone:
                alone.insert_pdf(run, from_page=entry.first_page - 1, to_page=entry.first_page + entry.pages - 2)
                data = alone.tobytes()
            (folder / f"{entry.request_id}.pdf").write_bytes(data)
            digests[entry.request_id] = hashlib.sha256(data).hexdigest()
    return digests


if __name__ == "__main__":
    _main()
