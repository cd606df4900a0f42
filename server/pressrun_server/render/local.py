"""Renders one document in this process, without gRPC and without a node: for authors, tests and scripts."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.resolver import AssetResolver
from pressrun_server.cas.config import StoreConfig
from pressrun_server.cas.store import open_store
from pressrun_server.cas.tier import Tier
from pressrun_server.clock import SystemClock
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.metrics.catalogue import Catalogue
from pressrun_server.metrics.labels import DocumentMeters
from pressrun_server.model.diagnostic import Diagnostic
from pressrun_server.model.digest import Digest
from pressrun_server.model.failure import Failure
from pressrun_server.model.mail import MailOrder
from pressrun_server.model.mailbox import order_faults
from pressrun_server.model.pictures import wanted_pages
from pressrun_server.model.spec import (
    PICTURES,
    PRINTER_FORMATS,
    USUAL_FORMATS,
    OutputChannel,
    OutputFormat,
    RenderSpec,
    TemplateName,
)
from pressrun_server.model.template import TemplateInfo
from pressrun_server.prepare.faults import failure_of
from pressrun_server.prepare.pool import PreparerPool
from pressrun_server.prepare.tasks import SHOWN
from pressrun_server.render.admission import Admission, AdmissionConfig
from pressrun_server.render.compile import Compiler
from pressrun_server.render.compose_stream import ComposeJob, ComposeStream
from pressrun_server.render.composition import Composition
from pressrun_server.render.config import CompileConfig, PictureConfig, PipelineConfig
from pressrun_server.render.editions import Editions
from pressrun_server.render.engine import engine
from pressrun_server.render.manifest import DocumentHeader, Manifest, manifest_json
from pressrun_server.render.pictures import Pictures
from pressrun_server.render.pipeline import Pipeline
from pressrun_server.render.press_composition import PressComposition
from pressrun_server.render.programs import Begun, begin, load
from pressrun_server.render.registry import Registry
from pressrun_server.render.template_files import TemplateFiles
from pressrun_sources.build import build_registry
from pressrun_sources.config import SourcesConfig, from_env
from pressrun_sources.errors import MisconfiguredError
from pressrun_sources.library.config import LibraryConfig
from pressrun_sources.model import Approval
from pressrun_sources.registry import Registry as SourceRegistry

__all__ = ["LocalEngine", "bundle_sources", "read_bundle", "render"]

_Word = TypeVar("_Word", bound=StrEnum)
_ASSETS = "assets"
"""The folder of a bundle whose files can be used without any source."""


def render(  # noqa: PLR0913 - keyword-only, each one optional
    bundle_dir: Path,
    record: bytes,
    *,
    locale: str | None = None,
    channel: str = "print",
    output_format: str = "",
    image: Mapping[str, Any] | None = None,
    email: Mapping[str, Any] | None = None,
    attributes: Mapping[str, str] | None = None,
    as_of: datetime | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[bytes, str]:
    """Render one record.

    Assets come from the sources that the environment configures; where it configures none, from the folder `assets` of
    the bundle, as the source `library`, whose files then count as approved.

    Args:
        bundle_dir: the folder of the template.
        record: JSON text.
        locale: BCP 47 tag; the template's default without it.
        channel: the output channel.
        output_format: of the document; empty: the usual one of the output channel.
        image: the fields of the contract's ImageOptions, where the format is a picture's.
        email: the fields of the client's EmailOptions, where it is an e-mail.
        attributes: for slot rules and expressions.
        as_of: the moment that the document speaks of; now without it.
        environ: where sources are configured; the process's environment without it.

    Returns:
        the document, and its manifest in the JSON form of the contract.

    Raises:
        PressrunError: why there is no document; for a bundle with errors it has `diagnostics`.
    """
    output = _word(OutputChannel, "channel", "output channel", channel)
    usual = USUAL_FORMATS.get(output, OutputFormat.PDF)
    form = _word(OutputFormat, "output_format", "output format", output_format or usual)
    drawn = form in PICTURES or form in PRINTER_FORMATS
    pictures, wrong = wanted_pages(form, **(image or {})) if drawn else (None, [])
    if wrong:
        raise PressrunError(
            Reason.INVALID_REQUEST,
            "; ".join(f"{field} {problem}" for field, problem in wrong),
            violations=tuple(Violation(f"image.{field}", problem) for field, problem in wrong),
        )
    files = read_bundle(bundle_dir)
    spec = RenderSpec(
        request_id="local",
        template=TemplateName(),
        record=record,
        locale=locale or "",
        channel=output,
        format=form,
        pictures=pictures,
        email=_mail(email, form) if email is not None else None,
        attributes=dict(attributes or {}),
        as_of=as_of,
    )
    sources = bundle_sources(bundle_dir, os.environ if environ is None else environ)
    return asyncio.run(_render(files, spec, sources))


def _mail(fields: Mapping[str, Any], form: OutputFormat) -> MailOrder:
    """What is wanted of an e-mail.

    Raises:
        PressrunError: INVALID_REQUEST, an address or the id of the message is none, or the document is no e-mail.
    """
    if form is not OutputFormat.EML:
        problem = "is for e-mails only; ask for the output channel email, or leave it out"
        raise PressrunError(Reason.INVALID_REQUEST, f"email {problem}", violations=(Violation("email", problem),))
    given: dict[str, Any] = {name: "" if value == "default" else value for name, value in fields.items()}
    order = msgspec.convert({**given, "attach": given.pop("attachment", "")}, MailOrder)
    if wrong := order_faults(order):
        raise PressrunError(
            Reason.INVALID_REQUEST,
            "; ".join(f"{field} {problem}" for field, problem in wrong),
            violations=tuple(Violation(f"email.{field}", problem) for field, problem in wrong),
        )
    return order


def _word(vocabulary: type[_Word], field: str, what: str, value: str) -> _Word:
    try:
        return vocabulary(value)
    except ValueError:
        problem = f"choose one of {', '.join(vocabulary)}"
        raise PressrunError(
            Reason.INVALID_REQUEST, f"there is no {what} {value!r}; {problem}", violations=(Violation(field, problem),)
        ) from None


async def _render(files: Mapping[str, bytes], spec: RenderSpec, sources: SourcesConfig) -> tuple[bytes, str]:
    async with LocalEngine(build_registry(sources)) as local:
        info, _ = await local.publish(files)
        named = replace(spec, template=TemplateName(info.name, info.version))
        data, manifest = await local.render(named)
        return data, manifest_json(manifest)


class LocalEngine:
    """A node's insides in this process, without its servers; for one event loop and one caller at a time.

    Args:
        connectors: the sources of assets; closed with the engine.
    """

    def __init__(self, connectors: SourceRegistry) -> None:
        self._connectors = connectors
        self._stack = AsyncExitStack()
        self._clock = SystemClock()
        self._metrics = Catalogue()
        self._meters = DocumentMeters(self._metrics)
        self._bundles = 0
        self._resolver: AssetResolver | None = None
        self._pipeline: Pipeline | None = None

    async def __aenter__(self) -> Self:
        stack = self._stack
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pressrun-local-")))
        self._store = await open_store(StoreConfig())
        stack.push_async_callback(self._store.close)
        self.preparers = PreparerPool(1)
        stack.push_async_callback(self.preparers.close)
        await self.preparers.start()
        stack.push_async_callback(self._connectors.close_all)
        self._composers = _InProcess(self._store)
        stack.push_async_callback(self._composers.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._resolver is not None:
            await self._resolver.close()
        await self._stack.aclose()

    async def publish(self, files: Mapping[str, bytes]) -> tuple[TemplateInfo, tuple[Diagnostic, ...]]:
        """Compile a bundle in the place of the one before, so that it can be rendered; what it is, and warnings.

        Raises:
            PressrunError: TEMPLATE_INVALID (a TemplateInvalidError), with all diagnostics.
        """
        digest = engine().digest
        self._bundles += 1
        # A resolver of its own, too: an author sees assets as they are now. What was prepared stays in the store.
        if self._resolver is not None:
            await self._resolver.close()
        self._resolver = AssetResolver(
            registry=self._connectors,
            store=self._store,
            preparers=self.preparers,
            config=AssetConfig(),
            clock=self._clock,
        )
        await self._resolver.start()
        # A registry of its own: an author changes a template without changing its version.
        registry = Registry(TemplateFiles(self._folder / str(self._bundles)), digest)
        await registry.load(lambda _name, _fault: None)
        compiler = Compiler(
            preparers=self.preparers,
            registry=registry,
            store=self._store,
            engine=digest,
            clock=self._clock,
            config=CompileConfig(),
            metrics=self._metrics,
        )
        published, warnings, _ = await compiler.publish(files)
        editions = Editions(
            registry=registry,
            preparers=self.preparers,
            store=self._store,
            engine=digest,
            config=CompileConfig(),
            metrics=self._metrics,
        )
        self._pipeline = Pipeline(
            admission=Admission(AdmissionConfig(), self._clock),
            registry=registry,
            resolver=self._resolver,
            composers=self._composers,
            engine=digest,
            clock=self._clock,
            config=PipelineConfig(time_limit=600.0),
            meters=self._meters,
            editions=editions,
            pictures=Pictures(self.preparers, PictureConfig()),
        )
        return published.info, warnings

    async def render(self, spec: RenderSpec) -> tuple[bytes, Manifest]:
        """The document of a template that was published.

        Raises:
            PressrunError: why there is none.
        """
        assert self._pipeline is not None, "publish a bundle first"
        whole = _Whole()
        last, completion = await self._pipeline.render(spec, whole)
        return b"".join((*whole.parts, last)), completion.manifest


class _InProcess:
    """Composes on this process's own event loop; there is only one document, so nobody waits for it."""

    def __init__(self, store: Tier) -> None:
        self._store = store
        self._tasks: set[asyncio.Task[None]] = set()

    def ahead(self, record: bytes, *, interactive: bool = False, tenant: str = "") -> None:
        """There is no other process to read it meanwhile."""

    def compose(self, job: ComposeJob, *, ahead: ComposeStream | None = None) -> ComposeStream:  # noqa: ARG002 - see `ahead`
        loop = asyncio.get_running_loop()
        stream = ComposeStream(self, job, loop.time())
        stream.dispatched_at = stream.submitted_at
        task = loop.create_task(self._play(job, stream))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return stream

    async def close(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def give_up(self, stream: ComposeStream) -> None:
        """Nothing to tell anybody: `_play` sees that the stream is over."""

    def credit(self, stream: ComposeStream, size: int) -> None:
        """Nothing to tell anybody: memory holds the whole document anyway."""

    def rows(self, stream: ComposeStream, data: bytes, *, last: bool) -> bool:
        """There is no way to send rows to this process."""
        raise NotImplementedError

    async def _play(self, job: ComposeJob, stream: ComposeStream) -> None:
        try:
            composition: Begun | PressComposition = begin(
                load(await self._blob(job.program)),
                job.record,
                assets={
                    slot: (Digest.parse(text), SHOWN.decode(await self._blob(text)))
                    for slot, text in job.assets.items()
                },
                attributes=job.attributes,
                as_of=job.as_of,
                engine=job.engine,
                links=job.links,
                mail=job.mail,
            )
            if job.press and isinstance(composition, Composition):
                composition = PressComposition(job.press, composition, job.program)
            for data in composition:
                if stream.over:
                    return
                stream.feed(data)
                await asyncio.sleep(0)
            stream.finish(b"", composition.summary)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the document's failure
            failure: Failure = failure_of(error, "the document can't be composed; this is a defect")
            stream.fail(failure)

    async def _blob(self, text: str) -> bytes:
        data = await self._store.get(Digest.parse(text))
        if data is None:
            raise PressrunError(
                Reason.LIMIT_EXCEEDED, f"the blob {text} does not fit into memory; use smaller images, or a node"
            )
        return data


class _Whole:
    """Keeps the document."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def start(self, header: DocumentHeader, head: bytes) -> None:  # noqa: ARG002 - the interface
        """The header is in the manifest as well."""
        self.parts.append(head)

    async def write(self, data: bytes) -> None:
        self.parts.append(data)


def read_bundle(folder: Path) -> dict[str, bytes]:
    """The files of a bundle, as the client reads them too; hidden ones are no part of it.

    Raises:
        PressrunError: INVALID_REQUEST, the folder is no bundle; LIMIT_EXCEEDED, it is too large for one.
    """
    if not (folder / "template.yaml").is_file():
        problem = "name the folder that holds template.yaml"
        raise PressrunError(
            Reason.INVALID_REQUEST,
            f"{folder} is no template bundle; {problem}",
            violations=(Violation("bundle_dir", problem),),
        )
    config = CompileConfig()
    files: dict[str, bytes] = {}
    size = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") for part in name.parts):
            continue
        size += path.stat().st_size
        if size > config.max_bytes or len(files) >= config.max_files:
            raise PressrunError(
                Reason.LIMIT_EXCEEDED,
                f"{folder} has more than {config.max_files} files or {config.max_bytes} bytes; a bundle holds "
                "template.yaml, HTML, CSS and sample records",
            )
        files[name.as_posix()] = path.read_bytes()
    return files


def bundle_sources(folder: Path, environ: Mapping[str, str]) -> SourcesConfig:
    """The sources that an environment configures; where that is none, a bundle's own files.

    Raises:
        PressrunError: INVALID_REQUEST, a setting is wrong.
    """
    try:
        config = from_env(environ)
    except MisconfiguredError as error:
        raise PressrunError(Reason.INVALID_REQUEST, error.message) from error
    configured = config.library or config.core_dam or config.cloudinary
    assets = folder / _ASSETS
    if configured is not None or not assets.is_dir():
        return config
    return replace(config, library=LibraryConfig(assets.absolute(), default_approval=Approval.APPROVED))
