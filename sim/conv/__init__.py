"""Golden model and times of the conv engine."""
