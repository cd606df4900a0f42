"""Makes documents while every system fails now and then and its assets change all the time, and judges each of them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import math
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import aiohttp
from structlog.testing import capture_logs
from tests.integration.gallery.conftest import listen
from tests.integration.gallery.explaining import Details, Evidence

from pressrun_client import Client, Document, RenderError
from pressrun_loadtest.gallery.flows import SEED, Flow, flows
from pressrun_loadtest.gallery.press import differences, render
from pressrun_loadtest.sandbox import Sandbox
from pressrun_loadtest.sandbox.storm import calm, storm
from pressrun_server.app.node import Node

__all__ = ["FLOWS", "PERIOD_S", "SETTINGS", "Tally", "check"]

SHARE = 0.05
FLOWS = tuple(flow for flow in flows() if not flow.changes and not flow.once)
LOGO = "7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4"
BOATS = "0b0f2d3e-9d11-41f0-8a01-000000000101"
LAKE = "12:image:2001"
DISCLOSURE = "disclosures/deposits.png"
OFFER = "offers/north"
PAUSE = 0.4
"""Seconds between two changes."""
LOGO_REF, BOATS_REF, LAKE_REF = f"core-dam:{LOGO}", f"iconik:{BOATS}", f"smintio:{LAKE}"
DISCLOSURE_REF, OFFER_REF = f"http:{DISCLOSURE}", f"cloudinary:{OFFER}"
OFFER_VERSION = "1772323200"
TROUBLE = {"ASSET_UNAVAILABLE", "ASSET_INVALID"}
"""How a document fails when a system does."""
BARRED = {"ASSET_NOT_APPROVED", "ASSET_NOT_FOUND", "ASSET_RIGHTS"}
"""How it fails when an asset must not be used."""
REMEMBERED = 3.5
"""Seconds for which a failure is remembered, by settings and by those who wait for each other, and a little more."""
SOURCES = {"core-dam", "iconik", "smintio", "http", "cloudinary", "pushed"}
MAY_BE_OMITTED = {"insert", "steps", "variant", "card", "notice", "terms", "message", "disclaimer"}
ALTERNATIVES = {("smintio-licensed", "hero"): ("smintio:12:image:2002",)}
SETTINGS = {
    "PRESSRUN_ASSET_FRESH_SECONDS": "2",
    "PRESSRUN_ASSET_NOT_FOUND_SECONDS": "2",
    "PRESSRUN_ASSET_STALE_IF_ERROR_SECONDS": "0.001",
    "PRESSRUN_SOURCES_TIMEOUT": "10",
    "PRESSRUN_SOURCES_BREAKER_SECONDS": "1",
    "PRESSRUN_SOURCES_LOGIN_SECONDS": "1",
}
"""A node that believes for two seconds what a source said, and nothing longer, refusals and failures neither."""
PERIOD_S = 24
"""What an hour is to these seconds: nodes believe for five minutes, if nobody says otherwise, a twelfth of an hour."""


@dataclass(slots=True)
class State:
    """What an asset was for a while."""

    value: str | None
    """Names the bytes (their SHA-256, or the version of a system that makes renditions); None: must not be used."""
    since: float
    """When the change to it began."""
    until: float = math.inf
    """When the node had heard of the next one."""


class Truth:
    """What each asset was, and when; changes and documents overlap, so at a change two states are right."""

    def __init__(self) -> None:
        self._states: dict[str, list[State]] = {}

    def begins(self, ref: str, value: str | None) -> None:
        """A change begins."""
        self._states.setdefault(ref, []).append(State(value, time.monotonic()))

    def heard(self, ref: str) -> None:
        """The node has heard of the last change."""
        states = self._states[ref]
        if len(states) > 1:
            states[-2].until = time.monotonic()

    def knows(self, ref: str) -> bool:
        """Whether anything is told of an asset."""
        return ref in self._states

    def seen(self, ref: str, begun: float, ended: float) -> set[str | None]:
        """What a document that was made in this time may have seen of an asset."""
        return {one.value for one in self._states[ref] if one.since <= ended and one.until >= begun}


@dataclass(slots=True)
class Tally:
    """What became of the documents."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    exactly: int = 0
    """Failures whose own request met the fault."""
    limited: int = 0
    """Failures while a system's limit was used up, as it had said."""
    nearly: int = 0
    """Failures for which a fault of the same system before them is the cause, as they say."""
    barred: int = 0
    """Failures because the asset must not be used."""
    unexplained: list[str] = field(default_factory=list)
    omitted: int = 0
    next_best: int = 0
    changes: int = 0
    told_again: int = 0
    """Changes whose webhook the node did not answer in time, on a busy machine; then it was told otherwise."""


