from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pressrun.v1 import template_service_pb2
from pressrun_client import (
    AssetUnavailableError,
    BundleError,
    Client,
    ClientConfig,
    InvalidRequestError,
    NodeHealth,
    NodeUnavailableError,
    OutputChannel,
    Rendition,
    Severity,
    TemplateConflictError,
    TemplateInvalidError,
    TemplateNotFoundError,
)
from pressrun_client.testing import FakeNode

_BUNDLE = {"template.yaml": b'name: letter\nversion: "2"\n', "letter.html": b"<p>"}


def _diagnostic(severity: template_service_pb2.Severity) -> template_service_pb2.Diagnostic:
    return template_service_pb2.Diagnostic(
        severity=severity, code="unknown-element", message="no `blink`", hint="use `b`", file="a.html", line=3, column=4
    )


async def test_a_folder_is_published(client: Client, tmp_path: Path) -> None:
    """What was published can be asked for, and publishing it again changes nothing."""
    for path, content in _BUNDLE.items():
        (tmp_path / path).write_bytes(content)
    published = await client.publish(tmp_path)
    assert str(published.ref) == "letter@2"
    assert len(published.ref.digest) == 64
    assert published.created
    assert not (await client.publish(_BUNDLE)).created
    found = await client.template("letter")
    assert found.ref == published.ref
    assert found.output_channels == (OutputChannel.PRINT,)
    assert found.published_at is not None


async def test_other_files_under_a_taken_version_are_refused(client: Client) -> None:
    """The error says what to raise."""
    await client.publish(_BUNDLE)
    with pytest.raises(TemplateConflictError, match="raise `version`"):
        await client.publish({**_BUNDLE, "letter.html": b"<div>"})


async def test_a_wrong_bundle_is_refused_with_all_its_places(client: Client, node: FakeNode) -> None:
    """Publish raises the diagnostics that Check answers with."""
    node.templates.diagnostics = [_diagnostic(template_service_pb2.SEVERITY_ERROR)]
    with pytest.raises(TemplateInvalidError) as caught:
        await client.publish(_BUNDLE)
    result = await client.check(_BUNDLE)
    assert result.diagnostics == caught.value.diagnostics
    assert not result.ok
    assert result.template is None
    assert result.diagnostics[0].place == "a.html:3:4"


async def test_warnings_come_with_the_template(client: Client, node: FakeNode) -> None:
    """A bundle with warnings is published and says them."""
    node.templates.diagnostics = [_diagnostic(template_service_pb2.SEVERITY_WARNING)]
    assert [each.severity for each in (await client.publish(_BUNDLE)).diagnostics] == [Severity.WARNING]
    result = await client.check(_BUNDLE)
    assert result.ok
    assert result.template is not None


async def test_templates_are_listed_page_by_page(client: Client) -> None:
    """All pages come, one after the other."""
    for version in range(5):
        await client.publish({"template.yaml": f"name: a\nversion: {version}\n".encode()})
    found = [str(info.ref) async for info in client.templates(page_size=2)]
    assert found == [f"a@{version}" for version in range(5)]


async def test_an_unknown_template_is_told(client: Client) -> None:
    """The error names it and says how to publish."""
    with pytest.raises(TemplateNotFoundError, match=r"no template letter@9; publish it"):
        await client.template("letter@9")
    with pytest.raises(InvalidRequestError, match="name@version"):
        await client.template("letter@")


async def test_no_bundle_reaches_the_node_that_is_none(client: Client, tmp_path: Path) -> None:
    """A folder without template.yaml is told by the client."""
    with pytest.raises(BundleError):
        await client.publish(tmp_path)


async def test_each_asset_has_its_own_outcome(client: Client, node: FakeNode) -> None:
    """One that cannot be had does not hide the others; order is kept."""
    node.assets.add("library:logo", b"png")
    found, missing = await client.resolve_assets(
        ["library:logo", "library:gone"], rendition=Rendition(width=200, format="png")
    )
    assert found.ok
    assert found.found_in == "memory"
    assert found.descriptor is not None
    assert found.descriptor.digest.size == 3
    assert found.descriptor.rendition == Rendition(width=200, format="png")
    assert isinstance(missing.error, AssetUnavailableError)
    assert missing.error.reason == "ASSET_NOT_FOUND"
    assert missing.error.metadata == {"ref": "library:gone"}


async def test_a_templates_assets_are_prefetched(client: Client, node: FakeNode) -> None:
    """The node is told which template and output channel."""
    node.assets.add("library:logo")
    outcomes = await client.prefetch("letter@2", output_channel=OutputChannel.WEB)
    assert [outcome.ref for outcome in outcomes] == ["library:logo"]
    assert node.assets.prefetched[0].version == "2"
    with pytest.raises(InvalidRequestError, match="print, email, web, mobile"):
        await client.prefetch("letter@2", output_channel="fax")  # type: ignore[arg-type] # what is tested


async def test_an_asset_is_described(client: Client, node: FakeNode) -> None:
    """Known renditions come with what the source said; an unknown asset is an error."""
    node.assets.add("library:logo")
    (descriptor,) = await client.describe_asset("library:logo")
    assert descriptor.approval == "approved"
    assert descriptor.fetched_at is not None
    with pytest.raises(AssetUnavailableError):
        await client.describe_asset("library:gone")


async def test_health_is_that_of_the_render_service(client: Client) -> None:
    """A node that serves says so."""
    assert await client.health() is NodeHealth.SERVING


async def test_a_node_that_drains_is_not_serving(node: FakeNode, config: ClientConfig) -> None:
    """Without balancing by health the node's own word is seen; with it no such node is called."""
    await node.set_serving(serving=False)
    async with Client(node.target, config=replace(config, health_check=False)) as client:
        assert await client.health() is NodeHealth.NOT_SERVING
    async with Client(node.target, config=replace(config, attempts=1, call_timeout=1.0)) as client:
        with pytest.raises(NodeUnavailableError):
            await client.health()
