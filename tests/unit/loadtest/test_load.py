from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from collections import deque
from email.message import EmailMessage
from io import BytesIO, StringIO
from itertools import pairwise
from pathlib import Path
from threading import Event
from zipfile import ZipFile

import msgspec
import pytest
from click import ClickException
from PIL import Image
from rich.console import Console

from pressrun_client import Client, TemplateRef
from pressrun_client.testing import FakeDocument, FakeNode
from pressrun_loadtest.demo.viewer import View
from pressrun_loadtest.load.arrivals import expected, moments
from pressrun_loadtest.load.capacity import Step, search, verdict
from pressrun_loadtest.load.comparison import compare, print_comparison
from pressrun_loadtest.load.errors import ScenarioError
from pressrun_loadtest.load.exports import write_prometheus
from pressrun_loadtest.load.generator import Generator, Order, Told
from pressrun_loadtest.load.headline import headline
from pressrun_loadtest.load.measure import NOT_SENT, Interval, Sample, Second, Tally, histogram
from pressrun_loadtest.load.options import changed
from pressrun_loadtest.load.page import page
from pressrun_loadtest.load.report import Report, latency_of, read_report, write_report
from pressrun_loadtest.load.scenario import Arrival, Part, Scenario, load_scenario, shipped
from pressrun_loadtest.load.stock import NUMBER, Stock, marker_of
from pressrun_loadtest.load.terminal import print_report
from pressrun_loadtest.load.thresholds import parse_threshold
from pressrun_loadtest.load.verification import faults_of, suffix_of, verify
from pressrun_loadtest.load.watch import Watch


def _report(*, milliseconds: float = 10.0, rate: int = 100, failed: int = 0, seconds: int = 12) -> Report:
    of = histogram()
    for number in range(1, 1001):
        of.record_value(int(milliseconds * number))  # 1/1000 to 1 times as many milliseconds, evenly
    latency = latency_of(of)
    wobble = [(number * 7) % 5 - 2 for number in range(seconds)]
    series = [
        Second(n, asked=rate, done=rate + wobble[n], p50=milliseconds / 2, p90=milliseconds, p99=milliseconds + wobble[n] / 9, first_byte_p50=milliseconds / 3, first_byte_p99=milliseconds, node_resident=10**8, node_cpu=rate * 0.002, generator_cpu=rate * 0.001)
        for n in range(seconds)
    ]  # fmt: skip
    return Report(
        name="made up", description="for <tests>", date="2026-11-26T12:00:00+00:00", end_reason="normal", seconds=seconds,
        scale=1.0, open_loop=True, offered=rate, scenario={"arrival": {"seconds": seconds}}, hardware={"cores": 2},
        versions={"python": "3.11"}, asked=rate * seconds, done=rate * seconds - failed,
        failed={"QUEUE_FULL": failed} if failed else {}, unanswered=0, pages=2400, size=10**8, stalls=0, repeated=0,
        latency=latency, first_byte=latency, series=series, phases={"queue": 1.0, "compose": 2.0}, compose_cpu_ms=1.0,
        node_cpu_ms=2.0, generator_cpu_ms=1.0, busiest_generator=0.2, late_ms=0.1, resident=(100.0, 101.0),
        memory_slope=0.1, cache_ratio=0.99, source_requests=3, checked=10, faults=[], left_out=[],
    )  # fmt: skip


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_can_be_read(name: str) -> None:
    """A shipped scenario is valid, and keeps its rates when it is scaled."""
    scenario = load_scenario(name)
    half = scenario.scaled(0.5)
    assert half.arrival.rate == scenario.arrival.rate
    assert half.arrival.seconds == scenario.arrival.seconds / 2


