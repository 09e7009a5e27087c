"""The hardware: Amaranth components and, in `params`, all their parameters."""
