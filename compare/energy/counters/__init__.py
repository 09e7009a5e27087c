"""Level 2: what the hardware's counters say, priced."""
