"""Runs and measures what is compared, and judges."""
