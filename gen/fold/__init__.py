"""The folding of layers on dataflow engines."""
