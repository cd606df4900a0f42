"""`pressrun template test` and `preview`, `pressrun parity`, and what `pressrun template check --local` calls."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pressrun_server.authoring.parity import Gap
    from pressrun_server.authoring.studio import Look, Sight
    from pressrun_server.model.diagnostic import Diagnostic

__all__ = ["check_local", "parity", "preview", "test"]

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_AS_OF = "2026-01-31T12:00:00+00:00"
_BUNDLE = click.argument("folder", type=_FOLDER)
_ASSETS = click.option(
    "--assets",
    type=_FOLDER,
    help="Files that stand in for assets of sources that are not configured; FOLDER/assets without it.",
)
_MOMENT = click.option("--as-of", default=_AS_OF, show_default=True, help="The moment that documents speak of.")


def check_local(folder: Path) -> Sequence[Diagnostic]:
    """All diagnostics of a bundle, without a node.

    Raises:
        PressrunError: the folder is no bundle.
    """
    from pressrun_server.authoring.studio import Studio  # noqa: PLC0415 - the command's help needs none of it

    async def check() -> Sequence[Diagnostic]:
        async with Studio(folder, None, _moment(_AS_OF)) as studio:
            return (await studio.check()).diagnostics

    _quiet()
    return asyncio.run(check())


@click.command(epilog="Exit codes: 0 all is as approved, 1 something differs or fails, 2 wrong usage.")
@_BUNDLE
@_ASSETS
@_MOMENT
@click.option("--approve", is_flag=True, help="Keep the pages as they are now as approved.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where pictures of differences go.")
def test(folder: Path, assets: Path | None, as_of: str, out: Path | None, *, approve: bool) -> None:
    """Render the samples of the bundle in FOLDER and compare them with what was approved.

    The text of pages must be the same, and their pictures but for the finest shades; of pages for browsers and
    telephones, e-mails and summaries what is read: words, links, headers. What was approved is in FOLDER/.approved.

    Example: pressrun template test templates/statement --assets brand
    """
    look = _look(folder, assets, as_of)
    wrong = look.failed
    _echo_diagnostics(look)
    for sight in look.sights:
        wrong = _report(folder, sight, out, approve=approve) or wrong
    for note in look.notes:
        click.echo(f"note: {note}")
    if not look.failed and not look.sights:
        click.echo("template.yaml lists no samples; write `samples: [samples/one.json]`")
        wrong = True
    if wrong:
        raise SystemExit(1)


@click.command(epilog="Stop it with Ctrl-C.")
@_BUNDLE
@_ASSETS
@_MOMENT
@click.option("--watch", is_flag=True, help="Render again whenever a file of the bundle is saved.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the page; 0 takes a free one.")
@click.option("--browser/--no-browser", default=True, help="Whether to open the page.")
def preview(folder: Path, assets: Path | None, as_of: str, port: int, *, watch: bool, browser: bool) -> None:
    """Show the samples of the bundle in FOLDER in the browser, in all output channels, with all diagnostics.

    Example: pressrun template preview templates/statement --watch
    """
    from pressrun_server.authoring.preview import show  # noqa: PLC0415 - the command's help needs none of it
    from pressrun_server.authoring.studio import Studio  # noqa: PLC0415 - as above
    from pressrun_server.errors import PressrunError  # noqa: PLC0415 - as above

    _quiet()

    def ready(url: str) -> None:
        click.echo(f"showing {folder} at {url}")
        if browser:
            click.launch(url)

    async def run() -> None:
        async with Studio(folder, assets, _moment(as_of)) as studio:
            await show(folder, studio, port, ready, watch=watch)

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        click.echo("stopped")
    except (PressrunError, OSError) as error:
        raise click.ClickException(str(error)) from error


@click.command(
    epilog="\b\nExit codes: 0 all say the same, 1 they do not, 2 wrong usage.\n"
    "Example: pressrun parity templates/statement record.json --locale de-DE"
)
@_BUNDLE
@click.argument("record", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--locale", default="", help="BCP 47 tag; the template's default without it.")
@_ASSETS
@_MOMENT
def parity(folder: Path, record: str, locale: str, assets: Path | None, as_of: str) -> None:
    """Say where RECORD reads otherwise in print than in a browser, in an e-mail or on a telephone.

    All are made with the bundle in FOLDER.

    Texts, amounts, alternative texts and links must be the same, in the same order, in HTML and in plain text; what
    pr-channel marks as for some output channels alone is left out.
    """
    from pressrun_server.authoring.studio import Studio  # noqa: PLC0415 - the command's help needs none of it
    from pressrun_server.errors import PressrunError  # noqa: PLC0415 - as above

    with click.open_file(record, "rb") as source:
        data = source.read()

    async def compare() -> tuple[Sequence[Gap], tuple[str, ...]]:
        async with Studio(folder, assets, _moment(as_of)) as studio:
            return await studio.parity(data, locale)

    _quiet()
    try:
        gaps, compared = asyncio.run(compare())
    except PressrunError as error:
        raise click.ClickException(error.whole) from error
    for gap in gaps:
        around = f", around: {gap.around}" if gap.around else ""
        click.echo(f"{gap.what} {gap.missing!r} is not said in {gap.where}{around}")
    if gaps:
        click.echo(f"{len(gaps)} differences; pr-channel marks what is for one output channel only")
        raise SystemExit(1)
    click.echo(f"{', '.join(compared[:-1])} and {compared[-1]} say the same")


def _look(folder: Path, assets: Path | None, as_of: str) -> Look:
    from pressrun_server.authoring.studio import Studio  # noqa: PLC0415 - the command's help needs none of it
    from pressrun_server.errors import PressrunError  # noqa: PLC0415 - as above

    async def look() -> Look:
        async with Studio(folder, assets, _moment(as_of)) as studio:
            return await studio.look()

    _quiet()
    try:
        return asyncio.run(look())
    except PressrunError as error:
        raise click.ClickException(error.whole) from error


def _report(folder: Path, sight: Sight, out: Path | None, *, approve: bool) -> bool:
    """Say what became of a sample; whether something is wrong with it."""
    from pressrun_server.authoring import proof  # noqa: PLC0415 - needs Pillow

    name = f"{sight.sample.name} ({sight.sample.locale})"
    for form, failure in sight.broken:
        click.echo(f"{name}, {form}: no document: {failure.whole}")
    for form, warning in sight.warnings:
        click.echo(f"{name}, {form}: warning: {warning}" if form else f"{name}: warning: {warning}")
    if sight.proof is None:
        assert sight.failure is not None
        click.echo(f"{name}: no document: {sight.failure.whole}")
        return True
    pages = len(sight.proof.texts)
    count = "1 page" if pages == 1 else f"{pages} pages"
    count = ", ".join((count, *(form.name for form in sight.forms)))
    if approve:
        proof.approve(folder, sight.sample.name, sight.proof, sight.forms)
        click.echo(f"{name}: {count} approved")
        return bool(sight.broken)
    wrong = bool(sight.broken)
    for form, what in proof.unlike(folder, sight.sample.name, sight.forms):
        wrong = True
        click.echo(f"{name}, {form}: {what}")
    for found in proof.differences(folder, sight.sample.name, sight.proof):
        wrong = True
        where = f", page {found.page}" if found.page else ""
        click.echo(f"{name}{where}: {found.what}")
        if found.picture is not None and out is not None:
            out.mkdir(parents=True, exist_ok=True)
            path = out / f"{sight.sample.name}-page-{found.page}.png"
            path.write_bytes(found.picture)
            click.echo(f"      marked in {path}")
    if not wrong:
        click.echo(f"{name}: {count} as approved")
    return wrong


def _echo_diagnostics(look: Look) -> None:
    for diagnostic in look.diagnostics:
        click.echo(f"{diagnostic} [{diagnostic.code}]")
        if diagnostic.hint:
            click.echo(f"    hint: {diagnostic.hint}")


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no moment such as {_AS_OF}", param_hint="--as-of") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _quiet() -> None:
    from pressrun_server.logs import LogConfig, configure  # noqa: PLC0415 - the command's help needs none of it

    configure(LogConfig(format="console", level="warning"))
