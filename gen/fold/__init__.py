"""Fold layers on dataflow engines."""
