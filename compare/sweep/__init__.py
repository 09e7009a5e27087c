"""Sweeps of one layer on both engines with synthetic activity, and break-even points."""
