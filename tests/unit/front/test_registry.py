from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.model.spec import TemplateName
from pressrun_server.render.registry import Registry
from pressrun_server.render.template_files import TemplateFiles


def _registry(folder: Path, make: SimpleNamespace, engine: str | None = None) -> Registry:
    return Registry(TemplateFiles(folder), engine or make.engine, selector=make.selector)


async def _opened(
    folder: Path, make: SimpleNamespace, engine: str | None = None
) -> tuple[Registry, list[str], list[str]]:
    faults: list[str] = []
    made = _registry(folder, make, engine)
    stale = await made.load(lambda name, fault: faults.append(f"{name}: {fault}"))
    return made, faults, [entry.info.name for entry in stale]


async def test_restart_keeps_templates(tmp_path: Path, make: SimpleNamespace) -> None:
    """A restarted node knows what was published, newest version included, and has its programs."""
    first, _, _ = await _opened(tmp_path, make)
    for number, version in enumerate(("2", "10", "1")):
        entry, blobs = make.entry(make.info(version=version), published_at=make.now + timedelta(hours=number))
        await first.publish(entry, blobs)
    again, faults, stale = await _opened(tmp_path, make)
    assert (faults, stale, len(again)) == ([], [], 3)
    assert again.find(TemplateName("statement")).info.version == "1"
    found = again.find(TemplateName("statement", "10"))
    data = await again.blob(Digest.parse(found.programs["de"]))
    assert data is not None
    assert Digest.of(data) == found.entry.programs["de"]


async def test_publishing_again_and_conflicts(tmp_path: Path, make: SimpleNamespace) -> None:
    """The same bundle again changes nothing; other files under the same version are refused with what to do."""
    templates, _, _ = await _opened(tmp_path, make)
    entry, blobs = make.entry(make.info())
    assert (await templates.publish(entry, blobs))[1] is True
    assert (await templates.publish(entry, blobs))[1] is False
    other, blobs = make.entry(make.info(digest="9" * 64))
    with pytest.raises(PressrunError, match="raise `version`") as error:
        await templates.publish(other, blobs)
    assert error.value.reason is Reason.TEMPLATE_CONFLICT
    assert templates.find(TemplateName("statement")).info.digest == entry.info.digest


async def test_concurrent_publishing_of_one_version(tmp_path: Path, make: SimpleNamespace) -> None:
    """Of two bundles published at once under one version exactly one wins."""
    templates, _, _ = await _opened(tmp_path, make)
    outcomes = await asyncio.gather(
        *(templates.publish(*make.entry(make.info(digest=str(n) * 64))) for n in range(4)), return_exceptions=True
    )
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 1
    again, _, _ = await _opened(tmp_path, make)
    assert len(again) == 1


async def test_find_by_every_name(tmp_path: Path, make: SimpleNamespace) -> None:
    """Name, version and digest find a template; what disagrees or is not there says what there is."""
    templates, _, _ = await _opened(tmp_path, make)
    old, new = make.info(version="1"), make.info(version="2")
    await templates.publish(*make.entry(old))
    await templates.publish(*make.entry(new, published_at=make.now + timedelta(1)))
    assert templates.find(TemplateName("statement")).info == new
    assert templates.find(TemplateName("statement", "1")).info == old
    assert templates.find(TemplateName(digest=old.digest)).info == old
    assert templates.find(TemplateName("statement", digest=old.digest)).info == old
    # A retry with pins stays at its version although a newer one was published in between.
    assert templates.find(TemplateName("statement"), old.digest).info == old
    for name, reason in (
        (TemplateName("statement", "3"), Reason.TEMPLATE_NOT_FOUND),
        (TemplateName(digest="0" * 64), Reason.TEMPLATE_NOT_FOUND),
        (TemplateName("statement", "1", new.digest), Reason.INVALID_REQUEST),
    ):
        with pytest.raises(PressrunError) as error:
            templates.find(name)
        assert error.value.reason is reason
    with pytest.raises(PressrunError, match="statement@1, statement@2"):
        templates.find(TemplateName("statement", "3"))
    with pytest.raises(PressrunError) as error:
        templates.find(TemplateName("statement", "1"), new.digest)
    assert error.value.reason is Reason.PINS_MISMATCH


