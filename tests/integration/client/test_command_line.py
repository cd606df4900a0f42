from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from pressrun.v1 import document_pb2, template_service_pb2
from pressrun_client.cli import main
from pressrun_client.commands import local as local_module
from pressrun_client.commands import plugins
from pressrun_client.testing import FakeDocument, FakeFailure, FakeNode

Run = Callable[..., Result]


@pytest.fixture
def node() -> Iterator[FakeNode]:
    """A fake node on a loop in a thread of its own: the commands run loops of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> FakeNode:
        fake = FakeNode()
        await fake.start()
        return fake

    fake = asyncio.run_coroutine_threadsafe(start(), loop).result(5)
    yield fake
    asyncio.run_coroutine_threadsafe(fake.stop(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture
def run(node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `pressrun` in an empty folder, with the node as target."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRESSRUN_TARGET", node.target)
    (tmp_path / "record.json").write_text('{"name": "Zoë"}')
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "template.yaml").write_text("name: letter\nversion: 4\n")

    def invoke(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(main, arguments, **options)

    return invoke


def _error() -> template_service_pb2.Diagnostic:
    return template_service_pb2.Diagnostic(
        severity=template_service_pb2.SEVERITY_ERROR,
        code="unknown-element",
        message="there is no element `blink`",
        hint="use `strong`",
        file="letter.html",
        line=12,
        column=3,
    )


def test_a_document_is_rendered(run: Run, node: FakeNode, tmp_path: Path) -> None:
    """The bytes and the manifest are written, and a line says what was made."""
    node.answer = FakeDocument(content=b"%PDF-1.7", pages=2)
    done = run(
        "render", "letter@4", "record.json", "-o", "out.pdf", "--channel", "email", "--locale", "de-DE",
        "--attribute", "segment=premier", "--attribute", "note=a=b", "--as-of", "2026-09-30", "--manifest", "m.json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out.pdf").read_bytes() == b"%PDF-1.7"
    assert done.stderr.startswith("out.pdf: 2 pages, 8 B")
    manifest = json.loads((tmp_path / "m.json").read_text())
    assert manifest["template_name"] == "letter"
    assert manifest["output_channel"] == "OUTPUT_CHANNEL_EMAIL"
    assert manifest["attributes"] == {"segment": "premier", "extra": {"note": "a=b"}}
    assert manifest["pins"]["as_of"] == "2026-09-30T00:00:00Z"
    assert node.received[0].locale == "de-DE"


def test_what_the_environment_says_of_a_trace(run: Run, node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TRACEPARENT that is none is said and left out; the same as an option is a wrong use."""
    node.answer = FakeDocument(content=b"%PDF-1.7", pages=1)
    monkeypatch.setenv("TRACEPARENT", "garbage")
    done = run("render", "letter@4", "record.json", "-o", "out.pdf")
    assert done.exit_code == 0, done.output
    assert "Warning: TRACEPARENT is left out: traceparent is 'garbage'" in done.stderr
    assert run("render", "letter@4", "record.json", "-o", "out.pdf", "--traceparent", "garbage").exit_code == 2


def test_a_format_has_its_output_channel(run: Run, node: FakeNode) -> None:
    """Text is for telephones and EML for mail, where no output channel is asked for; options of e-mails go along."""
    node.answer = FakeDocument(content=b"text", pages=1)
    assert run("render", "letter@4", "record.json", "-o", "-", "--format", "text").exit_code == 0
    assert run("render", "letter@4", "record.json", "-o", "-", "--format", "eml", "--attach", "pdf").exit_code == 0
    text, message = node.received[-2:]
    assert text.output_channel == document_pb2.OUTPUT_CHANNEL_MOBILE
    assert message.output_channel == document_pb2.OUTPUT_CHANNEL_EMAIL
    assert message.email.attachment == document_pb2.EMAIL_ATTACHMENT_PDF
    assert not text.HasField("email")


