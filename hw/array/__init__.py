"""Components shared by the systolic and the conv engine: array, multiply-accumulators, requantisation, output."""
