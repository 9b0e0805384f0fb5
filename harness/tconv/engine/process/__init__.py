"""Everything around a worker process: starting, watching and ending it."""
