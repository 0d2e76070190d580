"""One package per AWS service, named as in botocore's data."""
