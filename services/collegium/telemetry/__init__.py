"""Traces, metrics and logs of every process; the only package that knows how OpenTelemetry is set up."""
