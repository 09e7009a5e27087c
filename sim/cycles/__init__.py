"""Exact times of a chain of engines."""
