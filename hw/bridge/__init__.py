"""Bridges between values and spikes."""
