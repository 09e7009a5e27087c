"""What is built: Amaranth components and, in `params`, every knob they have."""
