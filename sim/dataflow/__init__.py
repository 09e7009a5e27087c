"""Golden model and timing of the dataflow engine."""
