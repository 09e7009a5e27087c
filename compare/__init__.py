"""The question: run a study, judge it, draw the report."""
