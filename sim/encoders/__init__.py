"""Golden models and timing of encoders and delay engines, and the codes from values to spike trains."""
