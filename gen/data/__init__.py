"""Load data sets from files."""
