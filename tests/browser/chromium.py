"""A headless Chromium under test, over the DevTools protocol on two pipes: no port, no driver, no other package.

https://chromedevtools.github.io/devtools-protocol/ has the commands; each message on the pipes ends with a zero byte.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pressrun_server.fonts.catalog import FAMILIES, font_file

__all__ = ["BrowserError", "Chromium", "Page"]

_NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_SWITCHES: Final = (
    "--headless",
    "--no-sandbox",  # tests run as root in containers, and the pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--remote-debugging-pipe",
)
# The browser reads commands from its descriptor 3 and answers to 4.
_START: Final = (
    "import fcntl, os, sys\n"
    "ends = [fcntl.fcntl(int(name), fcntl.F_DUPFD, 10) for name in sys.argv[1:3]]\n"
    "os.dup2(ends[0], 3)\n"
    "os.dup2(ends[1], 4)\n"
    "os.execv(sys.argv[3], sys.argv[3:])\n"
)
_SECONDS: Final = 40.0
_FONTS: Final = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir>
<match target="pattern"><edit name="family" mode="append_last"><string>FiraGO</string></edit></match></fontconfig>"""


class BrowserError(Exception):
    """Chromium refused a command, gave no answer, or left."""


class Chromium:
    """One browser; it has the fonts that nodes have and no others, so that pages look alike on every machine.

    Args:
        folder: for its profile and fonts; made.
    """

    def __init__(self, folder: Path) -> None:
        found = next((path for name in _NAMES if (path := shutil.which(name))), None)
        assert found, "Chromium is missing; run: make tools (or: apt-get install -y chromium-headless-shell)"
        self._folder = folder
        self._numbers = itertools.count(1)
        self._waiting = b""
        self.events: list[dict[str, Any]] = []
        """What was told beside answers, in order."""
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        command = [sys.executable, "-c", _START, str(theirs_in), str(theirs_out), found, *_SWITCHES]
        self._process = subprocess.Popen(
            [*command, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"FONTCONFIG_FILE": str(_fonts(folder / "fonts")), "HOME": str(folder)},
            pass_fds=(theirs_in, theirs_out),
        )
        os.close(theirs_in)
        os.close(theirs_out)

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        os.close(self._out)
        os.close(self._in)

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """The answer to a command.

        Args:
            method: e.g. `Page.navigate`.
            session: of a page; empty for the browser.
            parameters: as the protocol names them.

        Raises:
            BrowserError: it is refused, or there is no answer.
        """
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        while True:
            answer = self._read(method)
            if answer.get("id") != number:
                self.events.append(answer)
            elif "error" in answer:
                raise BrowserError(f"{method}: {answer['error']}")
            else:
                result: dict[str, Any] = answer["result"]
                return result

    def wait_for(self, method: str, session: str) -> dict[str, Any]:
        """The first event of a kind that a page told or tells.

        Raises:
            BrowserError: it does not.
        """
        while True:
            for index, event in enumerate(self.events):
                if event.get("method") == method and event.get("sessionId") == session:
                    return self.events.pop(index)
            self.events.append(self._read(method))

    def _read(self, wanted: str) -> dict[str, Any]:
        until = time.monotonic() + _SECONDS
        while b"\0" not in self._waiting:
            ready, _, _ = select.select([self._in], [], [], max(until - time.monotonic(), 0))
            part = os.read(self._in, 1 << 20) if ready else b""
            if not part:
                raise BrowserError(f"no answer to {wanted}: Chromium {'left' if ready else 'is too slow'}")
            self._waiting += part
        message, _, self._waiting = self._waiting.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    @contextmanager
    def page(self, html: bytes, width: int = 1280, height: int = 800, *, name: str = "page") -> Iterator[Page]:
        """A document opened from a file, in a window of a width in CSS pixels."""
        path = self._folder / f"{name}.html"
        path.write_bytes(html)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, path.as_uri())
        try:
            page.resize(width, height)
            yield page
        finally:
            self.call("Target.closeTarget", targetId=target)
            self.events.clear()


class Page:
    """A page of a browser; nothing is loaded before `load`.

    Args:
        browser: whose page it is.
        session: its name in the protocol.
        url: of its document.
    """

    def __init__(self, browser: Chromium, session: str, url: str) -> None:
        self._browser = browser
        self._session = session
        self._url = url
        self.width = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to a command for this page."""
        return self._browser.call(method, self._session, **parameters)

    def resize(self, width: int, height: int = 800) -> None:
        """Make the window another one; a narrow one is a telephone's."""
        self.width = width
        self.call("Emulation.setScrollbarsHidden", hidden=True)  # they take room on some systems alone
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def watch_scripts(self, *, obey_policy: bool) -> None:
        """Let scripts call `probe(String())`, which is told as `Runtime.bindingCalled`; before `load`.

        Args:
            obey_policy: whether the page's Content-Security-Policy holds.
        """
        self.call("Page.setBypassCSP", enabled=not obey_policy)
        self.call("Runtime.enable")
        self.call("Runtime.addBinding", name="probe")

    def load(self) -> None:
        """Load the document, to its end."""
        self.call("Page.enable")
        self.call("Network.enable")
        self.call("Page.navigate", url=self._url)
        self._browser.wait_for("Page.loadEventFired", self._session)
        self.evaluate("document.fonts.ready.then(() => 0)")

    def requests(self) -> list[str]:
        """What the page tried to fetch beside the document itself and what stands in it."""
        urls = [event["request"]["url"] for event in self.told("Network.requestWillBeSent")]
        return [url for url in urls if url != self._url and not url.startswith("data:")]

    def told(self, method: str) -> list[dict[str, Any]]:
        """The events of a kind that the page told so far."""
        self.evaluate("0")  # what is on its way comes before the answer
        return [
            event["params"]
            for event in self._browser.events
            if event.get("method") == method and event.get("sessionId") == self._session
        ]

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript; of a promise what becomes of it.

        Raises:
            BrowserError: it throws.
        """
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"].get("exception", {}).get("description")))
        return answer["result"].get("value")

    def picture(self) -> bytes:
        """The whole document, as a PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": self.width, "height": size["height"], "scale": 1}
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(answer["data"])

    def pdf(self) -> bytes:
        """The document as it is printed on A4."""
        return base64.b64decode(self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"])


def _fonts(folder: Path) -> Path:
    """A configuration of fontconfig that knows the fonts of nodes alone."""
    folder.mkdir(parents=True)
    for family, faces in FAMILIES.items():
        for bold, italic in faces:
            (folder / f"{family}-{bold:d}{italic:d}.ttf").write_bytes(font_file(family, bold=bold, italic=italic))
    config = folder / "fonts.conf"
    config.write_text(_FONTS.format(folder=folder), encoding="utf-8")
    return config
