"""Compile: from the files of a bundle to a published template; the work is done in a preparer."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from pressrun_server.cas.tier import Tier
from pressrun_server.clock import Clock
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.metrics.catalogue import Catalogue
from pressrun_server.model.diagnostic import Diagnostic, Severity
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import CompiledTemplate
from pressrun_server.prepare.errors import PreparerTimeoutError
from pressrun_server.prepare.tasks import BUNDLE, COMPILED, TaskName
from pressrun_server.render.compiled import SharedCompilations
from pressrun_server.render.config import CompileConfig
from pressrun_server.render.errors import TemplateInvalidError
from pressrun_server.render.registry import Published, Registry
from pressrun_server.render.sharing.claims import Claiming
from pressrun_server.render.template_files import Entry
from pressrun_server.template.bundle import bundle_digest

__all__ = ["Compiler", "Preparing", "check_bundle"]

_BAD_CHARACTER = re.compile(r"[\x00-\x1f\x7f\\]")
_LONGEST_PATH = 255
_SHOWN = 60
_DAMAGED = "the files of the bundle are missing or damaged; publish it once more"


class Preparing(Protocol):
    """Does tasks in limited processes; `prepare.pool.PreparerPool` in a node."""

    async def run(self, task: str, payload: bytes, *, timeout: float) -> bytes:  # noqa: ASYNC109 - as the pool has it
        """Do one task.

        Raises:
            PressrunError: what the task found, or LIMIT_EXCEEDED, INTERNAL, QUEUE_FULL, DRAINING.
        """


class Compiler:
    """Checks and publishes bundles.

    Guarantee: untrusted files are only ever parsed in a preparer, within limits; a bundle that is published, or is
    being compiled, or that another node of the cluster has compiled, is not compiled a second time: it is known by its
    digest. Compiled programs are blobs in the store
    and in the registry's folder.

    Args:
        claims: lets a name and version stand for a template in the whole cluster, before it is known here; None: this
            node is alone.
    """

    def __init__(  # noqa: PLR0913 - all are collaborators, given by name
        self,
        *,
        preparers: Preparing,
        registry: Registry,
        store: Tier,
        engine: str,
        clock: Clock,
        config: CompileConfig,
        metrics: Catalogue,
        shared: SharedCompilations | None = None,
        claims: Claiming | None = None,
    ) -> None:
        self._preparers = preparers
        self._registry = registry
        self._store = store
        self._engine = engine
        self._clock = clock
        self._config = config
        self._metrics = metrics
        self._shared = shared or SharedCompilations(store, None, engine)
        self._claims = claims
        self._running: dict[str, asyncio.Future[CompiledTemplate]] = {}

    async def check(self, files: Mapping[str, bytes]) -> CompiledTemplate:
        """Compile a bundle and say everything there is to say about it.

        Raises:
            PressrunError: INVALID_REQUEST, LIMIT_EXCEEDED, DEADLINE_EXCEEDED, QUEUE_FULL, DRAINING, INTERNAL.
        """
        check_bundle(files, self._config)
        digest = bundle_digest(files)
        known = self._registry.known(digest)
        if known is not None:
            return CompiledTemplate(known.entry.warnings, known.info)
        running = self._running.get(digest)
        if running is None:
            running = asyncio.ensure_future(self._compiled(digest, dict(files)))
            self._running[digest] = running
            running.add_done_callback(lambda done: self._forget(digest, done))
        # A caller that leaves takes nothing from the others that wait for the same bundle.
        return await asyncio.shield(running)

    async def publish(self, files: Mapping[str, bytes]) -> tuple[Published, tuple[Diagnostic, ...], bool]:
        """Compile a bundle and make it known: the template, the warnings, and whether it is new here.

        Raises:
            PressrunError: TEMPLATE_INVALID (a TemplateInvalidError), TEMPLATE_CONFLICT, and as for `check`.
        """
        compiled = await self.check(files)
        if compiled.info is None:
            raise TemplateInvalidError(compiled.diagnostics)
        held = self._registry.conflict(compiled.info)
        if self._claims is None:
            if held is not None:
                return held, compiled.diagnostics, False
            published, created = await self._keep(compiled, _packed(files), self._clock.now())
            return published, compiled.diagnostics, created
        bundle = _packed(files)
        # Also of one that is known here: the others may have lost it.
        moment = await self._claims.claim(compiled.info, bundle, None if held is None else held.entry.published_at)
        if held is not None:
            return held, compiled.diagnostics, False
        published, created = await self._keep(compiled, bundle, moment, elsewhere=True)
        return published, compiled.diagnostics, created

    async def again(self, entry: Entry) -> Published:
        """Compile a template that another engine compiled; it keeps its name, its digest and its date.

        Raises:
            PressrunError: as for `publish`; TEMPLATE_INVALID also where the bundle is damaged.
        """
        bundle = await self._registry.blob(entry.bundle)
        if bundle is None:
            raise PressrunError(Reason.TEMPLATE_INVALID, _DAMAGED)
        return await self._of_bundle(entry.info.digest, bundle, entry.published_at, elsewhere=False)

    async def adopt(self, digest: str, bundle: bytes, published_at: datetime) -> Published:
        """Make a template known that was published at another node.

        Args:
            digest: the template's.
            bundle: its files, MessagePack: path to bytes.
            published_at: when it was published first.

        Raises:
            PressrunError: as for `publish`; TEMPLATE_INVALID also where the bundle is damaged.
        """
        return await self._of_bundle(digest, bundle, published_at, elsewhere=True)

    async def _of_bundle(self, digest: str, bundle: bytes, published_at: datetime, *, elsewhere: bool) -> Published:
        """Compile what is the bundle of a template that has its date."""
        try:
            files = BUNDLE.decode(bundle)
        except msgspec.MsgspecError as error:
            raise PressrunError(Reason.TEMPLATE_INVALID, _DAMAGED, detail=str(error)) from error
        if bundle_digest(files) != digest:
            raise PressrunError(Reason.TEMPLATE_INVALID, _DAMAGED)
        compiled = await self.check(files)
        if compiled.info is None:
            raise TemplateInvalidError(compiled.diagnostics)
        held = self._registry.known(digest)
        if held is not None:
            return held
        published, _ = await self._keep(compiled, bundle, published_at, elsewhere=elsewhere)
        return published

    def _forget(self, digest: str, done: asyncio.Future[CompiledTemplate]) -> None:
        self._running.pop(digest, None)
        if not done.cancelled():
            done.exception()  # looked at here, because every caller may have left

    async def _keep(
        self, compiled: CompiledTemplate, bundle: bytes, published_at: datetime, *, elsewhere: bool = False
    ) -> tuple[Published, bool]:
        assert compiled.info is not None
        programs = {locale: Digest.of(program) for locale, program in compiled.programs.items()}
        blobs = {digest: compiled.programs[locale] for locale, digest in programs.items()}
        moment = published_at.astimezone(UTC)
        entry = Entry(compiled.info, programs, Digest.of(bundle), self._engine, moment, warnings=compiled.diagnostics)
        published, created = await self._registry.publish(entry, {**blobs, entry.bundle: bundle}, elsewhere=elsewhere)
        if created:
            for digest, program in blobs.items():
                await self._store.put(digest, program)
        return published, created

    async def _compiled(self, digest: str, files: dict[str, bytes]) -> CompiledTemplate:
        """From another node that has compiled it, or is just at it, or from a preparer."""
        return await self._shared.get(digest) or await self._shared.make(digest, lambda: self._compile(files))

    async def _compile(self, files: dict[str, bytes]) -> CompiledTemplate:
        started = time.monotonic()
        payload = msgspec.msgpack.encode(files)
        result = "failed"
        try:
            async with asyncio.timeout(self._config.wait_limit):
                answer = await self._preparers.run(TaskName.COMPILE, payload, timeout=self._config.time_limit)
            compiled = COMPILED.decode(answer)
            result = "invalid" if compiled.info is None else "ok"
        except TimeoutError:
            raise _overdue(f"no preparer was free for it within {self._config.wait_limit:g} s") from None
        except PreparerTimeoutError as error:
            raise _overdue(error.message) from error
        finally:
            self._metrics.compilations.labels(result).inc()
            self._metrics.compile_seconds.observe(time.monotonic() - started)
        return msgspec.structs.replace(compiled, diagnostics=_sorted(compiled.diagnostics))


def check_bundle(files: Mapping[str, bytes], config: CompileConfig) -> None:
    """Whether the files may be given to the compiler at all.

    Raises:
        PressrunError: INVALID_REQUEST, a path; LIMIT_EXCEEDED, too many files or bytes.
    """
    if not files:
        problem = "give the files of the bundle, template.yaml among them"
        raise PressrunError(
            Reason.INVALID_REQUEST, f"the bundle has no files; {problem}", violations=(Violation("files", problem),)
        )
    if len(files) > config.max_files:
        raise PressrunError(
            Reason.LIMIT_EXCEEDED,
            f"the bundle has {len(files)} files; the most is {config.max_files}; "
            "leave out what the template does not use",
        )
    size = sum(map(len, files.values()))
    if size > config.max_bytes:
        raise PressrunError(
            Reason.LIMIT_EXCEEDED,
            f"the bundle has {size} bytes; the most is {config.max_bytes}; "
            "keep images in an asset source, not in the bundle",
        )
    violations = tuple(
        Violation(f"files[{_shown(path)}].path", problem) for path in files if (problem := _path_problem(path))
    )
    if violations:
        raise PressrunError(
            Reason.INVALID_REQUEST,
            f"{len(violations)} paths of the bundle are not valid: {violations[0].field}: {violations[0].description}",
            violations=violations,
        )


def _packed(files: Mapping[str, bytes]) -> bytes:
    """A bundle as it is kept and sent; the same files give the same bytes."""
    return msgspec.msgpack.encode({path: files[path] for path in sorted(files)})


def _path_problem(path: str) -> str:
    """What is wrong with a path of a bundle; nothing for a good one."""
    if not path or len(path) > _LONGEST_PATH:
        return f"must have 1 to {_LONGEST_PATH} characters"
    if _BAD_CHARACTER.search(path):
        return "must not hold backslashes or control characters; separate folders with /"
    if any(part in {"", ".", ".."} for part in path.split("/")):
        return "must be relative, without empty, `.` and `..` parts, e.g. statement.html or css/page.css"
    return ""


def _shown(path: str) -> str:
    text = path if len(path) <= _SHOWN else f"{path[:_SHOWN]}…"
    return text.encode("unicode_escape").decode("ascii")


def _overdue(why: str) -> PressrunError:
    return PressrunError(Reason.DEADLINE_EXCEEDED, f"the bundle was not compiled: {why}")


def _sorted(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Errors first, then by file and place, as the contract promises."""
    return tuple(
        sorted(diagnostics, key=lambda item: (item.severity is not Severity.ERROR, item.file, item.line, item.column))
    )
