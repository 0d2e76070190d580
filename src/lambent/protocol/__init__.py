"""AWS wire formats from the service models. Sans-IO, no clock; the only user of botocore."""
