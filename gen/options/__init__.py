"""The options of users."""
