"""Golden model and times of the systolic engine."""
