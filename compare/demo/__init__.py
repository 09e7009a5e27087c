"""One sample through one or more designs: what every layer did, the answer, and what it cost."""
