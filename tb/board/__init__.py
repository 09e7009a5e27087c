"""Boards behind a serial line."""
