"""Choose where each layer of an exact pair runs: on an array, on an event engine of an ANN, or as spiking neurons."""
