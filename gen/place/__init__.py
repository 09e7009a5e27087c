"""Map an integer network to the engines that run it."""
