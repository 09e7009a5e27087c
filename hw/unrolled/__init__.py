"""The unrolled engine: dense layers whose weights are constants in the logic."""
