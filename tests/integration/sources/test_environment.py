from __future__ import annotations

from pathlib import Path

from tests.integration.sources.conformance import ORIGINAL, load
from tests.integration.sources.harnesses import (
    MAPPING,
    CloudinaryHarness,
    CoreDamHarness,
    HttpHarness,
    IconikHarness,
    SmintioHarness,
)

from pressrun_loadtest.sandbox import Sandbox
from pressrun_sources.build import build_registry
from pressrun_sources.config import from_env
from pressrun_sources.model import AssetRef


async def test_from_variables_to_bytes(sandbox: Sandbox, tmp_path: Path) -> None:
    """The variables that the sandbox prints, with a mapping and a library, make a registry that gives assets."""
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    (tmp_path / "terms.txt").write_text("Terms")
    config = from_env(
        sandbox.settings.environment()
        | {
            "PRESSRUN_CORE_DAM_MAPPING_FILE": str(tmp_path / "mapping.yaml"),
            "PRESSRUN_LIBRARY_PATH": str(tmp_path),
            "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true",
        }
    )
    outcomes: list[str] = []
    registry = build_registry(config, lambda source, outcome, _seconds, _size: outcomes.append(f"{source} {outcome}"))
    try:
        assert await registry.check_all() == {
            "cloudinary": None,
            "core-dam": None,
            "http": None,
            "iconik": None,
            "library": None,
            "smintio": None,
        }
        for ref in (
            CoreDamHarness.present,
            CloudinaryHarness.present,
            HttpHarness.present,
            IconikHarness.present,
            SmintioHarness.present,
            AssetRef("library", "terms.txt"),
        ):
            source = registry.get(ref.source)
            assert await load(source, await source.describe(ref), ORIGINAL)
    finally:
        await registry.close_all()
    assert set(outcomes) == {"cloudinary ok", "core-dam ok", "http ok", "iconik ok", "library ok", "smintio ok"}
