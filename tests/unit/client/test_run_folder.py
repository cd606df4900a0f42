"""A print run as files: what a disk refuses is told with its file's name, whenever it says so."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Self, cast

import pytest

from pressrun_client.models.manifest import Digest
from pressrun_client.models.run import RunEntry, RunFile, RunSummary
from pressrun_client.print_run import PrintRun, RunData
from pressrun_client.run_folder import save_run


class _Run:
    """A run that gives what it was told to."""

    summary = RunSummary(documents=1, failed=0, pages=1, files=1, stopped=False, engine_digest="e")

    def __init__(self, *parts: RunData | RunEntry | RunFile) -> None:
        self._parts = parts

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[RunData | RunEntry | RunFile]:
        for part in self._parts:
            yield part


def _entry(request_id: str) -> RunEntry:
    return RunEntry(request_id=request_id, file=1, first_page=1, pages=1, offset=0, size=10)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextlib.contextmanager
def _largest(size: int) -> Iterator[None]:
    """No file may be larger: writing on fails as on a full disk, with an error that names no file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (100_000, "letters-0001.pdf.part"),  # as it is written
        (1000, "letters-0001.pdf.part"),  # as its buffer is written, when it is closed
        (10, "letters.index.ndjson.part"),  # as the index is
    ],
)
async def test_a_full_disk_is_told_with_the_file(tmp_path: Path, written: int, name: str) -> None:
    """Whatever is being written, closed or flushed when there is no more room, its name is in the error."""
    whole = RunFile(1, 1, 1, Digest("0" * 64, written))
    run = _Run(RunData(1, bytes(written)), _entry("a" * 500), whole)
    with _largest(200), pytest.raises(OSError, match=name) as caught:
        await save_run(cast("PrintRun", run), tmp_path, "letters")
    assert caught.value.filename == str(tmp_path / name)


async def test_a_run_becomes_files_and_an_index(tmp_path: Path) -> None:
    """Files and index have their own names when they are whole."""
    run = _Run(RunData(1, b"%PDF"), _entry("a"), RunFile(1, 1, 1, Digest("0" * 64, 4)))
    await save_run(cast("PrintRun", run), tmp_path, "letters")
    assert _names(tmp_path) == ["letters-0001.pdf", "letters.index.ndjson"]
    assert (tmp_path / "letters-0001.pdf").read_bytes() == b"%PDF"
