"""A print run as files in a folder."""

from __future__ import annotations

import fcntl
import json
import re
from os import PathLike
from pathlib import Path
from typing import IO, Any

from pressrun_client.file_errors import naming
from pressrun_client.models.run import RunEntry, RunSummary
from pressrun_client.print_run import PrintRun, RunData

__all__ = ["save_run"]


async def save_run(run: PrintRun, folder: str | PathLike[str], name: str) -> RunSummary:
    """Writes the files of a run, `NAME-0001.pdf` and so on, and the index beside them, `NAME.index.ndjson`.

    A file has the ending `.part` until it is whole, and so has the index until the run has ended, however it did. The
    index has a line for each document, in order; of a file that did not become whole it names none. What an earlier run
    of that name left goes when the first part of this one is there, and not before.

    Raises:
        OSError: a file cannot be written; another process writes a run of that name there.
        RenderError: the run can't go on; what is whole so far is kept, with its lines of the index.
    """
    place = _Folder(Path(folder), name)
    try:
        async with run:
            async for part in run:
                place.begin()
                if isinstance(part, RunData):
                    place.write(part)
                elif isinstance(part, RunEntry):
                    place.note(part)
                else:
                    place.finish(part.file)
        place.begin()
        place.forget()
    finally:
        place.close()
    return run.summary


class _Folder:
    """Where a run's files and its index go."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._name = name
        self._path = folder / f"{name}.index.ndjson.part"
        self._index = self._path.open("a", encoding="utf-8")
        if not self._alone():
            self._index.close()
            problem = "another process writes a run of this name there; give each run a name of its own"
            raise FileExistsError(f"{folder}, {name}: {problem}")
        self._begun = False
        self._lines: list[str] = []
        """Of the documents since the last file that is whole, in order."""
        self._failed: list[str] = []
        """Those of them that have no pages."""
        self._part: Path | None = None
        self._target: IO[bytes] | None = None

    def _alone(self) -> bool:
        try:
            fcntl.flock(self._index, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return self._path.exists()  # else it was another's until a moment ago

    def begin(self) -> None:
        """The run has begun: what an earlier one of the name left would be taken for its own."""
        if self._begun:
            return
        self._begun = True
        self._index.truncate(0)
        own = re.compile(re.escape(self._name) + r"-[0-9]{4,}\.pdf(\.part)?")
        for path in self._folder.iterdir():
            if own.fullmatch(path.name):
                path.unlink()

    def write(self, part: RunData) -> None:
        """Bytes of the file in work."""
        if self._target is None:
            self._part = self._folder / f"{self._name}-{part.file:04d}.pdf.part"
            self._target = self._part.open("wb")
        assert self._part is not None
        with naming(self._part):
            self._target.write(part.data)

    def note(self, entry: RunEntry) -> None:
        """A line of the index."""
        line = json.dumps(_line(entry), ensure_ascii=False) + "\n"
        self._lines.append(line)
        if entry.error is not None:
            self._failed.append(line)

    def finish(self, number: int) -> None:
        """The file in work is whole."""
        assert self._target is not None
        assert self._part is not None
        target, self._target = self._target, None
        # What is buffered is written when a file is closed.
        with naming(self._part):
            target.close()
        self._part.replace(self._folder / f"{self._name}-{number:04d}.pdf")
        self._part = None
        with naming(self._path):
            self._index.writelines(self._lines)
            self._index.flush()
        self._lines, self._failed = [], []

    def forget(self) -> None:
        """The run is over: where all documents of what would have been the last file failed, there is none."""
        if self._target is not None and self._part is not None:
            self._target.close()
            self._part.unlink()
            self._target = None

    def close(self) -> None:
        """Close what is open; the index is as far as there are whole files, and what failed since."""
        try:
            if self._target is not None and self._part is not None:
                with naming(self._part):
                    self._target.close()
        finally:
            with naming(self._path), self._index:
                if self._begun:
                    self._index.writelines(self._failed)
                    self._index.flush()
                    self._path.replace(self._folder / f"{self._name}.index.ndjson")
                else:
                    self._path.unlink()


def _line(entry: RunEntry) -> dict[str, Any]:
    line: dict[str, Any] = {"request_id": entry.request_id}
    if entry.error is not None:
        failure: dict[str, Any] = {"reason": entry.error.reason, "message": entry.error.message}
        if entry.error.violations:
            failure["violations"] = [
                {"field": fault.field, "description": fault.description} for fault in entry.error.violations
            ]
        return {**line, "failure": failure}
    line |= {
        "file": entry.file,
        "first_page": entry.first_page,
        "pages": entry.pages,
        "offset": entry.offset,
        "size": entry.size,
    }
    if entry.separator:
        line["separator"] = True
    if entry.warnings:
        line["warnings"] = [warning.code for warning in entry.warnings]
    if entry.manifest_json:
        line["manifest"] = json.loads(entry.manifest_json)
    return line
