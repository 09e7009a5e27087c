"""Golden models and timing of the bridges between values and spikes."""