def test_a_record_from_stdin_and_a_document_to_stdout(run: Run, node: FakeNode) -> None:
    """Both ends may be pipes; nothing else goes to stdout."""
    node.answer = FakeDocument(content=b"\x00%PDF\xff")
    done = run("render", "letter@4", "-", "-o", "-", input=b'{"a": 1}')
    assert done.exit_code == 0, done.output
    assert done.stdout_bytes == b"\x00%PDF\xff"
    assert node.received[0].record_json == b'{"a": 1}'


def test_a_folder_is_published_first(run: Run, node: FakeNode) -> None:
    """The document is rendered with exactly what was published."""
    done = run("render", "letter", "record.json", "-o", "out.pdf")
    assert done.exit_code == 0, done.output
    info = node.templates.published["letter", "4"]
    assert node.received[0].template.digest == info.template.digest


@pytest.mark.parametrize("command", ["render", "explain", "gaps", "print-run"])
def test_a_folder_that_is_not_there(run: Run, node: FakeNode, command: str) -> None:
    """A path that leads nowhere is no name of a template; the message says what would be one."""
    line = {"print-run": ("print-run", "nowhere/lettre", "record.json", "-o", "out")}.get(
        command, (command, "nowhere/lettre", "record.json", *(("-o", "out.pdf") if command == "render" else ()))
    )
    done = run(*line)
    assert done.exit_code == 2
    assert "'nowhere/lettre' is no folder; write a bundle's folder, or name@version" in done.stderr
    assert node.received == []


def test_violations_are_a_line_each(run: Run, node: FakeNode, tmp_path: Path) -> None:
    """A refused record is one paragraph and a line for each field; no file is written."""
    node.answer = FakeFailure(
        code="INVALID_ARGUMENT",
        reason="INVALID_RECORD",
        message="the record breaks the schema; correct the named fields",
        violations=(("record.iban", "is missing"), ("record.rows[3].amount", 'must be text like "1.20"')),
    )
    done = run("render", "letter@4", "record.json", "-o", "out.pdf")
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert lines[0].startswith("Error: the record breaks the schema; correct the named fields (reason INVALID_RECORD, ")
    assert lines[-2:] == ["  record.iban: is missing", '  record.rows[3].amount: must be text like "1.20"']
    assert done.stdout == ""
    assert not (tmp_path / "out.pdf").exists()


def test_warnings_of_a_document_are_shown(run: Run, node: FakeNode) -> None:
    """A document with warnings is written, and says them."""
    node.answer = FakeDocument(warnings=(("MISSING_GLYPH", "No font has it.", "letter.html:4:2"),))
    done = run("render", "letter@4", "record.json", "-o", "out.pdf")
    assert done.exit_code == 0
    assert "letter.html:4:2: warning: No font has it. [MISSING_GLYPH]" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["letter@4", "absent.json", "-o", "x"], "absent.json"),
        (["letter@4", "record.json"], "--output"),
        (["letter@4", "record.json", "-o", "x", "--channel", "fax"], "mobile"),
        (["letter@4", "record.json", "-o", "x", "--attribute", "segment"], "NAME=VALUE"),
        (["letter@4", "record.json", "-o", "x", "--as-of", "yesterday"], "2026-09-30"),
        (["letter@4", "record.json", "-o", "-", "--manifest", "-"], "cannot both"),
        (["letter@4", "record.json", "-o", "x", "--target", "nowhere"], "host:port"),
        (["letter@4", "record.json", "-o", "x", "--timeout", "0"], "timeout"),
        (["letter@4", "record.json", "-o", "x", "--tls-cert", "record.json"], "client_key"),
        (["letter@4", "record.json", "-o", "x", "--local"], "no folder"),
    ],
)
def test_wrong_usage_exits_with_2(run: Run, arguments: list[str], hint: str) -> None:
    """A usage error names the option and what would be valid."""
    done = run("render", *arguments)
    assert done.exit_code == 2
    assert hint in done.stderr


