"""Recordings of event sensors as data sets: labels, filters, steps."""
