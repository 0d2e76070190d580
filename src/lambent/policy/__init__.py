"""The IAM policy engine. Sans-IO."""
