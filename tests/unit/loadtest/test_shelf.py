from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from pressrun.v1 import document_pb2
from pressrun_client import Document
from pressrun_loadtest.demo.errors import DemoError
from pressrun_loadtest.demo.shelf import Shelf


def document(request_id: str, content: bytes, *, sha256: str | None = None) -> Document:
    """A document as the client gives it."""
    completion = document_pb2.DocumentCompletion()
    completion.manifest.request_id = request_id
    completion.manifest.document.sha256 = sha256 or hashlib.sha256(content).hexdigest()
    return Document(request_id, content, completion.SerializeToString(), time_to_first_byte=0.1, latency=0.1)


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def fill(folder: Path) -> None:
    """Puts documents on a shelf whose folder is taken away."""
    async with Shelf(folder, waiting=1) as shelf:
        folder.rmdir()  # noqa: ASYNC240 - a folder in memory
        for number in range(20):
            await shelf.put(document(f"d-{number}", b"x"))


async def test_everything_that_was_put_is_written(tmp_path: Path) -> None:
    """More documents than may wait are written whole, each with its manifest, by the end of the block."""
    folder = tmp_path / "documents"
    async with Shelf(folder, waiting=2) as shelf:
        for number in range(40):
            await shelf.put(document(f"d-{number}", b"%PDF" + bytes([number]) * 5000))
    assert len(names(folder)) == 80
    assert (folder / "d-39.pdf").read_bytes() == b"%PDF" + b"\x27" * 5000
    assert '"request_id": "d-7"' in (folder / "d-7.json").read_text()
    assert shelf.altered == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("shelf")]


async def test_documents_of_an_earlier_run_are_taken_away_and_nothing_else(tmp_path: Path) -> None:
    """What the folder shows is this run; a file of another kind is somebody's own."""
    for name in ("old.pdf", "old.json", "notes.txt"):
        (tmp_path / name).write_text("x")
    async with Shelf(tmp_path) as shelf:
        await shelf.put(document("new", b"%PDF"))
    assert names(tmp_path) == ["new.json", "new.pdf", "notes.txt"]


async def test_bytes_that_are_not_those_of_the_manifest_are_noticed(tmp_path: Path) -> None:
    """The shelf compares the digest again."""
    async with Shelf(tmp_path) as shelf:
        await shelf.put(document("good", b"one"))
        await shelf.put(document("bad", b"one", sha256="0" * 64))
    assert shelf.altered == ["bad"]


async def test_a_folder_that_cannot_be_written_ends_the_run(tmp_path: Path) -> None:
    """The error names the place and what to do; nobody waits for a full queue."""
    folder = tmp_path / "documents"
    with pytest.raises(DemoError, match=r"documents.*make room there, or choose another --out"):
        await fill(folder)


async def test_a_file_in_place_of_the_folder_is_told_at_once(tmp_path: Path) -> None:
    """Before anything is rendered."""
    (tmp_path / "documents").write_text("")
    with pytest.raises(DemoError, match="documents"):
        async with Shelf(tmp_path / "documents"):
            pass
