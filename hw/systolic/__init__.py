"""The systolic engine: dense layers on a systolic array."""
