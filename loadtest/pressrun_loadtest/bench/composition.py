"""Measures the CPU time of composing: bind, lay out and emit, in one process, with nothing around them.

`python -m pressrun_loadtest.bench.composition` is that process. It works with what a composer works with: the compiled
template, and the prepared pictures of each record's segment.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pressrun_loadtest.bench.checks import check_documents, check_messages, check_pages
from pressrun_loadtest.bench.config import Sizes
from pressrun_loadtest.bench.report import Entry
from pressrun_loadtest.bench.rounds import composing, described
from pressrun_loadtest.demo.child import ask

__all__ = ["Press", "measure_composition"]

_TIME_S = 900.0
_AS_OF = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)


def measure_composition(sizes: Sizes, seed: int, folder: Path, channel: str = "print") -> list[Entry]:
    """CPU time per document, the median of the rounds; of printed documents the mean size, too.

    Args:
        sizes: how much.
        seed: whose statements.
        folder: for records and the documents that are checked.
        channel: the output channel, `print`, `web` or `email`.

    Raises:
        CheckError: documents are not what they should be.
        HelperError: the process failed.
    """
    order, customers, count = composing(sizes, seed, folder, f"compose-{channel}")
    order["channel"] = channel
    answer = ask(__name__, order, seconds=_TIME_S)
    name, check, what = {
        "print": ("compose-small-cpu", check_documents, "bind, lay out, emit"),
        "web": ("web-small-cpu", check_pages, "a page for browsers, pictures in it"),
        "email": ("email-small-cpu", check_messages, "a message of HTML and plain text, pictures as parts"),
    }[channel]
    check(name, Path(order["documents"]), customers, answer["sampled"])
    rounds: list[float] = answer["milliseconds"]
    size = answer["bytes"] / count / 1000
    note = f"SMALL; {what}; {size:.0f} kB a document; {described(rounds)}"
    found = [Entry(name, statistics.median(rounds), "ms", count - sizes.compose_warm, note)]
    if channel == "print":
        found.append(Entry("compose-small-size", size, "kB", count, "SMALL; mean of all documents"))
    return found


class Press:
    """The composing half of a composer, with everything loaded that a document needs.

    Args:
        channel: the output channel.
    """

    def __init__(self, channel: str = "print") -> None:
        # The node's own parts are loaded in this process only.
        import msgspec  # noqa: PLC0415

        from pressrun_loadtest.samples import load_bundle, statement_path  # noqa: PLC0415
        from pressrun_server.app.composer import workshop  # noqa: PLC0415
        from pressrun_server.model.digest import Digest  # noqa: PLC0415
        from pressrun_server.model.template import RenditionSpec, program_key  # noqa: PLC0415
        from pressrun_server.prepare.image import prepare_image  # noqa: PLC0415
        from pressrun_server.prepare.picture import prepare_picture  # noqa: PLC0415
        from pressrun_server.template.compile import compile_bundle  # noqa: PLC0415

        self._workshop = workshop()
        compiled = compile_bundle(load_bundle(statement_path()))
        assert compiled.info is not None
        self._programs = {
            locale: self._workshop.program(compiled.programs[program_key(locale, channel)])
            for locale in compiled.info.locales
        }

        slots = {slot.name: slot for slot in compiled.info.slots}

        def prepared(name: str) -> Any:
            # Through the bytes, as a composer gets it.
            file = (statement_path().parent / "assets" / name).read_bytes()
            wanted = slots["logo" if name == "logo.png" else "banner"].renditions.get(channel, RenditionSpec())
            made = prepare_image(file) if channel == "print" else prepare_picture(file, wanted)
            data = msgspec.msgpack.encode(made)
            return self._workshop.prepared(str(Digest.of(data)), data)

        logo = prepared("logo.png")
        segments = ("everyday", "premier", "student", "business")
        self._assets = {name: {"logo": logo, "banner": prepared(f"banner-{name}.jpg")} for name in segments}

    def compose(self, locale: str, record: bytes, attributes: Mapping[str, str]) -> tuple[bytes, str]:
        """One document, and the digest that was made along with it."""
        composing = self.begin(locale, record, attributes)
        data = b"".join(composing)
        return data, composing.summary.sha256

    def begin(self, locale: str, record: bytes, attributes: Mapping[str, str]) -> Any:
        """One document, not made yet: iterate over it for its bytes."""
        return self._workshop.compose(
            self._programs[locale],
            record,
            assets=self._assets[attributes["segment"]],
            attributes=attributes,
            as_of=_AS_OF,
            engine=self._workshop.engine,
        )


def _main() -> None:
    from pressrun_loadtest.demo.orders import read_items  # noqa: PLC0415

    order = json.load(sys.stdin)
    press = Press(order["channel"])
    # Read before the clock runs: in a node this is the front's work.
    items = [
        (item.request_id, item.locale, bytes(item.record), item.attributes)
        for item in read_items(Path(order["records"]))
    ]
    warm, length = order["warm"], order["round"]
    sampled = set(order["sampled"])
    digests: set[str] = set()
    kept: dict[str, tuple[bytes, str]] = {}
    milliseconds = []
    total = 0
    gc.collect()
    for start in (0, *range(warm, len(items), length)):
        batch = range(start, min(start + (length if start else warm), len(items)))
        began = time.process_time()
        for index in batch:
            request_id, locale, record, attributes = items[index]
            data, sha256 = press.compose(locale, record, attributes)
            digests.add(sha256)
            total += len(data)
            if index in sampled:
                kept[request_id] = data, sha256
        if start:
            milliseconds.append((time.process_time() - began) / len(batch) * 1000)
    if len(digests) != len(items):
        sys.exit(f"{len(items)} different records gave only {len(digests)} different documents")
    for request_id, (data, _) in kept.items():
        (Path(order["documents"]) / f"{request_id}.pdf").write_bytes(data)
    sampled_digests = {request_id: sha256 for request_id, (_, sha256) in kept.items()}
    json.dump({"milliseconds": milliseconds, "bytes": total, "sampled": sampled_digests}, sys.stdout)


if __name__ == "__main__":
    _main()
