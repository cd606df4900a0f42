"""A studio: compiles a bundle of a folder and makes the pages of its samples, again and again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Self

import msgspec
import yaml

from pressrun_server.authoring.forms import FORMS, Form, body_of, mail_form, message_of, page_form, text_form
from pressrun_server.authoring.parity import Gap, parity, shared, text_parity
from pressrun_server.authoring.proof import DPI, Proof
from pressrun_server.authoring.standin import StandIn, read_names
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.diagnostic import Diagnostic
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.spec import USUAL_FORMATS, OutputChannel, OutputFormat, RenderSpec, TemplateName
from pressrun_server.model.template import TemplateInfo
from pressrun_server.prepare.tasks import CHECKED, PAGES, TAGGED, RasterOrder, TaskName
from pressrun_server.render.errors import TemplateInvalidError
from pressrun_server.render.local import LocalEngine, bundle_sources, read_bundle
from pressrun_server.template.bundle import MANIFEST
from pressrun_server.template.samples import Sample, samples
from pressrun_sources.build import build_registry

__all__ = ["Look", "Sight", "Studio"]

_TIME_S = 120.0
_COMPARED = (OutputChannel.WEB, OutputChannel.EMAIL, OutputChannel.MOBILE)
"""What says what print says. A summary is left out: it says less by its nature."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What became of a sample."""

    sample: Sample
    proof: Proof | None
    failure: PressrunError | None = None
    document: bytes = b""
    forms: tuple[Form, ...] = ()
    """What is read of it beside its pages."""
    broken: tuple[tuple[str, PressrunError], ...] = ()
    """Forms that can't be had, each with the reason."""
    warnings: tuple[tuple[str, RenderWarning], ...] = ()
    """What is remarked of its documents, each with the form that it is of; no name: the pages."""


