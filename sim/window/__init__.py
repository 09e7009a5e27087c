"""Golden model and timing of windows of images, and of the pooling engine."""
