"""The array of a network for a device: the fastest that fits, or what would."""
