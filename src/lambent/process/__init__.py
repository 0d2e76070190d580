"""Child processes we own: spawn, watch, stop; compute processes; who comes first; the clock's asyncio driver."""
