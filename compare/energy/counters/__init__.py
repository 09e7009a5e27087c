"""Energy by activity: the hardware's counters times the prices of a technology."""
