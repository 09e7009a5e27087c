"""The results of `tospike compare` as tables for the terminal."""
