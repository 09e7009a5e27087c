"""The systolic engine: a dense MAC array with its buffers, time-multiplexed over its layers."""
