"""What an author sees of a bundle without a node: diagnostics, differences from approved pages, the preview."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
import structlog
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image

from pressrun_client.cli import main
from pressrun_loadtest.samples import statement_path
from pressrun_server.authoring.studio import Studio

_ASSETS = str(statement_path().parent / "assets")


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """Commands set up logs for their process, which is this one here."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.configure(**before)
    root.handlers, root.level = handlers, level


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The sample, to be changed."""
    return Path(shutil.copytree(statement_path(), tmp_path / "statement"))


def run(*arguments: str) -> Result:
    """Call `pressrun template`."""
    return CliRunner().invoke(main, ["template", *arguments])


def test_check_tells_all_at_once(bundle: Path) -> None:
    """Errors of the style sheet, the HTML and template.yaml come together, with places and hints."""
    with (bundle / "statement.css").open("a") as css:
        css.write("\np { colour: red }\n")
    page = bundle / "statement.html"
    page.write_text(page.read_text().replace("<h1>", "<h1>{{ nobody.knows | monny }}<blink>x</blink>"))
    found = run("check", str(bundle), "--local")
    assert found.exit_code == 1
    assert re.search(
        r"statement\.css:\d+:\d+: error: the property colour is not supported .*\n    hint: did you mean 'color'\?",
        found.output,
    )
    assert re.search(r"statement\.html:\d+:\d+: error: .*monny", found.output)
    assert re.search(r"statement\.html:\d+:\d+: error: .*blink", found.output)


def test_check_without_a_node_says_how(bundle: Path) -> None:
    """Where no node answers, authors are told of the option that needs none."""
    found = run("check", str(bundle), "--target", "127.0.0.1:1", "--timeout", "0.5")
    assert found.exit_code == 1
    assert "No node answers at 127.0.0.1:1" in found.output
    assert "add --local" in found.output


def test_check_of_what_is_no_bundle(tmp_path: Path) -> None:
    """A folder without template.yaml is an error that says which folder to name."""
    found = run("check", str(tmp_path), "--local")
    assert found.exit_code == 1
    assert "name the folder that holds template.yaml" in " ".join(found.output.split())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "statement",
            [
                "everyday-en (en-GB): 2 pages, web, mobile, email, summary as approved",
                "premier-de (de-DE): 2 pages, web, mobile, email, summary as approved",
                "business-fr (fr-FR): 2 pages, web, mobile, email, summary as approved",
            ],
        ),
        (
            "dunning",
            [
                "first-en (en-GB): 1 page, web, mobile, email, summary as approved",
                "second-de (de-DE): 1 page, web, mobile, email, summary as approved",
                "final-en (en-GB): 1 page, web, mobile, email, summary as approved",
            ],
        ),
        (
            "renewal",
            [
                "house-en (en-GB): 2 pages, web, mobile, email as approved",
                "contents-de (de-DE): 2 pages, web, mobile, email as approved",
            ],
        ),
        (
            "claim",
            [
                "paid-en (en-GB): 1 page, web, mobile, email, summary as approved",
                "partly-de (de-DE): 2 pages, web, mobile, email, summary as approved",
                "declined-en (en-GB): 1 page, web, mobile, email, summary as approved",
            ],
        ),
    ],
)
def test_samples_are_as_approved(name: str, expected: list[str]) -> None:
    """The pages of the shipped samples say and look like what was approved, in all their languages."""
    found = run("test", str(statement_path().parent / name), "--assets", _ASSETS)
    assert (found.exit_code, found.output.splitlines()) == (0, expected)


async def test_the_code_to_pay_with_is_one_that_banks_read() -> None:
    """The dunning notice's code is a credit transfer (EPC069-12): its lines in order, the IBAN without spaces."""
    folder = statement_path().parent
    async with Studio(folder / "dunning", folder / "assets", datetime(2026, 1, 31, tzinfo=UTC)) as studio:
        look = await studio.look(200)
    [sight] = [sight for sight in look.sights if sight.sample.name == "second-de"]
    assert sight.proof is not None
    [code] = zxingcpp.read_barcodes(Image.open(BytesIO(sight.proof.pictures[0])))
    assert code.text.split("\n") == [
        "BCD", "002", "1", "SCT", "MERDDEFFXXX", "Meridian Bank AG", "DE88999700000052118204", "EUR832.61", "", "",
        "DARLEHEN 52-118204",
    ]  # fmt: skip
    assert int("".join(str(int(character, 36)) for character in "999700000052118204DE88")) % 97 == 1