async def test_pages_stay_whole(tmp_path: Path, make: SimpleNamespace) -> None:
    """Pages follow name and version; one published between two pages neither repeats nor hides another."""
    templates, _, _ = await _opened(tmp_path, make)
    for name in ("b", "d", "a", "e"):
        await templates.publish(*make.entry(make.info(name)))
    page, token = templates.page(2, "")
    assert [published.info.name for published in page] == ["a", "b"]
    await templates.publish(*make.entry(make.info("c")))
    await templates.publish(*make.entry(make.info("0")))
    page, token = templates.page(2, token)
    assert [published.info.name for published in page] == ["c", "d"]
    page, token = templates.page(0, token)
    assert [published.info.name for published in page] == ["e"]
    assert token == ""
    for size, bad in ((-1, ""), (1001, ""), (1, "no token"), (1, "AAAA"), (1, "é")):
        with pytest.raises(PressrunError) as error:
            templates.page(size, bad)
        assert error.value.reason is Reason.INVALID_REQUEST
        assert error.value.violations[0].field in {"page_size", "page_token"}


async def test_other_engine_is_stale(tmp_path: Path, make: SimpleNamespace) -> None:
    """What another engine compiled is not used; it is given back to be compiled again."""
    templates, _, _ = await _opened(tmp_path, make)
    await templates.publish(*make.entry(make.info()))
    upgraded, faults, stale = await _opened(tmp_path, make, "f" * 64)
    assert (len(upgraded), faults, stale) == (0, [], ["statement"])


@pytest.mark.parametrize("damage", ["cut", "flip", "program", "name", "garbage"])
async def test_damage_is_reported_and_skipped(tmp_path: Path, make: SimpleNamespace, damage: str) -> None:
    """A damaged entry is named in a report and skipped; the others are there."""
    templates, _, _ = await _opened(tmp_path, make)
    bad, blobs = make.entry(make.info("bad"))
    await templates.publish(bad, blobs)
    await templates.publish(*make.entry(make.info("good")))
    path = tmp_path / f"{bad.info.digest}.template"
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[:-5])
    elif damage == "flip":
        path.write_bytes(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])
    elif damage == "program":
        (tmp_path / "blobs" / str(bad.programs["de"])).write_bytes(b"short")
    elif damage == "name":
        path.rename(tmp_path / f"{'7' * 64}.template")
    else:
        path.write_bytes(b"\x00" * 100)
    again, faults, _ = await _opened(tmp_path, make)
    assert [published.info.name for published in again] == ["good"]
    assert len(faults) == 1


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 2000))
def test_no_cut_gives_a_wrong_template(
    tmp_path_factory: pytest.TempPathFactory, cut: int, make: SimpleNamespace
) -> None:
    """Wherever an entry is cut, it is read whole or reported."""
    folder = tmp_path_factory.mktemp("cut")

    async def play() -> None:
        files = TemplateFiles(folder)
        files.open()
        entry, blobs = make.entry(make.info())
        files.save(entry, blobs)
        path = folder / f"{entry.info.digest}.template"
        data = path.read_bytes()
        path.write_bytes(data[:cut])
        faults: list[str] = []
        entries = files.load(lambda _, fault: faults.append(fault))
        assert (entries == [entry] and not faults) if cut >= len(data) else (not entries and len(faults) == 1)

    asyncio.run(play())


async def test_damaged_program_is_not_given(tmp_path: Path, make: SimpleNamespace) -> None:
    """A program whose bytes changed on disk is not given to anybody."""
    templates, _, _ = await _opened(tmp_path, make)
    entry, blobs = make.entry(make.info())
    await templates.publish(entry, blobs)
    digest = entry.programs["de"]
    path = tmp_path / "blobs" / str(digest)
    path.write_bytes(b"x" * digest.size)
    assert await templates.blob(digest) is None


async def test_full_disk_publishes_nothing(
    tmp_path: Path, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails leaves the template unpublished, here and after a restart, and says so without its text."""
    templates, _, _ = await _opened(tmp_path, make)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pressrun_sources.durable.os.fsync", full)
    with pytest.raises(PressrunError) as error:
        await templates.publish(*make.entry(make.info()))
    assert error.value.reason is Reason.STORAGE_FULL
    assert "No space" in error.value.detail
    monkeypatch.undo()
    again, faults, _ = await _opened(tmp_path, make)
    assert (len(templates), len(again), faults) == (0, 0, [])
    left = list(tmp_path.rglob(".new-*"))  # noqa: ASYNC240 - a look at a small folder
    assert not left
