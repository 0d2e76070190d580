"""Definitions of APIs as OpenAPI documents: read (ImportRestApi, PutRestApi) and written (GetExport)."""
