"""Bitstreams for boards."""
