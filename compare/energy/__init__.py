"""Energy of an inference: by operation counts, by the hardware's counters, and by gates."""
