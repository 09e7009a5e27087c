"""Level 1: energy models that price operation counts, published ones among them."""
