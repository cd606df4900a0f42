from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from pressrun.v1 import document_pb2
from pressrun_server.model.decision import Decision, LocalisationGap, Outcome, Refused
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import RenderWarning
from pressrun_server.render.manifest import Completion, DocumentHeader, Manifest, Timings, manifest_json
from pressrun_server.rpc.answers import fill_completion, fill_header

_REFUSED = Refused("library:old.png", "ASSET_RIGHTS", "rights ended 2026-10-31", "its rights ended")


def _completion(make: SimpleNamespace, **changes: Any) -> Completion:
    as_of = changes.pop("as_of", make.now)
    spent = changes.pop("timings", (0.25, 0.0, 0.001, 0.0000015, 1.5, 0.123456789))
    spec = make.spec(
        tenant="retail",
        communication_id="com-1",
        attributes={"segment": "premier", "business_unit": "B", "customer_reference": "SECRET", "branch": "7"},
        **changes,
    )
    header = DocumentHeader("application/pdf", make.info(), make.engine, (make.asset_use(),), "de", as_of)
    manifest = Manifest(
        spec=spec,
        header=header,
        record=Digest.of(spec.record),
        document=Digest.of(b"document"),
        pages=3,
        finished_at=datetime(2026, 3, 1, 12, 0, 1, 500_000, tzinfo=UTC),
        timings=Timings(*spent),
        warnings=(RenderWarning("MISSING_GLYPH", "a « sign » is missing", ""),),
        decisions=(
            Decision("logo", 2, "vip", Outcome.CHOSEN, "library:logo.png", "4", "fr", (_REFUSED, _REFUSED)),
            Decision("banner", 0, "", Outcome.OMITTED),
        ),
        gaps=(LocalisationGap("logo", "fr-CA", "fr"), LocalisationGap("", "fr-CA", "fr")),
    )
    return Completion(manifest, 1, 2, 3, 4)


def test_message_holds_everything(make: SimpleNamespace) -> None:
    """The manifest on the wire names what went in, and keeps the customer's reference out."""
    message = document_pb2.DocumentCompletion()
    fill_completion(message, _completion(make))
    manifest = message.manifest
    assert manifest.pins.assets[0].rights_until.ToDatetime().year == 2027
    assert manifest.pins.fonts[0].name == "Fira Sans"
    assert (manifest.attributes.segment, dict(manifest.attributes.extra)) == ("premier", {"branch": "7"})
    assert b"SECRET" not in message.SerializeToString()
    assert manifest.decisions[0].text == (
        "slot logo: rule 2 matched vip; library:logo.png version 4 (fr) chosen; "
        "2 candidates refused: 2 rights ended 2026-10-31"
    )
    assert manifest.decisions[1].text == "slot banner: no rule holds; the slot is left out"
    assert [gap.used for gap in manifest.localisation_gaps] == ["fr", "fr"]
    assert manifest.timings.compose_cpu.nanos == 123_456_789
    assert (message.cache_use.memory_hits, message.cache_use.disk_hits, message.cache_use.source_fetches) == (1, 2, 3)
    assert message.cache_use.shared_hits == 4
    header = document_pb2.DocumentHeader()
    fill_header(header, _completion(make).manifest.header)
    assert header.pins == manifest.pins


@given(
    as_of=st.datetimes(datetime(1900, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    timings=st.tuples(*[st.floats(0, 1000)] * 6),
)
def test_json_is_protobufs_own(make: SimpleNamespace, as_of: datetime, timings: tuple[float, ...]) -> None:
    """The JSON made without protobuf is what protobuf's JSON format gives for the same manifest."""
    made = _completion(make, as_of=as_of, timings=timings)
    message = document_pb2.DocumentCompletion()
    fill_completion(message, made)
    text = manifest_json(made.manifest)
    assert (
        json.loads(text)
        == json_format.MessageToDict(message.manifest)
        | {
            # protobuf writes a present message without fields as {}; a duration of zero as "0s"
        }
    )
    assert json_format.Parse(text, document_pb2.Manifest()) == message.manifest
    assert "SECRET" not in text
