"""The dataflow engine: one folded matrix-vector unit per layer, joined by wide links."""
