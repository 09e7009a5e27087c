"""Exact timing of a chain of engines."""
