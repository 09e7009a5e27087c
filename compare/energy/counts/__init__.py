"""Energy by operation counts: models that price them, published ones included."""
