"""Bridges between values and spikes: their golden models."""