@dataclass(slots=True)
class Look:
    """What became of a bundle."""

    diagnostics: tuple[Diagnostic, ...] = ()
    failed: bool = False
    sights: list[Sight] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Of assets that a grey picture stands in for."""


class Studio:
    """Makes the pages of a bundle's samples.

    Args:
        folder: the bundle's.
        assets: the folder of files that stand in for sources that are not configured; the bundle's own without it.
        as_of: the moment that documents speak of.
    """

    def __init__(self, folder: Path, assets: Path | None, as_of: datetime) -> None:
        self._folder = folder
        self._as_of = as_of
        self._notes: dict[str, None] = {}
        own = folder / "assets"
        stand = assets if assets is not None else own if own.is_dir() else None
        names = read_names(stand) if stand is not None else {}
        configured = build_registry(bundle_sources(folder, os.environ))
        self._local = LocalEngine(
            configured.completed(lambda name: StandIn(name, stand, names, self._notes.setdefault))
        )

    async def __aenter__(self) -> Self:
        await self._local.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._local.__aexit__()

    async def check(self) -> Look:
        """Compile the bundle and nothing else."""
        look = Look()
        await self._publish(look)
        return look

    async def look(self, dpi: float = DPI) -> Look:
        """Compile the bundle and make the pages of all samples.

        Args:
            dpi: resolution of the pictures.
        """
        look = Look()
        files = await self._publish(look)
        if files is None:
            return look
        info, contents = files
        for sample in samples(info, contents):
            spec = RenderSpec(
                request_id=sample.name,
                template=TemplateName(info.name, info.version),
                record=sample.record,
                locale=sample.locale,
                channel=OutputChannel.PRINT,
                attributes={},
                as_of=self._as_of,
            )
            forms, broken, warnings = await self._forms(info, spec)
            sight = Sight(sample, Proof((), ()), forms=forms, broken=broken, warnings=warnings)
            if OutputChannel.PRINT in info.channels:
                try:
                    document, manifest = await self._local.render(spec)
                    own = [("", warning) for warning in manifest.warnings]
                    sight = replace(sight, warnings=(*own, *warnings))
                    sight = replace(sight, proof=await self._proof(document, dpi), document=document)
                except PressrunError as error:
                    sight = replace(sight, proof=None, failure=error)
            look.sights.append(sight)
        look.notes = list(self._notes)
        return look

    async def _forms(
        self, info: TemplateInfo, spec: RenderSpec
    ) -> tuple[tuple[Form, ...], tuple[tuple[str, PressrunError], ...], tuple[tuple[str, RenderWarning], ...]]:
        """What is read of a sample in each output channel of its template, what can't be had, and what is remarked."""
        forms: list[Form] = []
        warnings: list[tuple[str, RenderWarning]] = []
        broken: list[tuple[str, PressrunError]] = []
        for name, (channel, form) in FORMS.items():
            if channel not in info.channels or (form is OutputFormat.TEXT and not info.summary):
                continue
            try:
                document, manifest = await self._local.render(replace(spec, channel=channel, format=form))
            except PressrunError as error:
                broken.append((name, error))
                continue
            warnings += [(name, warning) for warning in manifest.warnings]
            if form is OutputFormat.TEXT:
                forms.append(text_form(document, manifest.text))
            else:
                forms.append(mail_form(document) if form is OutputFormat.EML else page_form(name, document))
        return tuple(forms), tuple(broken), tuple(warnings)

    async def parity(self, record: bytes, locale: str = "") -> tuple[list[Gap], tuple[str, ...]]:
        """What an output channel says and another one does not, but for what the template marks as for some alone.

        Args:
            record: JSON text.
            locale: BCP 47 tag; the template's default without it.

        Returns:
            the gaps, and what was compared.

        Raises:
            PressrunError: why there is no document; TEMPLATE_INVALID (a TemplateInvalidError), with all diagnostics;
                INVALID_REQUEST, the template offers no two output channels.
        """
        files = read_bundle(self._folder)
        info, _ = await self._local.publish(files)
        others = [channel for channel in _COMPARED if channel in info.channels]
        if OutputChannel.PRINT not in info.channels or not others:
            problem = "print is compared with web, email and mobile; offer it and one of these in channels"
            raise PressrunError(Reason.INVALID_REQUEST, problem, violations=(Violation("channels", problem),))
        gaps: list[Gap] = []
        for channel in others:
            found = await self._compared(info, record, locale, channel)
            if found:  # with what both are to say alone
                alike, _ = await self._local.publish(_shared(files, (OutputChannel.PRINT, channel)))
                found = await self._compared(alike, record, locale, channel)
                info, _ = await self._local.publish(files)
            gaps += found
        return gaps, (OutputChannel.PRINT, *others)

    async def _compared(self, info: TemplateInfo, record: bytes, locale: str, channel: OutputChannel) -> list[Gap]:
        paper = await self._made(info, record, locale, OutputChannel.PRINT)
        elements = TAGGED.decode(await self._local.preparers.run(TaskName.TAGGED, paper, timeout=_TIME_S))
        made = await self._made(info, record, locale, channel)
        if channel is not OutputChannel.EMAIL:
            return parity(elements, made.decode(), channel)
        message = message_of(made)
        page, text = body_of(message, "html"), body_of(message, "plain")
        return [*parity(elements, page, channel), *text_parity(page, text, "email, plain text", channel)]

    async def _made(self, info: TemplateInfo, record: bytes, locale: str, channel: OutputChannel) -> bytes:
        spec = RenderSpec(
            request_id="parity",
            template=TemplateName(info.name, info.version),
            record=record,
            locale=locale,
            channel=channel,
            format=USUAL_FORMATS[channel],
            as_of=self._as_of,
        )
        return (await self._local.render(spec))[0]

    async def _publish(self, look: Look) -> tuple[TemplateInfo, dict[str, bytes]] | None:
        files = read_bundle(self._folder)
        try:
            info, look.diagnostics = await self._local.publish(files)
        except TemplateInvalidError as error:
            look.diagnostics, look.failed = tuple(error.diagnostics), True
            return None
        return info, files

    async def _proof(self, document: bytes, dpi: float) -> Proof:
        run = self._local.preparers.run
        order = msgspec.msgpack.encode(RasterOrder(document, dpi=dpi))
        pictures = PAGES.decode(await run(TaskName.RASTER, order, timeout=_TIME_S))
        facts = CHECKED.decode(await run(TaskName.CHECK, document, timeout=_TIME_S))
        texts = msgspec.convert(facts["text"], list[str])
        return Proof(tuple(pictures), tuple(texts))


def _shared(files: dict[str, bytes], channels: Iterable[str]) -> dict[str, bytes]:
    """The files of a bundle, with nothing in its HTML that some output channels do not all show."""
    named = str(yaml.safe_load(files[MANIFEST]).get("html", "template.html"))
    return files | {named: shared(files[named].decode(), channels).encode()}
