"""``tospike energy``."""
