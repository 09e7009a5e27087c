"""Golden models and timing of the event engines and the register engine."""
