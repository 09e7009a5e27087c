"""Synthesis, placement and routing for FPGAs."""