def _digest(name: str) -> str:
    return hashlib.sha256((SEED.parent / name).read_bytes()).hexdigest()


def _picture(name: str) -> str:
    return base64.b64encode((SEED.parent / name).read_bytes()).decode()


PICTURES = ("seal.png", "notice.png", "sea.png", "stock-lake.png")


class Changes:
    """Changes of assets that documents are made of, one at a time, each told to the node by the system's webhook."""

    def __init__(self, sandbox: Sandbox, client: Client, truth: Truth, tally: Tally, chance: random.Random) -> None:
        self._client = client
        self._truth = truth
        self._tally = tally
        self._chance = chance
        settings = sandbox.settings
        self._origins = {
            "core-dam": settings.core_dam.origin,
            "iconik": settings.iconik.base_url,
            "smintio": settings.smintio.origin,
            "http": settings.http.base_url,
            "cloudinary": settings.cloudinary.api_base_url,
        }
        self._sandbox = sandbox
        self._bytes = {LOGO_REF: _digest("logo.png"), DISCLOSURE_REF: _digest("seal.png")}
        self._good = dict.fromkeys((LOGO_REF, BOATS_REF, LAKE_REF, DISCLOSURE_REF, OFFER_REF), True)

    def origin(self, source: str) -> str:
        """Where a system's admin interface is."""
        return self._origins[source]

    async def one(self) -> None:
        """Change something."""
        await self._chance.choice((self._logo, self._boats, self._lake, self._disclosure, self._offer))()

    async def mend(self) -> None:
        """Let everything be approved."""
        for change in (self._logo, self._boats, self._lake, self._disclosure, self._offer):
            await change(good=True)

    async def _logo(self, *, good: bool | None = None) -> None:
        good = self._flip(LOGO_REF, good)
        if good and self._chance.random() < 0.7:
            name = self._chance.choice(PICTURES)
            self._bytes[LOGO_REF] = _digest(name)
            body: dict[str, object] = {"asset": LOGO, "data": _picture(name)}
            body["metadata"] = {"ACME.FIELD.APPROVAL": "APPROVED"}
            await self._do("core-dam", "new-version", body, LOGO_REF, self._bytes[LOGO_REF])
        else:
            body = {"asset": LOGO, "value": "APPROVED" if good else "RETIRED"}
            await self._do("core-dam", "approval", body, LOGO_REF, self._bytes[LOGO_REF] if good else None)

    async def _boats(self, *, good: bool | None = None) -> None:
        good = self._flip(BOATS_REF, good)
        value = _digest("sea.png") if good else None
        await self._do("iconik", "block", {"asset": BOATS, "blocked": not good}, BOATS_REF, value)

    async def _lake(self, *, good: bool | None = None) -> None:
        good = self._flip(LAKE_REF, good)
        body: dict[str, object] = {"asset": LAKE, "raw": {"approvalStatus": "approved" if good else "retired"}}
        await self._do("smintio", "edit", body, LAKE_REF, _digest("stock-lake.png") if good else None)

    async def _disclosure(self, *, good: bool | None = None) -> None:
        good = self._flip(DISCLOSURE_REF, good)
        if good and self._chance.random() < 0.5:
            name = self._chance.choice(PICTURES)
            await self._do(
                "http", "edit", {"item": DISCLOSURE, "metadata": {"status": "retired"}}, DISCLOSURE_REF, None
            )
            self._bytes[DISCLOSURE_REF] = _digest(name)
            body: dict[str, object] = {"item": DISCLOSURE, "data": _picture(name)}
            await self._do("http", "replace", body, DISCLOSURE_REF, None)
        status = "approved" if good else "retired"
        value = self._bytes[DISCLOSURE_REF] if good else None
        await self._do("http", "edit", {"item": DISCLOSURE, "metadata": {"status": status}}, DISCLOSURE_REF, value)

    async def _offer(self, *, good: bool | None = None) -> None:
        good = self._flip(OFFER_REF, good)
        body: dict[str, object] = {"asset": OFFER, "moderation_status": "approved" if good else "rejected"}
        await self._do("cloudinary", "approval", body, OFFER_REF, OFFER_VERSION if good else None)

    def _flip(self, ref: str, good: bool | None) -> bool:  # noqa: FBT001 - of this class alone
        self._good[ref] = self._chance.random() < 0.75 if good is None else good
        return self._good[ref]

    async def _do(self, source: str, operation: str, body: dict[str, object], ref: str, value: str | None) -> None:
        self._truth.begins(ref, value)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._origins[source]}/__sandbox__/do/{operation}", json=body) as answer,
        ):
            assert answer.status == 200, await answer.text()
            heard = answer.headers["X-Sandbox-Hook"] == "204"
        if not heard:
            # As its operator would: an unanswered webhook may have been taken, or not.
            self._tally.told_again += 1
            await self._client.invalidate([ref])
        self._truth.heard(ref)


