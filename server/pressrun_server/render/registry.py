"""The published templates of a node: which there are, which one a request means, where their programs are."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from bisect import bisect_right, insort
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

import msgspec

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.asset import AssetUse
from pressrun_server.model.digest import Digest
from pressrun_server.model.spec import TemplateName
from pressrun_server.model.template import TemplateInfo
from pressrun_server.render.errors import TemplateNotFoundError
from pressrun_server.render.template_files import Entry, TemplateFiles
from pressrun_server.template.row_checks import RowChecker
from pressrun_server.template.selection import Selection, Selector
from pressrun_sources.durable import DISK_FULL

__all__ = ["Published", "Registry", "Selecting", "conflicting"]

_TOKEN = "pr1\n"  # noqa: S105 - the prefix of a page token
_DEFAULT_PAGE = 100
_LARGEST_PAGE = 1000


class Selecting(Protocol):
    """What the pipeline asks of a template; `template.selection.Selector` in a node."""

    def decode(self, record: bytes) -> dict[str, Any]:
        """The record, validated.

        Raises:
            PressrunError: INVALID_RECORD.
        """

    def rows(self, field: str) -> RowChecker:
        """What checks rows that arrive for a list of the record.

        Raises:
            PressrunError: INVALID_REQUEST.
        """

    def locale(self, requested: str) -> str:
        """The template's locale for a requested one."""

    def select(
        self,
        record: dict[str, Any],
        *,
        attributes: dict[str, str],
        locale: str,
        as_of: datetime,
        channel: str,
        requested: str = "",
    ) -> tuple[Selection, ...]:
        """The choice for each slot.

        Raises:
            PressrunError: INVALID_RECORD, ASSET_NOT_FOUND.
        """

    def choices(self, channel: str) -> tuple[Selection, ...]:
        """Everything that the rules can choose."""


class Published:
    """One published template, ready for the hot path."""

    __slots__ = ("channels", "entry", "info", "programs", "selector", "texts")

    def __init__(self, entry: Entry, selector: Selecting) -> None:
        self.entry = entry
        self.info: TemplateInfo = entry.info
        self.selector = selector
        self.channels = frozenset(entry.info.channels)
        self.programs = {locale: str(digest) for locale, digest in entry.programs.items()}
        """Digest of the program's blob by locale, as text; without approved texts."""
        self.texts = frozenset(slot.name for slot in entry.info.slots if slot.text)
        """Slots that take approved text."""

    @property
    def key(self) -> tuple[str, str]:
        """Name and version."""
        return self.info.name, self.info.version

    def placed(self, uses: Iterable[AssetUse]) -> dict[str, str]:
        """The blobs that go into pages, by slot: those of approved texts are in the program already."""
        return {use.slot: str(use.prepared) for use in uses if use.slot not in self.texts}