def test_differences_are_told_and_marked(bundle: Path, tmp_path: Path) -> None:
    """A changed word is told with both texts, and framed in a picture of the page; what is approved then passes."""
    manifest = bundle / "template.yaml"
    manifest.write_text(manifest.read_text().replace("Opening balance", "Starting balance"))
    out = tmp_path / "differences"
    found = run("test", str(bundle), "--assets", _ASSETS, "--out", str(out))
    assert found.exit_code == 1
    assert "-Opening balance" in found.output
    assert "+Starting balance" in found.output
    for form in ("web", "mobile", "email"):
        assert f"everyday-en (en-GB), {form}: the text differs" in found.output
    assert "premier-de (de-DE): 2 pages, web, mobile, email, summary as approved" in found.output
    [picture] = out.iterdir()
    colors = Image.open(BytesIO(picture.read_bytes())).convert("RGB").getcolors(1 << 24)
    assert colors is not None
    assert (0xD1, 0x24, 0x2F) in {color for _, color in colors}
    assert run("test", str(bundle), "--assets", _ASSETS, "--approve").exit_code == 0
    assert run("test", str(bundle), "--assets", _ASSETS).exit_code == 0


def test_other_output_channels_are_compared(bundle: Path) -> None:
    """What only an e-mail or a summary says is held to what was approved, and so is which of them there are."""
    manifest = bundle / "template.yaml"
    before = manifest.read_text()
    changed = before.replace("sms_ready: your statement", "sms_ready: your account")
    manifest.write_text(changed.replace('email:\n  subject: "', 'email:\n  subject: "Nö: '))
    found = run("test", str(bundle), "--assets", _ASSETS)
    assert found.exit_code == 1
    assert "everyday-en (en-GB), summary: the text differs" in found.output
    assert "+Meridian Bank: your account 57" in found.output
    assert "+Subject: Nö: Account statement 57" in found.output
    assert ", web: " not in found.output
    (bundle / ".approved/everyday-en/web.txt").unlink()
    manifest.write_text(re.sub(r"(?ms)^summary:.*?^strings:", "strings:", before))
    found = run("test", str(bundle), "--assets", _ASSETS)
    assert "everyday-en (en-GB), web: nothing is approved" in found.output
    assert "everyday-en (en-GB), summary: it was approved, and the template offers it no longer" in found.output


def test_what_was_never_approved_does_not_pass(bundle: Path) -> None:
    """Without approved pages the test fails, and says how to approve them."""
    shutil.rmtree(bundle / ".approved")
    found = run("test", str(bundle), "--assets", _ASSETS)
    assert found.exit_code == 1
    assert "run with --approve" in found.output


def test_a_sample_that_does_not_fit_says_where(bundle: Path) -> None:
    """Each field of a sample's record that the schema refuses has a line of its own."""
    sample = next((bundle / "samples").iterdir())
    sample.write_text('{"customer": 5}')
    found = run("test", str(bundle), "--assets", _ASSETS)
    assert found.exit_code == 1
    lines = found.output.splitlines()
    failed = next(at for at, line in enumerate(lines) if "no document: the record does not fit" in line)
    assert any(line.startswith("  record.customer: ") for line in lines[failed:])
    assert any("is a required property" in line for line in lines[failed:])


def test_what_a_document_warns_of_is_told(bundle: Path, tmp_path: Path) -> None:
    """Remarks on the documents of samples are told with their places, and so are those of a document made here."""
    page = bundle / "statement.html"
    narrow = '<p style="white-space: nowrap; width: 5mm">{{ customer.name }}</p>'
    page.write_text(page.read_text().replace("<h1>", f"{narrow}<h1>", 1))
    place = r"page 1, statement\.html:\d+:\d+: "
    problem = r"a line that can't be broken is .* wider .*\[OVERFLOW\]"
    found = run("test", str(bundle), "--assets", _ASSETS)
    assert re.search(f"warning: {place}{problem}", found.output)
    small = tmp_path / "small"
    small.mkdir()
    small.joinpath("template.yaml").write_text(
        'name: small\nversion: "1"\ntitle: Small\ndefault_locale: en-GB\nlocales: [en-GB]\nhtml: statement.html\n'
        "schema: {type: object, required: [customer]}\n"
    )
    small.joinpath("statement.html").write_text(f'<html lang="en"><body>{narrow}</body></html>')
    record = tmp_path / "record.json"
    record.write_text('{"customer": {"name": "Zoë Ångström"}}')
    made = CliRunner().invoke(main, ["render", "--local", str(small), str(record), "-o", str(tmp_path / "one.pdf")])
    assert made.exit_code == 0, made.output
    assert re.search(f"{place}warning: {problem}", made.output)
    assert re.search(r"one\.pdf: \d pages?, \d+", made.output)


