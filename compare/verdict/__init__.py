"""The statistics of a verdict: who may win, by how much, and how sure that is. Knows numbers only, no designs."""
