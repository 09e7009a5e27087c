"""Golden models and times of encoders and delays, and the codes of values in time."""
