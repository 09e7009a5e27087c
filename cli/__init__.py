"""The command line: a file for each command, or small group of them. Nothing imports it, and typer is nowhere else."""
