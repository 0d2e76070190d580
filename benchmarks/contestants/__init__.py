"""Who takes part: one file per contestant."""
