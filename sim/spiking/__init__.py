"""Golden models and times of the event engines."""
