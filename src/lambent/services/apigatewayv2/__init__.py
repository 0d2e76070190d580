"""Amazon API Gateway, HTTP APIs."""
