"""Golden model and timing of the conv engine."""
