"""The image engine: layers of convolutional networks on an output-stationary array."""
