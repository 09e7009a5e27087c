"""Trained example networks, ready to run."""
