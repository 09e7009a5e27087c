"""The systolic engine: dense layers on an array."""