def test_the_issue_s_scenarios_are_shipped() -> None:
    """All nine named ones are there."""
    assert {*shipped()} == {
        "smoke", "statement-small", "statement-large", "month-end", "mixed-day", "cold-start", "dam-outage", "overload", "soak",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("description: x\narrival: {kind: poisson}", "arrival.rate must be more than 0"),
        ("description: x\narrival: {kind: poison, rate: 1}", "Invalid enum value 'poison'"),
        ("description: x\narrival: {kind: closed}\nthreads: 2", "unknown field `threads`"),
        ("description: x\narrival: {kind: closed, in_flight: 1}\nprocesses: 2", "in_flight must be at least"),
    ],
)
def test_a_wrong_scenario_is_told_where_it_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    """The message names file and field."""
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=said) as caught:
        load_scenario(str(file))
    assert "mine.yaml" in str(caught.value)


@pytest.mark.parametrize("of", [1, 3])
@pytest.mark.parametrize(
    "arrival",
    [
        Arrival("constant", seconds=20, rate=50),
        Arrival("poisson", seconds=200, rate=50),
        Arrival("ramp", seconds=20, rate=10, to_rate=90),
        Arrival("steps", seconds=20, rate=10, to_rate=90, steps=5),
        Arrival("spike", seconds=20, rate=10, to_rate=200),
    ],
    ids=lambda arrival: arrival.kind,
)
def test_generators_together_keep_to_the_rate(arrival: Arrival, of: int) -> None:
    """However many generators there are, as many documents arrive as the rate says, in order, within the time."""
    shares = [[*moments(arrival, share, of)] for share in range(of)]
    for share in shares:
        assert all(earlier < later for earlier, later in pairwise(share))
    count = sum(map(len, shares))
    assert count == pytest.approx(expected(arrival), rel=0.05)
    assert max(map(max, shares)) < arrival.seconds


def test_a_limit_of_documents_is_kept() -> None:
    """`documents` ends an open loop early."""
    assert len([*moments(Arrival("constant", seconds=100, rate=50, documents=70))]) == 70


def test_no_two_requests_are_equal_and_each_carries_its_marker() -> None:
    """Generators of one test never give the same customer number twice."""
    scenario = Scenario("x", Arrival("closed"), mix=[Part(locales=["fr-FR"], segments=["student"])])
    seen: dict[str, bytes] = {}
    for share in range(2):
        stock = Stock(scenario, [TemplateRef("statement", "1")], share=share, of=2, seed=1)
        for _ in range(300):
            request, marker = stock.next()
            assert (request.locale, request.attributes["segment"]) == ("fr-FR", "student")
            record = msgspec.json.decode(request.record)
            assert record["customer"]["number"] == marker
            assert marker not in seen
            seen[marker] = request.record
    assert len({*seen.values()}) == 600


def test_another_customer_in_a_document_is_found() -> None:
    """The check of a sample tells damage, a wrong digest, wrong pages, a missing customer and a strange one apart."""
    sample = Sample("/x/load-7.pdf", marker_of(7), "aa", 2)
    assert faults_of(sample, View(2, "Customer number 0000-000007 IBAN GB12 3456", ()), "aa") == []
    told = "\n".join(faults_of(sample, View(3, "number 0000-000008", ("broken xref",)), "bb"))
    for part in ("broken xref", "SHA-256", "3 pages", "0000-000007 is not in the text", "0000-000008 of somebody else"):
        assert part in told
    assert NUMBER.findall("2026-09-30 DE12-0000-0000001") == []


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "message/rfc822"])
def test_pages_for_browsers_and_mails_are_read_in_full(kind: str, tmp_path: Path) -> None:
    """What has no pages is read as what it is: the customer's own number must be in its text, and no one else's."""

    def kept(serial: int, shown: int) -> Sample:
        markup = (
            f"<style>.a{{width:0000-{shown:06d}}}</style><p>Num<b>ber</b>&nbsp;{marker_of(shown)} &amp; Zo\u00eb</p>"
        )
        content = markup.encode()
        if kind == "message/rfc822":
            message = EmailMessage()
            message["Subject"] = "Your statement"
            message.set_content(f"Number {marker_of(shown)}")
            message.add_alternative(markup, subtype="html")
            content = message.as_bytes()
        file = (tmp_path / f"load-{serial}").with_suffix(suffix_of(kind))
        file.write_bytes(content)
        return Sample(str(file), marker_of(serial), hashlib.sha256(content).hexdigest(), 1)

    assert verify([kept(7, 7)]) == []
    assert verify([kept(8, 9)]) == [
        "load-8: its customer number 0000-000008 is not in the text",
        "load-8: holds the customer number 0000-000009 of somebody else",
    ]


