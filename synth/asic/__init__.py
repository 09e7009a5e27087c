"""Standard cells: libraries, netlists, timing."""
