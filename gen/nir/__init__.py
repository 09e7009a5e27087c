"""NIR to a float network."""