def test_a_node_that_starts_again_or_is_silent_spoils_no_reading() -> None:
    """Seconds without an answer are left out, and a counter that begins anew gives no time below zero."""
    readings: deque[tuple[float, float] | None] = deque([(1.0, 10.0), (1.5, 11.0), None, (2.5, 12.0), (0.2, 5.0)])
    taken: list[tuple[int, float, float]] = []
    over = Event()

    def read() -> tuple[float, float] | None:
        if readings:
            return readings.popleft()
        over.set()
        return None

    with Watch(read, time.monotonic() - 100, lambda *values: taken.append(values)):
        assert over.wait(10)
    assert taken == [(0, 0.5, 11.0), (2, 1.0, 12.0), (3, 0.0, 5.0)]


def test_pictures_and_printers_formats_are_looked_at(tmp_path: Path) -> None:
    """Pictures must be whole and as many as pages, of printers' formats the head is right; no number is looked for in them."""

    def kept(kind: str, content: bytes, pages: int = 1) -> Sample:
        file = (tmp_path / "load-1").with_suffix(suffix_of(kind))
        file.write_bytes(content)
        return Sample(str(file), "", hashlib.sha256(content).hexdigest(), pages)

    def archive(*pictures: bytes) -> bytes:
        whole = BytesIO()
        with ZipFile(whole, "w") as file:
            for number, picture in enumerate(pictures):
                file.writestr(f"page-{number}.png", picture)
        return whole.getvalue()

    drawn = BytesIO()
    Image.effect_noise((40, 30), 50).save(drawn, "PNG")
    picture = drawn.getvalue()
    right = [
        kept("image/png", picture), kept("application/zip", archive(picture, picture), 2),
        kept("application/vnd.hp-PCL", b"\x1bE..."), kept("image/pwg-raster", b"RaS2PwgRaster"),
    ]  # fmt: skip
    assert verify(right[:1]) == []
    for sample in right[1:]:
        assert verify([sample]) == []
    assert "its reader says: " in verify([kept("image/png", picture[:400])])[0]
    assert "its reader says: " in verify([kept("application/zip", archive(picture)[:90])])[0]
    assert verify([kept("application/zip", archive(picture), 2)]) == ["load-1: it has 1 pages, its manifest says 2"]
    assert verify([kept("image/pwg-raster", b"%PDF-1.7")]) == ["load-1: its reader says: it begins with b'%PDF'"]


def test_intervals_of_several_generators_become_one_series() -> None:
    """Counts add up; percentiles are of all values, not means of percentiles."""
    tally = Tally()
    for low in (1000, 9000):
        of = histogram()
        for value in range(low, low + 1000, 10):
            of.record_value(value)
        text = of.encode().decode()
        tally.add(Interval(3, asked=100, done=100, pages=200, failed={"QUEUE_FULL": 2}, latency=text, first_byte=text))
    (second,) = tally.seconds
    assert (second.second, second.done, second.failed, tally.pages) == (3, 200, 4, 400)
    assert second.p50 == pytest.approx(2.0, abs=0.02)
    assert second.p99 == pytest.approx(9.98, abs=0.03)
    assert tally.latency.get_total_count() == 200


def test_a_report_survives_its_json_and_speaks_ghz(tmp_path: Path) -> None:
    """What is written is read again; ghz's readers find their fields in their units."""
    report = _report(failed=5)
    write_report(report, tmp_path / "r.json")
    assert read_report(tmp_path / "r.json") == report
    tree = msgspec.json.decode((tmp_path / "r.json").read_bytes())
    assert tree["count"] == 1200
    assert tree["statusCodeDistribution"] == {"OK": 1195, "Failed": 5}
    assert tree["latencyDistribution"][0] == {"percentage": 50.0, "latency": pytest.approx(5_000_000, rel=0.01)}
    assert sum(bar["count"] for bar in tree["histogram"]) == report.latency.count


