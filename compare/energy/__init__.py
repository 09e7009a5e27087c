"""What an inference costs: published operation-count models, and the hardware's counters times a technology."""
