"""Decode recordings of event sensors, one module for each file format."""