def test_an_output_that_cannot_be_written_is_told(run: Run) -> None:
    """The error names the file."""
    done = run("render", "letter@4", "record.json", "-o", "absent/out.pdf")
    assert done.exit_code == 1
    assert "absent" in done.stderr


def test_no_node_is_one_paragraph(run: Run) -> None:
    """Where nothing listens, the error says where and what to do, without a traceback."""
    done = run("health", "--target", "127.0.0.1:9", "--timeout", "2")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: No node answers at 127.0.0.1:9")
    assert "Traceback" not in done.output


def test_a_bundle_is_checked(run: Run, node: FakeNode) -> None:
    """Diagnostics are lines that editors understand, and errors make the exit code 1."""
    clean = run("template", "check", "letter")
    assert (clean.exit_code, clean.stdout) == (0, "letter@4: 0 errors, 0 warnings\n")
    node.templates.diagnostics = [_error()]
    wrong = run("template", "check", "letter")
    assert wrong.exit_code == 1
    assert wrong.stdout.splitlines() == [
        "letter.html:12:3: error: there is no element `blink` [unknown-element]",
        "    hint: use `strong`",
        "letter: 1 error, 0 warnings",
    ]


def test_a_bundle_is_published(run: Run, node: FakeNode) -> None:
    """The name and digest are printed; a wrong bundle is refused with its places."""
    assert run("template", "publish", "letter").stdout.startswith("letter@4 published (sha256 ")
    assert run("template", "publish", "letter").stdout.startswith("letter@4 was published before")
    node.templates.diagnostics = [_error()]
    wrong = run("template", "publish", "letter")
    assert wrong.exit_code == 1
    assert "letter.html:12:3: error: there is no element `blink`" in wrong.stderr
    assert "    hint: use `strong`" in wrong.stderr


def test_templates_are_listed_and_shown(run: Run) -> None:
    """A line for each, and all there is to say of one."""
    run("template", "publish", "letter")
    assert run("template", "list").stdout == "letter@4\tprint\ten-GB\n"
    shown = run("template", "show", "letter").stdout
    assert "letter@4" in shown
    assert "en-GB (default en-GB)" in shown
    assert json.loads(run("template", "show", "letter", "--schema").stdout) == {"type": "object"}
    absent = run("template", "show", "gone@1")
    assert absent.exit_code == 1
    assert "gone@1" in absent.stderr


def test_assets_are_resolved_described_and_prefetched(run: Run, node: FakeNode) -> None:
    """Found ones are a line, missing ones an error and the exit code 1."""
    node.assets.add("library:logo", b"png")
    found = run("asset", "resolve", "library:logo", "--width", "200")
    assert (found.exit_code, found.stdout) == (0, "library:logo: version 1, image/png, 3 B, found in memory\n")
    missing = run("asset", "resolve", "library:logo", "library:gone")
    assert missing.exit_code == 1
    assert "library:logo: version 1" in missing.stdout
    assert "there is no asset library:gone" in missing.stderr
    assert "approved" in run("asset", "describe", "library:logo").stdout
    assert run("asset", "prefetch", "letter@4", "--channel", "web").exit_code == 0
    assert run("asset", "describe", "library:gone").exit_code == 1


def test_health_and_version(run: Run, node: FakeNode) -> None:
    """A serving node is exit code 0; the versions are printed."""
    done = run("health")
    assert (done.exit_code, done.stdout) == (0, f"{node.target}: serving\n")
    assert run("version").stdout.startswith("pressrun ")


