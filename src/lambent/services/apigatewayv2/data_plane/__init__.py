"""What answers requests to HTTP APIs."""
