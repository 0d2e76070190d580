"""What every layer shares; imports nothing of ours and does no I/O."""
