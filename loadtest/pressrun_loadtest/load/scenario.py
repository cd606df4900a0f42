"""What a load test does, read from YAML: who arrives when, asking for which documents, with which troubles."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from pressrun_loadtest.load.errors import ScenarioError

__all__ = ["Arrival", "Event", "Fault", "Kind", "Part", "Rows", "Scenario", "load_scenario", "shipped"]

_FOLDER = Path(__file__).with_name("scenarios")

Kind = Literal["constant", "poisson", "ramp", "steps", "spike", "closed"]


class Arrival(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When documents are asked for. All but `closed` are open loops: nobody waits for an answer before asking again."""

    kind: Kind
    seconds: float = 30.0
    """How long documents arrive; of a closed loop with `documents`, the longest that it may take."""
    rate: float = 0.0
    """Documents a second: the constant rate, the mean, or the first of a ramp, of steps or beside a spike."""
    to_rate: float = 0.0
    """The rate at a ramp's end, of the last step, or of the spike."""
    steps: int = 5
    """How many equally long steps lead from `rate` to `to_rate`."""
    spike_at: float = 0.4
    """Where the spike begins, as a share of the time."""
    spike_for: float = 0.2
    """How long it lasts, as a share of the time."""
    in_flight: int = 32
    """Of a closed loop: documents asked for and not yet answered, over all generators."""
    think_ms: float = 0.0
    """Of a closed loop: how long an answered caller waits before it asks again."""
    most_under_way: int = 10_000
    """Of an open loop: documents asked for and not yet answered, over all generators. One that is due while there are
    so many is not sent and counts as failed, NOT_SENT: each of them is in a generator's memory, record and answer, so
    that without a limit an overload would end the generator instead of the test."""
    documents: int = 0
    """How many documents at most; 0: as many as the time holds."""


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of the distribution of a statement's rows."""

    weight: float
    least: int
    most: int


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of document in the mix."""

    weight: float = 1.0
    template: str = "statement"
    """`statement`, which is shipped, or the folder of a bundle."""
    records: str = ""
    """NDJSON stream items for a bundle of your own; the shipped statement makes its own records."""
    rows: list[Rows] = msgspec.field(default_factory=lambda: [Rows(1, 30, 30)])
    """How many rows statements have: a weighted choice of ranges."""
    locales: list[str] = []
    """Only these; empty: as the records come (4 en-GB, 3 de-DE, 3 fr-FR in 10)."""
    segments: list[str] = []
    """Only these; empty: as the records come."""
    output_channel: Literal["print", "email", "web", "mobile"] = "print"
    output_format: Literal["default", "pdf", "html", "png", "jpeg", "webp", "pcl", "pwg"] = "default"
    """The file format; `default` is the output channel's own."""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trouble that the sandbox's systems make, in the words of its `/__sandbox__/faults`."""

    kind: Literal["latency", "status", "hang", "drip"]
    ms: int = 0
    jitter_ms: int = 0
    status: int = 503
    chunk_bytes: int = 1024
    pause_ms: int = 50

    def rule(self) -> dict[str, Any]:
        """The body of the call that puts it in, until it is taken away."""
        body: dict[str, dict[str, Any]] = {
            "latency": {"ms": self.ms, "jitter_ms": self.jitter_ms},
            "status": {"status": self.status},
            "hang": {},
            "drip": {"chunk_bytes": self.chunk_bytes, "pause_ms": self.pause_ms},
        }
        return {"kind": self.kind, "always": True} | body[self.kind]


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trouble in the middle of a test, as shares of its time."""

    fault: Fault
    at: float = 0.33
    until: float = 0.66


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A load test."""

    description: str
    arrival: Arrival
    name: str = ""
    mix: list[Part] = msgspec.field(default_factory=lambda: [Part()])
    warm: int = 200
    """Documents before the clock runs, at a closed loop of 16; 0 with a `cold` cache."""
    cache: Literal["warm", "cold"] = "warm"
    """Cold: the node starts on an empty folder and nothing is rendered before the clock runs."""
    calls: Literal["stream", "unary"] = "stream"
    """Many documents on a stream, or a call for each."""
    streams: int = 1
    """Streams of each client."""
    channels: int = 1
    """Clients, each with connections of its own, of each generator."""
    processes: int = 1
    """Generators; they and the node share this machine, unless --target names another."""
    attempts: int = 1
    """How often the client sends a document. 1 shows refusals as they are; more is what real callers do."""
    time_limit: float = 30.0
    """Seconds after which a document has failed."""
    verify: int = 100
    """Documents of the sample that is kept and read in full."""
    stall_ms: float = 250.0
    """A document whose bytes take longer than this from the first to the last has stalled."""
    composers: int = 0
    """Composers of the node that is started; 0 leaves it to the node."""
    sandbox: list[Fault] = []
    """Troubles that last for the whole test, e.g. a latency."""
    events: list[Event] = []

    @property
    def total_weight(self) -> float:
        """Of all parts."""
        return sum(part.weight for part in self.mix)

    def scaled(self, scale: float) -> Scenario:
        """The same test over a part of its documents and its time, at the same rates."""
        if scale == 1.0:
            return self
        arrival = self.arrival
        documents = max(1, round(arrival.documents * scale)) if arrival.documents else 0
        seconds = max(1.0, arrival.seconds * scale)
        return msgspec.structs.replace(
            self, arrival=msgspec.structs.replace(arrival, documents=documents, seconds=seconds)
        )


def shipped() -> dict[str, Path]:
    """The shipped scenarios' files, by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.yaml"))}


