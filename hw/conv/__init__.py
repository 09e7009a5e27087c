"""The conv engine: convolutions on an array, by address generation."""
