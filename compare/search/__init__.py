"""Search each side of a comparison: every engine, size and width that its networks can have without training."""
