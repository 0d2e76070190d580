"""Metric math ("Using math expressions with CloudWatch metrics", user guide): text to tree, tree to series."""
