"""What answers requests to deployed REST APIs."""
