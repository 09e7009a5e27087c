"""Golden model of the cochlea, and the design of its filter bank."""
