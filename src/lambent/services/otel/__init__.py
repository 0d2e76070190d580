"""OpenTelemetry: what functions do, sent to a collector. Only imported where a collector is named.

It takes what the extra `otel` installs.
"""