def load_scenario(name: str) -> Scenario:
    """A scenario by the name of a shipped one, or by its file.

    Raises:
        ScenarioError: there is none, or it is wrong.
    """
    known = shipped()
    path = known.get(name) or Path(name)
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        scenario = msgspec.convert(tree, Scenario)
    except OSError as error:
        raise ScenarioError(
            f"{name}: no shipped scenario, and no file that can be read; shipped are {', '.join(known)}"
        ) from error
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ScenarioError(f"{path}: {error}; the shipped {next(iter(known.values()))} shows every field") from error
    _check(path, scenario)
    return msgspec.structs.replace(scenario, name=scenario.name or path.stem)


def _check(path: Path, scenario: Scenario) -> None:
    arrival = scenario.arrival
    wrong: list[str] = []
    if arrival.seconds <= 0:
        wrong.append("arrival.seconds must be more than 0")
    if arrival.kind != "closed" and arrival.rate <= 0:
        wrong.append(f"arrival.rate must be more than 0 documents a second for {arrival.kind}")
    if arrival.kind in ("ramp", "steps", "spike") and arrival.to_rate <= 0:
        wrong.append(f"arrival.to_rate must be more than 0 documents a second for {arrival.kind}")
    if arrival.kind == "steps" and arrival.steps < 2:  # noqa: PLR2004 - one step is a constant rate
        wrong.append("arrival.steps must be 2 or more")
    counts = ("streams", "channels", "processes", "attempts")
    wrong.extend(f"{name} must be 1 or more" for name in counts if getattr(scenario, name) < 1)
    together = "in_flight" if arrival.kind == "closed" else "most_under_way"
    if getattr(arrival, together) < scenario.processes * scenario.channels:
        wrong.append(f"arrival.{together} must be at least processes times channels")
    if not scenario.mix or scenario.total_weight <= 0 or any(part.weight < 0 for part in scenario.mix):
        wrong.append("mix must have a part, and weights of 0 or more of which one is more")
    for number, part in enumerate(scenario.mix):
        if part.template != "statement" and not part.records:
            wrong.append(f"mix[{number}].records must name an NDJSON file, since only `statement` makes its own")
        if not part.rows or any(not 1 <= each.least <= each.most for each in part.rows):
            wrong.append(f"mix[{number}].rows must be ranges with 1 <= least <= most")
    if wrong:
        raise ScenarioError(f"{path}: {'; '.join(wrong)}")
