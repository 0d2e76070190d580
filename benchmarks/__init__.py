"""Side-by-side measurements: the platform, its floor and its peers, in one run. See `python -m benchmarks --help`."""
