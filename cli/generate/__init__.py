"""``tospike generate``."""
