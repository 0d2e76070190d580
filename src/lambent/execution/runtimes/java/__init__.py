"""The Java runtime: its sources (`api`: what functions see, `own`: what they do not), and how they become classes."""