def test_each_command_has_help_with_an_example(run: Run) -> None:
    """`--help` everywhere says what it is and shows it."""
    names = [["render"], ["health"], ["version"], ["template"], ["asset"]]
    names += [["template", name] for name in ("check", "publish", "list", "show")]
    names += [["asset", name] for name in ("resolve", "describe", "prefetch")]
    names += [["cache", name] for name in ("warm", "stats", "ls", "show", "verify", "evict")]
    for name in names:
        done = run(*name, "--help")
        assert done.exit_code == 0
        assert f"Example:\n    pressrun {' '.join(name)}" in done.stdout, name


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """Entry points of other packages, as a test wants them."""
    chosen: list[EntryPoint] = []

    def entry_points(**wanted: str) -> list[EntryPoint]:
        return [point for point in chosen if point.group == wanted["group"]]

    monkeypatch.setattr(plugins, "entry_points", entry_points)
    monkeypatch.setattr(local_module, "entry_points", entry_points)
    plugins._plugins.cache_clear()
    return chosen


@pytest.fixture(autouse=True)
def _fresh_plugins() -> Iterator[None]:
    yield
    plugins._plugins.cache_clear()


@click.command(help="Say hello.")
def hello() -> None:
    """Stands for a command of another package."""
    click.echo("hello")


