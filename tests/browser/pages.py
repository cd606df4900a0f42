"""Pages for browsers and telephones and e-mails of all samples, made by an engine of the test's own with the samples' pictures and texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from pressrun_loadtest.samples import load_bundle, statement_path
from pressrun_server.authoring.forms import mail_form
from pressrun_server.authoring.standin import StandIn, read_names
from pressrun_server.model.spec import OutputChannel, OutputFormat, RenderSpec, TemplateName
from pressrun_server.render.local import LocalEngine
from pressrun_server.template.samples import samples
from pressrun_sources.registry import Registry

__all__ = ["AS_OF", "SAMPLES", "TEMPLATES", "SamplePage", "sample_pages"]

AS_OF: Final = datetime(2026, 10, 1, tzinfo=UTC)
TEMPLATES: Final = ("claim", "dunning", "renewal", "statement")
SAMPLES: Final = statement_path().parent


@dataclass(frozen=True, slots=True)
class SamplePage:
    """A record of a sample, and the page that it makes."""

    template: str
    name: str
    locale: str
    record: bytes
    html: bytes
    mobile: bytes
    """The page for telephones."""
    mail: bytes
    """The HTML of the e-mail, with its pictures in it."""


async def sample_pages() -> list[SamplePage]:
    """The pages of all records of all samples."""
    found: list[SamplePage] = []
    folder = SAMPLES / "assets"
    names = read_names(folder)
    sources = Registry({}).completed(lambda name: StandIn(name, folder, names, lambda *_: None))
    async with LocalEngine(sources) as engine:
        for template in TEMPLATES:
            files = load_bundle(SAMPLES / template)
            info, _ = await engine.publish(files)
            for sample in samples(info, files):
                spec = RenderSpec(
                    request_id=sample.name,
                    template=TemplateName(info.name, info.version),
                    record=sample.record,
                    locale=sample.locale,
                    channel=OutputChannel.WEB,
                    format=OutputFormat.HTML,
                    attributes={},
                    as_of=AS_OF,
                )
                html, _ = await engine.render(spec)
                mobile, _ = await engine.render(replace(spec, channel=OutputChannel.MOBILE))
                message, _ = await engine.render(replace(spec, channel=OutputChannel.EMAIL, format=OutputFormat.EML))
                mail = mail_form(message).page.encode()
                found.append(SamplePage(template, sample.name, sample.locale, sample.record, html, mobile, mail))
    return found
