"""The parameters of every engine, and of what several have in common."""
