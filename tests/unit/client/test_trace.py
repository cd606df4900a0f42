"""Which trace a call says that it belongs to."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, use_span

from pressrun_client import ClientConfig, ConfigError, traced
from pressrun_client.trace import check_traceparent, trace_metadata

ONE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TWO = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-00"


def test_what_is_said_comes_first_then_the_configuration() -> None:
    """A block's traceparent wins over the configured one, and is forgotten behind the block."""
    assert trace_metadata("") == ()
    assert trace_metadata(ONE) == (("traceparent", ONE),)
    with traced(TWO):
        assert trace_metadata(ONE) == (("traceparent", TWO),)
        with traced(ONE):
            assert trace_metadata("") == (("traceparent", ONE),)
        assert trace_metadata("") == (("traceparent", TWO),)
    assert trace_metadata("") == ()


def test_the_current_span_of_opentelemetry_is_told() -> None:
    """A span of the program is the parent where nothing else is said, with its trace state."""
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("calling") as span:
        context = span.get_span_context()
        ((name, parent),) = trace_metadata("")
        assert (name, parent[:-2]) == ("traceparent", f"00-{context.trace_id:032x}-{context.span_id:016x}-")
        assert int(parent[-2:], 16) & TraceFlags.SAMPLED
        assert trace_metadata(ONE) == (("traceparent", ONE),)
    state = TraceState([("vendor", "x")])
    remote = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(0), trace_state=state)
    with use_span(NonRecordingSpan(remote)):
        assert trace_metadata("") == (("traceparent", f"00-{1:032x}-{2:016x}-00"), ("tracestate", "vendor=x"))


def test_nothing_is_imported_for_it() -> None:
    """A program without OpenTelemetry does not load it for this client."""
    code = (
        "import sys, pressrun_client.trace as t; assert t.trace_metadata('') == (); "
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "wrong",
    ["x", ONE.upper(), ONE + "-", ONE[:-1], "ff" + ONE[2:], f"00-{0:032x}-{2:016x}-01", f"00-{1:032x}-{0:016x}-01"],
)
def test_what_is_no_traceparent_is_told_at_once(wrong: str) -> None:
    """The message names the field and shows a valid one."""
    with pytest.raises(ConfigError, match="traceparent"):
        ClientConfig(traceparent=wrong)
    with pytest.raises(ValueError, match="traceparent"), traced(wrong):
        pass


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 255))
def test_every_span_has_a_traceparent(trace: int, span: int, flags: int) -> None:
    """Whatever ids a tracer draws, what is made of them is valid."""
    check_traceparent(f"00-{trace:032x}-{span:016x}-{flags:02x}")
