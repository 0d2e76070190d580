"""The function runtime: environments, pools, the sandbox. No ARNs, no botocore, no storage."""
