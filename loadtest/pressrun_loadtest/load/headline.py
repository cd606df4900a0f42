"""A test in a paragraph of Markdown, for a README: what was made, how fast, how it was checked, and on what."""

from __future__ import annotations

from pressrun_loadtest.load.report import Report

__all__ = ["headline"]


def headline(report: Report, command: str) -> str:
    """The paragraph; what failed, was not sent or was wrong stands in it as well as what was made.

    Args:
        report: of the test.
        command: what gives it again.
    """
    machine, size = report.hardware, max(1, report.done)
    gibibytes = machine["memory_bytes"] / 2**30
    place = (
        f"{machine['cpu_model']}, {machine['cores']} cores, {gibibytes:.1f} GiB, load {machine['load_before']} before; "
        f"Python {report.versions['python']}"
    )
    pace = (
        f"{report.offered:,.0f} a second were offered"
        if report.open_loop
        else f"{report.scenario['arrival']['in_flight']} were under way at any time"
    )
    percentiles = report.latency.percentiles
    sentences = [
        f"Output of `{command}`, {report.date[:10]}: {place}.",
        (
            f"{report.done:,} of {report.asked:,} documents ({report.size / size / 1000:,.0f} kB, "
            f"{report.pages / size:.1f} pages) in {_time(report.seconds)}, **{report.rate:,.0f} a second**, node, "
            f"cache and load generator together on this machine; {pace}."
        ),
        (
            f"{report.failures:,} failed. {report.checked:,} were read in full, {len(report.faults):,} of them wrong; "
            "size and SHA-256 of all were checked."
        ),
    ]
    if report.not_sent:
        sentences.append(f"{report.not_sent_why}.")
    if report.latency.count:
        sentences.append(f"Latency p50 {percentiles['p50']:,.0f} ms, p99 {percentiles['p99']:,.0f} ms.")
    if report.node_cpu_ms >= 0:
        sentences.append(
            f"A document costs the node {report.node_cpu_ms:.2f} ms of CPU and the generator "
            f"{report.generator_cpu_ms:.2f}; memory {report.resident[0]:,.0f} to {report.resident[1]:,.0f} MiB."
        )
    whole = round(report.asked / report.scale)
    if report.scale < 1 and report.rate:
        sentences.append(f"At this rate all {whole:,} take {_time(whole / report.rate)}.")
    if report.interrupted:
        sentences.append("It was interrupted.")
    return " ".join(sentences) + "\n"


def _time(seconds: float) -> str:
    """As a person says it."""
    return f"{seconds / 60:,.1f} minutes" if seconds >= 100 else f"{seconds:,.0f} s"  # noqa: PLR2004 - a sense of proportion
