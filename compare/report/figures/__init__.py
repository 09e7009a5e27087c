"""The figures of a report, drawn by matplotlib, which only commands that draw import."""
