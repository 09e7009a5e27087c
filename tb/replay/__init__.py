"""Fast simulation: recorded beats through a compiled design."""
