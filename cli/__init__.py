"""The command line: one file per command or small group. No other package imports it, or uses typer."""
