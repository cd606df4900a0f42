"""From an asset's bytes to its prepared blob, once for all who use the same bytes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from importlib.metadata import version
from typing import Final, Protocol

import msgspec

from pressrun_server.assets.flight import SingleFlight
from pressrun_server.cas.tier import Tier
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.approved import APPROVED
from pressrun_server.model.digest import Digest
from pressrun_server.model.prepared import PreparedImage, PreparedPicture
from pressrun_server.model.template import RenditionSpec
from pressrun_server.prepare.errors import PreparerCrashedError
from pressrun_server.prepare.tasks import IMAGE, PICTURE, TEXT, RenditionOrder, TaskName

__all__ = ["IMAGE_VERSION", "Preparation", "Prepared", "Preparing", "Remembering", "preparation_name"]

IMAGE_VERSION: Final = 2
"""Counts up when `prepare.image` makes other objects of the same bytes."""
TEXT_VERSION: Final = 1
"""The same of `prepare.text`."""
PICTURE_VERSION: Final = 1
"""The same of `prepare.picture`."""

_LOST_SECONDS: Final = 60.0
"""A machine that was very busy may have been the cause, so it is tried again."""
_MOST_LOST: Final = 1000


class Preparing(Protocol):
    """Does tasks in limited processes; `prepare.pool.PreparerPool` in a node."""

    async def run(
        self,
        task: str,
        payload: bytes,
        *,
        timeout: float,  # noqa: ASYNC109 - as the pool has it
        lost: Callable[[PressrunError], None] | None = None,
    ) -> bytes:
        """Do one task; `lost` is told of what cost it its process, also where the caller has left by then.

        Raises:
            PressrunError: what the task found, or LIMIT_EXCEEDED, INTERNAL, QUEUE_FULL, DRAINING.
        """


class Prepared(msgspec.Struct, frozen=True):
    """A prepared blob, and what its image turned out to be."""

    digest: Digest
    width: int
    height: int
    """Pixels; 0 of a text."""


ORIGINAL = RenditionSpec()
_Input = tuple[Digest, RenditionSpec | None]
"""Bytes, and what is made of them."""


class Remembering(Protocol):
    """Records of what was made: a `Ledger` of one node, or a `SharedLedger` of a cluster."""

    async def get(self, key: str) -> Prepared | None:
        """The record, if there is one."""

    async def put(self, key: str, value: Prepared) -> None:
        """Keep the record."""


def preparation_name() -> str:
    """What decides the objects beside the bytes: our code and the libraries, without importing them."""
    libraries = (f"{name}={version(name)}" for name in ("pillow", "pymupdf", "pikepdf", "deflate"))
    return f"image={IMAGE_VERSION};text={TEXT_VERSION};picture={PICTURE_VERSION};{';'.join(libraries)}"


class Preparation:
    """Prepares images and texts, and remembers by what digest the result is known.

    The name of a result is (input digest, preparation, engine); results are blobs of the store, their names are in the
    ledger.
    Guarantee: equal bytes are prepared once at a time, whoever asks; a result is decoded and checked before it is
    stored, because the process that made it had read what strangers wrote. Bytes that cost a preparer its life (some
    bombs take longer than any document waits) are given to no other one for a minute; whoever wants them hears why at
    once.
    """

    def __init__(
        self,
        *,
        store: Tier,
        preparers: Preparing,
        ledger: Remembering,
        seconds: float,
        engine: str = "",
        max_remembered: int = 10_000,
    ) -> None:
        self.name = preparation_name()
        self._engine = engine
        self._store = store
        self._preparers = preparers
        self._ledger = ledger
        self._seconds = seconds
        self._max_remembered = max_remembered
        self._known: OrderedDict[_Input, Prepared] = OrderedDict()
        self._flight: SingleFlight[_Input, Prepared] = SingleFlight()
        self._lost: OrderedDict[_Input, tuple[PressrunError | None, float]] = OrderedDict()
        """What cost a preparer its life, how (None: a process died over it once), and until when it is remembered."""

    async def of_bytes(self, source: Digest, data: bytes, rendition: RenditionSpec = ORIGINAL) -> Prepared:
        """The prepared blob of these bytes in a rendition, which is in the store when this returns.

        Raises:
            PressrunError: ASSET_INVALID, ASSET_TOO_LARGE, or as the preparers raise.
        """
        wanted = (source, made_by_us(rendition))
        return await self._of_stored(wanted) or await self._flight.run(wanted, lambda: self._prepare(wanted, data))

    async def of_stored(self, source: Digest, rendition: RenditionSpec = ORIGINAL) -> Prepared | None:
        """The same, of bytes that were seen before; None where neither result nor bytes are in the store any more.

        Raises:
            PressrunError: as `of_bytes` does.
        """
        return await self._of_stored((source, made_by_us(rendition)))

    async def _of_stored(self, wanted: _Input) -> Prepared | None:
        prepared = self._known.get(wanted) or await self._ledger.get(self._key(wanted))
        if prepared is not None and await self._store.get(prepared.digest) is not None:
            self._remember(wanted, prepared)
            return prepared
        data = await self._store.get(wanted[0])
        return None if data is None else await self._flight.run(wanted, lambda: self._prepare(wanted, data))

    async def close(self) -> None:
        """Cancel what is under way."""
        await self._flight.close()

    async def _prepare(self, wanted: _Input, data: bytes) -> Prepared:
        rendition = wanted[1]
        self._check_lost(wanted)
        task, payload = TaskName.IMAGE, data
        if rendition == APPROVED:
            task = TaskName.TEXT
        elif rendition is not None:
            task = TaskName.PICTURE if rendition.screen else TaskName.RENDITION
            payload = msgspec.msgpack.encode(RenditionOrder(data, rendition))
        try:
            encoded = await self._run(wanted, task, payload)
        except PreparerCrashedError:
            # Somebody may have ended the process; what ends two is at fault.
            encoded = await self._run(wanted, task, payload)
        image: PreparedImage | PreparedPicture | None = None
        try:
            if rendition == APPROVED:
                TEXT.decode(encoded)
            else:
                image = PICTURE.decode(encoded) if rendition is not None and rendition.screen else IMAGE.decode(encoded)
        except msgspec.MsgspecError as error:
            raise PressrunError(
                Reason.INTERNAL, "the preparer gave something that is no prepared asset", detail=str(error)
            ) from error
        if image is None:
            prepared = Prepared(Digest.of(encoded), 0, 0)
        else:
            if isinstance(image, PreparedImage):
                _check(image)
            prepared = Prepared(Digest.of(encoded), image.width, image.height)
        await self._store.put(prepared.digest, encoded)
        self._remember(wanted, prepared)
        await self._ledger.put(self._key(wanted), prepared)
        return prepared

    async def _run(self, wanted: _Input, task: TaskName, payload: bytes) -> bytes:
        return await self._preparers.run(
            task, payload, timeout=self._seconds, lost=lambda error: self._lose(wanted, error)
        )

    def _lose(self, wanted: _Input, error: PressrunError) -> None:
        """These bytes cost a preparer its life."""
        crashed_once = isinstance(error, PreparerCrashedError) and wanted not in self._lost
        until = asyncio.get_running_loop().time() + _LOST_SECONDS
        self._lost[wanted] = None if crashed_once else error, until
        self._lost.move_to_end(wanted)
        if len(self._lost) > _MOST_LOST:
            self._lost.popitem(last=False)

    def _check_lost(self, wanted: _Input) -> None:
        error, until = self._lost.get(wanted, (None, 0.0))
        if asyncio.get_running_loop().time() >= until:
            self._lost.pop(wanted, None)
        elif error is not None:
            raise error.with_traceback(None)

    def _remember(self, wanted: _Input, prepared: Prepared) -> None:
        self._known[wanted] = prepared
        self._known.move_to_end(wanted)
        if len(self._known) > self._max_remembered:
            self._known.popitem(last=False)

    def _key(self, wanted: _Input) -> str:
        source, rendition = wanted
        plain = f"{self.name};{self._engine};{source}"
        return plain if rendition is None else f"{plain};{msgspec.json.encode(rendition).decode()}"


def made_by_us(rendition: RenditionSpec) -> RenditionSpec | None:
    """What of a rendition is made here where its source did not; None where nothing is."""
    if rendition == APPROVED:
        return APPROVED
    if not (rendition.width or rendition.height or rendition.color_space or rendition.screen):
        return None
    return msgspec.structs.replace(rendition, dpi=None, hosted=False)


def _check(image: PreparedImage) -> None:
    """References lead to objects of the same image, and the first object is one with a stream."""
    count = len(image.objects)
    sound = (
        count > 0
        and image.objects[0].stream is not None
        and image.width > 0
        and image.height > 0
        and all(0 <= part < count for item in image.objects for part in item.parts if isinstance(part, int))
    )
    if not sound:
        raise PressrunError(Reason.INTERNAL, "the preparer gave a prepared image whose objects do not hold together")
