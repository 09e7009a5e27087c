"""A float network to an integer network."""
