"""What compiling gave, shared by the nodes of a cluster, so that a bundle is compiled once for all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from pressrun_server.assets.cluster_flight import ClusterFlight
from pressrun_server.cas.shared_map import SharedMap
from pressrun_server.cas.tier import Tier
from pressrun_server.model.diagnostic import Diagnostic
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import CompiledTemplate, TemplateInfo

__all__ = ["SharedCompilations"]

_KEEP_SECONDS = 30 * 86_400.0


class _Record(msgspec.Struct, frozen=True):
    """A compiled template whose programs are blobs of their own."""

    diagnostics: tuple[Diagnostic, ...]
    info: TemplateInfo
    programs: dict[str, Digest]


_RECORD = msgspec.msgpack.Decoder(_Record)
_DIGEST = msgspec.msgpack.Decoder(Digest)


class SharedCompilations:
    """Knows the compilations of all nodes by (bundle digest, engine digest).

    The name leads to a record and the record to programs, all of them blobs of the store; where one of them has left
    it, there is no compilation. Only successful ones are kept.

    Args:
        store: holds the blobs.
        names: the names, shared; None: only this node's own registry knows compilations.
        engine: digest of the engine; another one makes other programs.
        flight: sees to it that one process at a time compiles a bundle; None: nobody else is waited for.
    """

    def __init__(self, store: Tier, names: SharedMap | None, engine: str, flight: ClusterFlight | None = None) -> None:
        self._flight = flight or ClusterFlight((), store.settle)
        self._store = store
        self._names = names
        self._engine = engine

    async def get(self, bundle: str) -> CompiledTemplate | None:
        """The compilation of a bundle, whole, if a node has made it."""
        if self._names is None:
            return None
        name = await self._names.get(self._name(bundle))
        if name is None:
            return None
        try:
            data = await self._store.get(_DIGEST.decode(name))
            record = None if data is None else _RECORD.decode(data)
        except msgspec.MsgspecError:
            return None  # of a node with another version of this code
        if record is None or record.info.digest != bundle:
            return None
        programs: dict[str, bytes] = {}
        for locale, digest in record.programs.items():
            program = await self._store.get(digest)
            if program is None:
                return None
            programs[locale] = program
        return CompiledTemplate(record.diagnostics, record.info, programs)

    async def make(self, bundle: str, compile_: Callable[[], Awaitable[CompiledTemplate]]) -> CompiledTemplate:
        """Compile a bundle and keep what comes of it, or have what another process, which is at it, makes.

        Raises:
            PressrunError: as compiling does.
        """

        async def make() -> CompiledTemplate:
            compiled = await compile_()
            await self.put(compiled)
            return compiled

        return await self._flight.run(self._name(bundle), lambda: self.get(bundle), make)

    async def put(self, compiled: CompiledTemplate) -> None:
        """Keep it for the other nodes, and its programs in the store."""
        if compiled.info is None or self._names is None:
            return
        programs = {locale: Digest.of(program) for locale, program in compiled.programs.items()}
        for locale, digest in programs.items():
            await self._store.put(digest, compiled.programs[locale])
        data = msgspec.msgpack.encode(_Record(compiled.diagnostics, compiled.info, programs))
        digest = Digest.of(data)
        await self._store.put(digest, data)
        await self._names.put(self._name(compiled.info.digest), msgspec.msgpack.encode(digest), seconds=_KEEP_SECONDS)

    def _name(self, bundle: str) -> str:
        return f"compiled {self._engine} {bundle}"
