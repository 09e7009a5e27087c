"""Exact pairs: an SNN and a quantised ANN that compute the same function, integer for integer."""
