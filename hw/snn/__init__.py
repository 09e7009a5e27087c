"""The event engine and the input encoders."""
