"""Import NIR graphs as float networks."""
