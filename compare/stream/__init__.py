"""Streams: energy per second and the latency of decisions, by looks per second."""
