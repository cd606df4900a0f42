from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from pressrun_loadtest.sandbox import Seed, SeedError, load_seed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOGO = "7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4"


def test_shipped_seed_holds_the_statement_s_assets() -> None:
    """The seed beside the shipped pictures loads, with the logo in two versions and a banner for each segment."""
    seed = load_seed()
    logo = next(asset for asset in seed.core_dam.assets if asset.original_asset_id == LOGO)
    assert len({version.data for version in logo.versions}) == 2
    approved = {a.public_id for a in seed.cloudinary.assets if a.type == "upload" and "banner" in a.tags}
    assert approved == {f"statement/banner-{name}" for name in ("everyday", "premier", "student", "business")}


def test_seed_has_what_connectors_must_refuse(seed: Seed) -> None:
    """The seed also holds assets that are pending, expired or locked."""
    approvals = {a.versions[-1].metadata.get("ACME.FIELD.APPROVAL") for a in seed.core_dam.assets}
    assert approvals == {"APPROVED", "PENDING"}
    assert any("ARTESIA.FIELD.EXPIRATION DATE" in a.versions[-1].metadata for a in seed.core_dam.assets)
    assert {a.type for a in seed.cloudinary.assets} == {"upload", "private", "authenticated"}
    assert {a.moderation_status for a in seed.cloudinary.assets} == {"approved", "pending"}


@pytest.fixture
def edited(seed_file: Path, tmp_path: Path) -> Callable[[Callable[[dict[str, object]], object]], Path]:
    """Copies the seed with its files and lets a function change its YAML."""

    def edit(change: Callable[..., object]) -> Path:
        for file in seed_file.parent.iterdir():
            shutil.copy(file, tmp_path)
        tree = yaml.safe_load(seed_file.read_text(encoding="utf-8"))
        change(tree)
        (tmp_path / "seed.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
        return tmp_path / "seed.yaml"

    return edit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.update(icanic={}), "seed: unknown field icanic"),
        (lambda t: t["core_dam"]["assets"][0].pop("original_asset_id"), r"assets\[0\]: the field original_asset_id"),
        (lambda t: t["core_dam"]["assets"][0].update(versions=[]), r"assets\[0\].versions: .* at least one"),
        (lambda t: t["core_dam"]["assets"][0]["versions"][0].update(file="no.png"), r"versions\[0\].file: .*no.png"),
        (lambda t: t["core_dam"]["assets"][0]["versions"][0].update(file="../logo.png"), "must lie beside"),
        (
            lambda t: t["core_dam"]["assets"][0]["versions"][0].update(variant="sepia"),
            "'sepia' is not one of grayscale",
        ),
        (lambda t: t["core_dam"]["assets"][0]["versions"][0]["metadata"].update({"X.Y": "z"}), "no field 'X.Y'"),
        (
            lambda t: t["core_dam"]["assets"][0]["versions"][0]["metadata"].update({"ACME.FIELD.APPROVAL": "YES"}),
            "'YES' is not one of .*DRAFT",
        ),
        (lambda t: t["core_dam"]["folders"][0]["assets"].append("gone"), "holds gone"),
        (lambda t: t["cloudinary"]["assets"][0].update(moderation_status="fine"), "'fine' is not one of queued"),
        (lambda t: t["cloudinary"]["assets"][0]["metadata"].update(mood="good"), r"assets\[0\].metadata: .*mood"),
        (lambda t: t["cloudinary"]["assets"][0].update(uploaded="yesterday"), "'yesterday' is no time"),
        (lambda t: t["cloudinary"]["metadata_fields"][0].update(type="colour"), "'colour' is not one of string"),
    ],
)
def test_faulty_seed_names_the_place(edited: Callable[..., Path], change: Callable[..., object], message: str) -> None:
    """A fault in the seed is told with its place and what would be valid."""
    with pytest.raises(SeedError, match=message):
        load_seed(edited(change))


def test_missing_or_broken_seed_file(tmp_path: Path) -> None:
    """A seed file that is not there, or is no YAML, is named."""
    with pytest.raises(SeedError, match=r"none\.yaml: cannot be read"):
        load_seed(tmp_path / "none.yaml")
    (tmp_path / "seed.yaml").write_text("core_dam: [", encoding="utf-8")
    with pytest.raises(SeedError, match="not YAML"):
        load_seed(tmp_path / "seed.yaml")
