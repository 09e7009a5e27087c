"""The figures of a report, drawn by matplotlib: a command that draws nothing loads none of them."""
