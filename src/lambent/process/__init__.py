"""Child processes we own: spawn, watch, stop; compute processes; the clock's asyncio driver."""
