"""Traces: a document's spans behind a small interface; OpenTelemetry, an extra, is known to `otlp` and `outbox`."""
