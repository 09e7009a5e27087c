"""The cochlea: a filter bank, and the code of what its channels hear."""
