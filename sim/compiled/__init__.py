"""The slowest parts of the golden models, compiled: the same equations, and the same results, as in Python."""