class Registry:
    """Knows the published templates; used from one event loop.

    A name with a version never changes its meaning: publishing other files under it is refused. A name without one
    means the version that was published last. What is published is on disk before it is known here.
    """

    def __init__(
        self, files: TemplateFiles, engine: str, *, selector: Callable[[TemplateInfo], Selecting] = Selector
    ) -> None:
        self._files = files
        self._engine = engine
        self._selector = selector
        self._by_key: dict[tuple[str, str], Published] = {}
        self._by_digest: dict[str, Published] = {}
        self._newest: dict[str, Published] = {}
        self._order: list[tuple[str, str]] = []
        self._writing = asyncio.Lock()
        self.elsewhere: Callable[[TemplateName, str], Awaitable[None]] | None = None
        """Makes known here what a request means, where another node has published it; given the name and the pinned
        digest."""

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Published]:
        return iter([self._by_key[key] for key in self._order])

    async def load(self, report: Callable[[str, str], None]) -> list[Entry]:
        """Read what is on disk.

        Args:
            report: told the file and the fault of each entry that can't be used.

        Returns:
            the entries that another engine compiled: they are not known yet and must be compiled again.

        Raises:
            OSError: the folder can't be made or written.
        """
        await asyncio.to_thread(self._files.open)
        stale = []
        for entry in await asyncio.to_thread(self._files.load, report):
            if entry.engine != self._engine:
                stale.append(entry)
            else:
                self._learn(entry, report)
        return stale

    def find(self, wanted: TemplateName, pinned: str = "") -> Published:
        """The template that a request means.

        Args:
            wanted: by name, by name and version, or by digest.
            pinned: the digest that the request's pins state; empty without pins.

        Raises:
            PressrunError: TEMPLATE_NOT_FOUND; INVALID_REQUEST, name and digest disagree; PINS_MISMATCH, the pins name
                another template.
        """
        found = self._named(wanted, pinned) if wanted.name else self._by_digest.get(wanted.digest)
        if found is None:
            raise TemplateNotFoundError(str(wanted), self._known(wanted.name))
        if wanted.digest and found.info.digest != wanted.digest:
            raise PressrunError(
                Reason.INVALID_REQUEST,
                f"template {wanted} has the digest {found.info.digest} on this node, not the one given",
                violations=(Violation("template.digest", f"give {found.info.digest}, or leave name or digest out"),),
            )
        if pinned and found.info.digest != pinned:
            raise PressrunError(
                Reason.PINS_MISMATCH,
                f"the pins ask for template digest {pinned}, but {wanted} is {found.info.digest} on this node; "
                "publish the pinned bundle, or leave the pins out",
                metadata={"pin": "template_digest"},
            )
        return found

    async def found(self, wanted: TemplateName, pinned: str = "") -> Published:
        """As `find`, but a template that is not known here is looked for at the other nodes.

        Raises:
            PressrunError: as for `find`; TEMPLATE_UNAVAILABLE, another node may have it, and it can't be had now.
        """
        try:
            return self.find(wanted, pinned)
        except PressrunError:
            if self.elsewhere is None or not self._lacks(wanted, pinned):
                raise
        await self.elsewhere(wanted, pinned)
        return self.find(wanted, pinned)

    def _lacks(self, wanted: TemplateName, pinned: str) -> bool:
        """Whether another node may have what a request means, and this one has not."""
        digest = wanted.digest or pinned
        return digest not in self._by_digest if digest else self._named(wanted, "") is None

    def known(self, digest: str) -> Published | None:
        """The template of a bundle, where it is published."""
        return self._by_digest.get(digest)

    def conflict(self, info: TemplateInfo) -> Published | None:
        """The same template where it is published already.

        Raises:
            PressrunError: TEMPLATE_CONFLICT, name and version are taken by other files.
        """
        held = self._by_key.get((info.name, info.version))
        if held is not None and held.info.digest != info.digest:
            raise conflicting(info, held.info.digest)
        return held

    async def publish(
        self, entry: Entry, blobs: dict[Digest, bytes], *, elsewhere: bool = False
    ) -> tuple[Published, bool]:
        """Make a template known; says whether it was not known before.

        Args:
            entry: the template.
            blobs: its programs and its files.
            elsewhere: whether other nodes have it whatever becomes of it here.

        Raises:
            PressrunError: TEMPLATE_CONFLICT; STORAGE_FULL, the disk is full; INTERNAL, it failed.
        """
        async with self._writing:
            held = self.conflict(entry.info)
            if held is not None:
                return held, False
            published = Published(entry, self._selector(entry.info))
            try:
                others = await asyncio.to_thread(self._save, entry, blobs)
            except OSError as error:
                raise _not_kept(error, elsewhere=elsewhere) from error
            for other in others:
                self._learn(other, _silent)
            held = self.conflict(entry.info)
            if held is not None:
                return held, False
            self._take(published)
            return published, True

    async def date(self, digest: str, moment: datetime) -> None:
        """Have another date of publishing, which decides what the newest of a name is.

        Args:
            digest: of the template; one that is not known here is left.
            moment: when it was published first.
        """
        held = self._by_digest.get(digest)
        if held is None or held.entry.published_at == moment:
            return
        entry = msgspec.structs.replace(held.entry, published_at=moment)
        dated = Published(entry, held.selector)
        self._by_key[dated.key] = self._by_digest[digest] = dated
        name = dated.info.name
        self._newest[name] = max((self._by_key[key] for key in self._order if key[0] == name), key=_age)
        async with self._writing:
            # Where the disk is full, the old date is there after a restart, until somebody says this one again.
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._files.save, entry, {})

    async def refresh(self, report: Callable[[str, str], None]) -> list[Published]:
        """Learn what another front of this node has published; gives what is new.

        Args:
            report: told the file and the fault of each entry that can't be used.
        """
        async with self._writing:
            entries = await asyncio.to_thread(self._files.load, report, self._by_digest)
            return [new for entry in entries if (new := self._learn(entry, report)) is not None]

    def _save(self, entry: Entry, blobs: dict[Digest, bytes]) -> list[Entry]:
        """Keep a template, unless another process was quicker with its name; gives what others have published."""
        with self._files.exclusive():
            others = self._files.load(_silent, self._by_digest)
            if not any(_taken(entry, other) for other in others):
                self._files.save(entry, blobs)
            return others

    def _learn(self, entry: Entry, report: Callable[[str, str], None]) -> Published | None:
        """Take an entry from the disk, where it can be used."""
        if entry.engine != self._engine:
            return None
        if (entry.info.name, entry.info.version) in self._by_key:
            report(f"{entry.info.digest}.template", "another entry has the same name and version")
            return None
        try:
            selector = self._selector(entry.info)
        except Exception as error:  # noqa: BLE001 - one damaged entry must not keep the node from starting
            report(f"{entry.info.digest}.template", f"its schema cannot be used ({type(error).__name__})")
            return None
        published = Published(entry, selector)
        self._take(published)
        return published

    async def blob(self, digest: Digest) -> bytes | None:
        """A program or a bundle from the registry's own folder."""
        return await asyncio.to_thread(self._files.blob, digest)

    def page(self, size: int, token: str) -> tuple[list[Published], str]:
        """Templates by name, then version, and the token of the next page.

        Raises:
            PressrunError: INVALID_REQUEST.
        """
        if not 0 <= size <= _LARGEST_PAGE:
            problem = f"must be 0 (for {_DEFAULT_PAGE}) to {_LARGEST_PAGE}"
            raise PressrunError(
                Reason.INVALID_REQUEST, f"page_size {problem}", violations=(Violation("page_size", problem),)
            )
        # The token names the last one shown, so pages stay whole while others are published.
        start = bisect_right(self._order, _read_token(token)) if token else 0
        end = start + (size or _DEFAULT_PAGE)
        keys = self._order[start:end]
        return [self._by_key[key] for key in keys], _token(keys[-1]) if end < len(self._order) else ""

    def _named(self, wanted: TemplateName, pinned: str) -> Published | None:
        if wanted.version:
            return self._by_key.get((wanted.name, wanted.version))
        # Without a version a digest or a pin decides: a retry must not move to a version published in between.
        exact = self._by_digest.get(wanted.digest or pinned)
        if exact is not None and exact.info.name == wanted.name:
            return exact
        return self._newest.get(wanted.name)

    def _known(self, name: str) -> tuple[str, ...]:
        """What to offer to somebody who asked for a template that is not here."""
        versions = tuple("@".join(key) for key in self._order if key[0] == name)
        return versions or tuple(sorted(self._newest))

    def _take(self, published: Published) -> None:
        self._by_key[published.key] = published
        self._by_digest[published.info.digest] = published
        insort(self._order, published.key)
        newest = self._newest.get(published.info.name)
        if newest is None or _age(newest) <= _age(published):
            self._newest[published.info.name] = published


