"""Blobs as files of one folder, safe at any byte: what the disk tier does in its threads."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
import time
from pathlib import Path
from typing import Final

from pressrun_server.model.digest import Digest

__all__ = ["BlobFiles", "TruncatedError", "space_of"]

_BLOCK = 4096
_NOWAIT: Final[int] = getattr(os, "RWF_NOWAIT", 0)
_GLANCE_BYTES = 256 * 1024
_SAME_USE_SECONDS = 10.0
_QUARANTINE_FILES = 16
_QUARANTINE_BYTES = 64 * 1024 * 1024


def space_of(size: int) -> int:
    """The bytes of disk that a file of this size takes, at least one block."""
    return max(1, -(-size // _BLOCK)) * _BLOCK


class TruncatedError(Exception):
    """A file has another size than its name says; it was quarantined."""


class BlobFiles:
    """One file for each blob: `blobs/ab/<digest>`, written in `tmp/` and then renamed.

    Guarantee: under its name a file is whole, whenever a process dies; where the machine itself goes down it may be
    damaged unless `fsync` is set, and reading finds that out. Several processes may use one folder: equal names are
    equal bytes, so the last rename wins and loses nothing. Unfinished files are locked by their writer; what is in
    `tmp/` and not locked was left by a dead process, and `prepare` removes it. The time of a file is its last use, to
    within ten seconds.
    Damaged files are moved to `quarantine/`, where at most 16 and 64 MiB of them stay. All methods block and may raise
    OSError.
    """

    def __init__(self, root: Path, *, fsync: bool) -> None:
        self._blobs = root / "blobs"
        self._tmp = root / "tmp"
        self._quarantine = root / "quarantine"
        self._fsync = fsync
        self._nowait = _NOWAIT != 0
        self._numbers = itertools.count()

    def prepare(self) -> int:
        """Make the folders and remove what dead writers left; tells how many files that were."""
        self._blobs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tmp.mkdir(mode=0o700, exist_ok=True)
        swept = 0
        for entry in list(os.scandir(self._tmp)):
            with contextlib.suppress(FileNotFoundError):
                descriptor = os.open(entry.path, os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # its writer lives
                else:
                    os.unlink(entry.path)  # noqa: PTH108 - one path, no object
                    swept += 1
                finally:
                    os.close(descriptor)
        return swept

    def scan(self) -> list[tuple[Digest, int, float]]:
        """All blobs with the space they take and the time of their last use, least recently used first."""
        found: list[tuple[int, Digest, int]] = []
        for shard in list(os.scandir(self._blobs)):
            if not shard.is_dir(follow_symlinks=False):
                continue
            for entry in os.scandir(shard.path):
                with contextlib.suppress(ValueError, FileNotFoundError):
                    digest = Digest.parse(entry.name)
                    status = entry.stat(follow_symlinks=False)
                    found.append((status.st_mtime_ns, digest, space_of(status.st_size)))
        found.sort()
        return [(digest, size, used / 1e9) for used, digest, size in found]

    def read(self, digest: Digest) -> bytes | None:
        """The blob, or None where there is no such file.

        Raises:
            TruncatedError: the file had another size.
        """
        path = self._path(digest)
        try:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a str is cheaper than a Path
                status = os.fstat(file.fileno())
                data = file.read(digest.size + 1) if status.st_size == digest.size else b"?" * (digest.size + 1)
                if len(data) == digest.size:
                    _note_use(file.fileno(), status)
                    return data
        except FileNotFoundError:
            return None
        self.quarantine(digest)
        raise TruncatedError(path)

    def glance(self, digest: Digest) -> bytes | None:
        """The blob, if the kernel has all of it in memory; None says nothing about what `read` would find.

        It never waits for the disk itself, but for the name's lookup, which is in memory too where the content is. It
        takes some 25 us for 100 kB, where a thread takes 50 to 100 us more.
        """
        if not self._nowait or digest.size > _GLANCE_BYTES:
            return None
        try:
            descriptor = os.open(self._path(digest), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            status = os.fstat(descriptor)
            if status.st_size != digest.size:
                return None
            data = bytearray(digest.size)
            if os.preadv(descriptor, [data], 0, _NOWAIT) < digest.size:
                return None
            _note_use(descriptor, status)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno not in {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}:
                raise
            self._nowait = False  # this file system, or this kernel, cannot say so
            return None
        finally:
            os.close(descriptor)
        return bytes(data)

    def holds(self, digest: Digest) -> bool:
        """Whether there is a file of that name and size."""
        try:
            return os.stat(self._path(digest)).st_size == digest.size  # noqa: PTH116 - a str is cheaper than a Path
        except FileNotFoundError:
            return False

    def write(self, digest: Digest, data: bytes) -> None:
        """Store the blob; a whole file of that name is left as it is."""
        path = self._path(digest)
        if self.holds(digest):
            _touch(path)
            return
        for last_try in (False, True):
            try:
                self._write(path, data)
            except FileNotFoundError:
                # Another process swept the file between its creation and its lock, or the folders are gone.
                if last_try:
                    raise
                self.prepare()
            else:
                return

    def delete(self, digest: Digest) -> None:
        """Remove the blob's file."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(digest))  # noqa: PTH108 - a str is cheaper than a Path

    def quarantine(self, digest: Digest) -> None:
        """Move the blob's file out of use, for those who want to know what damaged it; the last few are kept."""
        try:
            self._quarantine.mkdir(mode=0o700, exist_ok=True)
            # The same blob may be damaged again; a number keeps both.
            os.rename(self._path(digest), self._quarantine / f"{digest}-{time.time_ns()}")  # noqa: PTH104 - as below
        except FileNotFoundError:
            return
        except OSError:
            self.delete(digest)  # a disk that takes no more names
            return
        kept = sorted(self._quarantine.iterdir(), key=lambda path: path.name.rpartition("-")[2], reverse=True)
        room = _QUARANTINE_BYTES
        for number, path in enumerate(kept):
            with contextlib.suppress(FileNotFoundError):
                room -= path.stat().st_size
                if number >= _QUARANTINE_FILES or room < 0:
                    path.unlink()

    def _path(self, digest: Digest) -> str:
        return f"{self._blobs}/{digest.sha256[:2]}/{digest}"

    def _write(self, path: str, data: bytes) -> None:
        temporary = f"{self._tmp}/{os.getpid()}-{time.monotonic_ns()}-{next(self._numbers)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with contextlib.suppress(BlockingIOError):  # a sweeper holds it for a moment; then the rename fails
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            _touch(descriptor)
            if self._fsync:
                os.fsync(descriptor)
            folder = os.path.dirname(path)  # noqa: PTH120 - a str is cheaper than a Path
            os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - a str is cheaper than a Path
            os.rename(temporary, path)  # noqa: PTH104 - a str is cheaper than a Path
            if self._fsync:
                _fsync_folder(folder)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108 - a str is cheaper than a Path
            raise
        finally:
            os.close(descriptor)


def _note_use(descriptor: int, status: os.stat_result) -> None:
    """Note a use, unless one was noted just now: writing the time costs half as much as reading the blob."""
    if not 0 <= time.time() - status.st_mtime < _SAME_USE_SECONDS:
        _touch(descriptor)


def _touch(file: str | int) -> None:
    """Note the use, by our own clock: the kernel's for files has ticks of some milliseconds."""
    now = time.time_ns()
    with contextlib.suppress(OSError):  # a read-only disk still gives blobs
        os.utime(file, ns=(now, now))


def _fsync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
