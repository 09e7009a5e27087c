"""``tospike data``."""