def test_the_page_stands_alone() -> None:
    """It loads nothing, says what failed, and escapes what it is told."""
    text = page(_report(failed=5))
    assert "<script" not in text
    assert "http" not in text
    assert text.count("<svg") == 6
    assert "5 documents failed: QUEUE_FULL" in text
    assert "for &lt;tests&gt;" in text


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("p99>9.8ms", True), ("p99>10ms", False), ("p99 < 0.02s", True), ("errors>0%", True), ("errors>=5%", False),
        ("rate<99", False), ("rate<200", True), ("Rate<200/s", True), ("P99>9.8MS", True), ("ERRORS>0", True), ("memory>1mib", True),
        ("p50>4900µs", True), ("unsent>0", False), ("cpu>1900us", True), ("ttfb_p50>1ms", True), ("faults>0", False),
    ],
)  # fmt: skip
def test_thresholds_are_judged_in_their_units(text: str, met: bool) -> None:  # noqa: FBT001 - a table
    """A condition compares what it names."""
    assert parse_threshold(text).holds(_report(failed=5)) is met


@pytest.mark.parametrize("text", ["p98>1ms", "p99>1%", "p99=1ms", "rate>1ms", "p99>1", "p99>1/s", "p99>1.2.3ms"])
def test_a_wrong_threshold_is_refused(text: str) -> None:
    """The message says what would be valid."""
    with pytest.raises(ValueError, match=r"p99|names|unit"):
        parse_threshold(text)


async def test_an_open_loop_above_what_a_node_does_stays_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents that are due while too many are under way are not sent, and are counted as that; memory can't grow."""
    told: list[Told] = []
    monkeypatch.setattr("pressrun_loadtest.load.generator._say", told.append)
    arrival = Arrival("constant", seconds=1.0, rate=300, most_under_way=40)
    order = Order(Scenario("x", arrival, verify=0), "", ["statement@1"], 1, 2, 1, str(tmp_path))
    async with FakeNode() as node, Client(node.target) as client:
        node.answer = FakeDocument(delay=0.4)
        await Generator(order).run([client], time.monotonic())
    tally = Tally()
    for line in told:
        assert line.interval is not None
        assert line.interval.in_flight <= 20
        tally.add(line.interval)
    assert node.most_unanswered <= 20  # the half that falls to this one of two generators
    assert tally.asked == 150
    assert 20 <= tally.done == len(node.received) <= 80
    assert tally.failed == {NOT_SENT: 150 - tally.done}


