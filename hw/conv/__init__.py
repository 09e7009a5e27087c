"""The conv engine: convolutions on a systolic array, by address generation."""