def test_commands_of_other_packages_join(run: Run, points: list[EntryPoint], monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point of the group is a command like any other, and cannot replace one of ours."""
    monkeypatch.setattr(plugins, "hello", hello, raising=False)
    value = "pressrun_client.commands.plugins:hello"
    points += [EntryPoint(name, value, "pressrun.commands") for name in ("hello", "render")]
    assert run("hello").stdout == "hello\n"
    assert "Say hello." in run("--help").stdout
    assert "RECORD" in run("render", "--help").stdout


@pytest.mark.parametrize(
    ("value", "extra"),
    [
        ("pressrun_server.no_such_module:serve", "server"),
        ("pressrun_loadtest.no_such_module:demo", "loadtest"),
        ("pressrun_client.cli:absent", "all"),
        ("pressrun_client.config:DEFAULT_TARGET", "all"),
    ],
)
def test_a_command_that_is_not_installed_says_how_to_install_it(
    run: Run, points: list[EntryPoint], value: str, extra: str
) -> None:
    """It is listed, and answers with the pip line and exit code 2, whatever its options."""
    points.append(EntryPoint("serve", value, "pressrun.commands"))
    done = run("serve", "--port", "7070", "x")
    assert done.exit_code == 2
    assert f"  pip install 'pressrun[{extra}]'\n" in done.stderr
    assert f"pip install 'pressrun[{extra}]'" in run("--help").stdout


def test_local_rendering_calls_the_server_in_process(
    run: Run, points: list[EntryPoint], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The entry point gets all that the options say, and its bytes and manifest are written."""
    calls: list[tuple[Any, ...]] = []

    def render(bundle: Path, record: bytes, **options: Any) -> tuple[bytes, str]:
        calls.append((bundle, record, options))
        return b"%PDF-local", '{"pages": 1}'

    monkeypatch.setattr(plugins, "local", render, raising=False)
    points.append(EntryPoint("render", "pressrun_client.commands.plugins:local", "pressrun.local"))
    done = run("render", "letter", "record.json", "-o", "out.pdf", "--local", "--manifest", "m.json")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out.pdf").read_bytes() == b"%PDF-local"
    assert json.loads((tmp_path / "m.json").read_text()) == {"pages": 1}
    options: dict[str, Any] = {
        "locale": None, "channel": "print", "output_format": "", "image": None, "email": None, "attributes": {},
        "as_of": None,
    }  # fmt: skip
    assert calls == [(Path("letter"), '{"name": "Zoë"}'.encode(), options)]


class _RefusalError(Exception):
    """Has the attributes of the server's error, and nothing else of it."""

    reason = "INVALID_RECORD"
    message = "The record breaks the schema."
    violations = (type("V", (), {"field": "record.iban", "description": "is missing"})(),)


@pytest.mark.parametrize(("error", "code"), [(_RefusalError(), 1), (ZeroDivisionError("defect"), 1)])
def test_local_failures_read_like_those_of_a_node(
    run: Run, points: list[EntryPoint], monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    """The server's own errors are a paragraph with violations; a defect keeps its traceback."""

    def render(*_: Any, **__: Any) -> tuple[bytes, str]:
        raise error

    monkeypatch.setattr(plugins, "local", render, raising=False)
    points.append(EntryPoint("render", "pressrun_client.commands.plugins:local", "pressrun.local"))
    done = run("render", "letter", "record.json", "-o", "out.pdf", "--local")
    assert done.exit_code == code
    if isinstance(error, _RefusalError):
        assert done.stderr.startswith("Error: The record breaks the schema. (reason INVALID_RECORD)")
        assert "  record.iban: is missing" in done.stderr
    else:
        assert done.exception is error


@pytest.mark.parametrize("installed", [False, True])
def test_local_rendering_without_the_server_says_how_to_install_it(
    run: Run,
    points: list[EntryPoint],
    installed: bool,  # noqa: FBT001
) -> None:
    """Without the server, or without what it needs, the answer is the pip line and exit code 2."""
    if installed:
        points.append(EntryPoint("render", "pressrun_server.no_such_module:render", "pressrun.local"))
    done = run("render", "letter", "record.json", "-o", "out.pdf", "--local")
    assert done.exit_code == 2
    assert "  pip install 'pressrun[server]'\n" in done.stderr


def test_pictures_are_asked_for_by_options(run: Run, points: list[EntryPoint], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages, width and density reach the renderer; what names no pages, or asks for pictures of a PDF, is told."""
    calls: list[dict[str, Any]] = []

    def render(_bundle: Path, _record: bytes, **options: Any) -> tuple[bytes, str]:
        calls.append(options)
        return b"picture", "{}"

    monkeypatch.setattr(plugins, "local", render, raising=False)
    points.append(EntryPoint("render", "pressrun_client.commands.plugins:local", "pressrun.local"))
    start = ("render", "letter", "record.json", "-o", "out", "--local")
    for pages, (first, last) in {"3": (3, 0), "2-5": (2, 5), "3-": (3, -1), "all": (1, -1)}.items():
        done = run(*start, "--format", "webp", "--pages", pages, "--width", "120", "--density", "3")
        assert done.exit_code == 0, done.output
        image = {"first_page": first, "last_page": last, "width": 120, "density": 3.0, "dpi": 0, "quality": 0}
        image["gray"] = False
        assert (calls[-1]["output_format"], calls[-1]["image"]) == ("webp", image)
    assert "names no pages" in run(*start, "--format", "png", "--pages", "0-2").output
    assert "need --format png, jpeg, webp, pcl or pwg" in run(*start, "--width", "120").output
    assert "--quality is of JPEG and WebP" in run(*start, "--format", "png", "--quality", "60").output


@pytest.mark.parametrize(
    ("line", "options", "told"),
    [
        ('{"record":{"a":1},"request_id":5}', [], "line 1: request_id, template and locale are texts"),
        ('{"record":{"a":1},"attributes":[1]}', [], "attributes an object of texts"),
        ('{"record":{"a":1},"attributes":{"a":1}}', [], "attributes an object of texts"),
        ('{"record":{"a":1}}', ["--name", "a/b"], "the name of a file, without a folder"),
        ('{"record":{"a":1}}', ["--run-id", "a/b"], "the name of a file, without a folder"),
    ],
)
def test_a_print_run_that_is_wrong(run: Run, tmp_path: Path, line: str, options: list[str], told: str) -> None:
    """Lines and names that can't be are told with their place, and leave nothing behind."""
    records = tmp_path / "records.ndjson"
    records.write_text(line + "\n")
    result = run("print-run", "letter@1", str(records), "-o", str(tmp_path / "out"), *options)
    assert result.exit_code != 0
    assert told in " ".join(result.output.split())
    assert not list((tmp_path / "out").glob("*"))
