"""Golden model and timing of the systolic engine."""
