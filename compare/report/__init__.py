"""The report of a study: its data, and everything that shows them (terminal, page, tables, figures)."""
