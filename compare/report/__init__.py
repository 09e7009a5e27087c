"""The report of a study: its data, and their presentation (terminal, page, tables, figures)."""