def _age(published: Published) -> tuple[datetime, str]:
    """What the newest version of a name has most of; the same on all nodes, also where two have one date."""
    return published.entry.published_at, published.info.version


def _not_kept(error: OSError, *, elsewhere: bool) -> PressrunError:
    """Why a template is not known here."""
    detail = f"writing the template failed: {error}"
    if error.errno in DISK_FULL:
        what = "the disk that holds this node's data folder (PRESSRUN_DATA_DIR) is full, so the template "
        what += (
            "can't be used on this node; other nodes of the cluster have it, and this one gets it by itself when there "
            "is space"
            if elsewhere
            else "was not published; free space there, or publish to another node, and try again"
        )
        return PressrunError(Reason.STORAGE_FULL, what, detail=detail)
    what = (
        "and can't be used here, though other nodes of the cluster have it; look at this node's log"
        if elsewhere
        else "so it was not published; publish it to another node"
    )
    return PressrunError(Reason.INTERNAL, f"the template can't be stored on this node, {what}", detail=detail)


def conflicting(info: TemplateInfo, held: str) -> PressrunError:
    """What is said where name and version of a template stand for another one.

    Args:
        info: the template.
        held: the other one's digest.
    """
    name = f"{info.name}@{info.version}"
    return PressrunError(
        Reason.TEMPLATE_CONFLICT,
        f"{name} is published with other files (digest {held}); a version never changes: raise `version` in "
        "template.yaml and publish again",
        metadata={"template": name, "digest": held},
    )


def _taken(entry: Entry, other: Entry) -> bool:
    """Whether another entry of this engine has the name and version of an entry."""
    mine, its = entry.info, other.info
    return (mine.name, mine.version) == (its.name, its.version) and other.engine == entry.engine and mine != its


def _silent(_file: str, _fault: str) -> None:
    """What can't be used was told when it was read first."""


def _token(key: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode((_TOKEN + "\n".join(key)).encode()).decode()


def _read_token(token: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode()
        prefix, name, version = text.split("\n")
    except (binascii.Error, ValueError):
        prefix = name = version = ""
    if prefix != _TOKEN.strip():
        raise PressrunError(
            Reason.INVALID_REQUEST,
            "page_token is not one of ours",
            violations=(Violation("page_token", "give the next_page_token of the page before, or leave it empty"),),
        )
    return name, version