def _values(document: Document) -> dict[str, tuple[str, str]]:
    """By slot the asset, and what names its bytes."""
    return {
        pin.slot: (pin.ref, pin.version if pin.ref.startswith("cloudinary:") else pin.digest.sha256)
        for pin in document.manifest.pins.assets
    }


@dataclass(slots=True)
class Press:
    """Makes documents and judges them."""

    client: Client
    truth: Truth
    tally: Tally
    evidence: Evidence
    details: Details
    number: int = 0

    async def one(self, flow: Flow) -> None:
        """One document: right, or wrong, or failed for a reason that is known or not."""
        self.number += 1
        name, begun = f"{flow.name}/{self.number}", time.monotonic()
        try:
            document = await render(self.client, flow, request_id=name)
        except RenderError as error:
            self._failed(flow, error, self.details.by_request.pop(name, ""), begun)
            return
        _judge(flow, document, self.truth, self.tally, begun)
        for problem in _unexplained(flow, document, self.truth, self.evidence, begun):
            self.tally.unexplained.append(f"{name}: {problem}")

    def _failed(self, flow: Flow, error: RenderError, detail: str, begun: float) -> None:
        tally, ended = self.tally, time.monotonic()
        tally.failures[error.reason] += 1
        slot, ref = error.metadata.get("slot", ""), error.metadata.get("ref", "")
        if error.reason in BARRED and _barred(flow, slot, self.truth, begun, ended):
            tally.barred += 1
            return
        found = None
        if error.reason in TROUBLE:
            found = self.evidence.explain(detail, _source(ref), ended - begun + REMEMBERED)
        if found is None:
            tally.unexplained.append(f"{flow.name}: {slot} {error.reason} {error} [{detail}]")
        elif found.entry is None:
            tally.limited += 1
        elif found.exactly:
            tally.exactly += 1
        else:
            tally.nearly += 1


def _source(named: str) -> str:
    """The source of an asset ref, or of a query as messages have it: `iconik where campaign=...`."""
    return re.split("[: ]", named, maxsplit=1)[0]


def _barred(flow: Flow, slot: str, truth: Truth, begun: float, ended: float) -> bool:
    """Whether an asset that a slot may show must not have been used at some time of a document."""
    refs = _refs_of(flow.template, slot) | set(ALTERNATIVES.get((flow.name, slot), ()))
    return any(None in truth.seen(ref, begun, ended) for ref in refs if truth.knows(ref))


def _unexplained(flow: Flow, document: Document, truth: Truth, evidence: Evidence, begun: float) -> Iterator[str]:
    """Candidates that were refused or slots that were left out, although nothing was wrong with them."""
    ended = time.monotonic()
    for decision in document.manifest.decisions:
        expected = flow.expect.get(decision.slot)
        if expected is None or decision.ref == expected.ref:
            continue
        for one in decision.refused:
            source = _source(one.ref)
            known = one.brief in flow.refused.get(decision.slot, ())
            barred = one.reason in BARRED and _barred(flow, decision.slot, truth, begun, ended)
            trouble = one.reason in TROUBLE and evidence.any(
                _source_of(expected.ref, source), ended - begun + REMEMBERED
            )
            if not (known or barred or trouble):
                yield f"{decision.slot}: {one.ref} was refused ({one.reason}, {one.brief}), and nothing was wrong"


def _source_of(ref: str, named: str) -> str:
    """The source of a candidate; a query is named by its criteria alone."""
    return named if named in SOURCES else ref.partition(":")[0]


