"""Quantise a float network to an integer network."""
