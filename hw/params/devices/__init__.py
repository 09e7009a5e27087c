"""The FPGAs, by family."""
