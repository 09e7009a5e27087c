"""External programs, and the cache of their results."""
