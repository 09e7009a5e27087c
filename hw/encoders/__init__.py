"""Engines before the first layer: encoders and delays."""
