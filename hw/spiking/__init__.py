"""The event engines: layers whose work is events, and the neurons behind their sums."""
