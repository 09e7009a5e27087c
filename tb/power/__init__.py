"""Power of a board while samples run on it: sensors, logs, phases."""
