from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.integration.sources.conformance import load
from tests.integration.sources.harnesses import LibraryHarness

from pressrun_sources.errors import InvalidReferenceError, InvalidResponseError, MisconfiguredError, NotFoundError
from pressrun_sources.model import Approval, AssetQuery, AssetRef


@pytest.fixture
async def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LibraryHarness]:
    """A library beside a file that must not be reached."""
    folder = tmp_path / "library"
    folder.mkdir()
    (tmp_path / "outside.txt").write_text("library-secret")
    harness = LibraryHarness(folder, monkeypatch)
    yield harness
    await harness.close()


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/passwd", "a/../../outside.txt", "..", ".", "a//b", "a/./b"])
async def test_no_way_out_by_text(library: LibraryHarness, path: str) -> None:
    """A path that is not plainly below the folder is refused, without a word about what is there."""
    with pytest.raises(InvalidReferenceError) as caught:
        await library.make().describe(AssetRef("library", path))
    assert "outside" not in str(caught.value).replace(repr(path), "")


async def test_no_way_out_by_links(library: LibraryHarness) -> None:
    """A link that leads out looks like a file that is not there; the operator is told."""
    (library.folder / "link.txt").symlink_to(library.folder.parent / "outside.txt")
    (library.folder / "folder").symlink_to(library.folder.parent)
    for path in ("link.txt", "folder/outside.txt"):
        with pytest.raises(NotFoundError) as caught:
            await library.make().describe(AssetRef("library", path))
        assert "link" not in str(caught.value).replace(repr(path), "")
        assert "symbolic link" in caught.value.detail


async def test_links_within(library: LibraryHarness) -> None:
    """A link to a file within the folder is that file."""
    (library.folder / "alias.png").symlink_to(library.folder / library.present.id)
    source = library.make()
    assert await load(source, await source.describe(AssetRef("library", "alias.png"))) == library.content


async def test_only_files(library: LibraryHarness) -> None:
    """Folders, pipes and sidecars are no assets, and a pipe does not block."""
    os.mkfifo(library.folder / "pipe.png")
    for path in ("logos", "pipe.png", f"{library.present.id}.yaml", "x" * 300):
        with pytest.raises(NotFoundError):
            await library.make().describe(AssetRef("library", path))


async def test_yaml_without_a_file(library: LibraryHarness) -> None:
    """A YAML file that describes nothing is an asset itself."""
    library.write("tokens.yaml", b"colour: red")
    source = library.make()
    found = await source.describe(AssetRef("library", "tokens.yaml"))
    assert found.media_type == "application/yaml"


async def test_without_sidecar(library: LibraryHarness) -> None:
    """A file without a sidecar is there, but its approval is unknown and it is never selected."""
    library.write("plain.jpeg", b"jpeg")
    found = await library.make().describe(AssetRef("library", "plain.jpeg"))
    assert found.approval is Approval.UNKNOWN
    assert (found.name, found.media_type, found.locale) == ("plain.jpeg", "image/jpeg", None)
    assert found.attributes == (("format", "jpg"),)


async def test_version_follows_the_bytes(library: LibraryHarness) -> None:
    """Other bytes are another version, the same bytes the same one."""
    source, ref = library.make(), AssetRef("library", "a.txt")
    library.write("a.txt", b"one")
    first = await source.describe(ref)
    library.write("a.txt", b"two")
    second = await source.describe(ref)
    library.write("b.txt", b"one")
    third = await source.describe(AssetRef("library", "b.txt"))
    assert first.version != second.version
    assert first.version == third.version


async def test_sidecar(library: LibraryHarness) -> None:
    """A sidecar says everything that a DAM would say."""
    library.write(
        "a.txt",
        b"one",
        "{approval: rejected, rights_from: 2026-01-01, rights_until: 2026-12-31T12:00:00+02:00, territories: [DE, AT],"
        ' locale: de-AT, version: "7", name: Terms, deleted: true, attributes: {region: [emea, apac], n: 5}}',
    )
    found = await library.make().describe(AssetRef("library", "a.txt"))
    assert found.approval is Approval.REJECTED
    assert found.rights_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.rights_until == datetime(2026, 12, 31, 10, tzinfo=UTC)
    assert (found.territories, found.locale, found.version, found.name) == (("DE", "AT"), "de-AT", "7", "Terms")
    assert found.deleted
    assert found.attributes == (("format", "txt"), ("n", "5"), ("region", "apac"), ("region", "emea"))


async def test_broken_sidecar(library: LibraryHarness) -> None:
    """A sidecar with a fault is an error that names file and field to the operator."""
    library.write("a.txt", b"one", "{state: approved}")
    with pytest.raises(MisconfiguredError) as caught:
        await library.make().describe(AssetRef("library", "a.txt"))
    assert "a.txt.yaml: unknown field 'state'; valid are approval" in caught.value.detail


async def test_changed_in_between(library: LibraryHarness) -> None:
    """Bytes that changed since the description are not handed out as the old version."""
    source = library.make()
    description = await source.describe(library.present)
    (library.folder / library.present.id).write_bytes(library.content[::-1])
    with pytest.raises(InvalidResponseError, match="has changed"):
        await load(source, description)


async def test_select_takes_the_newest(library: LibraryHarness) -> None:
    """Among several files the highest version wins, then the first name."""
    for name, version in (("b.txt", "2"), ("a.txt", "2"), ("c.txt", "1")):
        library.write(name, b"x", f'{{approval: approved, version: "{version}", attributes: {{kind: terms}}}}')
    found = await library.make().select(AssetQuery("library", (("kind", "terms"),)))
    assert found == AssetRef("library", "a.txt")


async def test_qualifiers(library: LibraryHarness) -> None:
    """The library knows no qualifiers."""
    with pytest.raises(InvalidReferenceError, match="no qualifiers"):
        await library.make().describe(AssetRef("library", "draft.svg", (("type", "x"),)))


async def test_folder_gone(library: LibraryHarness) -> None:
    """A check of a folder that is gone names the setting to the operator."""
    library.folder.rename(library.folder.parent / "elsewhere")
    with pytest.raises(MisconfiguredError) as caught:
        await library.make().check()
    assert "PRESSRUN_LIBRARY_PATH" in caught.value.detail
