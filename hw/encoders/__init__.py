"""Encoders, which turn frames into spike trains, and delays."""
