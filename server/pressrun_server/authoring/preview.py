"""A page in the browser that shows a bundle's samples, and shows them again when a file is saved."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from pressrun_server.authoring.forms import Form
from pressrun_server.authoring.studio import Look, Sight, Studio

__all__ = ["show"]

_DPI = 110
_PAUSE_S = 0.3
"""Between two looks at the files: a save shows at once, and a folder on a network disk is not kept busy."""
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'"
)
_SHOWN = "sandbox; default-src 'none'; img-src data: https:; media-src https:; style-src 'unsafe-inline'"
"""What a form may do that is shown in a frame: run nothing, and fetch what is hosted."""
_WIDTHS = {"web": 900, "mobile": 390, "email": 720}
"""CSS pixels of the frames."""

_STYLE = """
:root { color-scheme: light; font: 15px/1.5 system-ui, sans-serif; color: #1c2126; background: #eef0f2 }
body { margin: 0 }
header { position: sticky; top: 0; background: #fff; border-bottom: 1px solid #d5d9dd; padding: .7rem 1.5rem;
  display: flex; gap: 1.5rem; align-items: baseline; z-index: 1 }
h1 { font-size: 1rem; margin: 0 } h2 { font-size: 1rem; margin: 2rem 0 .6rem } main { padding: 0 1.5rem 3rem }
#state { color: #5b6470 } .pages { display: flex; flex-wrap: wrap; gap: 1.2rem }
figure { margin: 0 } figcaption { color: #5b6470; font-size: .85rem; padding-top: .3rem }
img { background: #fff; box-shadow: 0 1px 3px #0003, 0 4px 14px #0001; max-width: 100%; height: auto; display: block }
.said { background: #fff; border-left: 4px solid #b3261e; padding: .5rem .9rem; margin: .7rem 0;
  font: .87rem ui-monospace, monospace; white-space: pre-wrap }
.said.warning { border-color: #b26a00 } .said.note { border-color: #5b6470 }
.hint { color: #5b6470 } iframe { border: 0; background: #fff; box-shadow: 0 1px 3px #0003, 0 4px 14px #0001;
  max-width: 100% } pre { background: #fff; padding: .7rem .9rem; margin: 0; white-space: pre-wrap; max-width: 30rem }
.forms { margin-top: 1.2rem }
"""
_SCRIPT = """
const state = document.getElementById("state");
const events = new EventSource("changes");
let first = null;
events.onmessage = (event) => {
  if (first === null) first = event.data;
  else if (event.data !== first) location.reload();
};
events.onopen = () => { state.textContent = state.dataset.text; };
events.onerror = () => { state.textContent = "the preview has stopped"; };
"""


class _Preview:
    """What is shown now."""

    def __init__(self, folder: Path, studio: Studio, *, watch: bool) -> None:
        self._folder = folder
        self._studio = studio
        self._watch = watch
        self._look = Look()
        self._failure = ""
        self._turn = 0
        self._changed = asyncio.Condition()

    async def refresh(self) -> None:
        """Look at the bundle again."""
        try:
            self._look, self._failure = await self._studio.look(_DPI), ""
        except Exception as error:  # noqa: BLE001 - whatever it is, the author corrects a file and it goes on
            self._look, self._failure = Look(failed=True), str(error)
        async with self._changed:
            self._turn += 1
            self._changed.notify_all()

    async def follow(self) -> None:
        """Look again whenever a file has changed."""
        before = self._stamps()
        while True:
            await asyncio.sleep(_PAUSE_S)
            now = self._stamps()
            if now != before:
                before = now
                await self.refresh()

    def _stamps(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for path in self._folder.rglob("*"):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(self._folder).parts):
                status = path.stat()
                found[str(path)] = status.st_mtime_ns, status.st_size
        return found

    async def page(self, _request: web.Request) -> web.Response:
        """The page."""
        return _answer(self._document(), "text/html")

    async def picture(self, request: web.Request) -> web.Response:
        """A page of a sample."""
        sight = self._sight(request)
        number = int(request.match_info["number"])
        if sight.proof is None or not 0 < number <= len(sight.proof.pictures):
            raise web.HTTPNotFound
        return _answer(sight.proof.pictures[number - 1], "image/png")

    async def document(self, request: web.Request) -> web.Response:
        """The PDF of a sample."""
        return _answer(self._sight(request).document, "application/pdf")

    async def form(self, request: web.Request) -> web.Response:
        """A form of a sample, as a page."""
        wanted = request.match_info["form"]
        for form in self._sight(request).forms:
            if form.name == wanted and form.page:
                return _answer(form.page, "text/html", _SHOWN)
        raise web.HTTPNotFound

    async def message(self, request: web.Request) -> web.Response:
        """The e-mail of a sample, as a file."""
        for form in self._sight(request).forms:
            if form.name == "email":
                return _answer(form.document, "message/rfc822")
        raise web.HTTPNotFound

    async def changes(self, request: web.Request) -> web.StreamResponse:
        """Tells the number of the look, and the next one as soon as it is there (server-sent events)."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        told = -1
        while True:
            async with self._changed:
                while self._turn == told:
                    await self._changed.wait()
                told = self._turn
            await response.write(f"data: {told}\n\n".encode())

    def _sight(self, request: web.Request) -> Sight:
        name = request.match_info["name"]
        for sight in self._look.sights:
            if sight.sample.name == name:
                return sight
        raise web.HTTPNotFound

    def _document(self) -> str:
        title = html.escape(self._folder.name)
        state = "shown again whenever a file is saved" if self._watch else "as it was when the preview began"
        parts = [
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="style.css">',
            f"</head><body><header><h1>{title}</h1>",
            f'<span id="state" data-text="{state}">{state}</span></header><main>',
        ]
        if self._failure:
            parts.append(_said("error", self._failure, ""))
        parts += [_said(str(item.severity), f"{item} [{item.code}]", item.hint) for item in self._look.diagnostics]
        parts += [_said("note", note, "") for note in self._look.notes]
        for sight in self._look.sights:
            parts.append(f"<h2>{html.escape(sight.sample.name)}, {html.escape(sight.sample.locale)}</h2>")
            parts += [
                _said("warning", f"{form}: {warning}" if form else str(warning), "") for form, warning in sight.warnings
            ]
            if sight.proof is None:
                assert sight.failure is not None
                parts.append(_said("error", sight.failure.whole, ""))
                continue
            name = html.escape(sight.sample.name)
            figures = [
                f'<figure><a href="{name}.pdf"><img src="{name}/{number}.png?{self._turn}" width="470" '
                f'alt="page {number} of {name}"></a><figcaption>page {number} of {len(sight.proof.pictures)}'
                "</figcaption></figure>"
                for number in range(1, len(sight.proof.pictures) + 1)
            ]
            parts.append(f'<div class="pages">{"".join(figures)}</div>')
            parts += [_said("error", f"{form}: {failure.whole}", "") for form, failure in sight.broken]
            parts.append(f'<div class="pages forms">{"".join(self._frame(name, form) for form in sight.forms)}</div>')
        parts.append('</main><script src="preview.js"></script></body></html>')
        return "".join(parts)

    def _frame(self, sample: str, form: Form) -> str:
        if not form.page:
            return f"<figure><pre>{html.escape(form.text)}</pre><figcaption>{form.name}</figcaption></figure>"
        more = ""
        if form.name == "email":
            headers = form.text.partition("\n\n")[0]
            more = f', <a href="{sample}.eml">as a file</a><pre>{html.escape(headers)}</pre>'
        return (
            f'<figure><iframe src="{sample}/{form.name}.html?{self._turn}" width="{_WIDTHS[form.name]}" height="760" '
            f'sandbox title="{form.name} of {sample}"></iframe><figcaption>{form.name}{more}</figcaption></figure>'
        )


def _said(kind: str, text: str, hint: str) -> str:
    more = f'\n<span class="hint">hint: {html.escape(hint)}</span>' if hint else ""
    return f'<div class="said {html.escape(kind)}">{html.escape(text)}{more}</div>'


def _answer(body: str | bytes, kind: str, policy: str = _POLICY) -> web.Response:
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    data = body.encode() if isinstance(body, str) else body
    charset = "utf-8" if kind.startswith("text/") else None
    return web.Response(body=data, content_type=kind, charset=charset, headers=headers)


@web.middleware
async def _this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other names than this machine's own: a page elsewhere could have its name lead here."""
    if (request.url.host or "") not in {"127.0.0.1", "localhost"}:
        raise web.HTTPForbidden
    return await handler(request)


async def show(folder: Path, studio: Studio, port: int, ready: Callable[[str], None], *, watch: bool) -> None:
    """Serve the preview on 127.0.0.1 until cancelled.

    Args:
        folder: the bundle's.
        studio: makes the pages.
        port: where; 0 takes a free one.
        ready: told the address when the first look is done.
        watch: whether to look again when a file changes.

    Raises:
        OSError: the port is taken.
    """
    preview = _Preview(folder, studio, watch=watch)
    app = web.Application(middlewares=[_this_machine])
    app.router.add_get("/", preview.page)
    app.router.add_get("/changes", preview.changes)
    app.router.add_get("/style.css", _constant(_STYLE, "text/css"))
    app.router.add_get("/preview.js", _constant(_SCRIPT, "text/javascript"))
    app.router.add_get("/favicon.ico", _nothing)
    app.router.add_get("/{name}/{number:[0-9]{1,6}}.png", preview.picture)
    app.router.add_get("/{name}.pdf", preview.document)
    app.router.add_get("/{name}.eml", preview.message)
    app.router.add_get("/{name}/{form:web|mobile|email}.html", preview.form)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        await preview.refresh()
        ready(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        if watch:
            await preview.follow()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def _nothing(_request: web.Request) -> web.Response:
    return web.Response(status=204)


def _constant(text: str, kind: str) -> Handler:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return _answer(text, kind)

    return answer