async def test_the_sample_is_spread_over_all_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed loop that may take hours has its whole sample when its documents are done, not when the hours are over."""
    monkeypatch.setattr("pressrun_loadtest.load.generator._say", lambda _: None)
    arrival = Arrival("closed", seconds=3600.0, in_flight=8, documents=100)
    order = Order(Scenario("x", arrival, verify=10), "", ["statement@1"], 0, 1, 1, str(tmp_path))
    async with FakeNode() as node, Client(node.target) as client:
        generator = Generator(order)
        await generator.run([client], time.monotonic())
        assert len(node.received) == 100
    kept = [Path(sample.file).stem for sample in generator.told().samples]
    assert len(kept) == 10
    assert max(int(name.removeprefix("load-")) for name in kept) > 80


def test_what_was_not_sent_is_told_in_words() -> None:
    """The terminal and the page say how many documents were not sent and at which limit; they are failures."""
    report = msgspec.structs.replace(
        _report(), failed={NOT_SENT: 400}, done=800, scenario={"arrival": {"seconds": 12, "most_under_way": 10_000}}
    )
    text = StringIO()
    print_report(Console(file=text, width=300), report)
    for said in (text.getvalue(), page(report)):
        assert "400 of 1,200 documents were not sent, since 10,000 were under way when they were due" in said
    assert parse_threshold("unsent>399").holds(report)
    assert parse_threshold("errors>33%").holds(report)


def test_the_headline_says_what_was_made_and_what_was_not() -> None:
    """A paragraph for a README: documents, rate, checks, machine, and how long the whole would take at that rate."""
    machine = {"cores": 2, "cpu_model": "A CPU", "memory_bytes": 2**34, "load_before": 0.1}
    report = msgspec.structs.replace(_report(failed=5), scale=0.04, hardware=machine)
    text = headline(report, "pressrun-load run x")
    for said in (
        "Output of `pressrun-load run x`, 2026-11-26: A CPU, 2 cores, 16.0 GiB",
        "1,195 of 1,200 documents", "in 12 s, **100 a second**", "100 a second were offered", "5 failed",
        "10 were read in full, 0 of them wrong", "At this rate all 30,000 take 5.0 minutes.",
    ):  # fmt: skip
        assert said in text


def test_as_fast_as_the_node_answers() -> None:
    """`--in-flight` makes a closed loop of the same documents, which has the time that they take; it has no rate."""
    month = load_scenario("month-end")
    plan = changed(month, rate=None, seconds=None, in_flight=48, processes=None, composers=2).scaled(0.01)
    assert (month.composers, plan.composers) == (0, 2)
    assert (plan.arrival.kind, plan.arrival.in_flight, plan.arrival.documents) == ("closed", 48, 15_000)
    assert plan.arrival.seconds >= 15_000 / 100
    with pytest.raises(ClickException, match="leave one out"):
        changed(load_scenario("smoke"), rate=5.0, seconds=None, in_flight=4, processes=None)


def test_a_comparison_calls_only_real_differences_by_name() -> None:
    """Twice the latency is worse, the same test even, and a short test gives no verdict."""
    base = _report()
    verdicts = {each.name: each for each in compare(base, _report(milliseconds=20.0))}
    assert verdicts["p50"].verdict == "worse"
    assert verdicts["p50"].ratio == pytest.approx(2.0)
    assert verdicts["throughput"].verdict == "even"
    assert {each.verdict for each in compare(base, base)} == {"even"}
    assert {each.verdict for each in compare(_report(seconds=5), base)} == {"too short"}
    faster = {each.name: each.verdict for each in compare(base, _report(rate=200))}
    assert faster["throughput"] == "better"


def test_a_comparison_fits_a_log() -> None:
    """Every figure of it can be read in 80 columns."""
    console = Console(width=80, record=True, file=StringIO())
    one, two = _report(rate=2_000), _report(milliseconds=2_000.0, rate=2_000)
    print_comparison(console, one, two, compare(one, two))
    text = console.export_text()
    assert "…" not in text
    for words in ("throughput, docs/s", "node CPU a document, ms", "worse", "even", "95 % interval"):
        assert words in text


def test_how_soon_documents_failed(tmp_path: Path) -> None:
    """What is refused must be refused at once: that is a latency of its own, in every form and as a condition."""
    of = histogram()
    for _ in range(10):
        of.record_value(3_300)
    report = msgspec.structs.replace(_report(failed=10), failure=latency_of(of))
    console = Console(width=100, record=True, file=StringIO())
    print_report(console, report)
    assert "until failed" in console.export_text()
    assert "until it failed" in page(report)
    assert not parse_threshold("failed_p99>50ms").holds(report)
    assert parse_threshold("failed_p99>3ms").holds(report)
    assert not parse_threshold("failed_p99>3ms").holds(_report())
    write_prometheus(report, tmp_path / "metrics.prom")
    assert 'pressrun_load_failure_seconds{quantile="0.5",scenario="made up"}' in (tmp_path / "metrics.prom").read_text()
    write_report(report, tmp_path / "report.json")
    assert read_report(tmp_path / "report.json").failure.count == 10
    old = Tally()
    old.add(Interval(0, failed={"QUEUE_FULL": 10}, failure=of.encode().decode()))
    assert (old.failure.get_total_count(), old.latency.get_total_count()) == (10, 0)


def test_a_long_test_is_a_small_page() -> None:
    """The half hour of 1.5 million documents fits a page that can be kept, and no peak of it is lost."""
    report = _report(seconds=1_700)
    peak = msgspec.structs.replace(report.series[801], worst=999.0)
    report = msgspec.structs.replace(report, series=[*report.series[:801], peak, *report.series[802:]])
    text = page(report)
    assert len(text) < 120_000
    [line] = [plot for plot in text.split("<svg")[1:] if 'aria-label="worst, p99, p90, p50"' in plot]
    worst = line.split('<polyline points="')[1].split('"')[0].split()
    assert len(worst) < 600
    assert len({min(float(point.split(",")[1]) for point in worst)}) == 1
    assert min(float(point.split(",")[1]) for point in worst) < 100 < float(worst[0].split(",")[1])


def test_prometheus_reads_the_figures(tmp_path: Path) -> None:
    """A push gateway or a textfile collector takes them as they are; promtool has nothing to say."""
    promtool = shutil.which("promtool") or pytest.fail("promtool is missing; run: make tools")
    write_prometheus(_report(failed=3), tmp_path / "metrics.prom")
    text = (tmp_path / "metrics.prom").read_text()
    said = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")
    assert 'pressrun_load_latency_seconds{quantile="0.99",scenario="made up"}' in text
    assert 'pressrun_load_documents{result="failed",scenario="made up"} 3.0' in text


def test_what_the_generators_may_have_spoilt() -> None:
    """A generator that works all the time is called so; one that is late at rest had no processor; else nothing is said."""
    assert _report().generator_limits == ""
    busy = msgspec.structs.replace(_report(), busiest_generator=0.95)
    assert "the busiest generator used 95% of a core" in busy.generator_limits
    assert "Use more `processes`" in busy.generator_limits
    late = msgspec.structs.replace(_report(), late_ms=31.8)
    assert (
        "p99 of their own lateness is 31.8 ms, though the busiest generator used 20% of a core" in late.generator_limits
    )
    assert "a quieter one" in late.generator_limits


def test_the_search_ends_close_below_what_a_node_can_do() -> None:
    """A made-up node that is good up to 730 a second is found to be so within 4 %."""
    tried: list[float] = []

    def run(scenario: Scenario) -> Report:
        rate = scenario.arrival.rate
        tried.append(rate)
        return _report(milliseconds=10.0 if rate <= 730 else 90.0, rate=int(rate))

    told: list[Step] = []
    scenario = Scenario("x", Arrival("closed"))
    steps = search(scenario, [parse_threshold("p99<50ms")], start=100, seconds=12, run=run, tell=told.append)
    assert told == steps
    assert 730 * 0.95 <= max(step.rate for step in steps if not step.why) <= 730
    assert len(tried) == len({*tried})


def test_a_growing_queue_is_no_capacity() -> None:
    """Where fewer are finished than come, the rate is too high, whatever the latency says."""
    assert "were finished" in verdict(_report(rate=100), 130.0, [])
    assert verdict(_report(rate=100), 100.0, []) == ""


@pytest.mark.parametrize(("reason", "failures"), [("interrupted", 0), ("normal", 7)])
def test_documents_under_way_fail_only_where_nobody_interrupted(reason: str, failures: int) -> None:
    """Ctrl-C makes no failures of what it cut off, and the terminal says it; at a normal end they are failures with a reason."""
    report = _report()
    report = msgspec.structs.replace(report, end_reason=reason, done=report.asked - 7, unanswered=7)
    assert report.failures == failures
    assert parse_threshold("errors>0%").holds(report) == bool(failures)
    text = StringIO()
    print_report(Console(file=text, width=120), report)
    assert ("Interrupted: 7 documents were under way" in text.getvalue()) == (reason == "interrupted")
    assert ("not answered 7" in text.getvalue()) == (reason == "normal")
