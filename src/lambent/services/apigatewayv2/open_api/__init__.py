"""HTTP APIs as OpenAPI documents, both ways."""
