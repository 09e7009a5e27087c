"""Event-driven engines: synaptic accumulation, neurons, activations, and the path of their events."""
