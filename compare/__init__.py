"""Studies: measure and compare two networks, reach a verdict, write the report."""
