"""A composer with a workshop whose documents do what their record says; started as a real process by the tests."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.document import ComposeSummary
from pressrun_server.prepare.entry import enter
from pressrun_server.render.composer import Composer


class Document:
    """Pages of bytes; `act` says what goes wrong, at page `at`."""

    def __init__(self, program: bytes, order: dict[str, Any], assets: Mapping[str, bytes]) -> None:
        self.program, self.order, self.assets = program, order, assets
        self.summary = ComposeSummary(0, 0, "", (), 0.0, 0.0)
        self.finished = False

    def __iter__(self) -> Iterator[bytes]:
        order = self.order
        digest, size = hashlib.sha256(), 0
        head = self.program + b"".join(self.assets[slot] for slot in sorted(self.assets))
        for page in range(order.get("pages", 1)):
            if page == order.get("at", 0):
                self.act(order.get("act", ""), order)
            time.sleep(order.get("sleep", 0.0))
            data = head + str(order.get("name", "")).encode() + b"/%d/" % page
            data = data.ljust(order.get("size", 100), b".")
            head = b""
            digest.update(data)
            size += len(data)
            yield data
        self.summary = ComposeSummary(order.get("pages", 1), size, digest.hexdigest(), (), 0.0, 0.0)

    def act(self, act: str, order: dict[str, Any]) -> None:
        """Go wrong."""
        secret = order.get("name")
        if act == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if act == "die-once":
            try:
                Path(order["marker"]).touch(exist_ok=False)
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)
        if act == "differ":
            try:
                Path(order["marker"]).touch(exist_ok=False)
            except FileExistsError:
                self.order["name"] = "another"
        if act == "hang":
            time.sleep(600)
        if act == "refuse":
            raise PressrunError(Reason.INVALID_RECORD, "no", violations=(Violation("record.x", "an integer"),))
        if act == "break":
            raise ValueError(f"the secret is {secret}")
        if act == "exit":
            sys.exit(3)


class Ahead:
    """A record that came ahead of its document."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.was_read = False

    def read(self) -> None:
        """Note that it was read; a record may be deadly."""
        order = json.loads(self.data)
        if order.get("act") == "die-reading":
            Path(order["marker"]).write_bytes(b"*" * (Path(order["marker"]).stat().st_size + 1))
            os.kill(os.getpid(), signal.SIGKILL)
        self.was_read = True


class Workshop:
    """Makes documents of records."""

    engine = "fake-engine"

    def program(self, data: bytes) -> bytes:
        """A program is its bytes."""
        if data == b"broken":
            raise PressrunError(Reason.TEMPLATE_INVALID, "a broken program")
        return data

    def prepared(self, digest: str, data: bytes) -> bytes:
        """A prepared asset is its bytes."""
        assert digest
        return data

    def record(self, data: bytes) -> Ahead:
        """What keeps a record until its document is made."""
        return Ahead(data)

    def compose(  # noqa: D102 - as in the protocol
        self,
        program: bytes,
        record: bytes | Ahead,
        *,
        assets: Mapping[str, bytes],
        attributes: Mapping[str, str],
        as_of: datetime,
        engine: str,
        **_: object,
    ) -> Document:
        assert as_of.tzinfo is not None
        assert engine == self.engine
        if isinstance(record, bytes):
            return Document(program, {**json.loads(record), **attributes}, assets)
        order = {**json.loads(record.data), **attributes}
        if record.was_read:
            order["name"] += "-read"
        elif order.get("act") == "die-reading":
            record.read()
        return Document(program, order, assets)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--engine", default=Workshop.engine)
    parser.add_argument("--engine-file", type=Path)
    parser.add_argument("--mute", action="store_true")
    parser.add_argument("--broken-by", type=Path)
    arguments = parser.parse_args()
    if arguments.broken_by and arguments.broken_by.exists():
        sys.exit(7)
    sock = enter(arguments.fd)
    if arguments.mute:
        time.sleep(600)
    workshop = Workshop()
    workshop.engine = arguments.engine_file.read_text() if arguments.engine_file else arguments.engine
    Composer(sock, workshop).run()


main()
