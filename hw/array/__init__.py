"""What the systolic and the conv engine share: the array, its products and sums, what leaves it."""
