"""A collector of traces that takes everything and keeps nothing, so that a node has one to send its spans to."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

__all__ = ["Collector"]


class _Taking(BaseHTTPRequestHandler):
    """Answers every export as OTLP over HTTP has it: an empty ExportTraceServiceResponse says that all was taken."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take a batch."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


class Collector:
    """Runs on a free loopback port from `with` to its end, in a thread."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Taking)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="collector", daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        """For PRESSRUN_OTLP_ENDPOINT."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
