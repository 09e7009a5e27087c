"""Golden model and timing of the unrolled engine."""
