from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from pressrun_loadtest.records import generate
from pressrun_loadtest.samples import load_bundle, records_path, statement_path
from pressrun_loadtest.samples.bundle import BundleError

LOCALES = {"en-GB", "de-DE", "fr-FR"}


@pytest.fixture(scope="module")
def bundle() -> dict[str, bytes]:
    """The shipped template's files."""
    return load_bundle(statement_path())


@pytest.fixture(scope="module")
def description(bundle: dict[str, bytes]) -> dict[str, Any]:
    """Its template.yaml."""
    found: dict[str, Any] = yaml.safe_load(bundle["template.yaml"])
    return found


def test_the_bundle_has_its_files(bundle: dict[str, bytes]) -> None:
    """The bundle is read with forward slashes, in sorted order, and holds what template.yaml names."""
    assert list(bundle) == sorted(bundle)
    assert {"template.yaml", "statement.html", "statement.css", "samples/premier-de.json"} <= set(bundle)


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    """An editor's hidden file does not change the bundle."""
    (tmp_path / ".git").mkdir()
    for name in ("template.yaml", ".template.yaml.swp", ".git/HEAD"):
        (tmp_path / name).write_text("name: x")
    assert list(load_bundle(tmp_path)) == ["template.yaml"]


def test_a_folder_without_description_is_refused(tmp_path: Path) -> None:
    """A wrong path is refused with what is missing."""
    with pytest.raises(BundleError, match=r"has no template\.yaml"):
        load_bundle(tmp_path)
    with pytest.raises(BundleError, match="is not a folder"):
        load_bundle(tmp_path / "nowhere")


def test_strings_are_complete_in_all_locales(description: dict[str, Any]) -> None:
    """Each locale has every string, with text in it."""
    strings = description["strings"]
    assert set(strings) == set(description["locales"]) == LOCALES
    assert set(strings["en-GB"]) == set(strings["de-DE"]) == set(strings["fr-FR"])
    assert all(text.strip() == text != "" for texts in strings.values() for text in texts.values())


def test_strings_are_translated(description: dict[str, Any]) -> None:
    """Long texts differ between all locales: none was left untranslated."""
    strings = description["strings"]
    for key in strings["en-GB"]:
        if key.endswith("_text") or key.startswith("legal"):
            assert len({strings[locale][key] for locale in LOCALES}) == len(LOCALES), key


def test_strings_and_html_agree(bundle: dict[str, bytes], description: dict[str, Any]) -> None:
    """Every string that the HTML, the title, the e-mail's headers or the summary show is there, and none in vain."""
    elsewhere = json.dumps([description["email"], description["summary"]])
    shown = bundle["statement.html"].decode() + description["title"] + elsewhere
    used = set(re.findall(r"\bt\.([a-z_0-9]+)", shown))
    assert used == set(description["strings"]["en-GB"])


def test_no_visible_text_stands_in_the_html(bundle: dict[str, bytes]) -> None:
    """All words come from strings or the record, so that every locale is whole."""
    body = bundle["statement.html"].decode().split("<body>")[1]
    text = re.sub(r"<!--.*?-->|<[^>]*>|\{\{.*?\}\}", " ", body, flags=re.DOTALL)
    assert set(text.split()) <= {",", "+"}


def test_samples_keep_the_schema(bundle: dict[str, bytes], description: dict[str, Any]) -> None:
    """The three sample records are valid, of different segments, and make two pages' worth of rows."""
    validator = jsonschema_rs.Draft202012Validator(description["schema"])
    samples = [json.loads(bundle[path]) for path in description["samples"]]
    assert [str(error) for sample in samples for error in validator.iter_errors(sample)] == []
    assert {sample["customer"]["segment"] for sample in samples} == {"everyday", "premier", "business"}
    assert {len(sample["transactions"]) for sample in samples} == {30}


def test_slots_name_the_assets_of_the_sandbox(description: dict[str, Any]) -> None:
    """The logo is Core DAM's, the banner Cloudinary's by segment, and the sandbox's seed has all of them."""
    seed = yaml.safe_load((records_path().parent.parent / "assets" / "seed.yaml").read_text(encoding="utf-8"))
    held = {f"core-dam:{asset['original_asset_id']}" for asset in seed["core_dam"]["assets"]}
    held |= {f"cloudinary:{asset['public_id']}" for asset in seed["cloudinary"]["assets"]}
    uses = {rule["use"] for slot in description["slots"].values() for rule in slot["rules"]}
    assert "core-dam:7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4" in uses
    assert len(uses) == 5
    assert uses <= held


def test_the_fonts_have_every_character(description: dict[str, Any]) -> None:
    """Whatever a record or a string holds, FiraGO can draw (narrow spaces of amounts apart, which the engine sets)."""
    fonts = pytest.importorskip("pymupdf_fonts")
    ttlib = pytest.importorskip("fontTools.ttLib")
    from io import BytesIO  # noqa: PLC0415

    drawn = json.dumps([item["record"] for item in generate(4, 200)], ensure_ascii=False)
    drawn += "".join(text for texts in description["strings"].values() for text in texts.values())
    for name in ("figo", "figbo"):
        covered = ttlib.TTFont(BytesIO(fonts.fontbuffers[name]()), lazy=True).getBestCmap()
        assert {character for character in drawn if ord(character) not in covered} == set()
