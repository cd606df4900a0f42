from __future__ import annotations

import hashlib
import importlib
import json
import re
import signal
import subprocess
import time
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from PIL import Image

pymupdf: Any = importlib.import_module("pymupdf")  # its types are incomplete


class Command(Protocol):
    """`pressrun` in an empty folder; see conftest."""

    folder: Path

    def start(self, *arguments: str) -> AbstractContextManager[subprocess.Popen[str]]:
        """Run it."""

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code, and what it said."""

    def running(self) -> set[int]:
        """Processes that came of it."""

    def wait(self, count: int, seconds: float = 5.0) -> set[int]:
        """Those that run when there are so many of them, or when the time is over."""


def figures(output: str) -> dict[str, str]:
    """The closing table."""
    rows = re.findall(r"^│ (\S.*?) +│ (.*?) +│$", output, re.MULTILINE)
    assert rows, output
    return dict(rows)


def test_the_demo_renders_everything_twice(command: Command) -> None:
    """Twenty statements through sandbox, node and client; the second run finds template and assets where they were."""
    code, output = command.run("demo", "--documents", "20", "--seed", "5")
    assert code == 0, output
    assert command.running() == set()
    out = command.folder / "out" / "demo"
    items = [json.loads(line) for line in (out / "records.ndjson").read_text(encoding="utf-8").splitlines()]
    assert len(items) == 20
    pages = 0
    digests = {}
    for item in items:
        content = (out / "documents" / f"{item['request_id']}.pdf").read_bytes()
        manifest = json.loads((out / "documents" / f"{item['request_id']}.json").read_text(encoding="utf-8"))
        digests[item["request_id"]] = hashlib.sha256(content).hexdigest()
        assert manifest["document"] == {"sha256": digests[item["request_id"]], "size": str(len(content))}
        assert {asset["slot"] for asset in manifest["pins"]["assets"]} == {"logo", "banner"}
        with pymupdf.open(stream=content) as document:
            assert document.page_count == manifest["pages"]
            text = " ".join(document[0].get_text().split())
        assert item["record"]["customer"]["name"] in text
        assert item["record"]["account"]["iban"] in text
        pages += manifest["pages"]
    assert len(set(digests.values())) == 20
    assert len(list((out / "documents").iterdir())) == 40
    with Image.open(out / "contact-sheet.png") as sheet:
        assert sheet.width > 2000
        assert sheet.height > 2000
    assert 'pressrun_documents_total{channel="print"' in (out / "metrics.txt").read_text(encoding="utf-8")

    table = figures(output)
    assert table["documents"] == "20 of 20"
    assert table["pages"] == str(pages)
    found = re.fullmatch(r"memory (\d+), disk (\d+), redis (\d+), source (\d+) .*", table["assets found in"])
    assert found is not None
    assert sum(map(int, found.groups())) == 40
    assert re.search(r"^│ source +│ +\d+ │ +[1-9]\d*", output, re.MULTILINE), output
    check_the_neighbour(output)
    assert "published statement@1" in output
    assert "Try next:" in output

    code, output = command.run("demo", "--documents", "4", "--seed", "5")
    assert code == 0, output
    assert "source 0 (100 %" in figures(output)["assets found in"]
    check_the_neighbour(output)
    assert "is published since an earlier run" in output
    assert len(list((out / "documents").iterdir())) == 8


def check_the_neighbour(output: str) -> None:
    """A second node on an empty disk made the first document again without asking a source."""
    words = " ".join(output.replace("│", " ").split())
    assert re.search(
        r"second node its first document, from an empty disk, took \S+ ms and no request to a source", words
    )
    assert re.search(r": [1-9]\d* blobs from redis, the same bytes", words), words


def test_failures_are_listed_and_the_exit_code_tells(command: Command) -> None:
    """A Core DAM that has lost the logo fails every document: the first ten are listed, and the exit code is 1."""
    with command.start("sandbox", "--env-file", "sandbox.env") as sandbox:
        file = command.folder / "sandbox.env"
        while not file.exists():
            assert sandbox.poll() is None
            time.sleep(0.02)
        environment = dict(line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines())
        base = urlsplit(environment["PRESSRUN_CORE_DAM_BASE_URL"])
        fault = {"kind": "status", "status": 404, "path": "/otmmapi/v6/assets/*", "always": True}
        address = f"http://{base.netloc}/__sandbox__/faults"
        request = urllib.request.Request(address, json.dumps(fault).encode(), method="POST")
        urllib.request.urlopen(request, timeout=5).close()

        code, output = command.run("demo", "--documents", "40", "--sandbox", "sandbox.env", "--out", "broken")
        assert code == 1, output
        failures = re.findall(r"^  (statement-1-\d{6})  (\w+)  (.+)$", output, re.MULTILINE)
        assert len({request_id for request_id, _, _ in failures}) == len(failures) == 10
        assert {reason for _, reason, _ in failures} == {"ASSET_NOT_FOUND"}
        assert all("slot 'logo'" in message for _, _, message in failures)
        assert "10 failed" in output
        assert "--keep-going renders the rest" in output
        assert not list((command.folder / "broken" / "documents").iterdir())
        assert not (command.folder / "broken" / "contact-sheet.png").exists()

        code, output = command.run(
            "demo", "--documents", "25", "--sandbox", "sandbox.env", "--out", "broken", "--keep-going"
        )
        assert code == 1, output
        assert "25 failed" in output
        assert "and 15 more" in output


@pytest.mark.parametrize(
    ("number", "codes"), [(signal.SIGINT, {1, 130}), (signal.SIGTERM, {143}), (signal.SIGKILL, {-9})]
)
def test_a_demo_that_is_ended_leaves_nothing_running(command: Command, number: int, codes: set[int]) -> None:
    """Ctrl-C, SIGTERM, and even SIGKILL in mid-run end sandbox, node and all its processes."""
    with command.start("demo", "--documents", "1000") as demo:
        assert demo.stdout is not None
        told = ""
        while " documents · " not in told:
            told = demo.stdout.readline()
            assert told, "the demo ended by itself"
        assert len(command.running()) >= 5  # demo, sandbox, front, composer, preparer
        demo.send_signal(number)
        rest, _ = demo.communicate(timeout=20)
    assert demo.returncode in codes, rest
    assert "Traceback" not in rest
    assert command.wait(0) == set()


def test_what_cannot_be_run_is_told_in_a_sentence(command: Command) -> None:
    """A folder that cannot be written, and a file that is no environment of a sandbox, are told with what to do."""
    (command.folder / "taken").write_text("")
    code, output = command.run("demo", "--documents", "1", "--out", "taken/demo")
    assert code == 1
    assert re.search(r"Error: taken.*: .*choose another --out", output)
    (command.folder / "wrong.env").write_text("HOME=/root\n")
    code, output = command.run("demo", "--documents", "1", "--sandbox", "wrong.env")
    assert code == 1
    assert "Error: wrong.env: no environment file of a sandbox" in output
    assert "Traceback" not in output