def _judge(flow: Flow, document: Document, truth: Truth, tally: Tally, begun: float) -> None:
    ended, found = time.monotonic(), _values(document)
    for slot, expected in flow.expect.items():
        if slot not in found:
            tally.omitted += expected is not None
            if expected is not None and slot not in MAY_BE_OMITTED:
                tally.wrong.append(f"{flow.name}: {slot} is left out")
            continue
        ref, value = found[slot]
        known = {expected.ref if expected is not None else "", *ALTERNATIVES.get((flow.name, slot), ())}
        if ref not in known and ref in _refs_of(flow.template, slot) and _told(document, slot):
            # A better candidate could not be had, and the manifest says so.
            tally.next_best += 1
            known.add(ref)
        if ref not in known or value not in truth.seen(ref, begun, ended):
            tally.wrong.append(
                f"{flow.name}: {slot} holds {ref} {value[:12]}, right are {truth.seen(ref, begun, ended)}"
            )
    tally.right += 1


def _refs_of(template: str, slot: str) -> set[str]:
    """The assets that any flow of a template may show in a slot."""
    slots = (flow.expect[slot] for flow in FLOWS if flow.template == template)
    return {expected.ref for expected in slots if expected is not None}


def _told(document: Document, slot: str) -> bool:
    """Whether the manifest names a candidate of the slot that was not available."""
    decision = next(decision for decision in document.manifest.decisions if decision.slot == slot)
    return any(one.reason in TROUBLE for one in decision.refused)


async def _storm(client: Client, node: Node, sandbox: Sandbox, seconds: float, flows: Sequence[Flow]) -> Tally:
    truth, tally, chance = Truth(), Tally(), random.Random(7)
    for flow in flows:
        for expected in filter(None, flow.expect.values()):
            truth.begins(expected.ref, expected.sha256 or expected.version)
    changes = Changes(sandbox, client, truth, tally, chance)
    for source in ("core-dam", "iconik", "smintio", "http", "cloudinary"):
        await listen(changes.origin(source), node, source)
    end = time.monotonic() + seconds

    async def change() -> None:
        while time.monotonic() < end:
            await asyncio.sleep(PAUSE)
            await changes.one()
            tally.changes += 1

    details = Details()
    press = Press(client, truth, tally, Evidence.of(sandbox), details)

    async def pressing() -> None:
        while time.monotonic() < end:
            await press.one(chance.choice(flows))

    storm(sandbox, SHARE)
    with capture_logs([details]):
        await asyncio.gather(change(), *(pressing() for _ in range(6)))
    calm(sandbox)
    await changes.mend()
    return tally


async def check(
    client: Client,
    node: Node,
    sandbox: Sandbox,
    seconds: float,
    *,
    flows: Sequence[Flow] = FLOWS,
    rest: float = 2.2,
    relief: Callable[[], None] = lambda: None,
) -> Tally:
    """Make documents in a storm, and afterwards in calm weather.

    Args:
        client: asks the node.
        node: has the stand-ins as its sources.
        sandbox: the stand-ins.
        seconds: how long the storm lasts.
        flows: the documents.
        rest: seconds after which nothing that failed is remembered.
        relief: called when the storm is over.

    Raises:
        AssertionError: a document was wrong, or failed for no reason, or one that is made afterwards is not as it
            should be.
    """
    asked = sandbox.cloudinary.api_journal.total
    tally = await _storm(client, node, sandbox, seconds, flows)
    relief()
    print(
        f"storm of {seconds:g} s: {tally.right} documents, {len(tally.wrong)} with a wrong asset, {tally.changes} changes, "
        f"{sum(tally.failures.values())} failed {dict(tally.failures)}: {tally.exactly} by the fault that their own request "
        f"met, {tally.nearly} by one that they name or waited for, {tally.limited} while a limit was used up, "
        f"{tally.barred} since the asset must not be used, "
        f"{len(tally.unexplained)} unexplained; {tally.omitted} slots left out, {tally.next_best} with the next best; "
        f"{tally.told_again} webhooks not answered; {sandbox.cloudinary.api_journal.total - asked} calls of Cloudinary's "
        f"Admin API, {sandbox.cloudinary.budget.refused} of them refused"
    )
    for problem in (*tally.wrong[:20], *tally.unexplained[:20]):
        print(f"  {problem}")
    assert not tally.wrong
    assert not tally.unexplained
    assert tally.right > seconds / 4
    assert tally.changes > seconds / 4
    await asyncio.sleep(rest)
    for source in ("core_dam", "iconik", "smintio", "http", "cloudinary"):
        getattr(sandbox, source).reset()
    await asyncio.sleep(2.2)  # until nothing of what was is believed
    for flow in flows:
        assert differences(flow, await render(client, flow)) == []
    return tally
