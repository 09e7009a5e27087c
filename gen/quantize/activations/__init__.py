"""The integers of activations of an ANN: their grids, and the tables of functions."""