def test_assets_that_are_nowhere_are_noted(bundle: Path) -> None:
    """An asset without a file is a grey picture, and that is said for each."""
    found = run("test", str(bundle))
    assert found.exit_code == 1
    assert "note: cloudinary:statement/banner-premier has no stand-in" in found.output
    assert "premier-de (de-DE), page 1: the picture differs" in found.output


@pytest.fixture
async def preview(bundle: Path) -> AsyncIterator[str]:
    """The address of a preview that watches the bundle."""
    program = Path(sys.executable).with_name("pressrun")
    command = (str(program), "template", "preview", str(bundle), "--assets", _ASSETS, "--watch", "--no-browser")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        yield line.split()[-1]
    finally:
        process.terminate()
        await process.wait()


async def test_preview_shows_and_follows(bundle: Path, preview: str) -> None:
    """The page shows the pages; a save is told to the browser, errors take the place of pages, and go again."""
    async with aiohttp.ClientSession() as session, session.get(f"{preview}changes") as events:
        assert (await events.content.readuntil(b"\n\n")).startswith(b"data: 1")
        async with session.get(preview) as answer:
            page = await answer.text()
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        [*pictures] = re.findall(r'src="([^"]+\.png)', page)
        assert len(pictures) == 6
        async with session.get(preview + pictures[0]) as answer:
            assert Image.open(BytesIO(await answer.read())).size[0] > 800
        async with session.get(f"{preview}everyday-en.pdf") as answer:
            assert (await answer.read()).startswith(b"%PDF-")
        for form, said in (("web", "Account statement"), ("mobile", "max-width:30rem"), ("email", "data:image/png")):
            assert f'src="everyday-en/{form}.html' in page
            async with session.get(f"{preview}everyday-en/{form}.html") as answer:
                assert said in await answer.text()
                assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        async with session.get(f"{preview}everyday-en.eml") as answer:
            assert b"Subject: Account statement 57" in await answer.read()
        assert "Meridian Bank: your statement 57" in page
        css = bundle / "statement.css"
        before = css.read_text()
        css.write_text(before + "\np { colour: <red> }\n")
        assert (await events.content.readuntil(b"\n\n")).startswith(b"data: 2")
        async with session.get(preview) as answer:
            page = await answer.text()
        assert "the property colour is not supported" in page
        assert "<img" not in page
        css.write_text(before)
        assert (await events.content.readuntil(b"\n\n")).startswith(b"data: 3")
        async with session.get(preview) as answer:
            assert "<img" in await answer.text()


async def test_preview_is_for_this_machine(preview: str) -> None:
    """A request under another name is refused, so that no web page can read what is previewed."""
    async with aiohttp.ClientSession() as session:
        async with session.get(preview, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
        async with session.get(f"{preview}nobody/1.png") as answer:
            assert answer.status == 404


def test_parity(bundle: Path) -> None:
    """Print and web say the same of the sample; what one of them lacks, or says elsewhere, is told with its place."""
    record = str(bundle / "samples" / "premier-de.json")

    def compare(*more: str) -> Result:
        return CliRunner().invoke(main, ["parity", str(bundle), record, "--assets", _ASSETS, *more])

    same = compare("--locale", "de-DE")
    assert (same.exit_code, same.output) == (0, "print, web, email and mobile say the same\n")
    page, looks = bundle / "statement.html", bundle / "statement.css"
    page.write_text(
        page.read_text()
        .replace(
            '<p class="count">',
            '<p pr-channel="web"><a href="https://a.example/">Online alone</a></p>'
            '<p class="online">More <a href="https://b.example/">there</a></p><p class="count">',
        )
        .replace("<h2>", '<h2 pr-channel="print">')
    )
    looks.write_text(looks.read_text() + "@media print { .online { display: none } }")
    found = compare()
    assert found.exit_code == 1
    assert "onlinealone" not in found.output
    assert "Your" not in found.output
    assert "text 'morethere' is not said in print" in found.output
    assert "link 'https://b.example/' is not said in print" in found.output
    assert "pr-channel marks what is for one output channel only" in found.output
    looks.write_text(looks.read_text().replace("@media print", "@media email"))
    found = compare()
    assert "word 'More' is not said in email" in found.output
    assert "is not said in web" not in found.output
